"""Who is in a class and where each stands, as nbgrader's gradebook has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nbgrader.api import MissingEntry, SubmittedAssignment
from nbgrader.api import Student as Entry

from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.nbgrader.late_marks import read_late_marks
from autograder.student import Student


@dataclass(frozen=True)
class Standing:
    """Where a student stands in an assignment. Points that wait for the instructor are not in `score`."""

    student: Student
    is_graded: bool = False
    is_submitted: bool = False  # a submission lies there, graded or not
    score: float = 0.0  # less the penalty for being late
    penalty: float = 0.0
    waiting: int = 0  # answers that the instructor still has to read
    submitted_at: datetime | None = None
    seconds_late: float = 0.0
    marked_late_by: str = ""  # the learning management system that says so, without a time

    @property
    def is_final(self) -> bool:
        return self.is_graded and not self.waiting


@dataclass(frozen=True)
class ClassStanding:
    """An assignment's class: everybody whom the gradebook knows and everybody who handed in, sorted by name."""

    assignment: str
    max_score: float
    due: datetime | None
    students: tuple[Standing, ...]


def people(course: NbgraderCourse) -> dict[str, Student]:
    """Everybody whom the gradebook knows, by id."""
    entries = course.gradebook.db.query(Entry).all()
    return {entry.id: _person(entry) for entry in entries}


def _person(entry: Any) -> Student:
    texts = (entry.first_name, entry.last_name, entry.email, entry.lms_user_id)
    return Student(str(entry.id), *(str(text or "") for text in texts))


def enter_people(course: NbgraderCourse, known: Iterable[Student]) -> tuple[int, int]:
    """Enter students; a text that is empty changes nothing. How many are new, and known."""
    before = people(course)
    new = old = 0
    for student in known:
        fields = {"first_name": student.first_name, "last_name": student.last_name, "email": student.email}
        fields["lms_user_id"] = student.lms_id
        course.gradebook.update_or_create_student(student.id, **{name: text for name, text in fields.items() if text})
        new, old = new + (student.id not in before), old + (student.id in before)
    return new, old


def class_standing(course: NbgraderCourse, assignment: str) -> ClassStanding:
    """Where everybody stands in an assignment. Raises MissingData where the gradebook does not have it."""
    try:
        known = course.gradebook.find_assignment(assignment)
    except MissingEntry:
        others = ", ".join(course.assignments()) or "none"
        raise MissingData(f"{assignment} is not in the gradebook (it holds: {others}).") from None
    everybody = people(course)
    handed_in = set(course.students(assignment))
    everybody |= {id: Student(id) for id in handed_in - everybody.keys() if _is_text(id)}
    recorded, times = course.recorded(assignment), _times(course, assignment)
    marks = read_late_marks(course, assignment)
    found = []
    for person in sorted(everybody.values(), key=lambda one: (one.sortable_name.casefold(), one.id)):
        entry = recorded.get(person.id)
        at, late = times.get(person.id, (None, 0.0))
        marked = marks.get(person.id, "")
        if entry is None:
            found.append(Standing(person, is_submitted=person.id in handed_in, marked_late_by=marked))
            continue
        waiting = sum(score is None for score in entry.cells.values())
        score = max(0.0, entry.score - entry.late_penalty)
        found.append(Standing(person, True, True, score, entry.late_penalty, waiting, at, late, marked))
    return ClassStanding(assignment, float(known.max_score), _utc(known.duedate), tuple(found))


def _times(course: NbgraderCourse, assignment: str) -> Mapping[str, tuple[datetime | None, float]]:
    """When each handed in, and how many seconds after the due date, with extensions."""
    known = course.gradebook.find_assignment(assignment)
    rows = course.gradebook.db.query(
        SubmittedAssignment.student_id, SubmittedAssignment.timestamp, SubmittedAssignment.extension
    ).filter(SubmittedAssignment.assignment_id == known.id)
    found: dict[str, tuple[datetime | None, float]] = {}
    for student, at, extension in rows:
        late = 0.0
        if at is not None and known.duedate is not None:
            due = known.duedate + extension if extension is not None else known.duedate
            late = max(0.0, (at - due).total_seconds())
        found[student] = _utc(at), late
    return found


def _utc(moment: datetime | None) -> datetime | None:
    """nbgrader keeps moments in UTC, without saying so."""
    return moment.replace(tzinfo=UTC) if moment is not None else None


def _is_text(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False
