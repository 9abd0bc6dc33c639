"""Enters a graded submission into nbgrader's tables, in a few plain statements.

By way of nbgrader's models each query adds up the scores of a whole assignment, which takes longer the more is graded. What
is entered is what its SaveAutoGrades enters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from sqlalchemy import insert, select, update

from autograder.nbgrader.scores import Recorded
from autograder.plain_text import plain

Penalty = Callable[[str, float, float], float | None]  # of a student, for a score, so many seconds late
_STUDENTS, _ASSIGNMENTS, _NOTEBOOKS = Student.__table__, Assignment.__table__, Notebook.__table__
_CELLS, _GRADE_CELLS, _TASK_CELLS = BaseCell.__table__, GradeCell.__table__, TaskCell.__table__
_SUBMISSIONS, _SUBMITTED, _GRADES, _COMMENTS = (
    model.__table__ for model in (SubmittedAssignment, SubmittedNotebook, Grade, Comment)
)
_GRADE_ONLY = GradeCell.__mapper_args__["polymorphic_identity"]  # the type of cells that take no comment


@dataclass(frozen=True)
class _Cell:
    """A cell of the release that is graded, commented, or both."""

    id: str
    name: str
    max_score: float | None  # None where it is not graded
    takes_comment: bool


@dataclass
class _NotebookEntry:
    """What a student has for one notebook."""

    id: str
    cells: list[_Cell]
    grades: dict[str, dict[str, Any]] = field(default_factory=dict)  # fields by cell id, as they are to be
    comments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def score(self) -> float:
        """The points of all cells, as nbgrader adds them up."""
        return sum(map(_points, self.grades.values()))


def enter(
    book: Gradebook,
    assignment: str,
    student: str,
    stamp: datetime | None,
    notebooks: Mapping[str, NotebookNode | None],
    remarks: Mapping[str, str],
    keep: frozenset[str],
    penalty_of: Penalty,
) -> Recorded:
    """Enter a submission in the present transaction; see `NbgraderCourse.save_submission`."""
    db = book.db
    if db.execute(select(_STUDENTS.c.id).where(_STUDENTS.c.id == student)).first() is None:
        book.add_student(student)
    known = db.execute(select(_ASSIGNMENTS.c.id, _ASSIGNMENTS.c.duedate).where(_ASSIGNMENTS.c.name == assignment)).one()
    released = _released_cells(db, known.id)
    submission, late = _submission(db, known, student, stamp)
    entries = _known_entries(db, submission, released) or _new_entries(db, submission, released)
    cells: dict[str, float | None] = {}
    score = penalty = 0.0
    for id, entry in entries.items():
        cells |= _enter_notebook(db, entry, notebooks.get(released[id][0]), remarks, keep)
        score += entry.score()
        penalty += _enter_penalty(db, entry, penalty_of(student, entry.score(), late) if late > 0 else None)
    most = sum(cell.max_score or 0.0 for _, found in released.values() for cell in found)
    return Recorded(score, most, penalty, cells)


def _released_cells(db: Any, assignment: str) -> dict[str, tuple[str, list[_Cell]]]:
    """The name and the cells of each notebook, by the notebook's id."""
    joined = _NOTEBOOKS.outerjoin(_CELLS, _CELLS.c.notebook_id == _NOTEBOOKS.c.id)
    for graded in (_GRADE_CELLS, _TASK_CELLS):
        joined = joined.outerjoin(graded, graded.c.id == _CELLS.c.id)
    columns = (_NOTEBOOKS.c.id, _NOTEBOOKS.c.name, _CELLS.c.id, _CELLS.c.name, _CELLS.c.type)
    points = (_GRADE_CELLS.c.max_score, _TASK_CELLS.c.max_score)
    query = select(*columns, *points).select_from(joined).where(_NOTEBOOKS.c.assignment_id == assignment)
    found: dict[str, tuple[str, list[_Cell]]] = {}
    for notebook, name, id, cell, kind, of_grade, of_task in db.execute(query):
        _, cells = found.setdefault(notebook, (name, []))
        if id is not None:
            cells.append(_Cell(id, cell, of_task if of_grade is None else of_grade, kind != _GRADE_ONLY))
    return found


def _submission(db: Any, assignment: Any, student: str, stamp: datetime | None) -> tuple[str, float]:
    """The id of a student's submission, made if there is none, and by how many seconds it is late."""
    columns = _SUBMISSIONS.c
    query = select(columns.id, columns.timestamp, columns.extension)
    known = db.execute(query.where(columns.assignment_id == assignment.id, columns.student_id == student)).first()
    if known is None:
        id, extension = new_uuid(), None
        fields = {"id": id, "assignment_id": assignment.id, "student_id": student, "timestamp": stamp}
        db.execute(insert(_SUBMISSIONS), [fields])
    else:
        id, extension = known.id, known.extension
        if stamp is not None and stamp != known.timestamp:
            db.execute(update(_SUBMISSIONS).where(columns.id == id).values(timestamp=stamp))
        stamp = stamp or known.timestamp
    if stamp is None or assignment.duedate is None:
        return id, 0.0
    due = assignment.duedate + extension if extension else assignment.duedate
    return id, max(0.0, (stamp - due).total_seconds())


