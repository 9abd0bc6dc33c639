"""The one judge of all exercises: run an answer on the cases, compare with the solution, find what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz
from autograder.exercise.results import describe
from autograder.judge.diagnose import diagnose
from autograder.judge.failures import FAILURES
from autograder.judge.quiz import judge_quiz
from autograder.judge.trials import Attempt, draw_trials, draw_warning_trials, try_all, try_once
from autograder.judge.verdict import Finding, PartScore, Verdict


def judge(exercise: Exercise | Quiz, answer: Any, seed: int = 0) -> Verdict:
    """Judge one answer: a function for an Exercise, one or more letters for a Quiz. Never raises over the answer."""
    if isinstance(exercise, Quiz):
        return judge_quiz(exercise.variant(seed), answer)
    if not callable(answer):
        return _refuse(exercise, answer)
    attempts = try_all(exercise, answer, draw_trials(exercise, seed))
    verdict = Verdict(exercise.id, _score_parts(exercise, attempts))
    if verdict.passed:
        verdict.notes = _warnings(exercise, answer, seed)
        return verdict
    verdict.finding = diagnose(exercise, answer, seed, attempts)
    misconception = verdict.finding.misconception
    verdict.hints = misconception.hints if misconception and misconception.hints else exercise.hints
    return verdict


def _score_parts(exercise: Exercise, attempts: Sequence[Attempt]) -> list[PartScore]:
    failed = {attempt.trial.part for attempt in attempts if not attempt.is_right}
    return [
        PartScore(part.title, part.points, number not in failed) for number, part in enumerate(exercise.case_groups)
    ]


def _warnings(exercise: Exercise, answer: Callable[..., Any], seed: int) -> list[str]:
    """Sentences for a full answer that has a weakness which costs nothing."""
    return [
        sentence
        for number, (sentence, cases) in enumerate(exercise.warning_cases)
        if not all(
            try_once(exercise, answer, trial).is_right for trial in draw_warning_trials(exercise, number, cases, seed)
        )
    ]


def _refuse(exercise: Exercise, answer: Any) -> Verdict:
    """The verdict on something that is not a function."""
    parts = [PartScore(part.title, part.points, False) for part in exercise.case_groups]
    message = (
        f"This is {describe(answer)}, not a function. The answer is the function `{exercise.id}` itself, not a call."
    )
    return Verdict(exercise.id, parts, Finding(FAILURES["wrong_type"], message), exercise.hints)
