"""Enters a submission that the gradebook does not hold yet: the rows that nbgrader makes, in one statement for each table.

The columns, their defaults and the ids are those of nbgrader's models. To build an object of each row first, as
Gradebook.add_submission does, takes three times as long, and a class's first grading is nothing but new submissions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SolutionCell,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
    new_uuid,
)
from sqlalchemy import and_, bindparam, func, insert, select

from autograder.nbgrader.scores import Recorded, automatic_comment, automatic_score

_GRADED, _TASKS = GradeCell.__table__, TaskCell.__table__
_GRADE, _SOLUTION, _TASK = (kind.__mapper__.polymorphic_identity for kind in (GradeCell, SolutionCell, TaskCell))
_NOTEBOOKS = (
    select(Assignment.id.label("assignment"), Assignment.duedate, Notebook.id, Notebook.name)
    .join(Notebook, Notebook.assignment_id == Assignment.id)
    .where(Assignment.name == bindparam("assignment"))
    .order_by(Notebook.name)
)
_CELLS = (  # not joined to the notebooks, so that they come in the order in which they were entered
    select(
        BaseCell.notebook_id,
        BaseCell.id,
        BaseCell.name,
        BaseCell.type,
        func.coalesce(_GRADED.c.max_score, _TASKS.c.max_score, 0.0).label("max_score"),
    )
    .select_from(BaseCell.__table__)
    .outerjoin(_GRADED, _GRADED.c.id == BaseCell.id)
    .outerjoin(_TASKS, _TASKS.c.id == BaseCell.id)
    .where(BaseCell.notebook_id.in_(bindparam("notebooks", expanding=True)))
)
_STUDENT = (
    select(Student.id, SubmittedAssignment.id)
    .outerjoin(
        SubmittedAssignment,
        and_(SubmittedAssignment.student_id == Student.id, SubmittedAssignment.assignment_id == bindparam("assignment")),
    )
    .where(Student.id == bindparam("student"))
)


def enter_new(
    book: Gradebook,
    assignment: str,
    student: str,
    stamp: datetime | None,
    nodes: dict[str, NotebookNode | None],
    remarks: dict[str, str],
) -> Recorded | None:
    """Enter a submission, and the student where the gradebook does not know them; what it then holds.

    `nodes` and `remarks` are as for NbgraderCourse.save_submission. Returns None, and has entered nothing, where there is a
    submission already or where this one is late: then more has to be looked at.
    """
    entries = book.db.execute(_NOTEBOOKS, {"assignment": assignment}).all()
    known = book.db.execute(_STUDENT, {"assignment": entries[0].assignment, "student": student}).first()
    due = entries[0].duedate
    if (known is not None and known[1] is not None) or (stamp is not None and due is not None and stamp > due):
        return None
    cells = book.db.execute(_CELLS, {"notebooks": [entry.id for entry in entries]}).all()
    if known is None:
        book.db.execute(insert(Student), [{"id": student}])
    submission = new_uuid()
    about = {"id": submission, "assignment_id": entries[0].assignment, "student_id": student, "timestamp": stamp}
    book.db.execute(insert(SubmittedAssignment), [about])
    scores: dict[str, float | None] = {}
    total = 0.0  # two notebooks may have cells of the same name
    for notebook in entries:
        entry = new_uuid()
        book.db.execute(insert(SubmittedNotebook), [{"id": entry, "notebook_id": notebook.id, "assignment_id": submission}])
        own = [cell for cell in cells if cell.notebook_id == notebook.id]
        found = _enter_cells(book, entry, own, nodes.get(notebook.name), remarks)
        total += math.fsum(score or 0.0 for score in found.values())
        scores |= found
    most = math.fsum(cell.max_score for cell in cells)
    return Recorded(total, most, 0.0, scores)


def _enter_cells(
    book: Gradebook, entry: str, cells: list[Any], node: NotebookNode | None, remarks: dict[str, str]
) -> dict[str, float | None]:
    """The grades and comments of one notebook; the scores by grade id."""
    written = {cell.metadata.nbgrader.grade_id: cell for cell in node.cells} if node else {}
    scores: dict[str, float | None] = {}
    grades = []
    for cell in _of_types(cells, _GRADE, _TASK):
        score, waits = automatic_score(cell.max_score, node is not None, written.get(cell.name)) or (None, True)
        scores[cell.name] = score
        grades.append({"cell_id": cell.id, "notebook_id": entry, "auto_score": score, "needs_manual_grade": waits})
    comments = [
        {
            "cell_id": cell.id,
            "notebook_id": entry,
            "auto_comment": automatic_comment(written[cell.name], remarks.get(cell.name, "")) if cell.name in written else None,
        }
        for cell in _of_types(cells, _SOLUTION, _TASK)
    ]
    for table, rows in ((Grade, grades), (Comment, comments)):
        if rows:
            book.db.execute(insert(table), rows)
    return scores


def _of_types(cells: list[Any], *types: str) -> Iterator[Any]:
    """The cells of the first type, then those of the next: in this order nbgrader enters them."""
    for kind in types:
        yield from (cell for cell in cells if cell.type == kind)
