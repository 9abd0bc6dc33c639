"""Prefixes, caches, padding, packed documents: asked as what they are."""

import numpy as np
import pytest
from support.audited_numpy_models import D, E, H, P, V, W, softmax, tri

from leftcontext.audit import audit


def attend(q, k, v, allowed):
    return softmax(np.where(allowed, q @ k.mT / D**0.5, -np.inf)) @ v


def logits(tokens, allowed=None, positions=None):
    """One layer over (B, T) tokens, under a mask that broadcasts to (B, T, T)."""
    T = tokens.shape[1]
    x = E[tokens] + (P[:T] if positions is None else P[positions])
    q, k, v = (0.3 * x @ w for w in W)
    return np.tanh(x + attend(q, k, v, tri(T) if allowed is None else allowed)) @ H


def prefix_lm(tokens):
    allowed = tri(tokens.shape[1])
    allowed[:, :5] = True
    return logits(tokens, allowed)


def test_a_prefix_lm_is_causal_behind_its_prefix():
    assert audit(prefix_lm, vocab=V, T=20, prefix=5).causal
    report = audit(prefix_lm, vocab=V, T=20)
    assert report.first_leak == (0, 1)
    assert report.reach == 4
    assert not audit(prefix_lm, vocab=V, T=20, prefix=4).causal


def test_a_matrix_of_what_is_allowed():
    window = tri(16) & ~tri(16, -4)
    assert audit(lambda t: logits(t, window[: t.shape[1], : t.shape[1]]), vocab=V, T=16, allowed=window).causal
    report = audit(logits, vocab=V, T=16, allowed=window)
    assert not report.causal  # it looks further back than it is allowed to


def step(bug=None):
    """One layer with a cache of keys and values."""

    def call(tokens, cache):
        done = 0 if cache is None else cache[0].shape[1]
        n = tokens.shape[1]
        first = 0 if bug == "positions" else done
        x = E[tokens] + P[first : first + n]
        q, k, v = (0.3 * x @ w for w in W)
        if cache is not None:
            k, v = np.concatenate([cache[0], k], axis=1), np.concatenate([cache[1], v], axis=1)
        allowed = tri(done + n)[done:]
        if (
            (bug == "prefill" and cache is None)
            or (bug == "chunks" and cache is not None and n > 1)
            or (bug == "long" and done >= 64)
        ):
            allowed = np.ones_like(allowed)
        if bug == "corner":
            allowed = np.tri(n, done + n, dtype=bool)
        return np.tanh(x + attend(q, k, v, allowed)) @ H, (k, v)

    return call


def test_an_honest_cache():
    report = audit(logits, vocab=V, T=84, step=step())
    assert report.causal
    assert report.warnings == ()
    assert any(line.startswith("with a cache") for line in report.tried)


@pytest.mark.parametrize("bug", ["prefill", "chunks", "long"])
def test_a_leak_that_needs_a_cache(bug):
    report = audit(logits, vocab=V, T=84, step=step(bug))
    assert "only with a cache" in report.looks_like


@pytest.mark.parametrize("bug", ["positions", "corner"])
def test_a_cache_that_gives_something_else(bug):
    report = audit(logits, vocab=V, T=84, step=step(bug))
    assert report.causal
    assert any("With a cache" in warning for warning in report.warnings)


def padded(bug=None):
    def call(tokens, mask):
        T = tokens.shape[1]
        real = np.asarray(mask, dtype=bool)
        positions = np.maximum(np.cumsum(mask, axis=1) - 1, 0)
        allowed = tri(T) & real[:, None, :] | np.eye(T, dtype=bool)
        if bug == "pads seen":
            allowed = tri(T)
        if bug == "mask replaced":
            allowed = np.broadcast_to(real[:, None, :], (len(real), T, T)) | np.eye(T, dtype=bool)
        if bug == "positions":
            positions = np.broadcast_to(np.arange(T), tokens.shape)
        return logits(tokens, allowed, positions)

    return call


def test_honest_padding():
    report = audit(logits, vocab=V, T=20, padded=padded())
    assert report.causal
    assert report.warnings == ()


@pytest.mark.parametrize("bug", ["pads seen", "mask replaced"])
def test_a_leak_through_padding(bug):
    report = audit(logits, vocab=V, T=20, padded=padded(bug))
    assert "only through padding" in report.looks_like


def test_positions_that_count_the_padding_are_a_warning():
    report = audit(logits, vocab=V, T=20, padded=padded("positions"))
    assert report.causal
    assert "padded on the left" in report.warnings[0]


def packed(bug=None):
    def call(tokens, documents):
        T = tokens.shape[1]
        documents = np.asarray(documents)
        starts = np.array([[np.argmax(row == d) for d in row] for row in documents])
        same = documents[:, :, None] == documents[:, None, :]
        allowed = tri(T) & (same if bug != "positions only" else True)
        return logits(tokens, allowed, np.arange(T) - starts if bug != "not restarted" else None)

    return call


def test_packed_documents():
    report = audit(logits, vocab=V, T=20, packed=packed())
    assert report.causal
    assert report.warnings == ()
    report = audit(logits, vocab=V, T=20, packed=packed("positions only"))
    assert "other documents packed into the same row" in report.looks_like
    report = audit(logits, vocab=V, T=20, packed=packed("not restarted"))
    assert report.causal
    assert "packed" in report.warnings[0]


@pytest.mark.long
def test_a_jax_function():
    jax = pytest.importorskip("jax", reason="jax is not installed")
    weights = jax.numpy.asarray(W[0], dtype="float32")

    def honest(x):
        return jax.numpy.cumsum(x @ weights, axis=0)

    def leaky(x):
        return honest(x) + jax.numpy.roll(x, -2, axis=0)

    x = np.random.default_rng(0).normal(size=(12, D)).astype(np.float32)
    report = audit(jax.jit(honest), x)
    assert report.causal
    assert "gradients" in report.tried
    assert "exactly 2 ahead" in audit(leaky, x).looks_like
    table = jax.numpy.asarray(E)
    assert audit(lambda tokens: jax.numpy.cumsum(table[tokens], axis=1), vocab=V, T=12).causal
