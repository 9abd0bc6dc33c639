"""A released notebook, analysed once; and the job that it and one submission make for a checker's process."""

from __future__ import annotations

import ast
import dataclasses
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from autograder.notebook import dependencies
from autograder.notebook.cell import Cell, Role
from autograder.notebook.code import analyse
from autograder.notebook.dependencies import Needs
from autograder.notebook.job import Counting, Job, Step, StepKind
from autograder.notebook.names import imported_names, imported_packages, parse
from autograder.notebook.randomness import Randomness
from autograder.notebook.rebuild import MergedCell, MergedNotebook
from autograder.notebook.repeated_imports import without_repeated_imports
from autograder.notebook.variant_tests import variants, with_seed_of
from autograder.notebook.weights import with_points
from autograder.variant_seed import INSTRUCTOR

JUDGES = {"leftcontext.check", "autograder.check"}
IN_PROCESS_TAG = "one-process"  # the tag by which a test asks to run in the student's process
MAX_ANALYSED = 100_000  # characters of a student's own code, which take two seconds at most
TOTAL_TIME_FACTOR = 4  # times the seconds of a cell, that a whole notebook may take beyond its own


@dataclass(frozen=True)
class ReleasedNotebook:
    """What is known of a released notebook before any submission is seen."""

    name: str
    cells: tuple[Cell, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # that lie beside it, by their relative path
    unsolved_tests: frozenset[str] = frozenset()  # grade ids of the tests that the instructor's own solution fails
    one_kernel_tests: frozenset[str] = frozenset()  # grade ids of the tests that can't be isolated: one kernel alone counts
    isolated_tests: frozenset[str] = frozenset()  # of those that can't run in one kernel: the isolated run alone counts
    toothless_tests: frozenset[str] = frozenset()  # of those that pass isolated though nothing is answered: the other run counts
    partial_credit_tests: frozenset[str] = frozenset()  # of those that give the instructor's own answer a number of points

    @cached_property
    def analysed(self) -> tuple[Cell, ...]:
        """The cells as their dependencies are read from them."""
        return without_repeated_imports(self.cells)

    @cached_property
    def shared_cells(self) -> frozenset[int]:
        """Run once, in the students' fork server."""
        return dependencies.student_independent_cells(self.analysed, self.randomness)

    @cached_property
    def display_only(self) -> frozenset[int]:
        """The shared cells that only show something; run beside it."""
        return dependencies.display_only_cells(self.analysed, self.shared_cells)

    @cached_property
    def randomness(self) -> Randomness:
        """Which cells seed and which draw random numbers."""
        return Randomness(self.cells)

    @cached_property
    def leaving_a_state(self) -> frozenset[int]:
        """The shared cells after which the generators of random numbers stand in a state that follows from a seed."""
        return dependencies.cells_that_leave_a_state(self.shared_cells - self.display_only, self.randomness)

    @cached_property
    def modules(self) -> dict[str, str]:
        """Full names of modules, by the names that the instructor's cells and solutions give them."""
        sources = [source for cell in self.cells if cell.cell_type == "code" for source in (cell.source, cell.solved)]
        return {name: module for source in sources for name, module in imported_names(source)}

    @cached_property
    def variants(self) -> dict[str, str]:
        """The variant that an exercise's test draws by the student, by the id of the exercise."""
        return variants(self.cells, self.modules)

    @cached_property
    def needs(self) -> dict[int, Needs]:
        """What each test needs, by its number."""
        tests = (n for n, cell in enumerate(self.cells) if cell.role == Role.TEST)
        return {n: dependencies.needs(self.analysed, n, self.randomness) for n in tests}

    @cached_property
    def instructor_imports(self) -> dict[int, str]:
        """Imports in an answer's cell that tests need, by its number."""
        numbers = sorted({n for needs in self.needs.values() for n in needs.import_cells})
        return {n: dependencies.instructor_imports(self.cells[n]) for n in numbers}

    @cached_property
    def required_cells(self) -> dict[int, tuple[str, ...]]:
        """The lesson cells that tests need, and the student's names that these need."""
        names = dependencies.student_names(self.analysed)
        numbers = sorted({n for needs in self.needs.values() for n in needs.required_cells})
        return {n: tuple(sorted(analyse(self.cells[n].source).uses & names)) for n in numbers}

    @cached_property
    def preloaded(self) -> frozenset[int]:
        """The required cells that are run once for all, in the checkers' fork server."""
        shared = frozenset(n for n in self.required_cells if n in self.shared_cells)
        chosen = frozenset(n for n in shared if not dependencies.is_redefined_elsewhere(self.analysed, n))
        if self.leaving_a_state & shared <= chosen:
            return chosen
        return chosen - self.leaving_a_state  # what is drawn follows from each seed before it

    @cached_property
    def judged_tests(self) -> frozenset[str]:
        """Grade ids of the tests that do nothing but import and call the course's own judge: `check("softmax", softmax)`.

        It looks at values alone, and needs the bank of exercises, which no student's process may read: it is isolated.
        """
        judges = {name for cell in self.cells for name, module in imported_names(cell.source) if module in JUDGES}
        tests = (cell for cell in self.cells if cell.is_code_test)
        return frozenset(str(cell.grade_id) for cell in tests if _only_calls(parse(cell.source).body, judges))

    def counting(self, test: Cell) -> Counting:
        """Which runs of a test count."""
        if IN_PROCESS_TAG in test.tags or test.grade_id in self.one_kernel_tests:
            return Counting.ONE_KERNEL
        return Counting.ISOLATED if test.grade_id in self.isolated_tests | self.judged_tests else Counting.LOWER_OF_TWO

    def not_isolated_by_answer(self) -> dict[str, list[str]]:
        """The tests whose points are not isolated from the student's code, by the answer before each."""
        found: dict[str, list[str]] = {}
        answer = ""
        for cell in self.cells:
            if cell.is_answer:
                answer = str(cell.grade_id)
            elif cell.is_code_test and (self.counting(cell) is Counting.ONE_KERNEL or cell.grade_id in self.toothless_tests):
                found.setdefault(answer, []).append(str(cell.grade_id))
        return found

    def student_preload(self) -> dict[str, Any]:
        """The code of the cells that the students' fork server runs, and of those that it has run beside it."""
        parts = {"cells": self.shared_cells - self.display_only, "display_only": self.display_only}
        sources = {part: [(str(n), self.cells[n].source) for n in sorted(numbers)] for part, numbers in parts.items()}
        return {**sources, "left_states": self._left_states}

    def checker_preload(self) -> dict[str, Any]:
        """The code of the cells that the checkers' fork server runs, and the tests, which it only reads."""
        numbers = sorted({*self.preloaded, *self.instructor_imports})
        cells = [(str(n), self.instructor_imports.get(n) or self.cells[n].source) for n in numbers]
        tests = [cell.source for cell in self.cells if cell.role == Role.TEST]
        return {"cells": cells, "tests": tests, "left_states": self._left_states}

    @property
    def _left_states(self) -> list[str]:
        return [str(n) for n in sorted(self.leaving_a_state)]

    def packages(self) -> set[str]:
        """The top-level packages that its cells import."""
        return {name for cell in self.cells if cell.cell_type == "code" for name in imported_packages(cell.source)}

    def job(self, merged: MergedNotebook, files: dict[str, bytes], seconds: float, student: str = INSTRUCTOR) -> Job:
        """What a checker's process is told of a submission. `seconds` is the time that one cell may take.

        `student` is whose variant it is, where the assignment has variants.
        """
        reuse, reuse_with_tests = self._reusable(merged)
        numbers = {id(cell): n for n, cell in enumerate(self.cells)}
        steps = tuple(self._step(cell, numbers.get(id(cell.released)), student) for cell in merged.cells)
        if reuse and reuse_with_tests:  # what ran once for all is not sent with each submission
            steps = tuple(dataclasses.replace(step, source="") if step.is_shared else step for step in steps)
        return Job(
            steps,
            seconds=seconds,
            total_seconds=TOTAL_TIME_FACTOR * seconds,
            files=files,
            modules=self.modules,
            fresh_namespace=not reuse,
            fresh_kernel=not reuse_with_tests,
        )

    def _reusable(self, merged: MergedNotebook) -> tuple[bool, bool]:
        """Whether a submission may use what was run once for all: in the isolated run, and in one kernel with the tests.

        What is too long or nested too deep to be analysed is run from its first cell, which is right for every submission.
        """
        written = sum(len(cell.source) for cell in merged.cells if cell.cell_type == "code" and cell.changed)
        if written > MAX_ANALYSED:
            return False, False
        try:
            if dependencies.uses_display_only_names(self.cells, self.shared_cells, self.display_only, merged):
                return False, False
            reuse = partial(dependencies.can_reuse_shared_run, self.cells, self.shared_cells, merged, self.randomness)
            return reuse(), reuse(with_tests=True)
        except RecursionError:
            return False, False

    def _step(self, merged: MergedCell, number: int | None, student: str) -> Step:
        """The step for one cell; `number` is that of the released cell, None for one that the student added."""
        source = merged.source
        if number is None:
            return Step(StepKind.STUDENT, source) if merged.cell_type == "code" else Step(StepKind.DISPLAY, "")
        cell = self.cells[number]
        if cell.is_code_test:
            return self._test_step(cell, number, student)
        if not dependencies.is_run(cell):
            return Step(StepKind.DISPLAY, "")
        is_code = merged.cell_type == "code"
        is_shared = number in self.shared_cells
        if number in self.instructor_imports:
            return Step(StepKind.STUDENT, source, is_shared, self.instructor_imports[number])
        left_state = str(number) if number in self.leaving_a_state else ""
        if number in self.required_cells and number not in self.preloaded:
            # The instructor's own words are run here, whatever the student has made of them.
            kind = StepKind.BOTH if is_code else StepKind.INSTRUCTOR
            return Step(kind, source, is_shared, cell.source, self.required_cells[number], left_state=left_state)
        return Step(StepKind.STUDENT if is_code else StepKind.DISPLAY, source, is_shared, left_state=left_state)

    def _test_step(self, cell: Cell, number: int, student: str) -> Step:
        needs = self.needs[number]
        return Step(
            StepKind.TEST,
            with_points(with_seed_of(student, cell.source, self.modules), cell.points, self.modules),
            student_names=tuple(sorted(needs.student_names)),
            ambiguous_names=tuple(sorted(needs.ambiguous_names)),
            grade_id=cell.grade_id,
            points=cell.points,
            is_partial_credit=cell.grade_id in self.partial_credit_tests,
            counting=self.counting(cell),
            defines_for_others=number in self._tests_that_define_for_others,
        )

    @cached_property
    def _tests_that_define_for_others(self) -> frozenset[int]:
        """The tests that define a name which a later test uses."""
        codes = {n: analyse(cell.source) for n, cell in enumerate(self.analysed) if cell.is_code_test}
        return frozenset(n for n in codes if any(codes[n].defines & codes[m].uses for m in codes if m > n))


def _only_calls(body: list[ast.stmt], functions: set[str]) -> bool:
    """Whether every statement is a call of one of these functions, or the import of a judge."""
    rest = [node for node in body if not _imports_a_judge(node)]
    calls = [node.value.func for node in rest if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return len(calls) == len(rest) > 0 and all(isinstance(name, ast.Name) and name.id in functions for name in calls)


def _imports_a_judge(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and all(f"{node.module}.{alias.name}" in JUDGES for alias in node.names)
