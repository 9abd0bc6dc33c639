"""Cases that every exercise with a masked attention needs: hidden scores far above the allowed ones, and all far below 0.

That is what a mask is for, and where a weak one shows: -30 added, or a small number in the denominator, pass as long as
the hidden scores are ordinary, and -1e4 in the place of a hidden score as long as the allowed ones are higher.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

GAPS = (20.0, 600.0, 100_000.0)  # exp(20) is large, exp(600) nearly too large for a float64, the last one far too large
LOW = -100_000.0


def hidden_far_above(rng: np.random.Generator, *lead: int, T: int = 4) -> Iterator[tuple[np.ndarray, str]]:
    """Scores (*lead, T, T) whose future lies far above the rest, each with a note.

    All are quarters, which float32 holds exactly.
    """
    for gap in GAPS:
        scores = rng.integers(-4, 5, size=(*lead, T, T)) / 4
        yield scores + gap * np.triu(np.ones((T, T)), k=1), f"hidden scores lie {gap:g} above the allowed ones"


def all_far_below(rng: np.random.Generator, *lead: int, T: int = 4) -> tuple[np.ndarray, str]:
    """Scores (*lead, T, T) that all lie near LOW, and a note; quarters, which float32 holds exactly."""
    return rng.integers(-4, 5, size=(*lead, T, T)) / 4 + LOW, f"all scores lie near {LOW:g}"


def queries_and_keys(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q and K, both (..., T, T), whose scaled scores Q K^T / sqrt(T) are `scores` (..., T, T); exact where T is 4 or 16."""
    T = scores.shape[-1]
    return scores, np.broadcast_to(np.sqrt(T) * np.eye(T), scores.shape).copy()
