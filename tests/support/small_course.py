"""A notebook made in a few lines, graded by the grader's own parts, and by nbgrader's rule in a kernel of Jupyter's."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbgrader.utils import determine_grade

from autograder.grading.calibrate import calibrate
from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Result, Task
from autograder.grading.pool import Pool
from autograder.notebook.cell import Cell, Role
from autograder.notebook.rebuild import MergedNotebook, merge
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.submission import SubmittedCell
from autograder.notebook.test_result import explicit_outputs, not_run
from autograder.sandbox.levels import IsolationLevel

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"


def lesson(source: str) -> Cell:
    return Cell("", "code", source, Role.LESSON)


def answer(name: str, solution: str, stub: str = STUB) -> Cell:
    marks = {"grade_id": name, "grade": False, "solution": True, "locked": False, "task": False, "schema_version": 3}
    return Cell(name, "code", stub, Role.SOLUTION, name, metadata=marks, solved=solution)


def check(name: str, source: str, points: float = 1.0) -> Cell:
    marks = {"grade_id": name, "grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3, "points": points}
    return Cell(name, "code", source, Role.TEST, name, points, metadata=marks)





def notebook(*cells: Cell, name: str = "one") -> ReleasedNotebook:
    numbered = (Cell(**{**vars(cell), "id": cell.id or f"lesson-{number}"}) for number, cell in enumerate(cells))
    return ReleasedNotebook(name, tuple(numbered))


def submission(book: ReleasedNotebook, answers: Mapping[str, str], first: str = "") -> MergedNotebook:
    """The notebook with these answers, the others as released, and perhaps a cell of the student's own at its head."""
    cells = [SubmittedCell(cell.cell_type, answers.get(str(cell.grade_id), cell.source), cell.grade_id, cell.id) for cell in book.cells]
    return merge(book.cells, [SubmittedCell("code", first, None, None), *cells] if first else cells)


def solutions(book: ReleasedNotebook) -> dict[str, str]:
    return {str(cell.grade_id): cell.solved for cell in book.cells if cell.is_answer}


def solution_file(book: ReleasedNotebook) -> bytes:
    """The instructor's own notebook."""
    cells = [{"cell_type": cell.cell_type, "id": cell.id, "metadata": {"nbgrader": cell.metadata} if cell.metadata else {}, "source": cell.solved or cell.source} for cell in book.cells]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@dataclass
class Grader:
    """A pool and the notebook as it was calibrated."""

    book: ReleasedNotebook
    pool: Pool
    messages: list[str] = field(default_factory=list)
    seconds: float = 20.0

    def grade(self, merged: MergedNotebook) -> tuple[dict[str, float], Result]:
        """Points by test, and the whole result. nbgrader counts the same in the notebook that is written."""
        job = self.book.job(merged, self.book.files, self.seconds)
        ((_, result),) = self.pool.results([Task("ada", self.book.name, job, 1)])
        points = {}
        for number, cell in enumerate(merged.cells):
            if cell.released is not None and cell.released.is_code_test:
                found = result.tests.get(str(number)) or not_run()
                shown = explicit_outputs(found, result.outputs.get(str(number), []), cell.released.points)
                assert _nbgraders_points(cell.released, cell.source, shown) == found.points
                points[str(cell.released.grade_id)] = found.points
        return points, result


@contextlib.contextmanager
def grader(book: ReleasedNotebook, level: IsolationLevel = IsolationLevel.NONE, seconds: float = 20.0, solution: bytes | str | None = "own") -> Iterator[Grader]:
    """Calibrated with the instructor's own solution. No sandbox is quick, and no scores depend on it."""
    with Pool([book], course_policy(level, book.packages()), jobs=1) as pool:
        messages: list[str] = []
        own = solution_file(book) if solution == "own" else solution
        yield Grader(calibrate(book, own, seconds, pool, messages.append), pool, messages, seconds)


def stock(merged: MergedNotebook, folder: Path | None = None) -> dict[str, float]:
    """The points that nbgrader gives: all cells in one kernel, in the order of the notebook, run in `folder`."""
    node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source) for cell in merged.cells])
    resources = {"metadata": {"path": str(folder)}} if folder else {}
    NotebookClient(node, timeout=60, allow_errors=True, kernel_name="python3", resources=resources).execute()
    return nbgraders_points(merged, [cell.outputs for cell in node.cells])


def nbgraders_points(merged: MergedNotebook, outputs: list[list[dict]]) -> dict[str, float]:
    """The points of each test that nbgrader reads off the cells' outputs."""
    cells = [(cell.released, cell.source, shown) for cell, shown in zip(merged.cells, outputs, strict=True) if cell.released is not None]
    return {str(cell.grade_id): _nbgraders_points(cell, source, shown) for cell, source, shown in cells if cell.is_code_test}


def _nbgraders_points(cell: Cell, source: str, outputs: list[dict]) -> float:
    node = nbformat.from_dict({"cell_type": "code", "source": source, "metadata": {"nbgrader": cell.metadata}, "outputs": outputs})
    return float(determine_grade(node)[0])
