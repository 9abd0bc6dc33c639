"""Name what is wrong: an answer that behaves like a known mistake on every case *is* that mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception
from autograder.exercise.misconceptions import FLOAT16
from autograder.exercise.results import Difference, describe_arrays
from autograder.judge.closest_mistake import closest_mistake
from autograder.judge.failures import FAILURES
from autograder.judge.guarded_call import clock_of, guarded_call
from autograder.judge.kept_results import kept_result
from autograder.judge.symptoms import name_symptom
from autograder.judge.trials import (
    Attempt,
    differs_again,
    not_repeatable,
)
from autograder.judge.verdict import Finding

REPEATS = 4  # further calls, to see whether an answer that resembles no mistake always does the same
NOT_REPEATED = ("hangs", "floods", "not_written", "overwritten", "remembered")  # not worth another call


def diagnose(exercise: Exercise, answer: Callable[..., Any], seed: int, attempts: Sequence[Attempt]) -> Finding:
    """The finding on a wrong answer, shown on the smallest failing case of the first part that fails."""
    failing = [attempt for attempt in attempts if not attempt.is_right]
    shown = min(failing, key=lambda attempt: (attempt.trial.part, attempt.trial.size))
    if shown.outcome.failure is not None and shown.outcome.failure.id == "not_written":
        return Finding(FAILURES["not_written"], shown.outcome.failure.message)  # no input shows what is not there
    misconception, certain = closest_mistake(exercise, seed, attempts)
    if not certain:
        shown = _nondeterministic_attempt(exercise, answer, [shown, *failing]) or shown
        known = _call_failure(shown)
        # A failure that the exercise's own result type names says it all by itself.
        if known is None and misconception is None and shown.outcome.failure is None:
            known = _symptom(exercise, answer, seed, attempts, shown)
        if known is not None:
            misconception, certain = known, True
    names = tuple(exercise.argument_names(shown.trial.case))
    message = _message(misconception, shown)
    difference = shown.difference
    if exercise.hides_expected and difference is not None:
        # What numbers have in common ("too small") would say little here, and often too much.
        own = [mistake.misconception for mistake in exercise.wrong_answers] + [probe.misconception for probe in exercise.probes]
        if misconception not in [*own, *FAILURES.values()]:
            misconception, message = None, _where_wrong(difference)
        difference = None
    return Finding(misconception, message, certain, shown.trial, shown.outcome, difference, names)


def _nondeterministic_attempt(
    exercise: Exercise, answer: Callable[..., Any], suspects: Sequence[Attempt]
) -> Attempt | None:
    """A case on which the answer does not do the same each time; the first suspect is called again, a few times."""
    for suspect in suspects:
        if suspect.outcome.failure_id == "not_repeatable":
            return not_repeatable(suspect.trial)
    first = suspects[0]
    if first.outcome.failure_id in NOT_REPEATED:
        return None
    differs = any(differs_again(exercise, answer, first) for _ in range(REPEATS))
    return not_repeatable(first.trial) if differs else None


def _call_failure(attempt: Attempt) -> Misconception | None:
    """What the call did instead of answering, or beside it."""
    if attempt.outcome.failure is not None:
        return FAILURES.get(attempt.outcome.failure.id)
    if attempt.outcome.changed and attempt.difference is None:
        return FAILURES["changes_inputs"]
    return None


def _symptom(
    exercise: Exercise, answer: Callable[..., Any], seed: int, attempts: Sequence[Attempt], shown: Attempt
) -> Misconception | None:
    """The first thing that can be said of a wrong result that resembles no known mistake."""
    return (
        _same_for_all(attempts)
        or kept_result(exercise, answer, seed, attempts, shown)
        or _wrong_shape(shown)
        or _float16_rounding(shown)
        or _find_by_probes(exercise, answer)
        or _has_nan(shown)
        or (FAILURES["changes_inputs"] if shown.outcome.changed else None)
        or name_symptom(attempts)
    )


def _same_for_all(attempts: Sequence[Attempt]) -> Misconception | None:
    """An answer that gives one and the same result for inputs of every kind."""
    first = attempts[0]
    if any(attempt.outcome.failure for attempt in attempts) or _has_nan(first):
        return None
    if all(attempt.shape_differs for attempt in attempts):
        return None
    if len({type(attempt.trial.type) for attempt in attempts}) > 1:
        return None  # results of several types can't be compared, and no answer gives the same one for all
    same = all(attempt.trial.type.compare(first.outcome.value, attempt.outcome.value) is None for attempt in attempts)
    differ = sum(
        attempt.trial.type.compare(first.trial.expected, attempt.trial.expected) is not None for attempt in attempts
    )
    return FAILURES["same_for_all"] if same and differ > 1 else None


def _wrong_shape(attempt: Attempt) -> Misconception | None:
    return FAILURES["wrong_shape"] if attempt.shape_differs else None


def _float16_rounding(attempt: Attempt) -> Misconception | None:
    """A result in float16 that is right but for its few digits."""
    found = attempt.difference
    if found is None or found.wrong is None or np.asarray(found.actual).dtype != np.float16:
        return None
    if np.asarray(found.expected).dtype == np.float16:  # then it is the dtype that is asked for
        return None
    near = np.isclose(np.asarray(found.actual, dtype=float), found.expected, rtol=0.01, atol=0.01, equal_nan=True)
    return FLOAT16 if near.all() else None


def _find_by_probes(exercise: Exercise, answer: Callable[..., Any]) -> Misconception | None:
    """The first symptom that the exercise's probes find."""
    for probe in exercise.probes:
        done = guarded_call(probe.shows, (answer,), {}, exercise.seconds, clock_of(answer))
        if done.failure is None and done.result:
            return probe.misconception
    return None


def _has_nan(attempt: Attempt) -> Misconception | None:
    found = attempt.difference
    actual = np.asarray(found.actual) if found is not None else np.zeros(0)
    return FAILURES["has_nan"] if actual.dtype.kind == "f" and np.isnan(actual).any() else None


def _where_wrong(difference: Difference) -> str:
    """What is wrong about a result, without a word on what is right: the rows of a matrix, or else the result itself."""
    if difference.wrong is None or difference.wrong.ndim != 2:
        return f"{np.asarray(difference.actual).tolist()} is not right."
    rows = [str(row) for row in np.flatnonzero(difference.wrong.any(axis=1))]
    return f"Not right yet: {'row' if len(rows) == 1 else 'rows'} {', '.join(rows)}. Rows are counted from 0."


def _message(misconception: Misconception | None, attempt: Attempt) -> str:
    failure = attempt.outcome.failure
    if failure is not None and (misconception is None or misconception.id == failure.id):
        return failure.message
    if misconception is None:
        return "Some values are not right yet; the marked cells differ."
    found = attempt.difference
    if misconception.id != "wrong_shape" or found is None:
        return misconception.message
    if not found.where and (arrays := describe_arrays(attempt.outcome.raw)) is not None:
        return f"It returned {arrays}, expected one array of shape {np.shape(found.expected)}."
    what = f"The shape of `{found.where}`" if found.where else "Its shape"
    return f"{what} is {np.shape(found.actual)}, expected {np.shape(found.expected)}."
