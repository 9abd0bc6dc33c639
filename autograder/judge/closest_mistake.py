"""Which known mistake an answer is, or is near to. Mistakes that are far from it are found so by one call each."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception
from autograder.judge.trials import Attempt, draw_trials, try_all, try_once

SIMILARITY_THRESHOLD = 0.6  # share of the failing cases on which an answer has to agree with a mistake to look like it
SEEN_IN_SEVERAL_CALLS = ("not_repeatable", "overwritten", "remembered")  # failures that one call does not show


@functools.lru_cache(maxsize=4096)
def mistake_attempts(exercise: Exercise, seed: int, number: int) -> list[Attempt]:
    """What mistake `number` of the exercise does on the trials.

    It is called again less often than an answer is: a mistake that does not do the same each time shows it at once.
    """
    return try_all(exercise, exercise.wrong_answers[number].function, draw_trials(exercise, seed), min_calls=0)


@functools.lru_cache(maxsize=4096)
def _one_attempt(exercise: Exercise, seed: int, number: int, trial: int) -> Attempt:
    """What mistake `number` does on trial number `trial` alone."""
    return try_once(exercise, exercise.wrong_answers[number].function, draw_trials(exercise, seed)[trial])


@dataclass(frozen=True)
class _Likeness:
    """How near an answer is to a mistake: the share of cases on which both do the same."""

    of_failing: float
    of_all: float
    misconception: Misconception


def closest_mistake(exercise: Exercise, seed: int, attempts: Sequence[Attempt]) -> tuple[Misconception | None, bool]:
    """The mistake that the answer equals on all cases (certain), or else the one it equals on most that fail.

    Where several come equally near, it is the one that also agrees on most other cases. If all of these are far off
    there, it is none: on a single extreme input many mistakes give the same.
    """
    likenesses = []
    for misconception, others in _in_question(exercise, seed, attempts):
        if all(mine.does_as(other) for mine, other in zip(attempts, others, strict=True)):
            return misconception, True
        likenesses.append(_likeness(misconception, attempts, others))
    near = [likeness for likeness in likenesses if likeness.of_failing >= SIMILARITY_THRESHOLD]
    if not near:
        return None, False
    best = max(near, key=lambda likeness: (likeness.of_failing, likeness.of_all))
    rivals = [likeness for likeness in near if likeness.of_failing == best.of_failing]
    if len(rivals) > 1 and best.of_all < SIMILARITY_THRESHOLD:
        return None, False
    return best.misconception, False


def _in_question(
    exercise: Exercise, seed: int, attempts: Sequence[Attempt]
) -> Iterator[tuple[Misconception, list[Attempt]]]:
    """The mistakes that may be the answer's own, each with its attempts at all trials.

    One that does something else on the first failing case is not near, whatever it does on others. So it is called on that
    case alone: where a case takes many calls, trying every mistake on all of them is most of the judge's time.
    """
    first = next(n for n, mine in enumerate(attempts) if not mine.is_right)
    one_call_tells = attempts[first].outcome.failure_id not in SEEN_IN_SEVERAL_CALLS
    for number, mistake in enumerate(exercise.wrong_answers):
        if one_call_tells and not attempts[first].does_as(_one_attempt(exercise, seed, number, first)):
            continue
        others = mistake_attempts(exercise, seed, number)
        if not all(attempt.is_right for attempt in others):  # as all of a mistake's may be by chance
            yield mistake.misconception, others


def _likeness(misconception: Misconception, attempts: Sequence[Attempt], others: Sequence[Attempt]) -> _Likeness:
    """How near two answers are. Those that differ on the first failing case are not near at all on failing ones.

    Nor are those that agree on nothing but results that two answers give by chance.
    """
    pairs = list(zip(attempts, others, strict=True))
    same = [mine.does_as(other) for mine, other in pairs]
    failing = [n for n, mine in enumerate(attempts) if not mine.is_right]
    shared = [n for n in failing if same[n] and not others[n].is_right]
    telling = any(_is_informative(attempts[n]) for n in shared)
    of_failing = len(shared) / len(failing) if telling and same[failing[0]] else 0.0
    return _Likeness(of_failing, sum(same) / len(same), misconception)


def _is_informative(attempt: Attempt) -> bool:
    """Whether two answers hardly give this result by chance: it is no lone 0 or True, and not all one plain number."""
    value = attempt.outcome.value
    if attempt.outcome.failure or not isinstance(value, np.ndarray):
        return not attempt.outcome.failure and value is not None
    if value.size == 0 or (value.dtype == bool and value.size < 4):
        return False
    first = value.ravel()[:1]
    plain = not np.isfinite(first).all() or bool((first == np.rint(first)).all())
    return not (plain and np.array_equal(value.ravel()[1:], value.ravel()[:-1], equal_nan=True))
