"""Widgets about a few tokens: what may be read, one query at a time, heads side by side. Without a browser."""

import json
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import traitlets

from leftcontext.language import LITTLE_LANGUAGE, SENTENCE
from leftcontext.widgets import LeftContext
from leftcontext.widgets.base import CourseWidget


@pytest.mark.parametrize(("mask", "ahead"), [("causal", 0), ("one_ahead", 1), ("none", 5)])
def test_what_may_be_read_and_which_answers_with_it(mask: str, ahead: int) -> None:
    shown = LeftContext(mask=mask)
    allowed = [[j <= i + ahead for j in range(5)] for i in range(5)]
    assert shown.allowed.tolist() == allowed
    assert shown.leaks == [i for i in range(4) if allowed[i][i + 1]]


def test_the_best_loss_is_that_of_the_language_unless_the_answers_can_be_read() -> None:
    tokens = LITTLE_LANGUAGE.encode(SENTENCE)
    first = math.log(LITTLE_LANGUAGE.next_probabilities([])[tokens[0]])
    rest = LITTLE_LANGUAGE.log_probability(tokens) - first
    assert LeftContext().loss == pytest.approx(-rest / 4)
    assert LeftContext(mask="one_ahead").loss == LeftContext(mask="none").loss == 0
    assert LeftContext(["a", "b", "c"], chances=[0.5, 0.25]).loss == pytest.approx(1.5 * math.log(2))


@pytest.mark.parametrize("text", ["to be or not", "these these dogs", "sees these"])
def test_a_text_that_is_not_of_the_little_language_has_no_chances(text: str) -> None:
    shown = LeftContext(text.split())
    assert shown.loss is None and shown.get_state()["_chances"] == []


def test_the_traits_of_a_left_context_can_be_set_read_and_linked() -> None:
    shown, other = LeftContext(), LeftContext()
    traitlets.link((shown, "position"), (other, "position"))
    traitlets.link((shown, "mask"), (other, "mask"))
    shown.position, other.mask = 1, "none"
    assert (other.position, shown.mask, shown.leaks) == (1, "none", [0, 1, 2, 3])
    given = np.array([0.5, 0.5])
    shown = LeftContext("abc", chances=given)
    given[:] = 0
    assert shown.loss == pytest.approx(math.log(2)), "it has a copy"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: LeftContext(["a"]), "2 to 12 tokens"),
        (lambda: LeftContext("a" * 13), "not one of 13"),
        (lambda: LeftContext(position=5), "position is 0 to 4, not 5"),
        (lambda: LeftContext("abc", chances=[0.5]), r"2 tokens .* shape \(1,\)"),
        (lambda: LeftContext("abc", chances=[0.5, 0]), "above 0"),
        (lambda: LeftContext("abc", chances=[0.5, np.nan]), "above 0"),
        (lambda: LeftContext("abc", chances=["x", "y"]), "numbers"),
        (lambda: setattr(LeftContext(), "position", -1), "0 to 4"),
    ],
)
def test_what_does_not_fit_gets_one_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)


WIDGETS = [LeftContext(), LeftContext("abc", mask="none")]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_a_widget_is_small_stands_alone_and_has_a_static_form(widget: CourseWidget) -> None:
    code = (widget._esm + widget._css).replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert len(code) < 40_000
    assert not re.search(r"https?:|\bimport\b|@import|url\(", code)
    assert code.count("export default") == 1
    bundle = widget._repr_mimebundle_()
    assert bundle is not None
    data, _ = bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert re.search(r'<img [^>]*alt="[^"]{20,}"', data["text/html"])
    assert "object at 0x" not in data["text/plain"]
    json.dumps(widget.get_state(), allow_nan=False, default=str)
