"""From what the probes found to the report: the clearest leak, its map, its smallest example, its description."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leftcontext.audit import shapes
from leftcontext.audit.conditions import FAILURES, as_found, leaks_at, name_conditions
from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.movements import Movement, map_influence, repeat_move
from leftcontext.audit.report import Example, Found, Report
from leftcontext.audit.tolerance import tolerance_of

MAPPED = 136  # positions: two blocks of 64 and some
SHOWN = 4  # numbers of an output


def summarise(exam: Examination, seconds: float) -> Report:
    """The report. Where something leaks, the model is asked once more, to map and to describe it."""
    subject = exam.subject
    untried = [*exam.not_tried, *exam.draws.describe_untried()]
    plain = Report(
        model=subject.name,
        causal=not exam.leaks,
        length=exam.length,
        dtype=exam.dtype,
        warnings=tuple(dict.fromkeys(exam.warnings)),
        tried=tuple(dict.fromkeys(exam.tried)),
        not_tried=tuple(dict.fromkeys(untried)),
        calls=subject.calls,
        seconds=seconds,
    )
    if not exam.leaks:
        return plain
    main = min(exam.leaks, key=lambda leak: _obscurity(exam, leak))
    found = tuple(_found(leak) for leak in [main, *(leak for leak in exam.leaks if leak is not main)])
    report = replace(plain, mode=main.mode, found=found, looks_like=main.through)
    return report if main.move is None else _describe(main.exam or exam, main, report)


def _obscurity(exam: Examination, leak: Leak) -> tuple[bool, bool, bool, int, int]:
    """The lower, the plainer: without special conditions, in the first mode, short."""
    move = leak.move
    return (
        move is None,
        leak.through is not None,
        leak.mode != exam.modes[0],
        move.length if move is not None else 0,
        len(move.base) if move is not None else 0,
    )


def _found(leak: Leak) -> Found:
    move = leak.move
    if move is None:
        return Found(leak.probe, leak.mode, 0, None, 0.0, leak.through)
    return Found(leak.probe, leak.mode, move.length, (move.i, move.j), move.size, leak.through)


def _describe(exam: Examination, leak: Leak, report: Report) -> Report:
    move = leak.move
    assert move is not None
    conditions = name_conditions(exam, leak)
    first, size, example = (move.i, move.j), move.size, _example(exam, leak, move)
    if leak.probe in ("another row changed", "inputs cut off") or move.base.shape != move.changed.shape:
        return replace(report, first_leak=first, size=size, looks_like=", ".join(conditions), example=example)
    try:
        with as_found(exam, leak):
            influence, leaking, base = _map(exam, leak)
            shape = shapes.name_shape(leaking, influence)
            if shape.startswith("whole row"):
                shape = _whole_row(exam, base, leaking, influence, shape)
    except FAILURES:
        return replace(report, first_leak=first, size=size, looks_like=", ".join(conditions) or None, example=example)
    reach = move.j - move.i
    if leaking.any():
        i, j = np.argwhere(leaking)[0]
        first, size = (int(i), int(j)), float(influence[i, j])
        reach = int((np.nonzero(leaking)[1] - np.nonzero(leaking)[0]).max())
    looks_like = ", ".join([shape, *conditions])
    return replace(
        report, first_leak=first, size=size, reach=reach, influence=influence, looks_like=looks_like, example=example
    )


def _map(exam: Examination, leak: Leak) -> tuple[NDArray[np.float64], NDArray[np.bool_], Inputs]:
    """The map at a length that shows blocks, or at the length where the leak was found if it does not show there."""
    move = leak.move
    assert move is not None
    longest = (
        move.length if leak.exam is not exam or _is_fixed(exam, leak) else max(move.length, min(exam.length, MAPPED))
    )
    lengths = dict.fromkeys((longest, move.length))
    least = min(tolerance_of(move.dtype).certain, move.size / move.scale / 8) * move.scale
    for T in lengths:
        base = move.base[move.row] if move.length == T else exam.draws.contexts(1, T)[0]
        influence = map_influence(
            exam.subject, exam.draws, base, exam.structure, max(4, min(exam.rows(T), len(move.base)))
        )
        influence[influence <= min(least, influence.max() / 2)] = 0
        leaking = (influence > 0) & ~exam.structure.allowed(T)
        if leaking.any():
            break
    return influence, leaking, base


def _is_fixed(exam: Examination, leak: Leak) -> bool:
    """Whether the leak is one of a certain length: with a cache or with a mask that was made for it."""
    return not exam.structure.can_be_cut or (leak.through or "").startswith(("with a cache", "through"))


def _whole_row(
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
    return f"{shape} (no mask, or something computed over all of time)"


def _example(exam: Examination, leak: Leak, move: Movement) -> Example | None:
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
    return Example(
        _listed(one.base[one.row]), _listed(one.changed[one.row]), one.i, _listed(before[most]), _listed(after[most])
    )


def _listed(values: NDArray[Any]) -> list[Any]:
    plain = values.astype(np.float64) if values.dtype.kind == "f" else values
    return list(np.round(plain, 9).tolist() if plain.dtype.kind == "f" else plain.tolist())


def _shorten(exam: Examination, leak: Leak, move: Movement) -> Movement:
    """The leak at the shortest length at which it shows."""
    if leak.through is not None or move.base.shape != move.changed.shape:
        return move
    for T in range(2, min(move.length, 9)):
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
