"""What an answer is tried on: the cases of an exercise, one answer's attempts at them, and which of those are right."""

from __future__ import annotations

import copy
import functools
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograder.exercise.exercise import Case, Cases, Exercise, Function
from autograder.exercise.results import Difference, InvalidResult, ResultType
from autograder.judge.failures import FAILURES
from autograder.judge.guarded_call import CallFailure, Clock, clock_of, guarded_call, same_data
from autograder.judge.unwritten import is_unwritten

# Added to the number of a part, so that its cases are drawn once more, or those of a warning, with other numbers.
REDRAW_OFFSET, WARNING_OFFSET = 2000, 1000
FURTHER_OFFSETS = (3000, 4000)
LOOK_SECONDS = 5.0  # to read a result once more
KEPT_BY_IDENTITY = (
    "The same array was given twice, the second time with other numbers in it, and the result has to do with the first "
    "numbers: something was kept from the earlier call."
)


@dataclass(frozen=True)
class Trial:
    """One case of part number `part`, with what the solution gives for it."""

    part: int
    case: Case
    type: ResultType
    expected: Any

    @property
    def size(self) -> int:
        """How much there is to look at; the smallest failing trial is the one that is shown."""
        values = [*inputs(self.case), self.expected]
        return sum(map(_size, values))


@dataclass(frozen=True)
class Outcome:
    """What an answer did in one call: its value or its failure, which inputs it changed, and what it printed."""

    value: Any = None
    failure: CallFailure | None = None
    changed: list[int | str] = field(default_factory=list)
    printed: str = ""
    raw: Any = field(default=None, repr=False, compare=False)  # the very object that the answer returned

    @property
    def failure_id(self) -> str | None:
        return self.failure.id if self.failure else None


@dataclass(frozen=True)
class Attempt:
    """A trial and what one answer did on it."""

    trial: Trial
    outcome: Outcome

    @functools.cached_property
    def difference(self) -> Difference | None:
        """Where the value is wrong; None where it is right, and where there is no value."""
        return None if self.outcome.failure else self.trial.type.compare(self.trial.expected, self.outcome.value)

    @property
    def is_right(self) -> bool:
        """Whether the answer did all that the trial wants, and nothing else."""
        return self.outcome.failure is None and not self.outcome.changed and self.difference is None

    @property
    def shape_differs(self) -> bool:
        """Whether the value, or the first wrong item of a tuple, is an array of another shape."""
        found = self.difference
        if found is None or found.actual is None or found.expected is None:
            return False
        return np.shape(found.actual) != np.shape(found.expected)

    def does_as(self, other: Attempt) -> bool:
        """Whether two answers did the same on one trial."""
        mine, others = self.outcome, other.outcome
        if mine.failure or others.failure:
            return _failed_alike(mine.failure, others.failure)
        if bool(mine.changed) != bool(others.changed):
            return False
        return self.trial.type.compare(others.value, mine.value) is None


def _failed_alike(one: CallFailure | None, other: CallFailure | None) -> bool:
    """Whether two calls failed in the same way; of Python's own errors, with the same words, whatever line and numbers."""
    if one is None or other is None or one.id != other.id:
        return False
    return not one.error_name or _words_of_error(one) == _words_of_error(other)


def _words_of_error(failure: CallFailure) -> str:
    """What Python says of an error, without its line and without shapes and other numbers."""
    return re.sub(r"[\d.,()\s]+", " ", failure.message.split(" (line ")[0])


@functools.lru_cache(maxsize=256)
def draw_trials(exercise: Exercise, seed: int) -> tuple[Trial, ...]:
    """Every case of every part, with what the solution gives. The same seed gives the same cases."""
    found: list[Trial] = []
    for number, part in enumerate(exercise.case_groups):
        cases = _draw_cases(exercise, part.cases, number, seed)
        again = _redrawn_case(cases, _draw_cases(exercise, part.cases, REDRAW_OFFSET + number, seed))
        found += [solve(exercise, case, number) for case in cases + again]
    return tuple(found)


def draw_further(exercise: Exercise, seed: int, trial: Trial) -> Iterator[Trial]:
    """A few trials of the form of `trial` with other numbers, for which another result is right."""
    cases = exercise.case_groups[trial.part].cases
    for offset in FURTHER_OFFSETS:
        for case in _draw_cases(exercise, cases, offset + trial.part, seed):
            if same_form(case, trial.case) and not same_data(inputs(case), inputs(trial.case)):
                further = solve(exercise, case, trial.part)
                if trial.type.compare(trial.expected, further.expected) is not None:
                    yield further
                    break


def draw_warning_trials(exercise: Exercise, number: int, cases: Cases, seed: int) -> Iterator[Trial]:
    """The cases of warning number `number`, which cost no points."""
    for case in _draw_cases(exercise, cases, WARNING_OFFSET + number, seed):
        yield solve(exercise, case, number)


