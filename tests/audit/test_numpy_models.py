"""Leaky models in NumPy are found and rightly described; honest ones that look suspicious are not accused."""

import numpy as np
import pytest
from support.audited_numpy_models import HONEST, LEAKY, LONG, E, H, V
from support.sizes import share

from leftcontext.audit import audit
from leftcontext.bugs import attention_bugs

QKV = np.random.default_rng(0).normal(size=(16, 6))


def test_there_are_many():
    assert len(LEAKY) + len(LONG) >= 40


def confirm(report, words):
    assert not report.causal
    assert report.example is not None
    for word in words:
        assert word in report.looks_like, report


@pytest.mark.parametrize("name", share(LEAKY, 2))
def test_a_leak_is_found_and_described(name):
    model, words = LEAKY[name]
    confirm(audit(model, vocab=V, T=24), words)


@pytest.mark.parametrize("name", share(LONG, 3))
def test_a_leak_of_long_texts_is_found_and_described(name):
    model, words = LONG[name]
    confirm(audit(model, vocab=V, T=160), words)


@pytest.mark.parametrize("name", share(HONEST, 3))
def test_an_honest_model_is_not_accused(name):
    report = audit(HONEST[name], vocab=V, T=24)
    assert report.causal, report
    assert report.first_leak is None
    assert report.warnings == ()


@pytest.mark.parametrize("attend", share(attention_bugs.HONEST, 4), ids=lambda attend: attend.__name__)
def test_an_honest_attention_is_not_accused(attend):
    assert audit(attend, (QKV, QKV, QKV)).causal


@pytest.mark.parametrize("attend", share(attention_bugs.LEAKY, 6), ids=lambda attend: attend.__name__)
def test_a_leaky_attention_is_found_where_it_leaks_first(attend):
    report = audit(attend, (QKV, QKV, QKV))
    assert not report.causal
    moved = attention_bugs.influence(attend, QKV, QKV, QKV)
    leaking = np.argwhere(np.triu(moved > 1e-9, 1))
    # Only later queries matter to one of them, and `influence` does not change queries.
    assert report.first_leak == tuple(leaking[0])


def test_zeros_before_the_leak_hide_it_until_the_parameters_are_named():
    gain = np.zeros((6, 6))

    def model(x):
        return np.cumsum(x, axis=1) + np.roll(x, -1, axis=1) @ gain

    x = np.random.default_rng(1).normal(size=(2, 12, 6))
    assert audit(model, x).causal
    report = audit(model, x, params={"gain": gain})
    assert "starts at zero" in report.looks_like
    assert not gain.any()


def test_rounding_in_one_direction_is_a_warning():
    """All of it less what comes later: causal but for the rounding of a float32, which the later inputs settle."""

    def model(tokens):
        x = E[tokens].astype(np.float32)
        later = np.cumsum(x[:, ::-1], axis=1)[:, ::-1]
        return (x.sum(axis=1, keepdims=True) - later + x) @ H.astype(np.float32)

    report = audit(model, vocab=V, T=48)
    assert report.causal, report
    assert "as little as a float32 rounds" in report.warnings[0]


@pytest.mark.parametrize("seed", range(3))
def test_random_masks_leak_where_they_are_open(seed):
    """A plain model of what must be found: one layer under a random mask leaks at the first open pair of the future."""
    rng = np.random.default_rng(seed)
    T = 10
    allowed = np.tri(T, dtype=bool) | (rng.random((T, T)) < 0.05)
    allowed[3, 8] = True
    values = rng.normal(size=(4, 4))

    def model(x):
        return (allowed[: x.shape[1], : x.shape[1]] / (1 + np.arange(x.shape[1]))) @ (x @ values)

    report = audit(model, rng.normal(size=(1, T, 4)))
    assert report.first_leak == tuple(np.argwhere(np.triu(allowed, 1))[0])
    np.testing.assert_array_equal(report.influence > 0, allowed)
