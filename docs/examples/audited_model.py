"""A little language model in NumPy and its factory: what the examples of docs/audit.md audit. Put your own in its place."""

import numpy as np

VOCAB, WIDTH = 32, 16
RNG = np.random.default_rng(0)
EMBEDDING = RNG.normal(size=(VOCAB, WIDTH)) / 4
HEAD = RNG.normal(size=(WIDTH, VOCAB))


def language_model(tokens, ahead=0):
    """Tokens (B, T) → logits (B, T, VOCAB). With `ahead` = 1 the mask is open by one, the most frequent slip."""
    x = EMBEDDING[tokens]  # (B, T, WIDTH)
    scores = x @ x.mT  # (B, T, T)
    allowed = np.tri(tokens.shape[1], k=ahead, dtype=bool)
    weights = np.exp(np.where(allowed, scores, -np.inf))
    return weights / weights.sum(axis=-1, keepdims=True) @ x @ HEAD


def build():
    """What `leftcontext audit docs/examples/audited_model.py:build` calls."""
    return language_model


def build_leaky():
    """The same, with the slip."""
    return lambda tokens: language_model(tokens, ahead=1)
