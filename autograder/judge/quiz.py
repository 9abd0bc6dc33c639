"""Judge the answer to a quiz: one or more letters become a verdict."""

from __future__ import annotations

import re
from typing import Any

from autograder.exercise.exercise import Misconception
from autograder.exercise.quiz import Quiz
from autograder.exercise.results import describe
from autograder.judge.failures import FAILURES
from autograder.judge.verdict import Finding, PartScore, Verdict


def judge_quiz(quiz: Quiz, answer: Any) -> Verdict:
    """The verdict on an answer in any form that `_letters` reads, or on something else."""
    chosen = _letters(answer)
    verdict = Verdict(quiz.id, [PartScore("The answer", quiz.points, chosen == quiz.key)], is_quiz=True)
    if verdict.passed:
        verdict.notes = [option.why for option in quiz.options if option.right and option.why]
        return verdict
    verdict.hints = quiz.hints
    verdict.finding = _explain_choice(quiz, answer, chosen)
    return verdict


def _letters(answer: Any) -> frozenset[str] | None:
    """The letters of an answer in any form ("b", "A, C", "(B)", {"A", "C"}); None where it is no such thing."""
    if isinstance(answer, str):
        answer = re.sub(r"[^\w\s]", " ", answer).split()
        answer = list(answer[0]) if len(answer) == 1 else answer
    if not isinstance(answer, set | frozenset | list | tuple):
        return None
    if not all(isinstance(letter, str) and len(letter.strip()) == 1 for letter in answer):
        return None
    return frozenset(letter.strip().upper() for letter in answer)


def _explain_choice(quiz: Quiz, answer: Any, chosen: frozenset[str] | None) -> Finding:
    example = '"A"' if not quiz.has_several else '{"A", "C"}'
    if answer is None or answer is Ellipsis or chosen == frozenset():
        return Finding(FAILURES["not_written"], f"Not answered yet. An answer looks like {example}.")
    if callable(answer):
        message = f"The answer is {describe(answer)}, expected a letter. Write `{quiz.id} = {example}`."
        return Finding(FAILURES["wrong_type"], message)
    known = {option.letter for option in quiz.options}
    if chosen is None or not chosen <= known:
        letters = ", ".join(sorted(known))
        return Finding(
            FAILURES["wrong_type"], f"The answer {answer!r} is not among {letters}. It looks like {example}."
        )
    wrong = [option for option in quiz.options if option.letter in chosen and not option.right]
    if wrong:
        misconception = next(m for m in quiz.misconceptions if m.id == wrong[0].misconception)
        several = len(wrong) > 1  # of one, the title names the letter
        reasons = [f"{option.letter}: {option.why}" if several else option.why for option in wrong]
        return Finding(misconception, " ".join(reasons))
    incomplete = Misconception(
        "quiz_incomplete", "Not all of them", "What you chose holds, but it is not all that holds."
    )
    return Finding(incomplete, incomplete.message)
