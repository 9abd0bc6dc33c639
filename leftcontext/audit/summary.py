"""From what the probes found to the report: the clearest leak, its map, its smallest example, its description."""

from __future__ import annotations

from dataclasses import replace

from leftcontext.audit.conditions import FAILURES, as_found, name_conditions, tokens_of, with_tokens
from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.example import find_example
from leftcontext.audit.influence import LeakMap, map_leak, name_choice_in
from leftcontext.audit.report import Found, Report
from leftcontext.audit.tokens import Tokens

VAGUE = ("scattered", "single", "one pair")  # how the shapes begin that more of a leak may make plainer


def summarise(exam: Examination, seconds: float) -> Report:
    """The report. Where something leaks, the model is asked once more, to map and to describe it."""
    subject = exam.subject
    untried = [*exam.not_tried, *exam.draws.describe_untried()]
    warnings = [*exam.warnings, *_directed_rounding(exam)]
    plain = Report(
        model=subject.name,
        causal=not exam.leaks,
        length=exam.length,
        dtype=exam.dtype,
        warnings=tuple(dict.fromkeys(warnings)),
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


def _directed_rounding(exam: Examination) -> list[str]:
    """One warning of all that is as small as rounding but has a direction, by the largest of it."""
    if not exam.directed:
        return []
    move = max(exam.directed, key=lambda each: each.size / each.scale)
    return [
        f"Output {move.i} moves with a later input by {move.size:.2g}, as little as a float32 rounds, but always in the "
        "same direction. Audit it in float64 to see whether it is a leak."
    ]


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


def _map_with(exam: Examination, leak: Leak, tokens: Tokens | None, before: LeakMap | None) -> LeakMap | None:
    """The map once more with the tokens that the leak needs alone, which show more of it than any tokens do; or that before."""
    if tokens is None or tokens.ids is None or (before is not None and not before.shape.startswith(VAGUE)):
        return before
    try:
        with as_found(exam, leak), with_tokens(exam, tokens):
            mapped = map_leak(exam, leak)
    except FAILURES:
        return before
    more = before is None or (mapped is not None and mapped.leaking.sum() > before.leaking.sum())
    return mapped if more else before


def _with_choice(exam: Examination, leak: Leak, mapped: LeakMap) -> LeakMap:
    """The map with the name of a choice over time, where it is one; as it is where that can't be asked."""
    try:
        with as_found(exam, leak):
            return name_choice_in(exam, leak, mapped)
    except FAILURES:
        return mapped


def _describe(exam: Examination, leak: Leak, report: Report) -> Report:
    """The report with the leak's pair, size, shape, conditions and example."""
    move = leak.move
    assert move is not None
    first, size, reach, shape, influence, tokens = (move.i, move.j), move.size, max(0, move.j - move.i), None, None, None
    one_shape = move.base.shape == move.changed.shape
    if leak.probe != "another row changed" and one_shape:
        try:
            with as_found(exam, leak):
                mapped = map_leak(exam, leak)
        except FAILURES:
            mapped = None
        tokens = tokens_of(exam, leak, mapped.first if mapped is not None else first)
        mapped = _map_with(exam, leak, tokens, mapped)
        if mapped is not None:
            mapped = _with_choice(exam, leak, mapped)
            first, size, reach = mapped.first, mapped.size, mapped.reach
            shape, influence = mapped.shape, mapped.influence
    conditions = name_conditions(exam, leak, first, tokens)
    looks_like = ", ".join([*([shape] if shape else []), *conditions]) or None
    example = find_example(exam, leak, move)
    return replace(report, first_leak=first, size=size, reach=reach, influence=influence, looks_like=looks_like, example=example)
