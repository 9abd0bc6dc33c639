"""The capstone's model: its gradients against central differences, and that it learns."""

import numpy as np
import pytest

from leftcontext.model.mini_gpt import adam, init_params, logits, loss_and_gradients


@pytest.mark.parametrize("name", ["E", "P", "Wq", "Wk", "Wv", "Wo", "W1", "W2", "U"])
def test_gradient_equals_central_differences(name: str) -> None:
    rng = np.random.default_rng(0)
    params = init_params(vocab=7, context=5, width=8, heads=2, hidden=6)
    rows = rng.integers(0, 7, size=(3, 5))
    _, gradients = loss_and_gradients(params, rows)
    direction = rng.normal(size=params[name].shape)
    losses = [loss_and_gradients({**params, name: params[name] + eps * direction}, rows)[0] for eps in (1e-6, -1e-6)]
    assert np.sum(gradients[name] * direction) == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5, abs=1e-8)


def test_a_uniform_model_starts_at_the_logarithm_of_the_vocabulary() -> None:
    params = init_params(vocab=11, context=4, width=8, heads=2, hidden=6)
    params["U"] = np.zeros_like(params["U"])
    loss, _ = loss_and_gradients(params, np.random.default_rng(0).integers(0, 11, size=(2, 5)))
    assert loss == pytest.approx(np.log(11))


def test_the_logits_are_those_that_the_loss_is_made_of() -> None:
    params = init_params(vocab=7, context=5, width=8, heads=2, hidden=6)
    rows = np.random.default_rng(0).integers(0, 7, size=(3, 6))
    z = logits(params, rows[:, :-1])
    log_probs = z - np.logaddexp.reduce(z, axis=-1, keepdims=True)
    loss = -np.take_along_axis(log_probs, rows[:, 1:, None], axis=-1).mean()
    assert loss_and_gradients(params, rows)[0] == pytest.approx(loss)


def test_logits_do_not_depend_on_later_tokens() -> None:
    params = init_params(vocab=7, context=6, width=8, heads=2, hidden=6)
    tokens = np.array([1, 4, 2, 6, 0, 3])
    for j in range(1, 6):
        changed = np.where(np.arange(6) == j, 5, tokens)
        moved = np.abs(logits(params, changed) - logits(params, tokens)).max(axis=-1)
        assert (moved[:j] == 0).all() and (moved[j:] > 0).all()


def test_training_learns_an_echo() -> None:
    rows = np.tile(np.random.default_rng(0).integers(0, 5, size=(1920, 2)), (1, 6))[:, :7]
    losses = [loss for loss, _ in adam(init_params(5, 6, 16, 2, 32), rows.reshape(120, 16, 7))]
    # Only the first of six predictions is a guess among five.
    assert np.mean(losses[-20:]) < 1.5 * np.log(5) / 6 < np.mean(losses[:5])
