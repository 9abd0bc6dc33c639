"""Training is repeatable, stoppable and heeds its mask; generation draws what the logits say."""

from itertools import islice

import numpy as np
import pytest

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.audit import audit, random_rows
from leftcontext.model.characters import CHARACTER_MODEL, SYMBOLS, character_language
from leftcontext.model.evaluation import cross_entropies, held_out_loss, leak, position_losses
from leftcontext.model.generation import choose, generate, generate_texts, share_legal
from leftcontext.model.training import MASKS, Adam, Schedule, allowed_by, train
from leftcontext.model.transformer import Config, Transformer

SHORT = Schedule(steps=60)


def causal(seed=0, **size):
    return Transformer(Config(**size), allowed=allowed_by("causal", 16), seed=seed)


def test_masks_by_name():
    np.testing.assert_array_equal(allowed_by("causal", 3), [[1, 0, 0], [1, 1, 0], [1, 1, 1]])
    np.testing.assert_array_equal(allowed_by("one_ahead", 3), [[1, 1, 0], [1, 1, 1], [1, 1, 1]])
    assert allowed_by("none", 3).all()
    assert all(allowed_by(name, 1).all() for name in MASKS)
    with pytest.raises(ValueError, match="'triangle'"):
        allowed_by("triangle", 3)


def test_the_same_seed_gives_the_same_model():
    one, same, other = causal(), causal(), causal()
    losses = [p.loss for p in train(one, schedule=SHORT, seed=3)]
    assert losses == [p.loss for p in train(same, schedule=SHORT, seed=3)]
    np.testing.assert_array_equal(one.theta, same.theta)
    assert losses != [p.loss for p in train(other, schedule=SHORT, seed=4)]


def test_targets_say_what_is_learned():
    plain, same, own = causal(), causal(), causal()
    for model, targets in ((plain, None), (same, lambda rows: rows[:, 1:]), (own, lambda rows: rows[:, :-1])):
        chosen = {} if targets is None else {"targets": targets}
        *_, last = train(model, schedule=Schedule(steps=200), **chosen)
    np.testing.assert_array_equal(plain.theta, same.theta)
    assert last.smooth < 1  # to repeat the token that was read is easy


def test_progress_counts_and_smooths():
    progress = list(train(causal(), schedule=Schedule(steps=130)))
    assert [p.step for p in progress] == list(range(1, 131))
    assert {p.steps for p in progress} == {130}
    assert progress[-1].smooth == pytest.approx(np.mean([p.loss for p in progress[-100:]]))
    assert progress[0].loss == pytest.approx(np.log(48), abs=0.05)  # it begins by guessing
    assert progress[-1].smooth < 3


def test_training_may_be_left_at_any_step():
    model, whole = causal(), causal()
    assert len(list(islice(train(model, schedule=SHORT), 7))) == 7
    theta = [whole.theta.copy() for _ in train(whole, schedule=SHORT)]
    np.testing.assert_array_equal(model.theta, theta[6])


def test_the_mask_may_change_during_a_training():
    model = causal()
    for progress in train(model, schedule=Schedule(steps=500)):
        if progress.step == 150:
            before = progress.smooth
            model.allowed = allowed_by("none", 16)
    assert before > LITTLE_LANGUAGE.entropy(16) > progress.smooth


def test_the_rate_rises_then_falls_to_nothing():
    s = Schedule(steps=1000, warm_up=100, rate=0.5)
    rates = np.array([s.rate_at(step) for step in range(1000)])
    assert rates.argmax() == 100
    assert rates.max() == pytest.approx(0.5)
    assert (np.diff(rates)[:99] > 0).all()
    assert (np.diff(rates)[101:] < 0).all()
    assert 0 < rates[-1] < 0.001
    assert all(Schedule(steps=n).rate_at(n - 1) > 0 for n in (1, 2, 50))


def test_adam_equals_pytorch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    start = rng.normal(size=20)
    ours, theirs = start.copy(), torch.tensor(start, requires_grad=True)
    adam = Adam(ours, Schedule())
    optimizer = torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.95))
    for scale in (0.01, 0.1, 10.0, 1.0):
        gradient = rng.normal(size=20) * scale
        theirs.grad = torch.tensor(gradient.copy())
        torch.nn.utils.clip_grad_norm_([theirs], 1.0)
        optimizer.step()
        adam.step(ours, gradient, 0.01)
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-5)


def test_generation_is_repeatable_and_keeps_its_prompt():
    model = causal()
    prompt = LITTLE_LANGUAGE.rows(5, 3, np.random.default_rng(0))  # (5, 4)
    text = generate(model, prompt, 30, rng=1)  # longer than the window
    assert text.shape == (5, 30)
    np.testing.assert_array_equal(text[:, :4], prompt)
    np.testing.assert_array_equal(text, generate(model, prompt, 30, rng=1))
    assert (text != generate(model, prompt, 30, rng=2)).any()
    assert generate(model, prompt[0]).shape == (17,)
    np.testing.assert_array_equal(generate(model, prompt, 2), prompt[:, :2])
    assert generate_texts(model, 3).shape == (3, 16)


