"""Scores as nbgrader's models hold them: what a test's outputs give, what is entered, what is read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nbformat
import numpy as np
from nbgrader import utils
from nbgrader.api import Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from numpy.typing import NDArray

from autograder.notebook.cell import Cell


@dataclass(frozen=True)
class Recorded:
    """What the gradebook holds of one submission: points before the penalty for being late, and that penalty."""

    score: float
    max_score: float
    late_penalty: float
    cells: dict[str, float | None]  # by grade id; None where the instructor still has to grade


@dataclass(frozen=True)
class ScoreTable:
    """An assignment's points as the gradebook has them, with those given by hand, before penalties.

    Rows of `scores` (S, C) are students, columns the graded cells; NaN where the instructor still has to look.
    """

    students: tuple[str, ...]
    cells: tuple[str, ...]  # grade ids
    points: NDArray[np.float64]  # (C,) the most that each gives
    scores: NDArray[np.float64]  # (S, C)
    penalties: NDArray[np.float64]  # (S,) taken off for handing in late


def score_of_test(cell: Cell, outputs: list[dict[str, Any]]) -> float:
    """The points of a test with these outputs, as nbgrader counts them."""
    fields = {"cell_type": cell.cell_type, "source": cell.source, "metadata": {"nbgrader": cell.metadata}}
    node = nbformat.from_dict({**fields, "outputs": outputs})
    return float(utils.determine_grade(node)[0] or 0.0)


def seconds_late(submission: SubmittedAssignment) -> float:
    """How late a submission is, with its extension; nbgrader's own count fails for an extension without a due date."""
    return float(submission.total_seconds_late) if submission.assignment.duedate is not None else 0.0


def recorded(book: Gradebook, assignment: str) -> dict[str, Recorded]:
    """What the gradebook holds of each submission of an assignment, by student; two queries for any number of them."""
    known = book.find_assignment(assignment)
    most = float(known.max_score)
    names = {cell.id: cell.name for notebook in known.notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)}
    entry = SubmittedNotebook
    rows = (
        book.db.query(SubmittedAssignment.student_id, entry.id, entry.late_submission_penalty)
        .filter(entry.assignment_id == SubmittedAssignment.id, SubmittedAssignment.assignment_id == known.id)
        .all()
    )
    students = {id: student for student, id, _ in rows}
    penalties: dict[str, float] = {}
    for student, _, penalty in rows:
        penalties[student] = penalties.get(student, 0.0) + (penalty or 0.0)
    cells: dict[str, dict[str, float | None]] = {student: {} for student in penalties}
    grades = book.db.query(Grade.notebook_id, Grade.cell_id, Grade.score, Grade.needs_manual_grade)
    for id, cell, score, is_waiting in grades.filter(Grade.cell_id.in_(list(names))):
        if id in students:
            cells[students[id]][names[cell]] = None if is_waiting and not score else float(score or 0.0)
    return {
        student: Recorded(sum(score or 0.0 for score in found.values()), most, penalties[student], found)
        for student, found in cells.items()
    }
