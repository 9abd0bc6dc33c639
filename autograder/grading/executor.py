"""What the grader hands out and gets back: a task, its result, and the interface of whatever runs tasks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from autograder.grading.judged_finding import JudgedFinding
from autograder.grading.outputs import MAX_SHOWN, sanitize
from autograder.notebook.job import Job
from autograder.notebook.note import Note, NoteKind
from autograder.notebook.rebuild import MergedNotebook
from autograder.notebook.test_result import Output, Status, TestResult, not_run

MAX_NOTES, MAX_NOTE = 500, 2_000  # of one notebook, and characters of one

@dataclass(frozen=True)
class Task:
    """One notebook of one student, and what the checker's process has to know of it."""

    student: str
    notebook: str
    job: Job
    seed: int = 0


@dataclass(frozen=True)
class Result:
    """What a task came to."""

    outputs: dict[str, list[Output]] = field(default_factory=dict)  # by step
    tests: dict[str, TestResult] = field(default_factory=dict)  # by step; what is not there could not be run
    notes: list[Note] = field(default_factory=list)
    findings: dict[str, JudgedFinding] = field(default_factory=dict)  # by grade id of the test
    isolated: dict[str, TestResult] = field(default_factory=dict)  # each of the two runs by itself, by step
    one_kernel: dict[str, TestResult] = field(default_factory=dict)
    try_alone: bool = False  # something was near its time limit: to be run again with nothing beside it

    def to_json(self) -> dict[str, Any]:
        """For the message that the checker's process sends."""
        runs = {"tests": self.tests, "isolated": self.isolated, "one_kernel": self.one_kernel}
        results = {name: {step: result.to_json() for step, result in run.items()} for name, run in runs.items()}
        notes = [note.to_json() for note in self.notes]
        findings = {test: finding.to_json() for test, finding in self.findings.items()}
        return {"outputs": self.outputs, "notes": notes, "findings": findings, **results, "try_alone": self.try_alone}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Result:
        """The result that `to_json` wrote."""
        names = ("tests", "isolated", "one_kernel")
        runs = {name: {step: TestResult.from_json(result) for step, result in fields[name].items()} for name in names}
        notes = [Note.from_json(note) for note in fields["notes"]]
        findings = {test: JudgedFinding.from_json(finding) for test, finding in fields["findings"].items()}
        return cls(
            fields["outputs"], runs["tests"], notes, findings, runs["isolated"], runs["one_kernel"], fields["try_alone"]
        )

    @classmethod
    def from_checker(cls, fields: dict[str, Any], job: Job) -> Result:
        """The same, of a message that a test may have had written: it may evaluate what a student wrote. Raises ValueError."""
        try:
            result = cls.from_json(fields)
            outputs = _shown(result.outputs)
            known = {step.grade_id for step in job.steps if step.is_test}
            counted = {step: _possible(found, job.steps[int(step)].points) for step, found in result.tests.items()}
            notes = [dataclasses.replace(note, text=note.text[:MAX_NOTE]) for note in result.notes[:MAX_NOTES]]
            findings = {test: finding.cut() for test, finding in result.findings.items() if test in known}
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"no result: {error}") from None
        return dataclasses.replace(result, outputs=outputs, tests=counted, notes=notes, findings=findings)


def _shown(outputs: dict[str, Any]) -> dict[str, list[Output]]:
    """The outputs of each step, as far as cells can show them. Raises TypeError where some are none."""
    if not all(isinstance(shown, list) for shown in outputs.values()):
        raise TypeError("outputs that are none")
    return {step: sanitize(shown, MAX_SHOWN) for step, shown in outputs.items()}


def _possible(result: TestResult, points: float) -> TestResult:
    """The result, if a test of so many points can have it."""
    return result if 0 <= result.points <= points else not_run("Its result was no number of points that it can give.")


class Executor(Protocol):
    """What runs tasks: a Pool on this machine, or a cluster."""

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Run tasks; each one's result comes back once, in any order."""
        ...

    def shown(self, notebook: str) -> dict[str, list[Output]]:
        """What the cells that depend on no student showed, by their number in the released notebook."""
        ...


def notes_on_tests(name: str, merged: MergedNotebook, result: Result) -> list[Note]:
    """A note for each test that could not be run, for it gives no points."""
    notes = []
    for number, cell in enumerate(merged.cells):
        if cell.released is not None and cell.released.is_code_test:
            found = result.tests.get(str(number)) or not_run()
            if found.status is Status.NOT_RUN:
                text = f"{name}: {cell.released.grade_id} could not be run. {found.reason}"
                notes.append(Note(NoteKind.NOT_JUDGED, text.strip()))
    return notes
