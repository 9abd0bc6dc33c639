"""From what the probes found to the report: the clearest leak, its map, its smallest example, its description."""

from __future__ import annotations

from dataclasses import replace

from leftcontext.audit.conditions import FAILURES, as_found, name_conditions
from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.example import find_example
from leftcontext.audit.influence import map_leak
from leftcontext.audit.report import Found, Report


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
    report = replace(plain, mode=main.mode, found=found, looks_like=f"only {main.through}" if main.through else None)
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
    """The report with the leak's pair, size, shape, conditions and example."""
    move = leak.move
    assert move is not None
    first, size, reach, shape, influence = (move.i, move.j), move.size, max(0, move.j - move.i), None, None
    one_shape = move.base.shape == move.changed.shape
    if leak.probe != "another row changed" and one_shape:
        try:
            with as_found(exam, leak):
                mapped = map_leak(exam, leak)
        except FAILURES:
            mapped = None
        if mapped is not None:
            first, size, reach = mapped.first, mapped.size, mapped.reach
            shape, influence = mapped.shape, mapped.influence
    conditions = name_conditions(exam, leak, first)
    looks_like = ", ".join([*([shape] if shape else []), *conditions]) or None
    example = find_example(exam, leak, move)
    return replace(report, first_leak=first, size=size, reach=reach, influence=influence, looks_like=looks_like, example=example)
