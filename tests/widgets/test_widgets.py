"""Widgets without a browser: what Python computes and refuses, and what is sent to the page."""

import asyncio
import json
import math
import re
from collections.abc import Callable
from itertools import product

import ipywidgets
import numpy as np
import pytest
import traitlets
from support.async_helpers import run_beside
from support.sizes import share

from leftcontext import widgets
from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.training import Schedule, allowed_by, train
from leftcontext.model.transformer import Transformer
from leftcontext.widgets import AttentionMap, MaskPainter, TrainAndGenerate
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.shared.page import page

RNG = np.random.default_rng(5)
Q, K, V = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=(4, 2))


def slow_weights(Q: np.ndarray, K: np.ndarray, mask: str) -> np.ndarray:
    """Attention weights by loops over single numbers: the oracle."""
    weights = np.zeros((len(Q), len(K)))
    for i in range(len(Q)):
        position = i + len(K) - len(Q)
        e = []
        for j in range(len(K)):
            score = sum(q * k for q, k in zip(Q[i], K[j], strict=True)) / math.sqrt(len(Q[i]))
            hidden = {"causal": j > position, "zero": j > position, "one_ahead": j > position + 1, "none": False}[mask]
            e.append(math.exp(0 if hidden else score) if not hidden or mask == "zero" else 0.0)
        weights[i] = [x / sum(e) for x in e]
    return weights


@pytest.mark.parametrize(("mask", "queries"), list(product(["causal", "one_ahead", "none", "zero"], [4, 2, 1])))
def test_weights_and_output_are_those_of_the_definition(mask: str, queries: int) -> None:
    shown = AttentionMap(Q[-queries:], K, V, mask=mask)
    np.testing.assert_allclose(shown.weights, slow_weights(Q[-queries:], K, mask), atol=1e-15)
    np.testing.assert_allclose(shown.output, slow_weights(Q[-queries:], K, mask) @ V, atol=1e-14)
    assert not shown.weights[~shown.allowed].any() or mask == "zero"


@pytest.mark.parametrize(("queries", "keys"), [(5, 5), (2, 2), (2, 4), (16, 16), (3, 9)])
def test_the_first_row_is_one_that_every_mask_changes(queries: int, keys: int) -> None:
    arrays = np.random.default_rng(queries).normal(size=(3, keys, 2))
    shown = AttentionMap(arrays[0, :queries], *arrays[1:])
    causal = shown.weights[shown.query]
    for mask in shown.masks[1:]:
        shown.mask = mask
        assert np.abs(shown.weights[shown.query] - causal).max() > 0.01, mask


def test_the_course_sentence_looks_for_the_noun_that_the_verb_must_agree_with() -> None:
    shown = AttentionMap()
    assert shown.tokens == ["these", "dogs", "near", "the", "cat"]
    assert shown.weights[-1].argmax() == shown.tokens.index("dogs")
    plural, singular = shown.output[-1]
    assert plural > singular


def test_traits_can_be_set_and_read_back() -> None:
    shown = AttentionMap(Q, K, V)
    shown.mask, shown.stage, shown.query = "none", "scores", 2
    assert shown.weights[0, 3] > 0
    shown.mask = "causal"
    assert shown.weights[0].tolist() == [1, 0, 0, 0]
    assert (shown.stage, shown.query) == ("scores", 2)


@pytest.mark.parametrize("stage", ["scores", "scaled", "masked", "weights", "output"])
@pytest.mark.parametrize("mask", ["causal", "zero"])
def test_the_static_picture_shows_the_stage_that_is_chosen(stage: str, mask: str) -> None:
    shown = AttentionMap(Q, K, V, stage=stage, mask=mask)
    text = shown.picture().text.replace("−", "-").replace("∞", "inf")
    entry = getattr(shown, stage)[3, 1]
    assert stage in text and f"{entry:.2f}" in text


