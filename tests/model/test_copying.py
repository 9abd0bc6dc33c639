"""Texts that repeat themselves, and the models that learn to copy them."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from leftcontext.model import Config, Transformer, allowed_by, leak
from leftcontext.model.copying import (
    CONTEXT,
    COPYING,
    LETTERS,
    copy_losses,
    copy_model,
    copy_test,
    repeated_loss,
    repeated_rows,
    spell,
    train_beside,
    waves,
)


def shortest_period(row):
    return next(n for n in range(1, len(row)) if np.array_equal(row[n:], row[:-n]))


def test_rows_repeat_blocks_of_different_letters_and_of_all_lengths():
    rows = repeated_rows(400, CONTEXT, np.random.default_rng(0))
    assert rows.shape == (400, CONTEXT + 1)
    periods = [shortest_period(row) for row in rows]
    assert set(periods) == set(range(4, 13))
    assert all(len(set(row[:n])) == n for row, n in zip(rows, periods, strict=True))
    assert set(rows.ravel()) == set(range(len(LETTERS)))


def test_the_blocks_of_a_test_are_equally_long():
    rows = copy_test(20, 8, np.random.default_rng(1), T=16)
    assert rows.shape == (20, 17)
    assert {shortest_period(row) for row in rows} == {8}
    assert spell([0, 23]) == ["a", "x"]


def test_the_waves_are_orthogonal():
    products = waves(24, 48) @ waves(24, 48).T
    np.testing.assert_allclose(products, 24 * np.eye(24), atol=1e-9)


def test_losses_by_position_are_those_of_a_plain_sum():
    rng = np.random.default_rng(2)
    rows, logits = rng.integers(5, size=(3, 4)), rng.normal(size=(3, 3, 5))
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = [np.mean([-np.log(p[n, t, rows[n, t + 1]]) for n in range(3)]) for t in range(3)]
    np.testing.assert_allclose(copy_losses(logits, rows), expected)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_model_without_mlps_is_causal_and_has_the_right_gradient(layers):
    config = Config(vocab=7, context=5, width=8, heads=2, layers=layers, hidden=0)
    model = Transformer(config, allowed_by("causal", 5), seed=1, dtype=np.float64)
    rng = np.random.default_rng(3)
    x, y = rng.integers(7, size=(2, 3, 5))
    model.loss_and_gradient(x, y)
    gradient, theta = model.gradient.copy(), model.theta.copy()
    direction = rng.normal(size=theta.shape)
    losses = []
    for eps in (1e-5, -1e-5):
        model.theta[:] = theta + eps * direction
        losses.append(model.loss_and_gradient(x, y))
    np.testing.assert_allclose((losses[0] - losses[1]) / 2e-5, gradient @ direction, rtol=1e-6)
    assert leak(copy_model(layers)) == 0


def limits():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_two_layers_learn_to_copy_and_one_does_not():
    before = limits()
    models = {"one": copy_model(1), "two": copy_model(2)}
    *_, (step, losses) = train_beside(models)
    assert step == COPYING.steps
    assert losses["two"] < 0.1 < 1 < losses["one"]
    assert limits() == before, "both trainings have given their threads back"
    rows = copy_test(50, 8, np.random.default_rng(5))
    assert repeated_loss(models["two"], rows, 8) < 0.1 < 1 < repeated_loss(models["one"], rows, 8)