def _known_entries(db: Any, submission: str, released: Mapping[str, tuple[str, list[_Cell]]]) -> dict[str, _NotebookEntry]:
    """What the gradebook holds of a submission, by the notebook's id."""
    query = select(_SUBMITTED.c.id, _SUBMITTED.c.notebook_id).where(_SUBMITTED.c.assignment_id == submission)
    entries = {notebook: _NotebookEntry(id, released[notebook][1]) for id, notebook in db.execute(query) if notebook in released}
    for entry in entries.values():
        entry.grades = _known_rows(db, _GRADES, entry, (cell.id for cell in entry.cells if cell.max_score is not None))
        entry.comments = _known_rows(db, _COMMENTS, entry, (cell.id for cell in entry.cells if cell.takes_comment))
    return entries


def _known_rows(db: Any, table: Any, entry: _NotebookEntry, cells: Iterable[str]) -> dict[str, dict[str, Any]]:
    query = select(table).where(table.c.cell_id.in_(list(cells)), table.c.notebook_id == entry.id)
    return {row.cell_id: dict(row._mapping) for row in db.execute(query)}


def _new_entries(db: Any, submission: str, released: Mapping[str, tuple[str, list[_Cell]]]) -> dict[str, _NotebookEntry]:
    """Rows for a submission that is graded for the first time: without scores, all waiting for a person."""
    entries = {}
    for notebook, (_, cells) in released.items():
        entry = entries[notebook] = _NotebookEntry(new_uuid(), cells)
        fields = {"id": entry.id, "assignment_id": submission, "notebook_id": notebook, "flagged": False}
        db.execute(insert(_SUBMITTED), [fields])
        waiting = {"auto_score": None, "manual_score": None, "extra_credit": None, "needs_manual_grade": True}
        silent = {"auto_comment": None, "manual_comment": None}
        graded = [cell.id for cell in cells if cell.max_score is not None]
        commented = [cell.id for cell in cells if cell.takes_comment]
        entry.grades = {id: {"cell_id": id, "notebook_id": entry.id, **waiting} for id in graded}
        entry.comments = {id: {"cell_id": id, "notebook_id": entry.id, **silent} for id in commented}
    return entries


def _enter_notebook(
    db: Any, entry: _NotebookEntry, node: NotebookNode | None, remarks: Mapping[str, str], keep: frozenset[str]
) -> dict[str, float | None]:
    """Enter one notebook's scores and automatic comments; the scores by grade id.

    A score is never above the gradebook's max_score. A test in `keep` that has a score keeps it.
    """
    found = {cell.metadata.nbgrader.grade_id: cell for cell in node.cells} if node else {}
    scores: dict[str, float | None] = {}
    grades, comments = dict(entry.grades), dict(entry.comments)
    for cell in entry.cells:
        grade, comment = entry.grades.get(cell.id), entry.comments.get(cell.id)
        if grade is not None:
            if not (cell.name in keep and grade["auto_score"] is not None):
                entry.grades[cell.id] = {**grade, **_graded(cell, grade, node is not None, found.get(cell.name))}
            scores[cell.name] = _score(entry.grades[cell.id])
        if comment is not None and cell.name in found:
            text = _comment(found[cell.name], remarks.get(cell.name, ""))
            entry.comments[cell.id] = {**comment, "auto_comment": text}
    _write(db, _GRADES, grades, entry.grades)
    _write(db, _COMMENTS, comments, entry.comments)
    return scores


def _write(db: Any, table: Any, before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]) -> None:
    """Write what has changed; a row without an id is new."""
    if new := [{**row, "id": new_uuid()} for row in now.values() if "id" not in row]:
        db.execute(insert(table), new)
    for cell, row in now.items():
        if "id" in row and row != before[cell]:
            db.execute(update(table).where(table.c.id == row["id"]).values(row))


def _graded(cell: _Cell, grade: Mapping[str, Any], is_handed_in: bool, node: NotebookNode | None) -> dict[str, Any]:
    """The fields of a grade that change."""
    if not is_handed_in:
        return {"auto_score": 0.0, "needs_manual_grade": False}
    if node is None or not utils.is_grade(node):  # a task has no automatic score
        return {}
    score, _ = utils.determine_grade(node)
    auto = None if score is None else min(max(float(score), 0.0), float(cell.max_score or 0.0))
    return {"auto_score": auto, "needs_manual_grade": grade["manual_score"] is not None or score is None}


def _score(grade: Mapping[str, Any]) -> float | None:
    found: float | None = grade["auto_score"] if grade["manual_score"] is None else grade["manual_score"]
    return found


def _points(grade: Mapping[str, Any]) -> float:
    score = _score(grade)
    return 0.0 if score is None else float(score) + float(grade["extra_credit"] or 0.0)


def _comment(cell: NotebookNode, remark: str) -> str | None:
    is_unchanged = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) and not utils.is_task(cell)
    return " ".join(filter(None, ("No response." if is_unchanged else "", plain(remark)))) or None


def _enter_penalty(db: Any, entry: _NotebookEntry, penalty: float | None) -> float:
    """Enter what a notebook loses for being late; how much it is."""
    db.execute(update(_SUBMITTED).where(_SUBMITTED.c.id == entry.id).values(late_submission_penalty=penalty))
    return penalty or 0.0
