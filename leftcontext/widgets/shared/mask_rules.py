"""Names for masks: what a painted (T, T) mask is, if it is one that has a name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Allowed = NDArray[np.bool_]

SLIPS = {
    "transposed": "query and key have changed places",
    "blocked for allowed": "True and False have changed places",
    "one ahead": "each query sees the word it has to guess",
    "diagonal excluded": "no query sees itself",
}
UNKNOWN = "no pattern with a name"


def name_pattern(allowed: Allowed) -> str:
    """The name of a mask (T, T), True where query i may see key j; UNKNOWN where it has none."""
    return next((name for name, pattern in _patterns(allowed) if np.array_equal(pattern, allowed)), UNKNOWN)


def leaking_pairs(allowed: Allowed) -> list[tuple[int, int]]:
    """The pairs (query i, key j) with j > i that the mask (T, T) lets pass, row by row."""
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(allowed, 1))]


def _patterns(allowed: Allowed) -> Iterator[tuple[str, Allowed]]:
    """Every mask that has a name, the simplest first; blocks begin where `allowed` has a gap beside its diagonal."""
    T = len(allowed)
    i, j = np.arange(T)[:, None], np.arange(T)  # (T, 1), (T,)
    yield "causal", j <= i
    yield "no mask", np.ones((T, T), dtype=bool)
    yield "nothing allowed", np.zeros((T, T), dtype=bool)
    yield "only itself", j == i
    yield "transposed", j >= i
    yield "blocked for allowed", j > i
    yield "diagonal excluded", j < i
    yield "one ahead", j <= i + 1
    for n in range(2, T):
        yield f"window of {n}", (j <= i) & (i - j < n)
        yield f"prefix of {n}", (j <= i) | (j < n)
        yield f"{n} ahead", j <= i + n
        yield f"window of {n} to both sides", abs(i - j) < n
    begins = np.append(True, ~np.diagonal(allowed, -1))  # (T,)
    block = np.cumsum(begins)  # (T,)
    sizes = ", ".join(str((block == b).sum()) for b in np.unique(block))
    same = block[:, None] == block  # (T, T)
    yield f"packed texts of {sizes}", same & (j <= i)
    yield f"blocks of {sizes}, open inside", same
