"""Masks one can touch and what they do: without a browser."""

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

from leftcontext.model.training import MASKS, allowed_by
from leftcontext.widgets import MaskPainter, MaskZoo
from leftcontext.widgets.shared.mask_rules import RULES, UNKNOWN, MaskRule, leaking_pairs, name_pattern, named_rules


def mask(rule: Callable[[int, int], bool], T: int = 5) -> np.ndarray:
    """A mask by asking about every single cell."""
    return np.array([[rule(i, j) for j in range(T)] for i in range(T)])


def slowly(rule: MaskRule, T: int) -> np.ndarray:
    """A rule by its words, asked about every single cell (T, T): the oracle."""

    def may_see(i: int, j: int) -> bool:
        least = -T if rule.min_distance is None else rule.min_distance
        most = T if rule.max_distance is None else rule.max_distance
        near = i - j in range(least, most + 1) or j in range(rule.prefix or 0)
        block = [start for start in rule.starts or (0,) if start in range(i + 1)]
        same = j in range(max(block), T) and not any(
            start in range(max(block) + 1, j + 1) for start in rule.starts or ()
        )
        real = rule.length is None or j in range(rule.length)
        path, node = [], i
        while rule.parents and node >= 0:
            path, node = [*path, node], rule.parents[node]
        return near and same and real and (rule.parents is None or j in path)

    return mask(may_see, T)


@st.composite
def rules(draw: st.DrawFn) -> tuple[MaskRule, int]:
    """A rule that may limit everything at once, and a number of positions."""
    T = draw(st.integers(1, 9))
    distance, place = st.none() | st.integers(-T, T), st.none() | st.integers(0, T)
    starts = st.sets(st.integers(1, T)).map(lambda more: (0, *sorted(more)))
    parents = st.tuples(*(st.integers(-1, node - 1) for node in range(T)))
    rule = MaskRule(
        "any",
        draw(distance),
        draw(distance),
        draw(place),
        draw(place),
        draw(st.none() | starts),
        draw(st.none() | parents),
    )
    return rule, T


@given(rules(), st.data())
def test_a_rule_hides_what_its_words_say(rule_and_size: tuple[MaskRule, int], data: st.DataObject) -> None:
    rule, T = rule_and_size
    np.testing.assert_array_equal(rule.allowed(T), slowly(rule, T))
    T_q = data.draw(st.integers(1, T))
    np.testing.assert_array_equal(rule.allowed(T_q, T), slowly(rule, T)[T - T_q :])
    assert MaskRule(**json.loads(json.dumps(rule.data()))).data() == rule.data()


@pytest.mark.parametrize("name", MASKS)
def test_the_rule_of_a_mask_is_the_mask_that_a_model_is_trained_with(name: str) -> None:
    for T in (1, 2, 16):
        np.testing.assert_array_equal(RULES[name].allowed(T), allowed_by(name, T))


def test_the_names_of_masks_are_different_and_each_is_found_again() -> None:
    for T in (2, 5, 16):
        named = {rule.label: rule.allowed(T) for rule in named_rules(T)}
        assert len(named) == len(named_rules(T)) == 8 + 4 * max(T - 2, 0)
        for label, allowed in named.items():
            np.testing.assert_array_equal(named[name_pattern(allowed)], allowed)
            assert name_pattern(allowed) == label or T == 2 or label.startswith((f"{T - 1} ahead", "prefix", "window"))