@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_a_mask_of_ones_own_in_both_conventions(kind: str) -> None:
    allowed = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]], dtype=bool)
    shown = AttentionMap(Q, K, V, mask=allowed if kind == "boolean" else np.where(allowed, 0.0, -np.inf))
    assert (shown.allowed == allowed).all()
    assert ((shown.weights > 0) == allowed).all()
    assert not shown.weights[3].any() and shown.mask == "yours" and "yours" in shown.masks
    json.dumps(shown.get_state(), allow_nan=False, default=str)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: AttentionMap(Q, K), "together"),
        (lambda: AttentionMap(Q[:, :2], K, V), "same width"),
        (lambda: AttentionMap(Q, K, V[:3]), "one value"),
        (lambda: AttentionMap(Q, K[:3], V[:3]), "more queries"),
        (lambda: AttentionMap(Q[0], K, V), "two axes"),
        (lambda: AttentionMap([["a"]], K, V), "not an array of real numbers"),
        (lambda: AttentionMap(Q * np.nan, K, V), "not finite"),
        (lambda: AttentionMap(Q, K, V, tokens=["a"]), "4 keys, but 1 tokens"),
        (lambda: AttentionMap(Q, K, V, components=["a"]), "2 columns of V, but 1 components"),
        (lambda: AttentionMap(Q, K, V, mask=np.zeros((3, 3))), r"shape \(3, 3\)"),
        (lambda: AttentionMap(Q, K, V, mask=np.full((4, 4), np.inf)), "0 and -inf"),
        (lambda: AttentionMap(Q, K, V, mask=np.tri(4)), "could mean either"),
        (lambda: AttentionMap(np.stack([Q, Q]), K, V), r"two axes.* \(2, 4, 3\); choose one text and head, such as Q\[0\]"),
        (lambda: AttentionMap(Q + 1j, K, V), "real numbers"),
        (lambda: AttentionMap([[1, 2], [3]], K, V), "can't be read"),
        (lambda: AttentionMap([["a", None, {}]], K, V), "real numbers"),
        (lambda: AttentionMap(1e200 * Q, K, V), "too large"),
        (lambda: AttentionMap(Tensor(Q, broken=True), K, V), "Q can't be read as an array .no storage."),
        (lambda: AttentionMap(Q, K, V, tokens=4), "a list of words, not 4"),
        (lambda: AttentionMap(Q, K, V, sentence="the cat"), "a sentence, or Q, K and V"),
        (lambda: AttentionMap(sentence="the dog barks"), "“barks” is not a word of the little language"),
        (lambda: AttentionMap(sentence=" "), "1 to 16 words"),
        (lambda: AttentionMap(sentence="the " * 17), "1 to 16 words here, not 17"),
        (lambda: AttentionMap(sentence=5), "is text, such as"),
        (lambda: AttentionMap(tokens=["le", "chat"]), "“le” is not a word"),
        (lambda: setattr(AttentionMap(Q, K, V), "sentence", "the cat"), "arrays that were handed in"),
    ],
)
def test_what_does_not_fit_gets_one_sentence(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("trait", "value"), [("mask", "future"), ("mask", "yours"), ("stage", "sum"), ("query", 9)])
def test_a_trait_refuses_what_it_does_not_know(trait: str, value: object) -> None:
    shown = AttentionMap()
    with pytest.raises((ValueError, traitlets.TraitError)):
        setattr(shown, trait, value)


def test_a_mask_set_by_hand_becomes_a_choice() -> None:
    shown = AttentionMap()
    shown.mask = "zero"
    assert shown.masks == ["causal", "one_ahead", "none", "zero"]


class Tensor:
    """What another library's array may be like: no NumPy array as long as it records a gradient."""

    def __init__(self, array: np.ndarray, broken: bool = False) -> None:
        self.array, self.records, self.broken = array, True, broken

    def detach(self) -> "Tensor":
        self.records = False
        return self

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        if self.broken or self.records:
            raise RuntimeError("no storage")
        return self.array


@pytest.mark.parametrize("kind", ["lists", "float32", "integers", "objects", "tensors"])
def test_arrays_of_every_kind_are_read(kind: str) -> None:
    given = [(10 * array).round() for array in (Q, K, V)]
    read = {
        "lists": np.ndarray.tolist, "float32": lambda a: a.astype(np.float32), "integers": lambda a: a.astype(int),
        "objects": lambda a: a.astype(object), "tensors": Tensor,
    }[kind]  # fmt: skip
    shown = AttentionMap(*map(read, given))
    np.testing.assert_array_equal(shown.weights, AttentionMap(*given).weights)
    assert shown.Q.dtype == np.float64


