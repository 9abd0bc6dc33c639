"""Under which conditions does a leak show? The same question is asked again under others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace

import numpy as np

from leftcontext.audit.examination import Examination, Leak
from leftcontext.audit.inputs import KINDS, TokenDraws
from leftcontext.audit.movements import Movement, ask_outputs, every_kind, kinds_in_turn, plan_cuts, repeat_move
from leftcontext.audit.parameters import in_double_precision, redraw_parameters
from leftcontext.audit.tokens import Tokens, find_tokens
from leftcontext.audit.tolerance import tolerance_of

FAILURES = (RuntimeError, TypeError, ValueError, IndexError)


@contextmanager
def as_found(exam: Examination, leak: Leak, mode: str | None = None) -> Iterator[None]:
    """Within, the model is as it was when the leak was found; `mode` in another mode."""
    chosen = mode or leak.mode
    with ExitStack() as stack:
        if exam.subject.has_modes:
            stack.enter_context(exam.subject.mode(chosen))
        if leak.probe == "parameters drawn anew":
            stack.enter_context(redraw_parameters(exam.subject, exam.params))
        if leak.move is not None and leak.move.dtype == "float64" and exam.can_be_doubled:
            stack.enter_context(in_double_precision(exam.subject))
        if leak.probe == "another row changed":
            stack.enter_context(_rows_together(exam))
        yield


@contextmanager
def _rows_together(exam: Examination) -> Iterator[None]:
    before, exam.subject.separate = exam.subject.separate, False
    try:
        yield
    finally:
        exam.subject.separate = before


def shows(exam: Examination, move: Movement) -> bool:
    """Whether the move's output moves, as the model is now."""
    again = repeat_move(exam.subject, move)
    return again.size > min(tolerance_of(move.dtype).certain * again.scale, move.size / 4)


def tokens_of(exam: Examination, leak: Leak, pair: tuple[int, int]) -> Tokens | None:
    """For which later tokens the leak shows; None where for all, or where it can't be said."""
    move = leak.move
    if move is None or leak.through is not None or move.base.shape != move.changed.shape:
        return None
    try:
        with as_found(exam, leak):
            coarse = move.dtype in ("bfloat16", "float16")  # most changes are too small for them, whatever the token
            if coarse or (exam.subject.batched and len(find_rows(exam, leak)[0]) < 4):  # texts are tried in all rows
                return None
            return find_tokens(exam, leak, pair)
    except FAILURES:
        return None


def with_tokens(exam: Examination, tokens: Tokens | None) -> AbstractContextManager[None]:
    """Within, what is put behind an output are the tokens that the leak needs."""
    if tokens is None or tokens.ids is None or not isinstance(exam.draws, TokenDraws):
        return nullcontext()
    return exam.draws.only(tokens.ids)


def name_conditions(exam: Examination, leak: Leak, pair: tuple[int, int], tokens: Tokens | None = None) -> list[str]:
    """What must hold for the leak to show, each as a few words; `pair` is the first output and input that leak."""
    move, out = leak.move, []
    if leak.through is not None:
        out.append(f"only {leak.through}")
    if move is None or move.base.shape != move.changed.shape:
        return out
    for condition in (
        _only_in_one_mode,
        _only_in_some_rows,
        _only_in_this_precision,
        _only_at_some_lengths,
    ):
        try:
            with with_tokens(exam, tokens):
                found = condition(exam, leak, move, pair)
        except FAILURES:
            continue
        if found is not None:
            out.append(found)
    return [*out, *([tokens.said] if tokens is not None else [])]


def _only_in_one_mode(exam: Examination, leak: Leak, move: Movement, pair: tuple[int, int]) -> str | None:
    if not exam.subject.has_modes:
        return None
    if any(other.mode != leak.mode and other.probe == leak.probe for other in exam.leaks):
        return None
    other = "train" if leak.mode == "eval" else "eval"
    with as_found(exam, leak, other):
        return None if shows(exam, move) else f"only in {leak.mode} mode"


def find_rows(exam: Examination, leak: Leak, B: int = 4) -> tuple[list[int], bool]:
    """In which rows of a batch of `B` the leak shows, and whether in a text alone. As the model is now."""
    move = leak.move
    assert move is not None
    one, other = move.base[move.row], move.changed[move.row]
    alone = shows(exam, replace(move, base=one[None], changed=other[None], row=0))
    base, rows = np.repeat(one[None], B, axis=0), []
    for row in range(B):
        changed = base.copy()
        changed[row] = other
        if shows(exam, replace(move, base=base, changed=changed, row=row)):
            rows.append(row)
    return rows, alone


