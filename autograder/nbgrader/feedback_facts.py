"""What a student's feedback page says beyond the graded notebook: whose it is, when it was handed in, what still waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from nbgrader.api import Gradebook, SubmittedAssignment


@dataclass(frozen=True)
class FeedbackFacts:
    """Texts and moments are empty or None where the gradebook knows nothing."""

    student: str = ""  # their name, or their id
    submitted_at: datetime | None = None
    waiting: frozenset[str] = frozenset()  # grade ids of the cells that the instructor has not graded yet
    closed_at: datetime | None = None  # the due date, or the latest extension that anybody has


def feedback_facts(db_url: str, assignment: str, student: str, notebook: str) -> FeedbackFacts:
    """Read from the gradebook. Raises nbgrader's MissingEntry."""
    with Gradebook(db_url) as book:
        person = book.find_student(student)
        name = " ".join(filter(None, (person.first_name, person.last_name)))
        submission = book.find_submission(assignment, student)
        entry = book.find_submission_notebook(notebook, assignment, student)
        waiting = frozenset(grade.name for grade in entry.grades if grade.needs_manual_grade and grade.manual_score is None)
        due = book.find_assignment(assignment).duedate
        known = book.db.query(SubmittedAssignment.extension).filter(SubmittedAssignment.assignment_id == submission.assignment_id)
        extensions = [extension for (extension,) in known if extension is not None]
        closed = due + max(extensions) if due is not None and extensions else due
        shown = f"{name} ({student})" if name else student
        return FeedbackFacts(shown, _utc(submission.timestamp), waiting, _utc(closed))


def _utc(moment: datetime | None) -> datetime | None:
    """nbgrader keeps moments in UTC, without saying so."""
    return moment.replace(tzinfo=UTC) if moment is not None else None