@pytest.mark.parametrize("name", share(widgets.__all__, 8))
def test_one_token_is_enough_and_sixteen_fit(name: str) -> None:
    make = getattr(widgets, name)
    for T in (1, 16):
        arrays, mask = RNG.normal(size=(3, T, 2)), np.tri(T, dtype=bool)
        given = {
            "LeakDetector": (mask,), "MaskPainter": (mask,), "TrainAndGenerate": (), "MaskZoo": (), "LeftContext": (),
            "Softmax": (RNG.normal(size=(T, T)),), "Sampling": (), "StoryWriter": (),
        }.get(name, arrays)  # fmt: skip
        shown = make(*given)
        assert shown.picture().text
        json.dumps(shown.get_state(), allow_nan=False, default=str)


@pytest.mark.parametrize("name", ["SingleToken", "Heads", "LeakDetector", "CachedGeneration", "BlockTiles", "GradientPattern"])
def test_what_has_no_room_for_more_tokens_says_how_many_fit(name: str) -> None:
    arrays = RNG.normal(size=(3, 17, 2))
    given = (None, *arrays) if name == "LeakDetector" else tuple(arrays)
    with pytest.raises(ValueError, match=r"Up to 16 tokens fit on a page, not 17; show a part, such as Q\[:16\]"):
        getattr(widgets, name)(*given)


def test_a_sentence_of_ones_own_has_the_vectors_of_its_words() -> None:
    shown = AttentionMap(sentence="the cat near these dogs")
    assert shown.tokens == ["the", "cat", "near", "these", "dogs"] and shown.query == 2
    course = AttentionMap()
    order = [course.tokens.index(word) for word in shown.tokens]
    np.testing.assert_array_equal(shown.K, course.K[order])
    shown.sentence = "  Every queen   sleeps "
    assert (shown.sentence, shown.query, shown.output.shape) == ("every queen sleeps", 1, (3, 2))
    assert shown.get_state()["_keys"] == shown.K.tolist()
    assert AttentionMap(tokens=["the", "cat"]).sentence == "the cat"
    assert AttentionMap(Q, K, V).sentence == "" == AttentionMap(mask=np.tri(5, dtype=bool)).sentence


def test_the_head_made_by_hand_finds_the_number_of_most_sentences_and_some_fool_it() -> None:
    """The lesson's claim: the last word's output says how the verb must agree, but not always."""
    right = {"these dogs near the cat": 0, "this cat near the dogs": 1, "the dogs near the cat": 0, "a fox": 1}
    fooled = {"the cat near the dogs": 1}
    for sentence, number in (right | fooled).items():
        assert (AttentionMap(sentence=sentence).output[-1].argmax() == number) == (sentence in right), sentence


def test_masks_sentences_and_queries_of_two_widgets_can_be_linked() -> None:
    one, other, training = MaskPainter(), MaskPainter(), TrainAndGenerate()
    for link in (traitlets.link, ipywidgets.link):
        ends = link((one, "allowed"), (other, "allowed"))
        one.allowed = np.tri(5, dtype=bool)
        assert other.pattern == "causal"
        other.allowed = np.tri(5, k=1, dtype=bool)
        assert one.pattern == "one ahead"
        ends.unlink()
    traitlets.link((one, "allowed"), (training, "allowed"))
    np.testing.assert_array_equal(training.allowed, one.allowed)
    assert (one.allowed == np.tri(5, k=1)).shape == (5, 5) and (one.allowed != np.tri(5, k=1)).sum() == 0
    left, right = AttentionMap(), AttentionMap()
    traitlets.link((left, "sentence"), (right, "sentence"))
    left.sentence = "the cat sleeps"
    np.testing.assert_array_equal(right.weights, left.weights)


def trained(mask: str = "causal", steps: int = 60) -> TrainAndGenerate:
    widget = TrainAndGenerate(mask, steps=steps)
    run_beside(widget.train())
    return widget


def test_a_run_is_the_training_of_the_model_and_nothing_else() -> None:
    run = trained("one_ahead").runs["one_ahead"]
    model = Transformer(allowed=allowed_by("one_ahead", 16), seed=0)
    losses = [progress.loss for progress in train(model, schedule=Schedule(steps=60), seed=0)]
    np.testing.assert_allclose(run["losses"], np.reshape(losses, (3, 20)).mean(-1))
    assert run["steps"] == [20, 40, 60] and run["after"] == 60
    legal = LITTLE_LANGUAGE.legal_tokens(LITTLE_LANGUAGE.encode(run["words"]))
    assert run["legal"] == legal and 0 <= run["share"] <= 1
    sentence = LITTLE_LANGUAGE.encode([".", "these", "dogs", "near", "the", "cat"])
    np.testing.assert_allclose(run["weights"], model.attention_weights(sentence), atol=1e-4)


