"""Fifteen questions that say in which unit to begin. They are quizzes, but stand outside the bank and earn no points.

Each is a file `source/diagnostic/NN-unit.md` and asks for what that unit teaches.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from autograder import paths
from autograder.exercise.quiz import Quiz, read_quiz
from autograder.judge.quiz import judge_quiz

FOLDER = "diagnostic"


@dataclass(frozen=True)
class Question:
    """A question of the diagnostic: its number on the page, the unit that teaches the answer, its text, its options."""

    number: int
    unit: str
    text: str
    quiz: Quiz


@functools.cache
def questions() -> tuple[Question, ...]:
    """The questions in the order of the units."""
    files = sorted((paths.source() / FOLDER).glob("*.md"))
    read = (read_quiz(f"question_{n}", path.read_text(encoding="utf-8")) for n, path in enumerate(files, 1))
    return tuple(Question(n, path.stem, *each) for n, (path, each) in enumerate(zip(files, read, strict=True), 1))


class Advice:
    """In which unit to begin, and why: a page in Markdown (`_repr_markdown_`) or plain text (`repr`)."""

    def __init__(self, answers: Mapping[int, str]) -> None:
        self.answers = answers
        self.missed = [question for question in questions() if not self._knows(question)]

    @property
    def unit(self) -> str | None:
        """The unit to begin in, the first whose question is not answered right; None where every answer is right."""
        return self.missed[0].unit if self.missed else None

    @property
    def known(self) -> list[str]:
        """The units whose questions were answered right."""
        return [question.unit for question in questions() if question not in self.missed]

    def _knows(self, question: Question) -> bool:
        return judge_quiz(question.quiz, self.answers.get(question.number, "")).passed

    def _repr_markdown_(self) -> str:
        lines = [f"**{self._where(markdown=True)}**", ""]
        if self.missed:
            lines += ["Not known yet:", "", *map(self._why, self.missed), ""]
        if self.known and self.missed:
            later = [unit for unit in self.known if unit > self.missed[0].unit]
            lines += [f"You may pass over these units for now: {', '.join(map(_link, later))}."] if later else []
        return "\n".join(lines)

    def __repr__(self) -> str:
        return "\n".join([self._where(markdown=False), *map(self._why, self.missed)])

    def _where(self, markdown: bool) -> str:
        count = f"{len(self.known)} of {len(questions())} answers are right."
        if self.unit is None:
            return f"{count} Begin with the audits, the debugging and the capstone, for which no question stands here."
        return f"{count} Begin in unit {_link(self.unit) if markdown else self.unit}."

    def _why(self, question: Question) -> str:
        """What the answer chosen overlooks; of a question that was left open, only which unit teaches it."""
        line = f"- Question {question.number}, {question.quiz.topic} (unit {question.unit[:2]})"
        given = str(self.answers.get(question.number, "")).strip()
        finding = judge_quiz(question.quiz, given).finding
        return f"{line}: {finding.message}" if given and finding else f"{line}."


def where_to_begin(answers: Mapping[int, str]) -> Advice:
    """The advice that follows from the answers, number of the question → letter; what is left out counts as not known."""
    return Advice(answers)


def _link(unit: str) -> str:
    return f"[{unit[:2]}](<{unit}/{unit}.ipynb>)"