def _draw_cases(exercise: Exercise, cases: Cases, number: int, seed: int) -> list[Case]:
    rng = np.random.default_rng([seed, number, zlib.crc32(exercise.id.encode())])
    return [copy.deepcopy(case) for case in cases(rng)]  # a generator may go on changing the arrays that it yielded


def _redrawn_case(cases: list[Case], drawn_again: list[Case]) -> list[Case]:
    """A case that looks like an earlier one and holds other numbers, if there is one.

    An answer that caches its results by the inputs' shape gives the earlier result for it.
    """
    for case, redrawn in zip(cases, drawn_again, strict=False):
        if same_form(case, redrawn) and not same_data(inputs(case), inputs(redrawn)):
            return [redrawn]
    return []


def same_form(case: Case, other: Case) -> bool:
    """Whether two cases differ in the numbers within their arrays at most."""
    mine, others = inputs(case), inputs(other)
    if len(mine) != len(others) or case.note != other.note:
        return False
    pairs = zip(mine, others, strict=True)
    return all(np.shape(a) == np.shape(b) if isinstance(a, np.ndarray) else same_data(a, b) for a, b in pairs)


def _size(value: Any) -> int:
    """How many numbers a value holds; the arrays of a list may have different lengths."""
    if isinstance(value, list):
        return sum(map(_size, value))
    return value.size if isinstance(value, np.ndarray) else 1


def inputs(case: Case) -> list[Any]:
    """The values of all arguments of a case."""
    return [*case.args, *case.kwargs.values()]


def solve(exercise: Exercise, case: Case, part: int) -> Trial:
    """A case with what the solution gives for it. Raises ValueError where the solution fails."""
    result_type = exercise.result_type_of(case)
    outcome = _call(exercise, exercise.reference, case, result_type)
    if outcome.failure is not None:
        raise ValueError(f"{exercise.id}: the solution fails on {case}: {outcome.failure.message}")
    return Trial(part, case, result_type, outcome.value)


def try_once(exercise: Exercise, function: Function, trial: Trial) -> Attempt:
    """One guarded call on one trial."""
    return Attempt(trial, _call(exercise, function, trial.case, trial.type))


def _call(exercise: Exercise, function: Function, case: Case, result_type: ResultType) -> Outcome:
    return _guarded(exercise, _adapt(exercise, function), case, result_type, clock_of(function))


def _adapt(exercise: Exercise, function: Function) -> Function:
    """The function, called in the way that the exercise calls an answer."""
    return functools.partial(exercise.adapter, function) if exercise.adapter else function


def _guarded(exercise: Exercise, call: Function, case: Case, result_type: ResultType, clock: Clock) -> Outcome:
    """What a call with a case's arguments did, its result as `result_type` reads it."""

    def read(*args: Any, **kwargs: Any) -> tuple[Any, InvalidResult | None, Any]:
        try:
            raw = call(*args, **kwargs)
            return result_type.parse(raw), None, raw
        except InvalidResult as invalid:
            return None, invalid, None

    done = guarded_call(read, case.args, case.kwargs, exercise.seconds, clock)
    if done.failure is not None:
        return Outcome(None, done.failure, done.changed, done.printed)
    value, invalid, raw = done.result
    failure = CallFailure(invalid.id, str(invalid)) if invalid is not None else None
    return Outcome(value, failure, done.changed, done.printed, raw)


def try_all(
    exercise: Exercise, function: Function, trials: Sequence[Trial], min_calls: int | None = None
) -> list[Attempt]:
    """An attempt at every trial. A call that hangs, or was never written, ends the run: the others would do the same.

    Then the first case of each part is called once more, or oftener where there are fewer than `min_calls` trials: as many
    as the exercise wants, unless told otherwise.
    """
    if is_unwritten(function):
        unwritten = Outcome(failure=CallFailure("not_written", FAILURES["not_written"].message))
        return [Attempt(trial, unwritten) for trial in trials]
    calls = exercise.min_calls if min_calls is None else min_calls
    attempts: list[Attempt] = []
    _expect_calls(exercise, function, [trial.case for trial in trials])
    for trial in trials:
        attempts.append(try_once(exercise, function, trial))
        outcome = attempts[-1].outcome
        if outcome.failure_id in ("hangs", "not_written"):
            return attempts + [Attempt(skipped, outcome) for skipped in trials[len(attempts) :]]
    return _refill(exercise, function, _repeat(exercise, function, _look_again(attempts), calls))


def _expect_calls(exercise: Exercise, function: Function, cases: Sequence[Case]) -> None:
    """Tell a function that lives in another process which calls will follow, and in which order; it may ask for them ahead."""
    expect = getattr(type(function), "expect_calls", None)
    if expect is not None and exercise.adapter is None:
        expect(function, [(case.args, case.kwargs) for case in cases])


