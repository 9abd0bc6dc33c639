"""Little next-token models that need no training: honest ones and leaking ones, to try a loss or an audit on.

Each maps tokens (T,) to logits (T, vocab) in one pass, for any T, and says in its name what it does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Leak = Callable[[Array], Array]


class ToyModel:
    """Logits from the current token and the mean of all tokens so far, plus what `leak` adds of the whole text.

    `leak` maps the tokens' vectors (T, vocab) to an addition of the same shape.
    """

    def __init__(self, name: str, rng: np.random.Generator, vocab: int, leak: Leak | None = None, size: float = 1.0):
        self.__name__ = name
        self.table, self.vectors = size * rng.normal(size=(2, vocab, vocab))
        self.leak = leak

    def __call__(self, tokens: NDArray[np.integer]) -> Array:
        """tokens (T,) → logits (T, vocab)."""
        x = self.vectors[np.asarray(tokens)]  # (T, vocab)
        past = np.cumsum(x, axis=0) / np.arange(1, len(x) + 1)[:, None]
        logits = self.table[np.asarray(tokens)] + past
        return logits if self.leak is None else logits + self.leak(x)


def next_row(x: Array) -> Array:
    """Each row gets the one after it; the last gets nothing."""
    return np.vstack([x[1:], 0 * x[:1]])


def only_row(x: Array, row: int) -> Array:
    """x with every other row set to 0."""
    return x * (np.arange(len(x)) == row)[:, None]


LEAKS: dict[str, Leak] = {
    "sees_one_ahead": lambda x: 2 * next_row(x),
    "mean_over_time": lambda x: np.broadcast_to(x.mean(axis=0), x.shape),
    "leaks_at_position_1_only": lambda x: only_row(next_row(x), 1),
    "leaks_by_a_millionth": lambda x: 1e-6 * next_row(x),
}


def toy_models(rng: np.random.Generator, vocab: int) -> list[ToyModel]:
    """One causal model and one of each leak."""
    return [ToyModel("causal", rng, vocab), *(ToyModel(name, rng, vocab, leak) for name, leak in LEAKS.items())]
