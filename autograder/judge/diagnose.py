"""Name what is wrong: an answer that behaves like a known mistake on every case *is* that mistake."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception
from autograder.exercise.misconceptions import FLOAT16
from autograder.judge.failures import FAILURES
from autograder.judge.guarded_call import guarded_call
from autograder.judge.judge import (
    Finding,
    Outcome,
    Trial,
    differs_again,
    is_right,
    not_repeatable,
    run,
    same_form,
    trials,
)

LOOKS_LIKE = 0.5  # share of the failing cases on which an answer has to agree with a mistake to be likened to it
ASKED_AGAIN = 4  # times, to see whether an answer that resembles nothing is steady
SLOW = ("hangs", "floods", "not_written")  # troubles that are not worth waiting for once more


def diagnose(
    exercise: Exercise,
    answer: Callable[..., Any],
    seed: int,
    all_trials: Sequence[Trial],
    outcomes: Sequence[Outcome],
    right: Sequence[bool],
) -> Finding:
    """The finding on a wrong answer, shown on the smallest failing case of the first part that fails."""
    failing = [n for n, ok in enumerate(right) if not ok]
    shown = min(failing, key=lambda n: (all_trials[n].part, all_trials[n].size))
    trial, outcome = all_trials[shown], outcomes[shown]
    if outcome.trouble is not None and outcome.trouble.kind == "not_written":
        return Finding(FAILURES["not_written"], outcome.trouble.message)  # no input shows what is not there
    idea, certain = _likeness(exercise, seed, all_trials, outcomes, failing)
    if not certain:
        unsteady = _unsteady(exercise, answer, all_trials, outcomes, [shown, *failing])
        if unsteady is not None:
            trial, outcome = all_trials[unsteady], not_repeatable()
        own = _own_trouble(trial, outcome)
        if own is not None:
            idea, certain = own, True
        elif idea is None and outcome.trouble is None:  # a trouble that an exercise's own kind names says it all itself
            idea = _same_for_all(all_trials, outcomes) or _remembered(all_trials, outcomes, trial, outcome)
            idea = idea or _misshapen(trial, outcome) or _coarse(trial, outcome)
            idea = idea or _symptom(exercise, answer) or _has_nan(trial, outcome)
            idea = idea or (FAILURES["changes_inputs"] if outcome.changed else None)
            certain = idea is not None
    difference = None
    if outcome.trouble is None:
        difference = trial.kind.compare(trial.expected, outcome.value)
    names = tuple(exercise.argument_names(trial.case))
    return Finding(idea, _sentence(idea, trial, outcome), certain, trial, outcome, difference, names)


@functools.lru_cache(maxsize=256)
def mistake_outcomes(exercise: Exercise, seed: int) -> tuple[tuple[Misconception, list[Outcome], list[bool]], ...]:
    """What every mistake of the exercise does on the trials, and where that is right."""
    all_trials = trials(exercise, seed)
    found = []
    for mistake in exercise.wrong_answers:
        outcomes = run(exercise, mistake.function, all_trials)
        right = [is_right(trial, outcome) for trial, outcome in zip(all_trials, outcomes, strict=True)]
        found.append((mistake.misconception, outcomes, right))
    return tuple(found)


def _likeness(
    exercise: Exercise, seed: int, all_trials: Sequence[Trial], outcomes: Sequence[Outcome], failing: Sequence[int]
) -> tuple[Misconception | None, bool]:
    """The mistake that the answer equals on all cases (certain), or else the one it equals on most that fail.

    Where several come equally near, the one that also agrees on most other cases; none if all are far off there,
    for on a single extreme input many mistakes give the same.
    """
    near: list[tuple[float, float, Misconception]] = []
    telling = any(not _says_little(all_trials[n], outcomes[n]) for n in failing)
    for idea, theirs, right in mistake_outcomes(exercise, seed):
        if all(right):
            continue
        same = [_agree(all_trials[n], theirs[n], outcomes[n]) for n in range(len(all_trials))]
        if all(same):
            return idea, True
        share = sum(same[n] and not right[n] for n in failing) / len(failing)
        if telling and same[failing[0]] and share >= LOOKS_LIKE:
            near.append((share, sum(same) / len(same), idea))
    if not near:
        return None, False
    best = max(near, key=lambda candidate: candidate[:2])
    rivals = [candidate for candidate in near if candidate[0] == best[0]]
    return (None if len(rivals) > 1 and best[1] < LOOKS_LIKE else best[2]), False


def _agree(trial: Trial, theirs: Outcome, mine: Outcome) -> bool:
    if theirs.trouble or mine.trouble:
        return bool(theirs.trouble and mine.trouble and theirs.trouble.kind == mine.trouble.kind)
    if bool(theirs.changed) != bool(mine.changed):
        return False
    return trial.kind.compare(theirs.value, mine.value) is None


def _says_little(trial: Trial, outcome: Outcome) -> bool:
    """Whether a result is so plain (nothing but 0, True or NaN where one number is wanted) that two agree by chance."""
    actual, expected = outcome.value, trial.expected
    if outcome.trouble or not isinstance(actual, np.ndarray) or not isinstance(expected, np.ndarray):
        return False
    one = actual.ravel()[:1]
    plain = not np.isfinite(one).all() or bool((one == np.rint(one)).all())
    return plain and np.array_equal(actual.ravel()[1:], actual.ravel()[:-1], equal_nan=True) and np.unique(expected).size == 1


def _unsteady(
    exercise: Exercise,
    answer: Callable[..., Any],
    all_trials: Sequence[Trial],
    outcomes: Sequence[Outcome],
    suspects: Sequence[int],
) -> int | None:
    """A trial on which the answer does not do the same each time; the first suspect is asked again, a few times."""
    for n in suspects:
        trouble = outcomes[n].trouble
        if trouble is not None and trouble.kind == "not_repeatable":
            return n
    first = suspects[0]
    trouble = outcomes[first].trouble
    if trouble is not None and trouble.kind in SLOW:
        return None
    again = any(differs_again(exercise, answer, all_trials[first], outcomes[first]) for _ in range(ASKED_AGAIN))
    return first if again else None


def _own_trouble(trial: Trial, outcome: Outcome) -> Misconception | None:
    if outcome.trouble is not None:
        return FAILURES.get(outcome.trouble.kind)
    if outcome.changed and trial.kind.compare(trial.expected, outcome.value) is None:
        return FAILURES["changes_inputs"]
    return None


def _symptom(exercise: Exercise, answer: Callable[..., Any]) -> Misconception | None:
    """The first symptom that the exercise's probes find."""
    for probe in exercise.probes:
        done = guarded_call(probe.shows, (answer,), {}, exercise.seconds)
        if done.trouble is None and done.result:
            return probe.misconception
    return None