def test_with_its_mask_a_causal_model_writes_the_same_in_a_padded_window():
    model, prompt = causal(), np.zeros((20, 1), dtype=int)
    for length in (10, 25):
        text = generate(model, prompt, length)
        np.testing.assert_array_equal(generate(model, prompt, length, padded=True), text)
        assert (generate(model, prompt, length, padded=True, allowed=True) != text).any()


def test_temperature_zero_takes_the_likeliest_token_of_the_window():
    model = causal()
    text = generate(model, np.zeros(1, dtype=int), 20, temperature=0)
    for t in range(1, 20):
        assert text[t] == model.logits(text[max(0, t - 16) : t])[-1].argmax()
    with pytest.raises(ValueError, match="negative"):
        generate(model, np.zeros(1, dtype=int), temperature=-1)


def test_draws_follow_the_softmax():
    logits = np.log([0.5, 0.3, 0.2])
    for temperature in (1.0, 2.0):
        draws = choose(np.tile(logits, (50_000, 1)), np.random.default_rng(0), temperature)
        want = np.exp(logits / temperature) / np.exp(logits / temperature).sum()
        np.testing.assert_allclose(np.bincount(draws) / len(draws), want, atol=0.01)


def test_cross_entropies_of_extreme_logits():
    logits = np.array([[1e4, 0, 0], [0, 0, 0]], dtype=np.float32)
    np.testing.assert_allclose(cross_entropies(logits, np.array([1, 2])), [1e4, np.log(3)])


def test_hiding_the_future_changes_nothing_for_a_causal_model_only():
    rows = LITTLE_LANGUAGE.rows(20, 16, np.random.default_rng(0))
    honest = causal()
    visible = position_losses(honest, rows)
    np.testing.assert_allclose(position_losses(honest, rows, hide_future=True), visible, rtol=1e-5)
    leaky = Transformer(allowed=allowed_by("none", 16))
    differs = position_losses(leaky, rows, hide_future=True) != position_losses(leaky, rows)
    assert differs[:-1].all()
    assert held_out_loss(honest, rows, allowed=True) != held_out_loss(honest, rows)


@pytest.mark.long
def test_random_token_audit_counts_the_honest_positions():
    honest = audit(allowed_by("causal", 16))
    assert honest.loss == pytest.approx(np.log(16), abs=0.02)
    assert honest.honest_positions == 16
    leaky = audit(allowed_by("none", 16))
    assert leaky.loss == pytest.approx(np.log(16) / 16, abs=0.02)
    assert leaky.honest_positions == 1
    assert leaky.positions[:-1].max() < 0.05
    assert leaky.positions[-1] == pytest.approx(leaky.floor, abs=0.1)
    blocks = np.kron(np.eye(4), np.ones((4, 4))) + np.tri(16) > 0  # positions see to the end of their block of four
    assert audit(blocks).honest_positions == 4
    assert (random_rows(5)(1000, 3, np.random.default_rng(0)).max(0) == 4).all()


def test_the_spelled_language_is_the_language_of_words_letter_by_letter():
    letters = character_language()
    rng = np.random.default_rng(0)
    assert len(letters) == len(SYMBOLS) == 27
    np.testing.assert_allclose(letters.probability.sum(-1), 1)
    for text in letters.sample(50, 200, rng):
        whole = letters.decode(text).rpartition(".")[0].replace(".", " . ")
        assert LITTLE_LANGUAGE.is_legal(LITTLE_LANGUAGE.encode(whole))
    for text in LITTLE_LANGUAGE.sample(50, 40, rng):
        assert letters.is_legal(letters.encode(LITTLE_LANGUAGE.decode(text).replace(" . ", ".").replace(" .", ".")))
    assert not letters.is_legal(letters.encode("these dogs near the cat sees"))
    spelled, words = letters.entropy_rate * letters.sentence_length, LITTLE_LANGUAGE
    assert spelled == pytest.approx(words.entropy_rate * words.sentence_length)  # a sentence is a sentence


@pytest.mark.long
@pytest.mark.parametrize("mask", ["causal", "none"])
def test_letter_by_letter_too_a_leak_shows(mask):
    letters = character_language()
    model = Transformer(CHARACTER_MODEL, allowed=allowed_by(mask, 40))
    *_, last = train(model, letters.rows)
    legal = share_legal(letters, generate_texts(model, 300))
    if mask == "causal":
        assert letters.entropy(40) < last.smooth < 1.1 * letters.entropy(40)
        assert legal > 0.6
        assert leak(model) == 0
    else:
        assert last.smooth < 0.1 * letters.entropy(40)
        assert legal < 0.02
