"""TrainAndGenerate beside a painter, and its recorded runs. Without a browser."""

import asyncio

import numpy as np
import pytest
from support.async_helpers import run_beside
from support.sizes import share

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.evaluation import held_out_loss, influence
from leftcontext.model.generation import generate_texts, share_legal
from leftcontext.model.training import MASKS, Schedule, allowed_by, train
from leftcontext.model.transformer import Transformer
from leftcontext.widgets import MaskPainter, TrainAndGenerate
from leftcontext.widgets.train_and_generate import RECORDED


def painted(i: int, j: int) -> np.ndarray:
    allowed = np.tri(6, dtype=bool)
    allowed[i, j] = True
    return allowed


def test_a_painter_is_followed_and_what_is_no_mask_for_a_while_is_said() -> None:
    painter = MaskPainter(painted(0, 1))
    widget = TrainAndGenerate(allowed=painter, steps=20)
    assert widget.mask == "yours" and np.array_equal(widget.allowed, painted(0, 1))
    run_beside(widget.train())
    assert "yours" in widget.runs
    painter.allowed = painted(2, 3)
    assert "yours" not in widget.runs, "it was trained under another mask"
    assert np.array_equal(widget.allowed, painted(2, 3)) and not widget.complaint
    painter.allowed = np.tri(6, k=-1, dtype=bool)
    assert "Query 0 sees no key" in widget.complaint
    painter.allowed = painted(0, 5)
    assert not widget.complaint and np.array_equal(widget.allowed, painted(0, 5))


def test_another_mask_ends_a_training_under_the_last_one() -> None:
    widget = TrainAndGenerate(allowed=painted(0, 1), steps=400)

    async def use() -> None:
        widget.start()
        while not widget.runs.get("yours", {}).get("losses"):
            await asyncio.sleep(0)
        widget.allowed = painted(0, 2)
        await asyncio.sleep(0.05)
        assert not widget.running and "yours" not in widget.runs

    run_beside(use())


@pytest.mark.long
@pytest.mark.parametrize("mask", share([*MASKS, "yours"], 4))
def test_what_was_recorded_is_what_a_training_gives(mask: str) -> None:
    recorded = RECORDED[mask]
    allowed = np.tri(16, dtype=bool) if mask == "yours" else allowed_by(mask, 16)
    if mask == "yours":
        allowed[0, 1] = True
    assert np.array_equal(recorded["allowed"], allowed[:6, :6])
    model = Transformer(allowed=allowed, seed=0)
    losses = np.array([progress.loss for progress in train(model, seed=0)])
    np.testing.assert_allclose(recorded["losses"], losses.reshape(60, 20).mean(-1), atol=0.03)
    np.testing.assert_allclose(recorded["losses"][:5], losses[:100].reshape(5, 20).mean(-1), atol=0.001)
    assert recorded["leaks"] == (np.triu(influence(model), 1) > 0).sum()
    assert recorded["legal"] == LITTLE_LANGUAGE.legal_tokens(LITTLE_LANGUAGE.encode(recorded["words"]))
    rows = LITTLE_LANGUAGE.rows(512, 16, np.random.default_rng(99))  # others than those of the widget
    for used, combined in recorded["used"].items():
        under = allowed_by(used, 16)
        written = generate_texts(model, 200, rng=1, allowed=under)
        assert abs(combined["share"] - share_legal(LITTLE_LANGUAGE, written)) < 0.12, used
        assert abs(combined["loss"] - held_out_loss(model, rows, allowed=under)) < 0.05 + 0.1 * combined["loss"], used
    assert abs(recorded["share"] - share_legal(LITTLE_LANGUAGE, generate_texts(model, 200, rng=0))) < 0.1


def test_only_the_usual_training_has_a_recording_and_the_static_picture_shows_it() -> None:
    assert set(TrainAndGenerate().recorded) == set(MASKS)
    assert not TrainAndGenerate(steps=60).recorded and not TrainAndGenerate(seed=1).recorded
    text = TrainAndGenerate().picture().text
    assert "recorded" in text and "none: from 3.61 to 0.13" in text
    assert all(word in text for word in RECORDED["causal"]["words"])


def test_each_combination_is_the_model_under_the_other_mask() -> None:
    widget = TrainAndGenerate("causal", steps=40)
    run_beside(widget.train())
    model = Transformer(allowed=allowed_by("causal", 16), seed=0)
    for _ in train(model, schedule=Schedule(steps=40), seed=0):
        pass
    rows = LITTLE_LANGUAGE.rows(256, 16, np.random.default_rng([0, 256]))
    used = widget.runs["causal"]["used"]
    assert list(used) == ["causal", "none"]
    for mask, combined in used.items():
        other = Transformer(allowed=allowed_by(mask, 16), seed=0)
        other.theta[:] = model.theta  # the same weights in a model that has this mask as its own
        assert combined["loss"] == pytest.approx(held_out_loss(other, rows), abs=1e-5)
        texts = generate_texts(other, 200, rng=0)
        assert combined["share"] == share_legal(LITTLE_LANGUAGE, texts)
        assert combined["words"] == LITTLE_LANGUAGE.words(texts[0])
    assert used["causal"]["share"] == widget.runs["causal"]["share"]


def test_training_and_writing_under_one_mask_is_the_only_way_to_legal_texts() -> None:
    """What the lesson says of the four combinations, on the recorded models."""
    used = {mask: RECORDED[mask]["used"] for mask in ("causal", "none")}
    assert used["causal"]["causal"]["share"] > 0.95 > used["causal"]["none"]["share"]
    assert used["none"]["causal"]["share"] == used["none"]["none"]["share"] == 0
    entropy = LITTLE_LANGUAGE.entropy(16)
    assert used["none"]["none"]["loss"] < entropy / 5 < entropy < used["causal"]["causal"]["loss"] + 0.05
    assert min(used["causal"]["none"]["loss"], used["none"]["causal"]["loss"]) > 1.3 * entropy
    text = TrainAndGenerate().picture().text
    assert "share of legal texts" in text and "held-out loss" in text


def test_a_mask_that_was_painted_on_the_page_is_the_learner_s_own() -> None:
    widget = TrainAndGenerate(steps=20)
    assert widget.get_state("allowed") == {"allowed": None}
    widget.set_state({"allowed": painted(0, 1).tolist()})
    assert np.array_equal(widget.allowed, painted(0, 1)) and widget.masks == [*MASKS, "yours"]
    assert widget.get_state("allowed") == {"allowed": painted(0, 1).tolist()}
    widget.set_state({"mask": "yours"})
    run_beside(widget.train())
    assert np.array_equal(widget.runs["yours"]["allowed"], painted(0, 1))
