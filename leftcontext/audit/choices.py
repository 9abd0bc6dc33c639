"""A leak that runs over all positions: is it a mixture of them, or a choice among them, or a maximum?

The future behind one text is drawn many times. A sum or an attention gives an output another value behind each. Where
positions are chosen (experts take their best tokens, or only so many fit), an output is chosen or not, so it has few values.
A maximum, such as the one scale of a quantisation, moves every output where it changes, and none where it does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leftcontext.audit.inputs import Draws
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Subject
from leftcontext.audit.tolerance import difference

# Shapes that a leak over all positions may have where one text is mapped: how their names begin.
WIDE = ("whole row", "scattered", "inside the first", "single", "the last input", "only the first", "from ", "up to ", "outputs ")
GROUPS = 16  # of four futures each: two first halves with two second halves
LEAST = 3  # of what has to be seen
FEW = 4  # values that an output has, where it is chosen or not
TOKENS = 8  # with fewer different inputs than these, few values mean nothing
SHORTEST = 12  # positions
OUTPUTS = 8  # are looked at
NEAR = 3  # outputs that stand beside the future: a few values may come from their neighbours alone
MOST = 0.8  # of the outputs: rounding may leave one where it is


def name_choice(subject: Subject, draws: Draws, bases: Inputs, least: float, rows: int) -> str | None:
    """What kind of choice over time moves the first outputs of a text; None where it is none, or can't be said.

    bases   texts (N, T, ...): the first one that shows what it is decides
    least   two outputs are the same that are no further apart
    rows    how many texts to put in a call at most
    """
    if _variety(bases) < TOKENS or bases.shape[1] < SHORTEST:
        return None
    T = bases.shape[1]
    kept, rows = T // 4 + 1, 1 << (rows.bit_length() - 1)  # a power of two: rounding is the same in calls of one shape
    places = np.unique(np.linspace(0, kept - 1, OUTPUTS).astype(int))
    for base in bases:
        texts = _futures(draws, base, kept)
        parts = [subject.outputs(texts[k : k + rows])[:, places] for k in range(0, len(texts), rows)]
        outputs = np.concatenate(parts)  # (4 * GROUPS, n, ...)
        groups = outputs.reshape(GROUPS, 4, *outputs.shape[1:])
        if (name := _name(groups, places, kept, least)) is not None:
            return name
        if _count_values(groups.reshape(4 * GROUPS, 1, -1), least) > FEW:
            return None
    return None


def _futures(draws: Draws, base: Inputs, kept: int) -> Inputs:
    """One text (T, ...) with futures from `kept` on: (4 * GROUPS, T, ...), four out of two first and two second halves."""
    T = len(base)
    middle = (kept + T) // 2
    halves = draws.contexts(8 * GROUPS, T)[::2].reshape(GROUPS, 4, *base.shape)  # every second one repeats itself
    texts = np.broadcast_to(base, halves.shape).copy()
    for place, (left, right) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        texts[:, place, kept:middle] = halves[:, left, kept:middle]
        texts[:, place, middle:] = halves[:, 2 + right, middle:]
    return texts.reshape(4 * GROUPS, *base.shape)


def _name(groups: Inputs, places: NDArray[np.intp], kept: int, least: float) -> str | None:
    """Groups (GROUPS, 4, n, ...) of the outputs at n places, with `kept` inputs before the futures."""
    if _is_all_or_none(groups, least):
        return (
            "all or none: some changes of the later inputs move every output and others move none, as with a maximum or minimum "
            "over time, such as one scale for all positions (dynamic quantisation per tensor)"
        )
    outputs = groups.reshape(4 * GROUPS, *groups.shape[2:])
    far = [(int(i), _count_values(outputs[:, [n]], least)) for n, i in enumerate(places) if i < kept - NEAR]
    i, count = next(((i, count) for i, count in far if count > 1), (0, FEW + 1))
    if count <= FEW:
        return (
            f"a choice among all positions: behind {len(outputs)} different futures output {i} has one of {count} values, "
            "as where experts choose their tokens, or in a top-k, a sort or a capacity over time"
        )
    return None


def _variety(texts: Inputs) -> int:
    """How many different inputs there are in texts (N, T, ...)."""
    return len(np.unique(texts.reshape(texts.shape[0] * texts.shape[1], -1), axis=0))


def _is_all_or_none(groups: Inputs, least: float) -> bool:
    """Whether the second half of a future, behind the same first half, moves now nearly all outputs, now none."""
    one, other = (groups[:, pair].reshape(-1, *groups.shape[2:]) for pair in ([0, 2], [1, 3]))
    shares = (difference(one, other) > least).mean(axis=1)  # (2 * GROUPS,)
    none, most = shares == 0, shares >= MOST
    return bool((none | most).all() and min(none.sum(), most.sum()) >= LEAST)


def _count_values(outputs: Inputs, least: float) -> int:
    """Outputs (N, 1, ...): how many different ones there are; counting ends behind FEW."""
    left, count = outputs, 0
    while len(left) and count <= FEW:
        left = left[difference(left, np.repeat(left[:1], len(left), axis=0))[:, 0] > least]
        count += 1
    return count
