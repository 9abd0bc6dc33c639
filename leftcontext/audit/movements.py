"""One question to a model: the same input twice, different only where an output must not look. Does that output move?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leftcontext.audit.inputs import KINDS, Draws, choose_places
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.model import Subject
from leftcontext.audit.structure import Structure
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

Floats = NDArray[np.float64]
BLOCKS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
Kind = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Movement:
    """An output that moved although nothing had changed that it may see.

    base, changed  (B, T, ...) the two batches; they differ in row `row` from what output i may see on
    i, j           the first output that moved, the first input that it must not see and that had changed
    size, scale    how far it moved; the largest output
    """

    base: Inputs
    changed: Inputs
    row: int
    i: int
    j: int
    size: float
    scale: float
    dtype: str
    kind: Kind = KINDS[0]

    @property
    def length(self) -> int:
        """How many inputs there are in a row."""
        return int(self.base.shape[1])

    @property
    def is_certain(self) -> bool:
        """Whether no rounding is as large."""
        return self.size > tolerance_of(self.dtype).certain * self.scale


def plan_cuts(count: int, most: int) -> list[int]:
    """Which of `count` outputs to ask: all where they are few, else first, last, both sides of each block, and some between."""
    last = count - 2  # the last output has nothing after it
    if last < most:
        return list(range(last + 1))
    edges = [edge for block in BLOCKS for edge in (block - 1, block) if edge <= last]
    first = list(dict.fromkeys([0, last, last - 1, 1, *sorted(edges, reverse=True)]))[:most]
    even = np.linspace(0, last, most - len(first) + 2).astype(int).tolist()[1:-1]
    return list(dict.fromkeys([*first, *even]))


def every_kind(cuts: Iterable[int], kinds: Sequence[Kind] = KINDS) -> list[tuple[int, Kind]]:
    """Each output asked with each kind of change."""
    return [(cut, kind) for kind in kinds for cut in cuts]


def kinds_in_turn(cuts: Iterable[int], kinds: Sequence[Kind] = KINDS) -> list[tuple[int, Kind]]:
    """Each output asked once; the kinds take turns."""
    return [(cut, kinds[number % len(kinds)]) for number, cut in enumerate(cuts)]


def ask_outputs(
    subject: Subject,
    draws: Draws,
    structure: Structure,
    T: int,
    questions: Sequence[tuple[int, Kind]],
    rows: int,
) -> Iterator[Movement]:
    """Change what output i must not see, for each (i, kind) asked, up to `rows` questions in a call; yield each that moves."""
    if not questions:
        return
    rows = -(-len(questions) // -(-len(questions) // rows))  # as many calls, none of which is half empty
    base = draws.contexts(rows, T)
    allowed = structure.allowed(T)
    before = subject.outputs(base)
    scale, nothing = scale_of(before), tolerance_of(subject.dtype).nothing
    for start in range(0, len(questions), rows):
        changed, unseen = base.copy(), np.zeros((rows, len(allowed)), dtype=bool)
        for row, (i, (what, content)) in enumerate(questions[start : start + rows]):
            forbidden = ~allowed[i]
            if not forbidden.any():
                continue
            places = choose_places(forbidden, what, seed=[start + row, T, 3])
            changed[row] = draws.change(base[row], places, content)
            unseen[row] = ~allowed[:, places].any(axis=1)
        if not unseen.any():
            continue
        moved = np.where(unseen, difference(before, subject.outputs(changed))[:, : len(allowed)], 0.0)
        for row in np.flatnonzero(moved.max(axis=1) > nothing * scale).tolist():
            kind = questions[start + row][1] if start + row < len(questions) else KINDS[0]
            yield _movement(base, changed, row, moved[row], allowed, scale, subject.dtype, kind)


def _movement(
    base: Inputs,
    changed: Inputs,
    row: int,
    moved: Floats,
    allowed: NDArray[np.bool_],
    scale: float,
    dtype: str,
    kind: Kind,
) -> Movement:
    tolerance = tolerance_of(dtype)
    large = moved > tolerance.certain * scale
    i = int(np.argmax(large) if large.any() else np.argmax(moved))
    differs = (base[row] != changed[row]).reshape(base.shape[1], -1).any(axis=1)
    j = int(np.flatnonzero(differs & ~allowed[i])[0])
    return Movement(base, changed, row, i, j, float(moved.max()), scale, dtype, kind)


def repeat_move(subject: Subject, move: Movement) -> Movement:
    """The same question again, under what has been changed meanwhile (precision, parameters): the move with its new size."""
    before, after = subject.outputs(move.base), subject.outputs(move.changed)
    size = float(difference(before, after)[move.row, move.i])
    return replace(move, size=size, scale=scale_of(before), dtype=subject.dtype)


def map_influence(
    subject: Subject, draws: Draws, base: Inputs, structure: Structure, rows: int, only: int | None = None
) -> Floats:
    """One text (T, ...) → (T_out, T): how far output i moves when input j alone is changed, the largest of two changes.

    Each row of a call changes another input; with `only`, one row of each call alone.
    """
    T = len(base)
    out = np.zeros((structure.count(T), T))
    tiled = np.repeat(base[None], rows, axis=0)
    before = subject.outputs(tiled)
    places = [(j, j % rows) for j in range(T)] if only is None else [(j, only) for j in range(T)]
    step = rows if only is None else 1
    for content in ("fresh", "repeated"):
        for start in range(0, T, step):
            changed, asked = tiled.copy(), places[start : start + step]
            for j, row in asked:
                changed[row] = draws.change(base, np.arange(T) == j, content)
            moved = difference(before, subject.outputs(changed))[:, : len(out)]
            for j, row in asked:
                out[:, j] = np.maximum(out[:, j], moved[row])
    out[out <= tolerance_of(subject.dtype).nothing * scale_of(before)] = 0
    return out
