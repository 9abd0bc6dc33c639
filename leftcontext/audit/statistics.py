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

CALLS = 12
LEAST = 8.0  # standard errors from 0


def is_systematic(subject: Subject, draws: Draws, move: Movement) -> bool:
    """Whether the two futures of a movement move its output in one direction, over `CALLS` batches of contexts.

    The mean of a batch counts once: rounding may be the same in all rows of a call.
    """
    means = np.stack([_mean_difference(subject, draws, move) for _ in range(CALLS)])  # (N, V)
    if not np.isfinite(means).all() or not means.any():
        return False
    error = means.std(axis=0, ddof=1) / CALLS**0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        deviations = np.where(means.any(axis=0), np.abs(means.mean(axis=0)) / error, 0.0)
    often = (means != 0).mean(axis=0) > 0.5  # a handful of equal roundings is no direction
    return bool((deviations[often] > LEAST).any())


def _mean_difference(subject: Subject, draws: Draws, move: Movement) -> Inputs:
    """Behind one batch of contexts, how the output differs between the two futures: (V,), the mean over the batch."""
    B, T = move.base.shape[:2]
    first, second = move.base[move.row], move.changed[move.row]
    where = (first != second).reshape(T, -1).any(axis=1)
    contexts = np.stack([draws.change(row, np.ones(T, dtype=bool), "fresh") for row in draws.contexts(B, T)])
    before, after = contexts.copy(), contexts.copy()
    before[:, where], after[:, where] = first[where], second[where]
    wide = [subject.outputs(each)[:, move.i].reshape(B, -1).astype(np.float64) for each in (before, after)]
    return np.asarray((wide[1] - wide[0]).mean(axis=0))
