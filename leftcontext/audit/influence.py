"""The map of a leak: who influences whom, and what that looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from leftcontext.audit import shapes
from leftcontext.audit.choices import WIDE, name_choice
from leftcontext.audit.conditions import FAILURES, find_rows, shows
from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.movements import Movement, map_influence
from leftcontext.audit.parameters import in_double_precision
from leftcontext.audit.tolerance import difference, tolerance_of

SMALL, LARGE = 40, 136  # positions: several blocks of 16, and two of 64
INNER = 1e-7  # in float64, relative: what modules that go back to float32 inside may add
Answer = TypeVar("Answer")
TEXTS = 4  # of which the largest influence counts, at the small length


@dataclass(frozen=True, eq=False)
class LeakMap:
    """Who influences whom: `influence` (T_out, T), where it leaks, the first pair, and the shape in words."""

    influence: NDArray[np.float64]
    leaking: NDArray[np.bool_]
    base: Inputs
    shape: str
    least: float  # two outputs that are no further apart are the same

    @property
    def first(self) -> tuple[int, int]:
        """The smallest i, and for it the smallest j."""
        i, j = np.argwhere(self.leaking)[0]
        return int(i), int(j)

    @property
    def size(self) -> float:
        """How far output i of the first pair moves."""
        return float(self.influence[self.first])

    @property
    def reach(self) -> int:
        """The most positions ahead."""
        i, j = np.nonzero(self.leaking)
        return int((j - i).max())


def map_leak(exam: Examination, leak: Leak) -> LeakMap | None:
    """The map at a length at which the leak's shape shows; None where no single input moves an output.

    It is made in float64 where the leak shows there too. Where a whole row seems to leak, it may be a large block, so a longer
    text is mapped as well.
    """
    return _in_double_where_it_shows(exam, leak, lambda move: _map(exam, leak, move))


def name_choice_in(exam: Examination, leak: Leak, mapped: LeakMap) -> LeakMap:
    """The map, its shape named as a choice among positions or a maximum where it is one."""
    if not mapped.shape.startswith(WIDE):
        return mapped
    T = len(mapped.base)
    texts = np.concatenate([mapped.base[None], exam.draws.contexts(TEXTS, T)])
    choice = _in_double_where_it_shows(
        exam, leak, lambda _: name_choice(exam.subject, exam.draws, texts, mapped.least, exam.rows(T))
    )
    return mapped if choice is None else replace(mapped, shape=choice)


def _in_double_where_it_shows(exam: Examination, leak: Leak, ask: Callable[[Movement], Answer]) -> Answer:
    """What `ask(move)` says: in float64 where the leak shows there too."""
    assert leak.move is not None
    try:
        if exam.can_be_doubled and leak.move.dtype != "float64":
            with in_double_precision(exam.subject):
                if shows(exam, leak.move):
                    return ask(replace(leak.move, dtype="float64"))
    except FAILURES:
        pass
    return ask(leak.move)


def _map(exam: Examination, leak: Leak, move: Movement) -> LeakMap | None:
    found = None
    for T in _lengths(exam, leak):
        if found is not None and not found.shape.startswith(("whole row", "scattered")):
            break
        longer = _map_at(exam, move, T, *_rows(exam, leak, move, T))
        if longer is not None and (found is None or longer.shape.startswith("inside blocks")):
            found = longer
    return found


def _rows(exam: Examination, leak: Leak, move: Movement, T: int) -> tuple[int, int | None]:
    """How many rows to put in a call, and the one to change where the leak does not show in each."""
    usual = max(4, min(exam.rows(T), len(move.base)))
    if not exam.subject.batched or exam.subject.separate:
        return usual, None
    shown, alone = find_rows(exam, replace(leak, move=move))
    if len(shown) == 4:
        return usual, None
    return (4, shown[0]) if shown else (1, 0) if alone else (usual, None)


def _lengths(exam: Examination, leak: Leak) -> list[int]:
    assert leak.move is not None
    length = leak.move.length
    if not exam.structure.can_be_cut or (leak.through or "").startswith(("with a cache", "through")):
        return [length]
    same = [each.move.length for each in exam.leaks if each.move and (each.probe, each.mode) == (leak.probe, leak.mode)]
    wanted = [min(exam.length, SMALL), min(exam.length, LARGE), max(same, default=length), length]
    return [T for T in dict.fromkeys(exam.structure.fit(T) for T in wanted) if exam.takes(T)]


def _map_at(exam: Examination, move: Movement, T: int, rows: int, only: int | None) -> LeakMap | None:
    texts = TEXTS if T <= SMALL else 1
    bases = exam.draws.contexts(texts, T)
    if move.length == T:
        bases[0] = move.base[move.row]
    influence = np.max([map_influence(exam.subject, exam.draws, base, exam.structure, rows, only) for base in bases], axis=0)
    certain = INNER if move.dtype == "float64" and exam.dtype != "float64" else tolerance_of(move.dtype).certain
    least = min(certain, move.size / move.scale / 8) * move.scale
    influence[influence <= min(least, influence.max() / 2)] = 0
    leaking = (influence > 0) & ~exam.structure.allowed(T)
    if not leaking.any():
        return None
    shape = shapes.name_shape(leaking, influence)
    if shape.startswith("whole row: "):
        shape = _name_whole_row(exam, bases[0], leaking, influence, shape)
    return LeakMap(influence, leaking, bases[0], shape, least)


def _name_whole_row(
    exam: Examination, base: Inputs, leaking: NDArray[np.bool_], influence: NDArray[np.float64], shape: str
) -> str:
    """A whole row may be a missing mask, a mean, a norm, or a convolution that wraps around."""
    changed = exam.draws.change(base, np.arange(len(base)) == len(base) - 1, "fresh")
    both = exam.subject.outputs(np.stack([base, changed]))  # (2, T_out, ...)
    before, after = both.reshape(2, both.shape[1], -1)[:, :-1].astype(np.float64)
    if (named := shapes.name_whole_row(before, after)) is not None:
        return named
    if shapes.is_circulant(leaking, influence):
        return "wrap-around: the influence goes around a circle, as in a circular convolution (an FFT without padding)"
    if _ignores_order(exam, base):
        return f"{shape}, whatever their order (a sum, mean, maximum or norm over time, or no mask and no positions)"
    return f"{shape} (no mask, or something computed over all of time, such as a mean or norm)"


def _ignores_order(exam: Examination, base: Inputs) -> bool:
    """Whether the first outputs are the same when the later inputs are turned round, though not when they are changed."""
    i = len(base) // 4
    turned, changed = base.copy(), base.copy()
    turned[i + 1 :] = base[i + 1 :][::-1]
    changed[i + 1 :] = exam.draws.change(base, np.arange(len(base)) > i, "fresh")[i + 1 :]
    outputs = exam.subject.outputs(np.stack([base, turned, changed]))[:, : i + 1]
    moved = [float(difference(outputs[:1], other[None]).max()) for other in outputs[1:]]
    return moved[0] < 1e-3 * moved[1]