@pytest.mark.long
def test_a_model_that_sees_the_answers_falls_below_the_entropy() -> None:
    widget = trained("none", steps=400)
    assert widget.runs["none"]["losses"][-1] < widget.entropy / 2
    assert widget.runs["none"]["share"] < 0.2
    assert "entropy" in widget.picture().text and "✗" in widget.picture().text


def test_a_training_can_be_stopped_and_started_again() -> None:
    widget = TrainAndGenerate(steps=400)

    async def use() -> None:
        widget.start()
        while not widget.runs.get("causal", {}).get("losses"):
            await asyncio.sleep(0)
        assert widget.running == "causal"
        widget.stop()
        await asyncio.sleep(0.05)
        assert not widget.running
        stopped = widget.runs["causal"]
        assert 0 < len(stopped["losses"]) < 20 and stopped["share"] is None
        widget.start()
        await asyncio.sleep(0)
        assert widget.running == "causal" and len(widget.runs["causal"]["losses"]) < len(stopped["losses"]) + 1
        widget.mask = "none"
        widget.start()  # a new training takes the place of the one that runs
        for _ in range(3):
            await asyncio.sleep(0)
        assert widget.running == "none" and set(widget.runs) == {"causal", "none"}
        widget.stop()

    run_beside(use())


def test_the_page_asks_by_messages() -> None:
    widget = TrainAndGenerate(steps=40)

    async def use() -> None:
        widget.handle_message(widget, {"do": "hello"}, [])
        assert not widget.running
        widget.handle_message(widget, {"do": "train", "mask": "none"}, [])
        await asyncio.sleep(0)
        assert widget.running == "none"
        widget.handle_message(widget, {"do": "stop"}, [])
        await asyncio.sleep(0.01)
        assert not widget.running

    run_beside(use())


def test_before_any_training_the_static_form_says_what_is_to_be_done() -> None:
    assert "needs a page that runs JavaScript" in TrainAndGenerate(steps=60).picture().text


VARIANTS = {
    "TrainAndGenerate, trained": trained,
    "GradientPattern of inputs": lambda: widgets.GradientPattern(of="inputs"),
    "Heads with weights": lambda: widgets.Heads(weights=np.eye(3)[None]),
    "LeftContext of letters": lambda: widgets.LeftContext("abc"),
    "MaskPainter, painted": lambda: widgets.MaskPainter(value=np.tri(5, k=1, dtype=bool)),
    "MaskZoo of ALiBi": lambda: widgets.MaskZoo("alibi"),
    "SingleToken of arrays": lambda: widgets.SingleToken(Q, K, V),
}
WITH_MODEL = (TrainAndGenerate, widgets.StoryWriter)  # these bring a whole model
MAKES = {name: getattr(widgets, name) for name in widgets.__all__} | VARIANTS


@pytest.mark.parametrize("make", [pytest.param(MAKES[name], id=name) for name in share(MAKES, 3)])
def test_a_widget_is_small_stands_alone_and_has_a_static_form(make: Callable[[], CourseWidget]) -> None:
    widget = make()
    code = (widget._esm + widget._css).replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert len(code) < (48_000 if isinstance(widget, WITH_MODEL) else 40_000)
    assert not re.search(r"https?:|\bimport\b|@import|url\(", code)
    assert re.search(r"export\{\w+ as default\};\s*$", widget._esm) and code.count("export") == 1
    bundle = widget._repr_mimebundle_()
    assert bundle is not None
    data, _ = bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert re.search(r'<img [^>]*alt="[^"]{20,}"', data["text/html"])
    assert "object at 0x" not in data["text/plain"]
    json.dumps(widget.get_state(), allow_nan=False, default=str)


def test_a_page_needs_no_other_address_and_survives_any_token() -> None:
    token = "</script><b>"
    text = page({"a < b": AttentionMap(Q, K, V, tokens=[token, "b", "c", "d"])}, "Pictures")
    assert not re.search(r"https?://", text.replace("http://www.w3.org/2000/svg", ""))  # a name, not an address
    assert token not in text and "<h2>a &lt; b</h2>" in text
