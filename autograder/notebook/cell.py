"""One cell as it was released, and the part that it plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PROMPT, CHECK = "prompt_", "check_"  # how the course names an exercise's text and its test: this, then the exercise's id


def without_prefix(test: str) -> str:
    """What a test is about: its name without how the names of tests begin, as in nbgrader's own courses too."""
    return test.removeprefix(CHECK).removeprefix("test_") or test


class Role(StrEnum):
    """The part that a cell plays."""

    LESSON = "lesson"
    SOLUTION = "solution"  # the student's answer, in code
    TEST = "test"
    MANUAL = "manual"  # an answer that a person grades
    TASK = "task"  # a question that a person grades; the answer stands in cells of its own

    def __repr__(self) -> str:
        return repr(self.value)  # as that of the plain string, for what says whether a cell has changed digests the repr


@dataclass(frozen=True)
class Cell:
    """One released cell. `metadata` is nbgrader's, whole; `role` follows from it."""

    id: str
    cell_type: str  # code, markdown, raw
    source: str
    role: Role = Role.LESSON
    grade_id: str | None = None
    points: float = 0.0
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    solved: str = ""  # the instructor's own solution, where the student's answer stands

    @property
    def is_answer(self) -> bool:
        """Whether the student writes in it."""
        return self.role in (Role.SOLUTION, Role.MANUAL)

    @property
    def is_code_test(self) -> bool:
        """Whether it is a test that is run."""
        return self.role == Role.TEST and self.cell_type == "code"
