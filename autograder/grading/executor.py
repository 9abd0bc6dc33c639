"""What the grader hands out and gets back: a task, its result, and the interface of whatever runs tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from autograder.notebook.job import Job
from autograder.notebook.note import Note

Output = dict[str, Any]  # as nbformat stores it


@dataclass(frozen=True)
class Task:
    """One notebook of one student, and what the checker's process is told of it."""

    student: str
    notebook: str
    job: Job
    seed: int = 0


@dataclass(frozen=True)
class Result:
    """What a task came to."""

    outputs: dict[str, list[Output]] = field(default_factory=dict)  # by step
    notes: list[Note] = field(default_factory=list)
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)  # the judge's, by grade id of the test

    def to_json(self) -> dict[str, Any]:
        """For the message that the checker's process sends."""
        return {"outputs": self.outputs, "notes": [note.to_json() for note in self.notes], "findings": self.findings}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Result:
        """The result that `to_json` wrote."""
        outputs = {str(step): shown for step, shown in fields["outputs"].items()}
        return cls(outputs, [Note.from_json(note) for note in fields["notes"]], fields["findings"])


class Executor(Protocol):
    """What runs tasks: a Pool on this machine, or a cluster."""

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Run tasks; each one's result comes back once, in any order."""
        ...

    def shown(self, notebook: str) -> dict[str, list[Output]]:
        """What the cells that depend on no student showed, by their number in the released notebook."""
        ...
