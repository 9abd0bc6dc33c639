"""What `leftcontext grade` would do: who would be graded and why. Nothing is run and nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from autograder.grading.journal import VERSION, digest
from autograder.grading.run import Grading, choose
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse


@dataclass
class Plan:
    """Students by what would become of their submissions, and sentences on the assignment."""

    graded: dict[str, str] = field(default_factory=dict)  # the reason, by student
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan(assignment: str, students: Iterable[str] | None = None, force: bool = False, timeout: float | None = None) -> Plan:
    """Who would be graded. Raises MissingData."""
    course, made = NbgraderCourse(), Plan()
    if not course.has_gradebook:
        if not course.is_released(assignment):
            raise MissingData(f"There is no gradebook here. In a course, run `nbgrader generate_assignment {assignment}` first.")
        return _of_new_assignment(course, assignment, students, made)
    with course.open():
        if not course.is_entered(assignment) and course.is_released(assignment):
            return _of_new_assignment(course, assignment, students, made)
        notebooks = course.released(assignment)
        made.notes += course.release_differences(assignment)
        solutions = [course.solved(assignment, notebook.name) for notebook in notebooks]
        grading = Grading(course, assignment, notebooks, timeout, digest(VERSION, *solutions))
        chosen = choose(course, assignment, students, made.notes.append)
        waiting = set(grading.waiting(force)) & set(chosen)
        now = grading.reader.digests([student for student in chosen if student in waiting])
        made.graded = {student: grading.reason(student, now.get(student) or "") for student in chosen if student in waiting}
        made.unchanged = [student for student in chosen if student not in waiting]
    return made


def _of_new_assignment(course: NbgraderCourse, assignment: str, students: Iterable[str] | None, made: Plan) -> Plan:
    made.notes.append(f"{assignment} would be entered into the gradebook, as it is released.")
    made.graded = dict.fromkeys(choose(course, assignment, students, made.notes.append), "it is new")
    return made
