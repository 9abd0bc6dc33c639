"""What the checker's process receives: the steps of one student's notebook, in order."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class StepKind(StrEnum):
    """Where a cell is run."""

    DISPLAY = "display"  # nowhere: text, or a cell that is tagged so
    STUDENT = "student"  # in the student's process
    INSTRUCTOR = "instructor"  # in the checker's process: a cell that a test needs and that the student has made text
    BOTH = "both"  # in both: a cell that a test needs
    TEST = "test"


class Counting(StrEnum):
    """Which runs of a test count."""

    LOWER_OF_TWO = "lower of two"  # isolated, and in one kernel with the student's code: the lower points
    ISOLATED = "isolated"  # in the checker's process alone, which calls the student's functions
    ONE_KERNEL = "one kernel"  # in the student's process alone, as in nbgrader


@dataclass(frozen=True)
class Step:
    """One cell. `source` is run in the student's process, `instructor_source` in the checker's."""

    kind: StepKind
    source: str
    is_shared: bool = False  # run once for all students, before their processes are forked
    instructor_source: str = ""
    student_names: tuple[str, ...] = ()  # what the checker fetches from the student's process before this step
    ambiguous_names: tuple[str, ...] = ()  # of those: the instructor's, if a cell of the instructor's turns out to define them
    grade_id: str | None = None
    points: float = 0.0
    is_partial_credit: bool = False  # a test whose result is a number of points
    counting: Counting = Counting.LOWER_OF_TWO
    left_state: str = ""  # of a shared cell: the name of the state in which it left the generators of random numbers
    defines_for_others: bool = False  # a test that isolated tests behind it need, whatever counts of itself

    @property
    def is_test(self) -> bool:
        """Whether points hang on it."""
        return self.kind is StepKind.TEST

    @property
    def runs_isolated(self) -> bool:
        """Whether it is a test that the checker's process runs."""
        return self.is_test and (self.counting is not Counting.ONE_KERNEL or self.defines_for_others)

    def is_student_cell(self, fresh_namespace: bool) -> bool:
        """Whether it is a cell, not a test, that the student's process has to run."""
        return self.kind in (StepKind.STUDENT, StepKind.BOTH) and (fresh_namespace or not self.is_shared)

    def to_json(self) -> dict[str, Any]:
        """Without the fields that have their default value."""
        return {name: value for name, value in vars(self).items() if value or name in ("kind", "source")}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Step:
        """The step that `to_json` wrote."""
        names = {name: tuple(fields.get(name, ())) for name in ("student_names", "ambiguous_names")}
        enums = {"kind": StepKind(fields["kind"]), "counting": Counting(fields["counting"])}
        return cls(**{**fields, **names, **enums})


@dataclass(frozen=True)
class Job:
    """One notebook of one student."""

    steps: tuple[Step, ...]
    seconds: float  # of processor time that one cell may take
    total_seconds: float  # of processor time that the whole notebook may take, in each of the two runs
    files: dict[str, bytes] = field(default_factory=dict)  # that lie beside the notebook
    modules: dict[str, str] = field(default_factory=dict)  # full names of modules, by the names that instructor's cells give them
    fresh_namespace: bool = False  # whether to forget what the shared cells defined, and run everything in order
    fresh_kernel: bool = False  # the same, of the run in one kernel
    skipped_steps: dict[int, str] = field(default_factory=dict)  # steps that ended a checker's process, and what happened
    report_every_step: bool = False  # so that a step that ends the checker's process is known
    is_trial: bool = False  # the instructor's own solution: every test runs both ways
    is_alone: bool = False  # whether nothing else is graded meanwhile: then a time limit is what it says

    def without(self, steps: Iterable[int], reason: str) -> Job:
        """The same job, with these steps left out too."""
        return dataclasses.replace(self, skipped_steps={**dict.fromkeys(steps, reason), **self.skipped_steps})

    def to_json(self) -> dict[str, Any]:
        """Files as base64."""
        return {
            **vars(self),
            "steps": [step.to_json() for step in self.steps],
            "files": {name: base64.b64encode(content).decode() for name, content in self.files.items()},
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Job:
        """The job that `to_json` wrote."""
        return cls(
            **{
                **fields,
                "steps": tuple(map(Step.from_json, fields["steps"])),
                "files": {name: base64.b64decode(content) for name, content in fields["files"].items()},
                "skipped_steps": {int(number): why for number, why in fields["skipped_steps"].items()},
            }
        )
