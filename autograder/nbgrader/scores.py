"""Scores as nbgrader's models hold them: what a test's outputs give, what is entered, what is read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SolutionCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from numpy.typing import NDArray
from sqlalchemy.orm import selectinload, with_polymorphic

from autograder.notebook.cell import Cell
from autograder.plain_text import plain


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


def load_assignment(book: Gradebook, assignment: str) -> Assignment:
    """An assignment with its notebooks and all their cells, in three queries; while it is held, nothing asks for them again."""
    cells = Notebook._base_cells.of_type(with_polymorphic(BaseCell, [GradeCell, SolutionCell, TaskCell]))
    query = book.db.query(Assignment).options(selectinload(Assignment.notebooks).selectinload(cells))
    return query.filter(Assignment.name == assignment).one()


def enter_notebook(
    entry: SubmittedNotebook, node: NotebookNode | None, remarks: dict[str, str], keep: frozenset[str]
) -> dict[str, float | None]:
    """Enter one notebook's scores and automatic comments, as nbgrader's SaveAutoGrades does; the scores by grade id.

    A score is never above the gradebook's max_score. A test in `keep` that has a score keeps it. The entry may be new, so that
    the database does not have it yet.
    """
    known = {cell.id: cell for cell in entry.notebook._base_cells}
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in node.cells} if node else {}
    scores: dict[str, float | None] = {}
    for grade in entry.grades:
        cell = known[grade.cell_id]
        if not (cell.name in keep and grade.auto_score is not None):
            found = automatic_score(cell.max_score, node is not None, cells.get(cell.name))
            if found is not None:
                grade.auto_score, waits = found
                grade.needs_manual_grade = waits or (node is not None and grade.manual_score is not None)
        scores[cell.name] = grade.auto_score if grade.manual_score is None else grade.manual_score
    for comment in entry.comments:
        name = known[comment.cell_id].name
        if (written := cells.get(name)) is not None:
            comment.auto_comment = automatic_comment(written, remarks.get(name, ""))
    return scores


def automatic_score(max_score: float, is_handed_in: bool, cell: NotebookNode | None) -> tuple[float | None, bool] | None:
    """What a graded cell gives by itself, None where a person has to say, and whether one has to look; None for a task."""
    if not is_handed_in:
        return 0.0, False
    if cell is None or not utils.is_grade(cell):  # a task has no automatic score
        return None
    score, _ = utils.determine_grade(cell)
    return (None, True) if score is None else (min(max(float(score), 0.0), float(max_score)), False)


def automatic_comment(cell: NotebookNode, remark: str) -> str | None:
    """What stands below an answer before a person writes there."""
    is_unchanged = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) and not utils.is_task(cell)
    return " ".join(filter(None, ("No response." if is_unchanged else "", plain(remark)))) or None


def seconds_late(submission: SubmittedAssignment) -> float:
    """How late a submission is, with its extension; nbgrader's own count fails for an extension without a due date."""
    return float(submission.total_seconds_late) if submission.assignment.duedate is not None else 0.0


def totals(book: Gradebook, submission: SubmittedAssignment) -> tuple[float, float]:
    """The score and the maximum of a submission, as the database counts them by now."""
    entry = SubmittedAssignment
    score, most = book.db.query(entry.score, entry.max_score).filter(entry.id == submission.id).one()
    return float(score), float(most)


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
    totals = dict.fromkeys(penalties, 0.0)  # two notebooks may have cells of the same name
    grades = book.db.query(Grade.notebook_id, Grade.cell_id, Grade.score, Grade.needs_manual_grade)
    for id, cell, score, is_waiting in grades.filter(Grade.cell_id.in_(list(names))):
        if id in students:
            cells[students[id]][names[cell]] = None if is_waiting and not score else float(score or 0.0)
            totals[students[id]] += score or 0.0
    return {student: Recorded(totals[student], most, penalties[student], found) for student, found in cells.items()}
