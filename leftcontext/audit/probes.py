"""The probes that need nothing but outputs. Each says what it can't see, its blind spot."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from leftcontext.audit.examination import SHORT, SINGLE, Examination
from leftcontext.audit.inputs import ALL, KINDS, LATEST, WIDE
from leftcontext.audit.libraries import Inputs
from leftcontext.audit.movements import BLOCKS, Movement, ask_outputs, every_kind, kinds_in_turn, plan_cuts, repeat_move
from leftcontext.audit.parameters import can_be_redrawn, in_double_precision, redraw_parameters
from leftcontext.audit.statistics import is_systematic
from leftcontext.audit.ties import take_the_first_of_equals
from leftcontext.audit.tolerance import difference, scale_of, tolerance_of

SOME, FEW = 6, 2  # questions at one length
MANY = 6144  # inputs in the questions at the longest one, for a model of any speed
SWEEP = 0.5  # seconds of processor time: where every output of the longest length can be asked in it, each is


def lengths_to_try(exam: Examination) -> list[int]:
    """Short ones, both sides of each block size, and the longest; whole outputs of a strided model; none that it refused."""
    longest, stride = exam.length, exam.structure.stride
    near = [block + step for block in BLOCKS for step in (0, stride)]
    wanted = (2, 3, 5, SHORT, *near, longest - stride, longest)
    fitting = {fit for n in wanted if 2 <= (fit := exam.structure.fit(n)) <= longest}
    return sorted(n for n in fitting if exam.taken.get(n, True))


def in_mode(exam: Examination, mode: str) -> AbstractContextManager[None]:
    """Within, the model is in this mode, if it has modes."""
    return exam.subject.mode(mode) if exam.subject.has_modes else nullcontext()


def change_later_inputs(exam: Examination) -> None:
    """Change what stands after an output, all of it, the first, the last or one position; the output must not move.

    At a short length every output is asked with every kind of change; at lengths on both sides of 16, 32, 64 ... a few are. At
    the longest every output is asked once where the model is quick enough, else a few dozen are (all of them with `thorough`).

    Blind spot: at long lengths, a leak between two neighbours that answers to nothing else, where not every output was asked
    (the report says so) or the length is none of those tried; a leak whose condition no drawn input met (one token of a large
    vocabulary); a leak that the present parameters hide.
    """
    name = "later inputs changed"
    for mode in exam.modes:
        with in_mode(exam, mode):
            for T in lengths_to_try(exam):
                try:
                    leaks = _later_inputs_at(exam, name, mode, T)
                except Exception:  # whatever a model raises
                    if exam.takes(T):
                        raise
                    continue
                if not leaks:
                    exam.clean.setdefault(mode, []).append(T)
    if refused := sorted(n for n, takes in exam.taken.items() if not takes):
        exam.not_tried.append(f"{', '.join(map(str, refused))} positions, which the model does not take")
    lengths = lengths_to_try(exam)
    where = f"at {len(lengths)} lengths from {lengths[0]} to" if len(lengths) > 1 else "at"
    exam.tried.append(f"{name}, {where} {exam.length}{_modes(exam)}")


def _modes(exam: Examination) -> str:
    return ", in eval and in train mode" if len(exam.modes) > 1 else ""


def _later_inputs_at(exam: Examination, probe: str, mode: str, T: int) -> bool:
    count, main = exam.structure.count(T), mode != "train"
    if T <= SHORT and (main or exam.short == T):
        questions, rows = every_kind(plan_cuts(count, SHORT)), exam.rows(T)
    elif main and exam.length == T:
        cuts = plan_cuts(count, _how_many(exam, T))
        if len(cuts) < count - 1:
            exam.not_tried.append(f"a leak between two neighbours at {count - 1 - len(cuts)} of the {count} outputs")
        questions, rows = kinds_in_turn(cuts, WIDE) + kinds_in_turn(cuts[:FEW], (LATEST,)), 4
    else:
        questions = kinds_in_turn(plan_cuts(count, count if exam.thorough else SOME if main else FEW), WIDE)
        rows = 4 if exam.thorough else 2
    return exam.judge(probe, mode, ask_outputs(exam.subject, exam.draws, exam.structure, T, questions, rows))


def _how_many(exam: Examination, T: int) -> int:
    """Of how many outputs to ask at the longest length: of all of them where that is quick."""
    count, base = exam.structure.count(T), exam.draws.contexts(1, T)
    began = time.process_time()
    exam.subject.outputs(base)
    each = time.process_time() - began
    everybody = exam.thorough or each * count < SWEEP
    return count if everybody else max(12, min(64, MANY // T))


def change_rows_of_a_batch(exam: Examination) -> None:
    """Change one row of a batch whole: the others must not move. Change a later input in one row, each in turn, and in a row
    that is alone: does it matter which row it is?

    Where rows influence each other, every row has a call of its own from then on. Blind spot: batches of other sizes.
    """
    subject, T = exam.subject, exam.short
    if not subject.batched:
        exam.not_tried.append("rows of a batch: the function takes one text at a time")
        return
    for mode in exam.modes:
        _judge_other_rows(exam, mode, lambda: _other_rows(exam, T))
    moved = [leak.move for leak in exam.leaks if leak.move is not None]
    for mode in exam.modes if moved else ():  # what moved in one mode is asked in the other too
        if mode not in subject.coupled:
            _judge_other_rows(exam, mode, lambda: [repeat_move(subject, move) for move in moved])
    questions = [(cut, (ALL, "fresh")) for cut in plan_cuts(exam.structure.count(T), SHORT) for _ in range(4)]
    for mode in exam.modes:
        with in_mode(exam, mode):
            exam.judge("rows of a batch", mode, ask_outputs(subject, exam.draws, exam.structure, T, questions, 4))
            exam.judge("one row alone", mode, ask_outputs(subject, exam.draws, exam.structure, T, questions[::4], 1))
    exam.tried.append("each row of a batch changed alone, and a row alone")


def _judge_other_rows(exam: Examination, mode: str, ask: Callable[[], list[Movement]]) -> None:
    subject, through = exam.subject, "through another row of the batch"
    with in_mode(exam, mode):
        if exam.judge("another row changed", mode, ask(), through):
            subject.coupled.add(mode)
            subject.separate = not subject.has_modes


def _other_rows(exam: Examination, T: int) -> list[Movement]:
    base = exam.draws.contexts(4, T)
    before = exam.subject.outputs(base)
    found = []
    for row, content in [(row, content) for content in ("fresh", "constant", "repeated") for row in range(4)]:
        changed = base.copy()
        changed[row] = exam.draws.change(base[row], np.ones(T, dtype=bool), content)
        moved = difference(before, exam.subject.outputs(changed))
        moved[row] = 0
        scale = scale_of(before)
        if moved.max() > tolerance_of(exam.subject.dtype).nothing * scale:
            other, i = np.unravel_index(np.argmax(moved), moved.shape)
            found.append(
                Movement(base, changed, int(other), int(i), 0, float(moved.max()), scale, exam.subject.dtype, (ALL, "fresh"))
            )
    return found


def cut_inputs_off(exam: Examination) -> None:
    """Give the model the first n inputs only: the outputs there must be those that it gives with all of them.

    It finds what comes in with the number of inputs itself (a mean over T, positions counted from the end, padding that is
    added inside), which changing inputs can't show. Blind spot: calls of different shape round differently, so what is
    smaller than `Tolerance.other_shape` passes, but where PyTorch's modules can be run in float64.
    """
    if not exam.structure.can_be_cut:
        exam.not_tried.append("inputs cut off: the matrix of what is allowed is for one length")
        return
    if len(lengths_to_try(exam)) == 1:
        exam.not_tried.append("inputs cut off: the model takes one length alone")
        return
    for mode in exam.modes:
        if mode == "train":  # dropout draws other numbers for other shapes
            continue
        with in_mode(exam, mode):
            if (found := _cut(exam)) is None:
                continue
            if _stays(exam, found):
                exam.judge("inputs cut off", mode, [found], through="through the number of inputs (T itself)")
    exam.tried.append("the first n inputs alone, without those after them")


def _cut(exam: Examination) -> Movement | None:
    T = exam.length
    base = exam.draws.contexts(1, T)
    whole = exam.subject.outputs(base)
    for n in lengths_to_try(exam)[:-1]:
        if n <= exam.structure.prefix:
            continue
        part = exam.subject.outputs(base[:, :n])
        count = exam.structure.count(n)
        moved = difference(whole[:, :count], part[:, :count])
        if moved.max() > tolerance_of(exam.subject.dtype).other_shape * scale_of(whole):
            row, i = np.unravel_index(np.argmax(moved > moved.max() / 2), moved.shape)
            return _cut_move(exam, base, n, int(row), int(i), float(moved.max()), scale_of(whole))
    return None


def _cut_move(exam: Examination, base: Inputs, n: int, row: int, i: int, size: float, scale: float) -> Movement:
    return Movement(base, base[:, :n], row, i, n, size, scale, exam.subject.dtype, (ALL, "cut off"))


def _stays(exam: Examination, move: Movement) -> bool:
    """Whether a difference between two shapes is there in float64 as well, and when top-k takes the first of equals."""
    try:
        with in_double_precision(exam.subject) if exam.can_be_doubled else nullcontext():
            return _differs(exam, move, 1e-6 if exam.can_be_doubled else None)
    except (RuntimeError, TypeError, ValueError):  # it can't be run in float64
        return _differs(exam, move, None)


def _differs(exam: Examination, move: Movement, bound: float | None) -> bool:
    with take_the_first_of_equals(exam.subject):
        whole, part = (exam.subject.outputs(each)[move.row] for each in (move.base, move.changed))
    count = exam.structure.count(len(part))
    least = tolerance_of(exam.subject.dtype).other_shape if bound is None else bound
    return bool(difference(whole[None, :count], part[None, :count]).max() > least * scale_of(whole))


def redraw_all_parameters(exam: Examination) -> None:
    """Add noise to every trainable parameter and ask again: a projection that starts at zero hides what comes before it.

    Afterwards the parameters are as before, bit by bit. Blind spot: frozen parameters and buffers are left alone, for a mask
    may be among them; a NumPy or JAX model has to name its parameters, params=...
    """
    if not can_be_redrawn(exam.subject, exam.params):
        exam.not_tried.append("other parameters: none are known (params=... takes NumPy arrays)")
        return
    for mode in exam.modes:
        with in_mode(exam, mode), redraw_parameters(exam.subject, exam.params):
            _ask_quickly(
                exam,
                "parameters drawn anew",
                mode,
                "with other parameters than those at the start: something that starts at zero hides it",
            )
    exam.tried.append("parameters drawn anew")


def _ask_quickly(exam: Examination, probe: str, mode: str, through: str | None = None) -> bool:
    """A short length with several kinds of change; in the first mode, the longest one with a few questions too."""
    found, longest = False, exam.length if mode == exam.modes[0] else exam.short
    for T in dict.fromkeys((exam.short, longest)):
        cuts = plan_cuts(exam.structure.count(T), SHORT if T <= SHORT else 2 * FEW)
        questions = every_kind(cuts, KINDS[:2]) if T <= SHORT else kinds_in_turn(cuts, KINDS[:2])
        rows = exam.rows(T) if T <= SHORT else FEW
        found |= exam.judge(probe, mode, ask_outputs(exam.subject, exam.draws, exam.structure, T, questions, rows), through)
    return found


def ask_in_double_precision(exam: Examination) -> None:
    """Run the model in float64 and ask again: what is smaller than a float32's rounding shows there.

    Blind spot: modules that go back to float32 inside; models that are not PyTorch's.
    """
    if not exam.can_be_doubled:
        return
    T = exam.short
    try:
        with in_mode(exam, exam.modes[0]), in_double_precision(exam.subject):
            questions = every_kind(plan_cuts(exam.structure.count(T), SHORT), KINDS[:2])
            found = list(ask_outputs(exam.subject, exam.draws, exam.structure, T, questions, exam.rows(T)))
            found = [move for move in found if move.size > SINGLE * move.scale or is_systematic(exam.subject, exam.draws, move)]
            large = [move for move in found if not exam.is_single_rounding(move)]
    except (RuntimeError, TypeError, ValueError) as error:
        exam.not_tried.append(f"float64: {error}".split("\n")[0][:120])
        return
    exam.tried.append("float64")
    exam.judge("float64", exam.modes[0], large)


OF_OUTPUTS: tuple[Callable[[Examination], None], ...] = (
    change_rows_of_a_batch,
    change_later_inputs,
    cut_inputs_off,
    redraw_all_parameters,
    ask_in_double_precision,
)
