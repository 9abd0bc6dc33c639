"""Which submissions a learning management system marked as late without saying when they were handed in.

Canvas writes LATE into the names of late files, and no time, so nbgrader's gradebook can't hold it: a submission is late there
if its time is after the due date. The marks lie beside the grader's journal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.atomic_write import write_atomically
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.nbgrader.submitted_files import read_folder


def read_late_marks(course: NbgraderCourse, assignment: str) -> dict[str, str]:
    """The system that marked a submission as late, by student; without marks of submissions that other files have replaced."""
    return {
        student: str(mark.get("by"))
        for student, mark in _read(_path(course, assignment)).items()
        if mark.get("files") == _digest(course, assignment, student)
    }


def update_late_marks(course: NbgraderCourse, assignment: str, system: str, is_late: Mapping[str, bool]) -> None:
    """Enter what `system` says of submissions that now lie in the course: marked as late or not, by student. Raises OSError."""
    path = _path(course, assignment)
    before = _read(path)
    marks = {student: mark for student, mark in before.items() if student not in is_late}
    for student in (student for student, late in is_late.items() if late):
        marks[student] = {"by": system, "files": _digest(course, assignment, student)}
    if marks != before:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(dict(sorted(marks.items())), indent=1))


def _path(course: NbgraderCourse, assignment: str) -> Path:
    return course.records / f"{assignment}.late.json"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The marks of an assignment; none where there is no file, or none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    marks = found if isinstance(found, dict) else {}
    return {student: mark for student, mark in marks.items() if isinstance(mark, dict)}


def _digest(course: NbgraderCourse, assignment: str, student: str) -> str:
    """What tells a submission from another one of the same student; empty where none lies there."""
    try:
        files = read_folder(course.folder("submitted", student, assignment)).files
    except FileNotFoundError:
        return ""
    content = hashlib.sha256()
    for name, held in sorted(files.items()):
        content.update(f"{len(name.encode())} {len(held)} {name}".encode() + held)
    return content.hexdigest()