SEGMENT = [0, 0, 1, 1, 1]
NAMED = {
    "causal": mask(lambda i, j: j <= i),
    "no mask": mask(lambda i, j: True),
    "nothing allowed": mask(lambda i, j: False),
    "only itself": mask(lambda i, j: i == j),
    "transposed": mask(lambda i, j: j >= i),
    "blocked for allowed": mask(lambda i, j: j > i),
    "diagonal excluded": mask(lambda i, j: j < i),
    "one ahead": mask(lambda i, j: j <= i + 1),
    "2 ahead": mask(lambda i, j: j <= i + 2),
    "window of 2": mask(lambda i, j: j in (i - 1, i)),
    "window of 4": mask(lambda i, j: j <= i and i - j < 4),
    "window of 3 to both sides": mask(lambda i, j: abs(i - j) <= 2),
    "prefix of 3": mask(lambda i, j: j <= i or (i < 3 and j < 3)),
    "packed texts of 2, 3": mask(lambda i, j: j <= i and SEGMENT[i] == SEGMENT[j]),
    "blocks of 2, 3, open inside": mask(lambda i, j: SEGMENT[i] == SEGMENT[j]),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_mask_with_a_name_is_named(name: str) -> None:
    assert name_pattern(NAMED[name]) == name
    assert MaskPainter(value=NAMED[name]).pattern == name


@pytest.mark.parametrize("name", ["causal", "window of 2", "packed texts of 2, 3"])
def test_one_other_cell_takes_the_name_away(name: str) -> None:
    flipped = NAMED[name].copy()
    flipped[4, 1] ^= True
    assert name_pattern(flipped) not in (name, "causal")


def test_a_mask_of_one_position_or_without_any_pattern() -> None:
    assert name_pattern(np.array([[True]])) == "causal"
    stray = NAMED["causal"].copy()
    stray[0, 4] = True
    assert name_pattern(stray) == UNKNOWN
    assert leaking_pairs(stray) == [(0, 4)]


def test_a_painter_takes_both_conventions_and_reads_back_what_numpy_can_use() -> None:
    allowed = NAMED["one ahead"]
    for value in (allowed, np.where(allowed, 0.0, -np.inf), allowed.tolist()):
        painter = MaskPainter(value=value)
        assert painter.allowed.dtype == bool
        np.testing.assert_array_equal(painter.allowed, allowed)
        assert painter.leaks == [(0, 1), (1, 2), (2, 3), (3, 4)] and painter.blind == []
    assert MaskPainter(value=NAMED["diagonal excluded"]).blind == [0]
    assert MaskPainter().pattern == "only itself" and MaskPainter(tokens="abc").allowed.shape == (3, 3)


def test_a_painter_can_be_set_linked_and_not_changed_behind_its_back() -> None:
    class Follower(traitlets.HasTraits):
        allowed = traitlets.Any()

    given = NAMED["causal"].copy()
    painter, follower = MaskPainter(value=given), Follower()
    given[0, 4] = True
    assert painter.pattern == "causal", "the painter has a copy"
    traitlets.dlink((painter, "allowed"), (follower, "allowed"))
    painter.allowed = NAMED["transposed"]
    np.testing.assert_array_equal(follower.allowed, NAMED["transposed"])
    with pytest.raises(ValueError, match="read-only"):
        painter.allowed[0, 0] = False


def test_the_page_sends_lists_and_python_gets_an_array() -> None:
    painter = MaskPainter()
    painter.set_state({"allowed": NAMED["prefix of 3"].tolist()})
    assert painter.pattern == "prefix of 3" and painter.allowed.dtype == bool
    assert painter.get_state()["allowed"] == NAMED["prefix of 3"].tolist()


def tree_path(node: int) -> set[int]:
    """The tree of five nodes whose trunk has two: 0, 1, then 2, 3 on one branch and 4 on the other."""
    return {0: {0}, 1: {0, 1}, 2: {0, 1, 2}, 3: {0, 1, 2, 3}, 4: {0, 1, 4}}[node]


@pytest.mark.parametrize(
    ("kind", "parameters", "rule"),
    [
        ("padding", {"length": 2}, lambda i, j: j <= i and j < 2),
        ("window", {"window": 2}, lambda i, j: i - 1 <= j <= i),
        ("prefix", {"prefix": 3}, lambda i, j: j <= i or (i < 3 and j < 3)),
        ("packed", {"cut": 2}, lambda i, j: j <= i and SEGMENT[i] == SEGMENT[j]),
        ("alibi", {"slope": 0.5}, lambda i, j: j <= i),
        ("tree", {"trunk": 2}, lambda i, j: j in tree_path(i)),
    ],
)
def test_a_mask_of_the_zoo_is_that_of_its_definition(
    kind: str, parameters: dict[str, float], rule: Callable[[int, int], bool]
) -> None:
    shown = MaskZoo(kind, **parameters)
    allowed = mask(rule)
    np.testing.assert_array_equal(shown.allowed, allowed)
    for i in range(5):
        e = [math.exp(-0.5 * (i - j) if kind == "alibi" else 0) * rule(i, j) for j in range(5)]
        np.testing.assert_allclose(shown.weights[i], np.array(e) / sum(e), atol=1e-15)
    assert shown.kind in shown.picture().text


ENDS = {"padding": {"length": 5}, "window": {"window": 5}, "prefix": {"prefix": 0}, "packed": {"cut": 5}}


@pytest.mark.parametrize(("kind", "end"), [*ENDS.items(), ("alibi", {"slope": 0}), ("tree", {"trunk": 4})])
def test_every_mask_of_the_zoo_is_the_causal_one_at_an_end_of_its_slider(kind: str, end: dict[str, float]) -> None:
    np.testing.assert_array_equal(MaskZoo(kind, **end).bias, np.where(NAMED["causal"], 0, -np.inf))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: MaskPainter(value=np.ones((3, 4), dtype=bool)), r"\(T, T\).*\(3, 4\)"),
        (lambda: MaskPainter(value=np.ones(3)), r"not \(3,\)"),
        (lambda: MaskPainter(value=np.ones((17, 17), dtype=bool)), "up to 16"),
        (lambda: MaskPainter(value=np.ones((3, 3))), "could mean either"),
        (lambda: MaskPainter(value=np.where(np.tri(3), 0, -1e9)), "neither"),
        (lambda: MaskPainter(value=[["a"]]), "is boolean"),
        (lambda: MaskPainter(value=np.eye(3, dtype=bool), tokens=["a"]), "3 rows in the mask, but 1 tokens"),
        (lambda: MaskZoo("future"), "no mask 'future'"),
        (lambda: MaskZoo(tokens=["a"]), "2 to 16 tokens, not 1"),
        (lambda: MaskZoo(width=2), "no parameter 'width'"),
        (lambda: MaskZoo(window=6), "window goes from 1 to 5, but is 6"),
        (lambda: setattr(MaskZoo(), "trunk", 5), "trunk goes from 1 to 4"),
        (lambda: setattr(MaskPainter(), "allowed", np.eye(3, dtype=bool)), "5 tokens"),
    ],
)
def test_what_does_not_fit_gets_one_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)
