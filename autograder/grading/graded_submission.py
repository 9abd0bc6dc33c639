"""What one submission came to, for the command line and for the journal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from autograder.grading.judged_finding import JudgedFinding
from autograder.notebook.note import Note


class GradingStatus(StrEnum):
    """What was done with a submission; the value stands in the journal and in the lines for programs."""

    GRADED = "graded"
    UNCHANGED = "unchanged"
    MISSING = "missing"
    UNREADABLE = "unreadable"  # none of its files is a notebook
    FAILED = "failed"  # the grader itself failed on it; an earlier grade stays


@dataclass(frozen=True)
class Graded:
    """What one submission came to."""

    student: str
    score: float
    max_score: float
    status: GradingStatus
    cells: dict[str, float | None]
    late_penalty: float = 0.0
    previous_score: float | None = None  # None where it had none
    reason: str = ""  # why it was graded, or what changed without
    notes: list[Note] = field(default_factory=list)
    findings: dict[str, JudgedFinding] = field(default_factory=dict)  # by grade id of the test
    not_isolated: list[str] = field(default_factory=list)  # grade ids of the tests that ran in the student's process
    code_digests: dict[str, str] = field(default_factory=dict)  # of each answer, by grade id

    def to_json(self) -> str:
        """A line for programs."""
        names = ("student", "score", "max_score", "status", "cells", "late_penalty", "previous_score", "reason", "not_isolated")
        shown = {name: getattr(self, name) for name in names}
        return json.dumps({**shown, "notes": [note.text for note in self.notes]})

    @property
    def is_new(self) -> bool:
        """Whether it was graded now."""
        return self.status not in (GradingStatus.UNCHANGED, GradingStatus.FAILED)

    def entry(self) -> dict[str, Any]:
        """For the journal."""
        notes = [note.to_json() for note in self.notes]
        findings = {test: finding.to_json() for test, finding in self.findings.items()}
        return {**vars(self), "notes": notes, "findings": findings}