def _misshapen(trial: Trial, outcome: Outcome) -> Misconception | None:
    difference = trial.kind.compare(trial.expected, outcome.value)
    if difference is None or difference.actual is None or difference.expected is None:
        return None
    return FAILURES["wrong_shape"] if np.shape(difference.actual) != np.shape(difference.expected) else None


def _same_for_all(all_trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> Misconception | None:
    """An answer that gives one and the same result for inputs of every kind."""
    first, expected = outcomes[0].value, all_trials[0].expected
    if any(outcome.trouble for outcome in outcomes) or _has_nan(all_trials[0], outcomes[0]):
        return None
    if all(map(_misshapen, all_trials, outcomes)):
        return None
    same = all(t.kind.compare(first, o.value) is None for t, o in zip(all_trials, outcomes, strict=True))
    differ = sum(t.kind.compare(expected, t.expected) is not None for t in all_trials)
    return FAILURES["same_for_all"] if same and differ > 1 else None


def _remembered(
    all_trials: Sequence[Trial], outcomes: Sequence[Outcome], trial: Trial, outcome: Outcome
) -> Misconception | None:
    """A result that is right for the earlier case that differs from this one in its numbers only."""
    for earlier, kept in zip(all_trials, outcomes, strict=True):
        if earlier is trial:
            return None
        twins = earlier.part == trial.part and same_form(earlier.case, trial.case)
        if twins and is_right(earlier, kept) and trial.kind.compare(earlier.expected, outcome.value) is None:
            return FAILURES["remembered"]
    return None


def _coarse(trial: Trial, outcome: Outcome) -> Misconception | None:
    """A result in float16 that is right but for its few digits."""
    difference = trial.kind.compare(trial.expected, outcome.value)
    if difference is None or difference.wrong is None or np.asarray(difference.actual).dtype != np.float16:
        return None
    near = np.isclose(np.asarray(difference.actual, dtype=float), difference.expected, rtol=0.01, atol=0.01, equal_nan=True)
    return FLOAT16 if near.all() else None


def _has_nan(trial: Trial, outcome: Outcome) -> Misconception | None:
    difference = trial.kind.compare(trial.expected, outcome.value)
    actual = np.asarray(difference.actual) if difference is not None else np.zeros(0)
    return FAILURES["has_nan"] if actual.dtype.kind == "f" and np.isnan(actual).any() else None


def _sentence(idea: Misconception | None, trial: Trial, outcome: Outcome) -> str:
    if outcome.trouble is not None and (idea is None or idea.id == outcome.trouble.kind):
        return outcome.trouble.message
    if idea is not None and idea.id == "wrong_shape":
        difference = trial.kind.compare(trial.expected, outcome.value)
        assert difference is not None
        what = f"The shape of `{difference.where}`" if difference.where else "Its shape"
        return f"{what} is {np.shape(difference.actual)}; {np.shape(difference.expected)} is wanted."
    if idea is not None:
        return idea.message
    return "Some values are not right yet; the marked cells differ."