def _only_in_some_rows(exam: Examination, leak: Leak, move: Movement, pair: tuple[int, int]) -> str | None:
    """Put the two texts into each row of a batch, and alone."""
    if not exam.subject.batched or exam.subject.separate:
        return None
    with as_found(exam, leak):
        rows, alone = find_rows(exam, leak)
    if len(rows) == 4:
        return None if alone else "only in a batch of several rows"
    if not rows:
        return "only for a text alone, not in a batch" if alone else None
    named = ", ".join(map(str, rows))
    return f"only in one batch row: row {named} of 4" if len(rows) == 1 else f"only in batch rows {named} of 4"


def _only_in_this_precision(exam: Examination, leak: Leak, move: Movement, pair: tuple[int, int]) -> str | None:
    if not exam.can_be_doubled or move.dtype == "float64":
        return None
    with as_found(exam, leak), in_double_precision(exam.subject):
        again = repeat_move(exam.subject, move)
        # What is drawn at random is drawn anew in float64, so it is looked for among other texts too.
        if again.size > tolerance_of("float64").certain * again.scale or leaks_at(exam, leak, move.length) is not None:
            return None
    return f"only in {move.dtype}, not in float64"


def leaks_at(exam: Examination, leak: Leak, T: int) -> Movement | None:
    """The first move that moves at this length, with several questions; None where none does."""
    assert leak.move is not None
    if not exam.takes(T):
        return None
    least = min(tolerance_of(leak.move.dtype).certain, leak.move.size / leak.move.scale / 4)
    if (same := _same_texts(exam, leak.move, T)) is not None and same.size > least * same.scale:
        return same
    rows = min(exam.rows(T), 8)
    count = exam.structure.count(T)
    cuts = plan_cuts(count, 16)
    own = [leak.move.i] if leak.move.i < count - 1 else []
    questions = kinds_in_turn([*own, *cuts], (leak.move.kind,)) + every_kind(own, KINDS) + kinds_in_turn(cuts, KINDS)
    for move in ask_outputs(exam.subject, exam.draws, exam.structure, T, questions, rows):
        if move.size > least * move.scale:
            return move
    return None


def _same_texts(exam: Examination, move: Movement, T: int) -> Movement | None:
    """The same question with the leak's own texts, cut to T positions or with others behind them; None where nothing is left."""
    if move.base.shape != move.changed.shape or move.i >= exam.structure.count(T):
        return None
    n, base = min(T, move.length), exam.draws.contexts(len(move.base), T)
    changed = base.copy()
    base[:, :n], changed[:, :n] = move.base[:, :n], move.changed[:, :n]
    differs = np.flatnonzero((base[move.row] != changed[move.row]).reshape(T, -1).any(axis=1))
    return repeat_move(exam.subject, replace(move, base=base, changed=changed, j=int(differs[0]))) if differs.size else None


def _only_at_some_lengths(exam: Examination, leak: Leak, move: Movement, pair: tuple[int, int]) -> str | None:
    supposed = sorted(exam.clean.get(leak.mode, []))
    if leak.probe != "later inputs changed" or not supposed or exam.structure.stride > 1:
        return None
    same = [each for each in exam.leaks if each.mode == leak.mode and each.probe == leak.probe]
    with as_found(exam, leak):
        clean = [T for T in supposed if pair[1] < T and leaks_at(exam, leak, T) is None]
        leaky = sorted({each.move.length for each in same if each.move} | {T for T in supposed if pair[1] < T} - set(clean))
        if not clean:
            return None
        divisor = int(np.gcd.reduce(leaky))
        if divisor > 1 and all(n % divisor for n in clean):
            return f"only where the length is a multiple of {divisor}"
        if clean[0] > leaky[-1]:
            return f"only up to {_boundary(exam, leak, clean[0], leaky[-1])} positions"
        if clean[-1] < leaky[0]:
            return f"only from {_boundary(exam, leak, clean[-1], leaky[0])} positions on"
    return f"only at some lengths: at {', '.join(map(str, leaky[:6]))}, not at {', '.join(map(str, clean[:6]))}"


def _boundary(exam: Examination, leak: Leak, clean: int, leaky: int) -> int:
    """Between a length without and a length with the leak: the last or the first at which it shows, by halving."""
    while abs(leaky - clean) > 1:
        middle = (leaky + clean) // 2
        if leaks_at(exam, leak, middle) is None:
            clean = middle
        else:
            leaky = middle
    return leaky
