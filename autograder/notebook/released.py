"""A released notebook, analysed once; and the job that it and one submission make for a checker's process."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from autograder.notebook import dependencies
from autograder.notebook.cell import TEST, Cell
from autograder.notebook.code import analyse
from autograder.notebook.dependencies import Needs
from autograder.notebook.job import Job, Step, StepKind
from autograder.notebook.names import imported_names, imported_packages
from autograder.notebook.rebuild import MergedCell, MergedNotebook

IN_PROCESS_TAG = "one-process"  # the tag by which a test asks to run in the student's process
TOTAL_TIME_FACTOR = 4  # times the seconds of a cell, that a whole notebook may take beyond its own


@dataclass(frozen=True)
class ReleasedNotebook:
    """What is known of a released notebook before any submission is seen."""

    name: str
    cells: tuple[Cell, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # that lie beside it, by their relative path
    unsolved_tests: frozenset[str] = frozenset()  # grade ids of the tests that the instructor's own solution fails
    in_process_tests: frozenset[str] = frozenset()  # grade ids of the tests that can't be isolated
    partial_credit_tests: frozenset[str] = frozenset()  # of those that give the instructor's own answer a number of points

    @cached_property
    def shared_cells(self) -> frozenset[int]:
        """Run once, in the students' fork server."""
        return dependencies.student_independent_cells(self.cells)

    @cached_property
    def display_only(self) -> frozenset[int]:
        """The shared cells that only show something; run beside it."""
        return dependencies.display_only_cells(self.cells, self.shared_cells)

    @cached_property
    def modules(self) -> dict[str, str]:
        """Full names of modules, by the names that the instructor's cells and solutions give them."""
        sources = [source for cell in self.cells if cell.cell_type == "code" for source in (cell.source, cell.solved)]
        return {name: module for source in sources for name, module in imported_names(source)}

    @cached_property
    def needs(self) -> dict[int, Needs]:
        """What each test needs, by its number."""
        return {n: dependencies.needs(self.cells, n) for n, cell in enumerate(self.cells) if cell.role == TEST}

    @cached_property
    def handed_out_imports(self) -> dict[int, str]:
        """Imports handed out in an answer's cell that tests need, by its number."""
        numbers = sorted({n for needs in self.needs.values() for n in needs.import_cells})
        return {n: dependencies.handed_out_imports(self.cells[n]) for n in numbers}

    @cached_property
    def required_cells(self) -> dict[int, tuple[str, ...]]:
        """The lesson cells that tests need, and the student's names that these need."""
        names = dependencies.student_names(self.cells)
        numbers = sorted({n for needs in self.needs.values() for n in needs.required_cells})
        return {n: tuple(sorted(analyse(self.cells[n].source).uses & names)) for n in numbers}

    @cached_property
    def preloaded(self) -> frozenset[int]:
        """The required cells that are run once for all, in the checkers' fork server."""
        shared = (n for n in self.required_cells if n in self.shared_cells)
        return frozenset(n for n in shared if not dependencies.is_redefined_elsewhere(self.cells, n))

    def is_in_process(self, test: Cell) -> bool:
        """Whether a test runs in the student's process: it asks for it, or can't be isolated."""
        return IN_PROCESS_TAG in test.tags or test.grade_id in self.in_process_tests

    def in_process_tests_by_answer(self) -> dict[str, list[str]]:
        """The tests that run in the student's process, by the answer before each."""
        found: dict[str, list[str]] = {}
        answer = ""
        for cell in self.cells:
            if cell.is_answer:
                answer = str(cell.grade_id)
            elif cell.role == TEST and self.is_in_process(cell):
                found.setdefault(answer, []).append(str(cell.grade_id))
        return found

    def student_preload(self) -> dict[str, list[tuple[str, str]]]:
        """The code of the cells that the students' fork server runs, and of those that it has run beside it."""
        parts = {"cells": self.shared_cells - self.display_only, "display_only": self.display_only}
        return {part: [(str(n), self.cells[n].source) for n in sorted(numbers)] for part, numbers in parts.items()}

    def checker_preload(self) -> list[tuple[str, str]]:
        """The code of the cells that the checkers' fork server runs."""
        numbers = sorted({*self.preloaded, *self.handed_out_imports})
        return [(str(n), self.handed_out_imports.get(n) or self.cells[n].source) for n in numbers]

    def packages(self) -> set[str]:
        """The top-level packages that its cells import."""
        return {name for cell in self.cells if cell.cell_type == "code" for name in imported_packages(cell.source)}

    def job(self, merged: MergedNotebook, files: dict[str, bytes], seconds: float) -> Job:
        """What a checker's process is told of a submission. `seconds` is the time that one cell may take."""
        needs_display = dependencies.uses_display_only_names(self.cells, self.shared_cells, self.display_only, merged)
        reuse = not needs_display and dependencies.can_reuse_shared_run(self.cells, self.shared_cells, merged)
        numbers = {id(cell): n for n, cell in enumerate(self.cells)}
        steps = tuple(self._step(cell, numbers.get(id(cell.released)), reuse) for cell in merged.cells)
        return Job(
            steps,
            seconds=seconds,
            total_seconds=TOTAL_TIME_FACTOR * seconds,
            files=files,
            modules=self.modules,
            fresh_namespace=not reuse,
        )

    def _step(self, merged: MergedCell, number: int | None, reuse: bool) -> Step:
        """The step for one cell; `number` is that of the released cell, None for one that the student added."""
        source = merged.source
        if number is None:
            return Step(StepKind.STUDENT if merged.cell_type == "code" else StepKind.DISPLAY, source)
        cell = self.cells[number]
        if cell.is_code_test:
            return self._test_step(cell, number)
        if merged.cell_type != "code" or not dependencies.is_run(cell):
            return Step(StepKind.DISPLAY, source)
        if number in self.handed_out_imports:
            return Step(StepKind.STUDENT, source, self.handed_out_imports[number])
        already_run = reuse and number in self.shared_cells
        if number in self.required_cells and number not in self.preloaded:
            kind = StepKind.INSTRUCTOR if already_run else StepKind.BOTH
            return Step(kind, source, cell.source, self.required_cells[number])
        return Step(StepKind.DISPLAY if already_run else StepKind.STUDENT, source)

    def _test_step(self, cell: Cell, number: int) -> Step:
        needs = self.needs[number]
        return Step(
            StepKind.TEST_IN_PROCESS if self.is_in_process(cell) else StepKind.TEST,
            cell.source,
            student_names=tuple(sorted(needs.student_names)),
            ambiguous_names=tuple(sorted(needs.ambiguous_names)),
            grade_id=cell.grade_id,
            points=cell.points,
            is_partial_credit=cell.grade_id in self.partial_credit_tests,
        )
