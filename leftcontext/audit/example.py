"""The smallest input that shows a leak."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leftcontext.audit.conditions import FAILURES, as_found, leaks_at
from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.movements import Movement, repeat_move
from leftcontext.audit.report import Example

SHOWN = 4  # numbers of an output
SHORTEST = 9  # so long a text is read at a glance


def find_example(exam: Examination, leak: Leak, move: Movement) -> Example | None:
    """The smallest input found: short, and changed in one place if that is enough."""
    try:
        with as_found(exam, leak):
            small = _shorten(exam, leak, move)
            one = _change_one(exam, small)
            before, after = (exam.subject.outputs(each)[one.row, one.i].reshape(-1) for each in (one.base, one.changed))
    except FAILURES:
        return None
    with np.errstate(invalid="ignore"):
        most = np.argsort(-np.nan_to_num(np.abs(before - after), nan=np.inf), kind="stable")[:SHOWN]
    inputs = _listed(one.base[one.row]), _listed(one.changed[one.row])
    return Example(*inputs, one.i, _listed(before[most]), _listed(after[most]))


def _listed(values: NDArray[Any]) -> list[Any]:
    return list(np.round(values.astype(np.float64), 9).tolist() if values.dtype.kind == "f" else values.tolist())


def _shorten(exam: Examination, leak: Leak, move: Movement) -> Movement:
    """The leak at the shortest length at which it shows."""
    if leak.through is not None or move.base.shape != move.changed.shape:
        return move
    stride = exam.structure.stride
    for T in range(2 * stride, min(move.length, SHORTEST), stride):
        if (found := leaks_at(exam, leak, T)) is not None:
            return found
    return move


def _change_one(exam: Examination, move: Movement) -> Movement:
    """The same with one changed input, where one is enough to move the output."""
    if move.base.shape != move.changed.shape:
        return move
    one, other = move.base[move.row], move.changed[move.row]
    differs = np.flatnonzero((one != other).reshape(len(one), -1).any(axis=1))
    for j in differs[:8] if len(differs) > 1 else ():
        changed = move.base.copy()
        changed[move.row, j] = other[j]
        again = repeat_move(exam.subject, replace(move, changed=changed, j=int(j)))
        if again.size > move.size / 4:
            return again
    return move
