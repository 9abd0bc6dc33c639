"""The models of real English: what is shipped, what the script makes, and that they measure what the table says."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.clone import ROOT

from leftcontext.language.english import decode, encode, held_out_rows, held_out_text, training_text
from leftcontext.language.ngram import NGram
from leftcontext.model import english
from leftcontext.model.english import ENGLISH_MODEL, ENGLISH_SCHEDULES, english_model, pack, table, unpack, write
from leftcontext.model.evaluation import held_out_loss, leak
from leftcontext.model.training import MASKS, allowed_by
from leftcontext.model.transformer import Transformer

sys.path.insert(0, str(ROOT / "tools"))
import train_english

BITS = np.log(2)
CONTEXT = ENGLISH_MODEL.context


def test_the_weights_are_small_and_there_is_nothing_beside_them() -> None:
    files = sorted(english.FOLDER.iterdir())
    assert [file.name for file in files] == sorted([*(f"{mask}.npz" for mask in MASKS), "table.json"])
    assert sum(file.stat().st_size for file in files) < 1_000_000


def test_a_weight_is_rounded_by_half_a_step_of_its_row_at_most() -> None:
    model = Transformer(ENGLISH_MODEL, seed=3)
    before = model.theta.copy()
    unpack(model, *pack(model))
    after = model.views(model.theta)
    for name, w in model.views(before).items():
        step = np.abs(w).max(axis=1, keepdims=True) / english.LARGEST
        assert (np.abs(w - after[name]) <= 0.5001 * step).all(), name
    assert np.array_equal(pack(model)[0], pack(Transformer(ENGLISH_MODEL, seed=3))[0])


@pytest.mark.parametrize("mask", MASKS)
def test_the_shipped_weights_measure_what_the_table_says(mask: str) -> None:
    rows, model = held_out_rows(CONTEXT), english_model(mask)
    assert table()["text"] == {"training": len(training_text()), "held_out": len(held_out_text())}
    for use in (mask, "causal"):
        parts = [held_out_loss(model, rows[k : k + 64], allowed=allowed_by(use, CONTEXT)) for k in range(0, len(rows), 64)]
        sizes = [len(rows[k : k + 64]) for k in range(0, len(rows), 64)]
        assert np.average(parts, weights=sizes) / BITS == pytest.approx(table()["models"][mask][use]["held_out"], abs=2e-3)


def test_the_n_gram_models_measure_what_the_table_says() -> None:
    for n in (1, 5):
        bits = -NGram(n, training_text(), ENGLISH_MODEL.vocab).log_probability(held_out_text()).mean() / BITS
        assert bits == pytest.approx(table()["ngrams"][str(n)], abs=1e-3)


def test_only_the_causal_model_is_honest_and_only_it_writes() -> None:
    models, best = table()["models"], table()["ngrams"]["5"]
    assert leak(english_model("causal")) == 0
    for mask in ("one_ahead", "none"):
        assert leak(english_model(mask)) > 1
        assert models[mask][mask]["held_out"] < 0.2 < best < models[mask]["causal"]["held_out"]
        for use in MASKS:
            assert models[mask][use]["judged"] > models["causal"]["causal"]["judged"] + 1
            assert models[mask][use]["known_words"] < models["causal"]["causal"]["known_words"]
    assert models["causal"]["causal"]["known_words"] > 0.8


def test_a_cache_changes_no_character() -> None:
    model = english_model("causal")
    cached = write(model, "Alice", 150, temperature=0.7, seed=4)
    assert len(cached) == 150 and cached == write(model, "Alice", 150, temperature=0.7, seed=4, allowed="causal")
    window, text = [0, *encode("Alice")], []
    rng = np.random.default_rng(4)
    for _ in range(150):  # the plain way: everything again, for each character
        window = window if len(window) <= CONTEXT else window[-CONTEXT // 2 :]
        token = int((model.logits(window)[-1] / 0.7 + rng.gumbel(size=64)).argmax())
        window.append(token)
        text.append(token)
    assert cached == decode(text)


def test_the_script_trains_ships_and_repeats_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schedule = replace(ENGLISH_SCHEDULES["causal"], steps=50, batch=4)
    model, again = (train_english.train_model("causal", schedule, 25) for _ in range(2))
    assert np.array_equal(model.theta, again.theta)
    rows = held_out_rows(CONTEXT)[:16]
    assert held_out_loss(model, rows) < held_out_loss(Transformer(ENGLISH_MODEL), rows) - 0.3
    train_english.ship("causal", model, tmp_path)
    with np.load(tmp_path / "causal.npz") as file:
        shipped = Transformer(ENGLISH_MODEL)
        unpack(shipped, file["bytes"], file["factors"])
    np.testing.assert_allclose(shipped.theta, model.theta, atol=np.abs(model.theta).max() / 200)
    assert "step 25" in capsys.readouterr().out


def test_another_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="no mask is called 'all'"):
        english_model("all")
