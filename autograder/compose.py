"""`leftcontext compose`: a new assignment in `source/NAME/` out of exercises of the bank, in the bank's own format.

A composed assignment is a `lesson.md` like any other, so that it can be edited, built, and released by nbgrader.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from autograder import bank
from autograder.course import LESSON, Course

NAME = re.compile(r"[A-Za-z0-9][\w.-]*")  # what nbgrader takes for an assignment


class CannotCompose(ValueError):
    """The assignment can't be made; the message says why and what to do."""


def compose(course: Course, name: str, exercises: Sequence[str], seed: int = 0) -> Path:
    """Write `source/NAME/lesson.md`. Raises CannotCompose and UnknownExercise before anything is written."""
    if not NAME.fullmatch(name):
        raise CannotCompose(f"{name!r} can't name an assignment: letters, digits, '-', '_' and '.' can.")
    twice = {id for id in exercises if list(exercises).count(id) > 1}
    if twice:
        raise CannotCompose(f"{min(twice)} is named twice. An assignment holds an exercise once.")
    for id in exercises:
        bank.find(id)
    folder = course.root / "source" / name
    if folder.exists():
        raise CannotCompose(f"source/{name} exists already. Choose another name, or delete it.")
    folder.mkdir(parents=True)
    path = folder / LESSON
    path.write_text(_lesson(name, exercises, seed), encoding="utf-8")
    return path


def _lesson(name: str, exercises: Sequence[str], seed: int) -> str:
    points = sum(bank.find(id).load().points for id in exercises)
    count = f"{len(exercises)} exercise{'s' if len(exercises) > 1 else ''}"
    call = f" seed={seed}" if seed else ""
    return "\n\n".join(
        [
            f"# {name}",
            f"{count}, {points:g} points. Write each answer where the comment says so, then run the cell below it: "
            "it says at once what is right and what is not.",
            "```{code-cell}\nimport numpy as np\nfrom autograder import check\n```",
            *(f"{{exercise}}`{id}{call}`" for id in exercises),
        ]
    ) + "\n"


def students(path: Path) -> list[str]:
    """The student ids of a file: one a line, or the first column of a CSV file. Raises CannotCompose."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotCompose(f"{path} can't be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.") from None
    ids = [line.split(",")[0].strip().strip('"') for line in lines if line.strip() and not line.startswith("#")]
    ids = [id for id in ids if id.lower() not in ("id", "student", "student_id", "username")]
    if not ids:
        raise CannotCompose(f"{path} names no student. Write one id a line.")
    for id in ids:
        if not NAME.fullmatch(id):
            raise CannotCompose(f"{path}: {id!r} can't be a student's id: letters, digits, '-', '_' and '.' can.")
    if len(set(ids)) < len(ids):
        raise CannotCompose(f"{path} names a student twice: {max(ids, key=ids.count)}.")
    return ids


def seed_of(student: str, seed: int) -> int:
    """A student's own seed: the same whenever it is asked for, and never 0."""
    return zlib.crc32(f"{seed} {student}".encode()) % 999_999 + 1
