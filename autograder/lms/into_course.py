"""Puts collected submissions into a course's folder `course/submitted/`, each whole or not at all; nothing is lost there."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from autograder.lms.collect import TIMESTAMP, CannotCollect, Submission, contents, open_archive, read_archive
from autograder.nbgrader.class_list import people
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.nbgrader.late_marks import update_late_marks
from autograder.nbgrader.submitted_files import is_notebook


@dataclass
class Placed:
    """What came of an archive."""

    system: str
    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    without_notebook: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)  # as the system says it
    is_late: dict[str, bool] = field(default_factory=dict)  # the same of each submission that now lies in the course
    notes: list[str] = field(default_factory=list)


def collect(course: NbgraderCourse, assignment: str, path: Path, replace: bool = False, dry_run: bool = False) -> Placed:
    """Put the submissions of the archive at `path` into the course. The gradebook is open. Raises CannotCollect, OSError.

    A submission that lies there already and differs stays, unless `replace`; then the earlier one is kept beside the
    journal. With `dry_run` nothing is written.
    """
    students = list(people(course).values())
    released = {folder.stem for folder in course.release_folder(assignment).glob("*.ipynb")}
    if not released:
        raise CannotCollect(f"{assignment} is not released here: {course.release_folder(assignment)} has no notebooks.")
    with open_archive(path) as archive:
        found = read_archive(archive, students, released)
        outcome = Placed(found.system, notes=found.notes)
        for submission in sorted(found.submissions, key=lambda one: one.student):
            _place(course, assignment, archive, submission, outcome, replace, dry_run)
    if not dry_run:
        update_late_marks(course, assignment, found.system, outcome.is_late)
    return outcome


def _place(
    course: NbgraderCourse,
    assignment: str,
    archive: zipfile.ZipFile,
    submission: Submission,
    outcome: Placed,
    replace: bool,
    dry_run: bool,
) -> None:
    student = submission.student
    files = dict(contents(archive, submission, outcome.notes))
    if submission.submitted_at is not None:
        files[TIMESTAMP] = timestamp(submission.submitted_at)
    if not any(map(is_notebook, files)) and not any(name.lower().endswith(".zip") for name in files):
        outcome.without_notebook.append(student)
    is_late = any(one.is_late for one in submission.members.values())
    if is_late:
        outcome.late.append(student)
    place = course.folder("submitted", student, assignment)
    if os.path.isdir(place) or os.path.islink(place):  # noqa: PTH112, PTH114 (those of Path raise where a link leads too far)
        if dict(_lying(place)) == files:
            outcome.unchanged.append(student)
            outcome.is_late[student] = is_late
            return
        if not replace:
            outcome.notes.append(f"{student}: another submission is in {place} already; it stays. --replace takes the new one.")
            outcome.unchanged.append(student)
            return
        outcome.replaced.append(student)
    else:
        outcome.new.append(student)
    outcome.is_late[student] = is_late
    if not dry_run:
        _write(course, assignment, place, student, files, outcome)


def _write(
    course: NbgraderCourse, assignment: str, place: Path, student: str, files: dict[str, bytes], outcome: Placed
) -> None:
    made = place.parent / f".{place.name}.new"
    shutil.rmtree(made, ignore_errors=True)
    for name, content in files.items():
        file = made / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            outcome.notes.append(f"{student}: {name!r} has the name of a folder of theirs; it was left out.")
    made.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(place):
        earlier = course.records / "replaced" / assignment / student
        number = next(n for n in range(1, 10**6) if not (earlier / str(n)).exists())
        earlier.mkdir(parents=True, exist_ok=True)
        shutil.move(place, earlier / str(number))
    made.rename(place)


def _lying(place: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(place.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(place).as_posix(), path.read_bytes()


def timestamp(moment: datetime) -> bytes:
    """A moment as nbgrader's timestamp.txt holds it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC").encode()
