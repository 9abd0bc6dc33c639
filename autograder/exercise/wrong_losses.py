"""Wrong cross-entropies that every exercise on a loss can name: each takes logits and targets, and gives a loss for each."""

from __future__ import annotations

import numpy as np

from autograder.exercise.exercise import Misconception as M

BASES_MIXED = M(
    "bases_mixed",
    "Base 2 and base e are mixed",
    "The exponentials have base e, and the logarithm of their sum was taken with base 2.",
    ("What is log2(exp(1))?", "The logarithm that undoes np.exp is the natural one.", "np.log, not np.log2"),
)
EPSILON_IN_LOG = M(
    "epsilon_in_log",
    "A small number inside the logarithm",
    "log(p + 1e-9), or of p clipped from below, caps the loss of a sure and wrong model: surer and wronger costs no more.",
    (
        "How large can the loss of a sure and wrong model be?",
        "The logarithm of a fraction is a difference.",
        "No epsilon is needed.",
    ),
)


def bases_mixed(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Losses of targets (...) under logits (..., vocab), with log2 of the sum of exponentials."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.log2(np.exp(shifted).sum(axis=-1)) - _picked(shifted, targets)


def with_epsilon(logits: np.ndarray, targets: np.ndarray, epsilon: float = 1e-9) -> np.ndarray:
    """Losses of targets (...) under logits (..., vocab), with `epsilon` added to every probability."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return -np.log(_picked(e / e.sum(axis=-1, keepdims=True), targets) + epsilon)


def _picked(table: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.take_along_axis(table, targets[..., None], axis=-1)[..., 0]
