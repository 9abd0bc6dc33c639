"""The demonstration over some seeds: what the lesson says of the honest model and of the two that cheat."""

from io import StringIO
from statistics import median

import numpy as np
import pytest
from rich.console import Console
from support.sizes import sized

from leftcontext.demo import TEXTS, Demonstration, compare, held_out_rows
from leftcontext.language.language import LITTLE_LANGUAGE, SENTENCE
from leftcontext.model.evaluation import leak, position_losses
from leftcontext.model.mask_at_inference import legal_under, unmasked_change
from leftcontext.model.training import MASKS, Schedule, allowed_by, train
from leftcontext.model.transformer import Config, Transformer

SEEDS = range(sized(1, 5))
LEAKY = ("one_ahead", "none")


@pytest.fixture(scope="module")
def reports():
    return [compare(seed) for seed in SEEDS]


def of(reports, mask):
    return [m for report in reports for m in report.models if m.mask == mask]


def test_held_out_text_costs_a_perfect_predictor_exactly_the_entropy():
    rows = held_out_rows()
    assert -LITTLE_LANGUAGE.log_probability(rows[:, 1:]).mean() / 16 == pytest.approx(
        LITTLE_LANGUAGE.entropy(16), abs=1e-4
    )


def test_the_causal_model_settles_just_above_the_entropy(reports):
    for model, report in zip(of(reports, "causal"), reports, strict=True):
        assert report.language_entropy == LITTLE_LANGUAGE.entropy(16)
        assert 1 < model.held_out_parallel / report.language_entropy < 1.01
        assert model.held_out_stepwise == pytest.approx(model.held_out_parallel, abs=1e-5)
        assert 0.997 < model.train_loss / report.language_entropy < 1.01
        assert model.valid_sentences >= 0.95
        assert leak(model.model) == 0


@pytest.mark.parametrize("mask", LEAKY)
def test_a_model_that_sees_the_future_beats_the_entropy_and_cannot_write(reports, mask):
    models = of(reports, mask)
    entropy = LITTLE_LANGUAGE.entropy(16)
    for model in models:
        assert model.train_loss < 0.1 * entropy
        assert model.held_out_parallel < 0.1 * entropy  # the usual held-out check is blind to it
        assert model.held_out_stepwise > 2 * entropy
        assert model.valid_sentences <= 0.07
        assert leak(model.model) > 1
    assert median(model.valid_sentences for model in models) < 0.01


@pytest.mark.parametrize("mask", LEAKY)
def test_only_the_last_position_is_honest(reports, mask):
    for model in of(reports, mask):
        losses = position_losses(model.model, held_out_rows())
        assert losses[:-1].max() < 0.1
        assert losses[-1] > 1


def test_the_causal_model_agrees_over_the_distance(reports):
    prompt = np.array([0, *LITTLE_LANGUAGE.encode(SENTENCE)])
    exact = LITTLE_LANGUAGE.next_probabilities(prompt[1:])
    for model in of(reports, "causal"):
        p = np.exp(model.model.logits(prompt)[-1].astype(float))
        p /= p.sum()
        assert p[exact > 0].sum() > 0.97
        assert p[LITTLE_LANGUAGE.encode("see")] > 50 * p[LITTLE_LANGUAGE.encode("sees")]


def test_the_mask_must_stay_when_the_model_writes(reports):
    shares = [legal_under(m.model) for m in of(reports, "causal")]
    assert all(share["none"] < share["causal"] - 0.05 for share in shares)  # a mask at training only
    assert min(share["none"] for share in shares) < 0.9
    for honest, share in zip(of(reports, "causal")[:2], shares, strict=False):
        in_a_fixed_window = legal_under(honest.model, ("causal", "none"), padded=True)
        assert in_a_fixed_window["causal"] == share["causal"]
        assert in_a_fixed_window["none"] < 0.1
    for leaky in of(reports, "none"):
        assert legal_under(leaky.model, ("causal",))["causal"] < 0.07  # a mask at generation only


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_without_the_mask_the_last_token_changes_from_two_layers_on(layers):
    model = Transformer(Config(layers=layers), allowed=allowed_by("causal", 16))
    for _ in train(model, schedule=Schedule(steps=100)):
        pass
    change = unmasked_change(model, held_out_rows()[:, :-1])
    assert change.shape == (512,)
    assert (change == 0).all() if layers == 1 else change.min() > 1e-4


def test_the_report_as_plain_data(reports):
    data = reports[0].to_json()
    assert data["language_entropy"] == LITTLE_LANGUAGE.entropy(16)
    assert [m["mask"] for m in data["models"]] == list(MASKS)
    for entry, model in zip(data["models"], reports[0].models, strict=True):
        assert all(type(v) is (str if k in ("mask", "sample") else float) for k, v in entry.items())
        legal = LITTLE_LANGUAGE.is_legal(
            np.array([LITTLE_LANGUAGE.encode(LITTLE_LANGUAGE.decode(t)) for t in model.texts])
        )
        assert entry["valid_sentences"] == legal.mean()
        assert len(model.texts) == TEXTS
        assert len(entry["sample"].split()) == 16
        assert entry["seconds"] > 0


def printed(report: Demonstration) -> str:
    console = Console(file=StringIO(), width=80, no_color=True)
    console.print(report.table())
    return console.file.getvalue()


def test_the_report_in_a_terminal_marks_without_colour(reports):
    text = printed(reports[0])
    assert "1.949" in text
    assert text.count("\n  ✓ ") + text.count("\n  ✗ ") == 9
    assert text.count("✗") == 2 * text.count("\n  ✗ ") > 0
    for model in reports[0].models:
        lost = 0.95 * LITTLE_LANGUAGE.entropy(16) > model.train_loss
        assert f"{model.train_loss:.3f} {'!' if lost else ' '}" in text


@pytest.mark.long
def test_progress_names_the_mask_and_training_can_be_shorter():
    seen = []
    report = compare(1, lambda mask, progress: seen.append((mask, progress.step)), Schedule(steps=5))
    assert seen == [(mask, step) for mask in MASKS for step in range(1, 6)]
    assert printed(report)
    again = compare(1, schedule=Schedule(steps=5))
    for one, two in zip(report.to_json()["models"], again.to_json()["models"], strict=True):
        assert one | {"seconds": 0} == two | {"seconds": 0}
