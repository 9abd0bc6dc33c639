"""A gallery of masks that real models use, each on an attention with one wrong entry: for a learner's detector to find.

Axis letters: T position, d width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leftcontext.bugs.attention_bugs import Array, Attend

T = 6
Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Exhibit:
    """What a mask should be, and an attention whose own mask differs from it at one entry."""

    name: str
    expected: Bool  # (T, T) True where query i may attend to key j
    attend: Attend


def expected_masks() -> dict[str, Bool]:
    """The right masks (T, T), by their names."""
    at = np.arange(T)
    back = at[:, None] - at
    causal, text = back >= 0, at // 3
    return {
        "padded on the right": causal & (at < 4),
        "padded on the left": causal & (at >= 2),
        "packed texts": causal & (text[:, None] == text),
        "window of three": causal & (back < 3),
        "prefix of three": causal | (at < 3),
    }


def gallery(seed: int = 9) -> list[Exhibit]:
    """The five masks; which entry is wrong follows from the seed."""
    rng = np.random.default_rng(seed)
    exhibits = []
    for name, expected in expected_masks().items():
        given = expected.copy()
        i, j = rng.integers(T, size=2)
        given[i, j] = not given[i, j]
        exhibits.append(Exhibit(name, expected, _under(given)))
    return exhibits


def _under(allowed: Bool) -> Attend:
    """Attention under a mask of its own; a query that may see nothing gives zeros."""

    def attend(Q: Array, K: Array, V: Array) -> Array:
        scores = np.where(allowed, Q @ K.T / np.sqrt(Q.shape[-1]), -np.inf)  # (T, T)
        highest = scores.max(axis=-1, keepdims=True)
        e = np.exp(scores - np.where(np.isfinite(highest), highest, 0.0))
        total = e.sum(axis=-1, keepdims=True)
        return e / np.where(total > 0, total, 1.0) @ V

    return attend
