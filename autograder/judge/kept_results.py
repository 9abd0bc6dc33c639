"""Whether a wrong result was kept from an earlier call, in whole or in part: a cache by the shape of the inputs, say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception
from autograder.judge.failures import FAILURES
from autograder.judge.trials import Attempt, Trial, draw_further, same_form, solve, try_once


def kept_result(
    exercise: Exercise, answer: Callable[..., Any], seed: int, attempts: Sequence[Attempt], shown: Attempt
) -> Misconception | None:
    """The misconception that something is kept between calls, where that is what spoils the `shown` attempt."""
    return _of_an_earlier_case(exercise, answer, seed, attempts, shown) or _argument_kept(
        exercise, answer, seed, attempts, shown
    )


def _of_an_earlier_case(
    exercise: Exercise, answer: Callable[..., Any], seed: int, attempts: Sequence[Attempt], shown: Attempt
) -> Misconception | None:
    """A result that is right for an earlier case that differs from this one in its numbers only.

    Two such cases may have the same result by chance, so the answer is called with further numbers of the same form: if
    it has kept the result, it gives that one again, where another is right.
    """
    kept = shown.outcome.value
    if not _is_telling(kept):
        return None
    for earlier in attempts:
        if earlier.trial is shown.trial:
            return None
        same_part = earlier.trial.part == shown.trial.part
        if not (same_part and earlier.is_right and same_form(earlier.trial.case, shown.trial.case)):
            continue
        if shown.trial.type.compare(earlier.trial.expected, kept) is None:
            further = [try_once(exercise, answer, trial) for trial in draw_further(exercise, seed, shown.trial)]
            same = [attempt for attempt in further if shown.trial.type.compare(kept, attempt.outcome.value) is None]
            if further and len(same) == len(further) and not any(attempt.is_right for attempt in further):
                return FAILURES["remembered"]
    return None


def _is_telling(value: Any) -> bool:
    """Whether a result holds a number that two calls do not give by chance: a fraction, or many entries that differ."""
    if isinstance(value, tuple):
        return any(map(_is_telling, value))
    if not isinstance(value, np.ndarray) or value.size == 0:
        return False
    if value.dtype.kind == "f" and (np.isfinite(value) & (value != np.rint(value))).any():
        return True
    return value.size > 8 and len(np.unique(value)) > 1


def _argument_kept(
    exercise: Exercise, answer: Callable[..., Any], seed: int, attempts: Sequence[Attempt], shown: Attempt
) -> Misconception | None:
    """An answer that was right for the first case of a form, and on later ones of that form does not notice an array.

    It has kept what it made of that array in the first case: the result depends on it, and does not change with it.
    """
    for earlier in attempts:
        if earlier.trial is shown.trial:
            return None
        if not (earlier.is_right and _same_shapes(earlier, shown)):
            continue
        further = list(draw_further(exercise, seed, earlier.trial))
        if len(further) < 2:
            return None
        first, other = further[:2]
        before = try_once(exercise, answer, first)
        if before.is_right or before.outcome.failure:
            return None
        exchanged = _with_one_array_of(exercise, first, other)
        unnoticed = any(_is_unnoticed(before, try_once(exercise, answer, trial)) for trial in exchanged)
        return FAILURES["remembered"] if unnoticed else None
    return None


def _same_shapes(one: Attempt, other: Attempt) -> bool:
    mine, others = one.trial.case, other.trial.case
    return not (mine.kwargs or others.kwargs) and [*map(_shape, mine.args)] == [*map(_shape, others.args)]


def _shape(value: Any) -> Any:
    """The shape of an argument; of a list or tuple, whose arrays may differ in theirs, the shapes of its items."""
    return [*map(_shape, value)] if isinstance(value, list | tuple) else np.shape(value)


def _with_one_array_of(exercise: Exercise, trial: Trial, other: Trial) -> Iterator[Trial]:
    """The trial with one of its arrays exchanged for the other's, for each array of numbers; where another result is right."""
    args = trial.case.args
    for n, (array, given) in enumerate(zip(args, other.case.args, strict=True)):
        if isinstance(array, np.ndarray) and array.dtype.kind == "f":
            case = replace(trial.case, args=(*args[:n], given, *args[n + 1 :]))
            try:
                exchanged = solve(exercise, case, trial.part)
            except ValueError:  # these arrays do not belong together
                continue
            if trial.type.compare(trial.expected, exchanged.expected) is not None:
                yield exchanged


def _is_unnoticed(before: Attempt, after: Attempt) -> bool:
    """Whether two calls gave the very same result, one that two inputs do not give by chance."""
    if after.outcome.failure or not _is_telling(before.outcome.value):
        return False
    return before.trial.type.compare(before.outcome.value, after.outcome.value) is None
