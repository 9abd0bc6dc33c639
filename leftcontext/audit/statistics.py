"""A difference as small as rounding: is it rounding? Rounding has no direction, a leak does.

The same two futures are put behind many contexts. What a leak adds to an output points the same way behind most of them, so
its mean stands out from its spread; rounding goes up as often as down. Blind spot: a tiny leak whose direction follows the
context.
"""

from __future__ import annotations

import numpy as np

from leftcontext.audit.inputs import Draws
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Subject
from leftcontext.audit.movements import Movement

CONTEXTS = 48
LEAST = 8.0  # standard errors from 0


def is_systematic(subject: Subject, draws: Draws, move: Movement) -> bool:
    """Whether the two futures of a move move its output in one direction, behind `CONTEXTS` contexts."""
    differences = np.concatenate(list(_differences(subject, draws, move)))  # (N, V)
    if not np.isfinite(differences).all() or not differences.any():
        return False
    mean, spread = differences.mean(axis=0), differences.std(axis=0, ddof=1)
    error = spread / len(differences) ** 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        deviations = np.where(mean == 0, 0.0, np.abs(mean) / error)
    often = (differences != 0).mean(axis=0) > 0.5  # a handful of equal roundings is no direction
    return bool((deviations[often] > LEAST).any())


def _differences(subject: Subject, draws: Draws, move: Movement) -> list[Inputs]:
    B, T = move.base.shape[:2]
    first, second = move.base[move.row], move.changed[move.row]
    where = (first != second).reshape(T, -1).any(axis=1)
    out = []
    for _ in range(-(-CONTEXTS // B)):
        contexts = draws.contexts(B, T)
        contexts = np.stack([draws.change(row, np.ones(T, dtype=bool), "fresh") for row in contexts])
        before, after = contexts.copy(), contexts.copy()
        before[:, where], after[:, where] = first[where], second[where]
        wide = [subject.outputs(each)[:, move.i].reshape(B, -1).astype(np.float64) for each in (before, after)]
        out.append(wide[1] - wide[0])
    return out
