"""One cell as it was released, and the part that it plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LESSON, SOLUTION, TEST, MANUAL, TASK = "lesson", "solution", "test", "manual", "task"


@dataclass(frozen=True)
class Cell:
    """One released cell. `metadata` is nbgrader's, whole; `role` follows from it."""

    id: str
    cell_type: str  # code, markdown, raw
    source: str
    role: str = LESSON
    grade_id: str | None = None
    points: float = 0.0
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    solved: str = ""  # the instructor's own solution, where the student's answer stands

    @property
    def is_answer(self) -> bool:
        """Whether the student writes in it."""
        return self.role in (SOLUTION, MANUAL)

    @property
    def is_code_test(self) -> bool:
        """Whether it is a test that is run."""
        return self.role == TEST and self.cell_type == "code"
