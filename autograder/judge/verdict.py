"""A verdict as data: what each part earned, and what is wrong with the answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from autograder.exercise.exercise import Misconception
from autograder.exercise.results import Difference
from autograder.judge.trials import Outcome, Trial


@dataclass
class Finding:
    """What is wrong, as a learner is told it. `certain` is False where it only looks like the misconception."""

    misconception: Misconception | None
    message: str
    certain: bool = True
    trial: Trial | None = None
    outcome: Outcome | None = None
    difference: Difference | None = None
    names: tuple[str, ...] = ()  # of the arguments

    @property
    def error_name(self) -> str:
        """The name of Python's own error, where the finding is that one ended the call."""
        failure = self.outcome.failure if self.outcome else None
        is_error = self.misconception is not None and self.misconception.id == "raises"
        return failure.error_name if failure and is_error else ""


@dataclass
class PartScore:
    """What one part of an exercise earned."""

    title: str
    points: float
    passed: bool


@dataclass
class Verdict:
    """The judge's word on one answer. `notes` are sentences on a right answer, which cost nothing."""

    exercise: str
    parts: list[PartScore]
    finding: Finding | None = None
    hints: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    is_quiz: bool = False

    @property
    def score(self) -> float:
        return sum(part.points for part in self.parts if part.passed)

    @property
    def max_score(self) -> float:
        return sum(part.points for part in self.parts)

    def scaled(self, points: float) -> Verdict:
        """The same verdict for an exercise that gives `points`, each part its share of them."""
        factor = points / self.max_score if self.max_score else 0.0
        return replace(self, parts=[replace(part, points=part.points * factor) for part in self.parts])

    @property
    def passed(self) -> bool:
        return all(part.passed for part in self.parts)

    @property
    def misconception(self) -> str | None:
        found = self.finding.misconception if self.finding else None
        return found.id if found else None