def _refill(exercise: Exercise, function: Function, attempts: list[Attempt]) -> list[Attempt]:
    """Call with the arrays of one case, then with the same arrays filled with another's numbers.

    An answer that keeps something by the identity of an array, such as `id(K)`, gives a result of the earlier numbers.
    """
    if not all(attempt.is_right for attempt in attempts):
        return attempts
    pairs = ((first, n) for n, second in enumerate(attempts) for first in attempts[:n] if _can_refill(first, second))
    first, number = next(pairs, (None, 0))
    if first is None:
        return attempts
    second = attempts[number]
    call = _adapt(exercise, function)

    def call_twice(*args: Any) -> Any:
        call(*args)
        for array, other in zip(args, inputs(second.trial.case), strict=True):
            if isinstance(array, np.ndarray):
                np.copyto(array, other)
        return call(*args)

    refilled = zip(first.trial.case.args, inputs(second.trial.case), strict=True)
    args = tuple(other if isinstance(array, np.ndarray) else array for array, other in refilled)
    _expect_calls(exercise, function, [first.trial.case, replace(first.trial.case, args=args)])
    again = _guarded(exercise, call_twice, first.trial.case, second.trial.type, clock_of(function))
    if again.failure is not None or second.trial.type.compare(second.trial.expected, again.value) is None:
        return attempts
    failure = CallFailure("remembered", KEPT_BY_IDENTITY)
    attempts[number] = Attempt(second.trial, replace(second.outcome, failure=failure))
    return attempts


def _can_refill(first: Attempt, second: Attempt) -> bool:
    """Whether two attempts have plain arguments that differ only in the numbers in their arrays, and so in the result."""
    if first.trial.case.kwargs or second.trial.case.kwargs:
        return False
    mine, others = inputs(first.trial.case), inputs(second.trial.case)
    arrays = [value for value in mine if isinstance(value, np.ndarray)]
    if len(mine) != len(others) or not arrays or len({*map(id, arrays)}) < len(arrays):
        return False  # an array that is given twice can't hold two arrays' numbers
    for a, b in zip(mine, others, strict=True):
        if isinstance(a, np.ndarray):
            if not isinstance(b, np.ndarray) or a.shape != b.shape or a.dtype != b.dtype:
                return False
        elif not isinstance(a, int | float | str | None) or not same_data(a, b):
            return False
    return second.trial.type.compare(second.trial.expected, first.outcome.value) is not None


def _look_again(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The attempts; one whose result a later call has changed is wrong: the answer returns one and the same array each time."""
    if _all_unchanged(attempts):  # as nearly always, and one guarded call instead of one for each
        return list(attempts)
    failure = CallFailure("overwritten", FAILURES["overwritten"].message)
    overwritten = [Attempt(attempt.trial, replace(attempt.outcome, failure=failure)) for attempt in attempts]
    return [
        before if _all_unchanged([before]) else after for before, after in zip(attempts, overwritten, strict=True)
    ]


def _all_unchanged(attempts: Sequence[Attempt]) -> bool:
    """Whether the very objects that were returned still read as they did. One that can't be read any more is let be."""
    read = [attempt for attempt in attempts if isinstance(attempt.outcome.raw, np.ndarray | list | tuple)]
    if not read:
        return True
    now = guarded_call(
        lambda: [attempt.trial.type.parse(attempt.outcome.raw) for attempt in read], (), {}, LOOK_SECONDS
    )
    if now.failure:
        return len(attempts) == 1
    return all(
        attempt.trial.type.compare(attempt.outcome.value, value) is None
        for attempt, value in zip(read, now.result, strict=True)
    )


def _repeat(exercise: Exercise, function: Function, attempts: list[Attempt], min_calls: int) -> list[Attempt]:
    """Call the first case of each part once more, after all the others: what is cached or random shows."""
    calls = max(1, (min_calls - len(attempts)) // len(exercise.case_groups))
    first = {attempt.trial.part: attempt for attempt in reversed(attempts) if not attempt.outcome.failure}
    if calls == 1:  # else a part's calls end with the first that differs
        _expect_calls(exercise, function, [attempt.trial.case for attempt in reversed(first.values())])
    result: list[Attempt] = []
    for attempt in attempts:
        is_first = attempt is first.get(attempt.trial.part)
        if is_first and any(differs_again(exercise, function, attempt) for _ in range(calls)):
            failure = not_repeatable(attempt.trial).outcome.failure
            attempt = Attempt(attempt.trial, replace(attempt.outcome, failure=failure))
        result.append(attempt)
    return result


def not_repeatable(trial: Trial) -> Attempt:
    """Two calls with one input and two results."""
    return Attempt(trial, Outcome(failure=CallFailure("not_repeatable", FAILURES["not_repeatable"].message)))


def differs_again(exercise: Exercise, function: Function, first: Attempt) -> bool:
    """Whether another call with the same input has another outcome."""
    again = try_once(exercise, function, first.trial)
    if again.outcome.failure and first.outcome.failure:
        # A slow moment of the machine is no other outcome.
        return again.outcome.failure_id not in (first.outcome.failure_id, "hangs")
    if again.outcome.failure or first.outcome.failure:
        return True
    return first.trial.type.compare(first.outcome.value, again.outcome.value) is not None
