"""The class, a row for each student: score, lateness, what needs a look, each exercise, and the way to the feedback."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from autograder.nbgrader.class_list import ClassStanding, Standing
from autograder.nbgrader.scores import ScoreTable
from autograder.plain_text import spreadsheet_cell
from autograder.student import Student

PENDING = "pending"


@dataclass(frozen=True)
class CellScore:
    """What a student has for one graded cell; `score` is None while it waits for the instructor."""

    points: float
    score: float | None

    @property
    def sign(self) -> str:
        """Full, partial or no credit, or waiting, as a sign that needs no colour."""
        if self.score is None:
            return "…"
        return "✓" if self.score >= self.points - 1e-9 else "◐" if self.score > 0 else "✗"

    @property
    def words(self) -> str:
        return PENDING if self.score is None else f"{round(self.score, 2):g} of {self.points:g}"


@dataclass(frozen=True)
class StudentRow:
    """One student who handed in."""

    standing: Standing
    cells: tuple[CellScore, ...]
    flags: tuple[str, ...] = ()
    feedback: str = ""  # a relative link, empty where there is no page

    @property
    def student(self) -> Student:
        return self.standing.student

    @property
    def late(self) -> str:
        """How late, or who says that it is late, in words; empty where it was in time."""
        if self.standing.marked_late_by:  # a time in the gradebook is then one of an earlier submission
            return f"marked late by {self.standing.marked_late_by}"
        return duration(self.standing.seconds_late) if self.standing.seconds_late > 0 else ""

    @property
    def is_at_risk(self) -> bool:
        """Whether less than half of the points are there, though nothing waits."""
        most = sum(cell.points for cell in self.cells)
        return not self.standing.waiting and self.standing.score < most / 2


def duration(seconds: float) -> str:
    """A time span in its largest unit: "3 h", "2 days"."""
    for size, name in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {name}{'s' if name == 'day' and number > 1 else ''}"
    return f"{int(seconds)} s"


@dataclass
class Roster:
    """Who handed in, who did not, and whose submission is not graded."""

    rows: list[StudentRow] = field(default_factory=list)
    missing: list[Student] = field(default_factory=list)
    ungraded: list[Student] = field(default_factory=list)


def gather_rows(
    standing: ClassStanding,
    table: ScoreTable,
    order: Sequence[int],
    flags: Mapping[str, Sequence[str]],
    feedback: Callable[[str], str],
) -> Roster:
    """The rows, sorted by name. `order` are the columns of `table` in the order of the notebook."""
    at = {student: number for number, student in enumerate(table.students)}
    found = Roster()
    for one in standing.students:
        id = one.student.id
        if not one.is_submitted:
            found.missing.append(one.student)
        elif not one.is_graded or id not in at:
            found.ungraded.append(one.student)
        else:
            scores = table.scores[at[id]]
            cells = tuple(
                CellScore(float(table.points[n]), None if scores[n] != scores[n] else float(scores[n])) for n in order
            )
            found.rows.append(StudentRow(one, cells, tuple(flags.get(id, ())), feedback(id)))
    return found


def as_csv(roster: Roster, names: Sequence[str], max_score: float) -> str:
    """The rows as a table for a spreadsheet; those who handed in nothing at its end."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    head = ["student", "first_name", "last_name", "email", "score", "max_score", "late_penalty", "submitted_at", "late", "flags"]
    writer.writerow([*head, *names])
    for row in roster.rows:
        one, student = row.standing, row.student
        at = one.submitted_at.isoformat(timespec="seconds") if one.submitted_at else ""
        cells = [PENDING if cell.score is None else f"{round(cell.score, 4):g}" for cell in row.cells]
        known = [student.id, student.first_name, student.last_name, student.email, f"{round(one.score, 4):g}", f"{max_score:g}"]
        line = [*known, f"{one.penalty:g}", at, row.late, "; ".join(row.flags), *cells]
        writer.writerow(map(spreadsheet_cell, line))
    for student in roster.missing:
        names_of = [student.id, student.first_name, student.last_name, student.email]
        writer.writerow(map(spreadsheet_cell, [*names_of, "", f"{max_score:g}"]))
    return text.getvalue()


def feedback_link(folder: Path, page: Path) -> str:
    """The way from a page to the first feedback page in a folder; empty where there is none."""
    first = next(iter(sorted(folder.glob("*.html"))), None) if folder.is_dir() else None
    return quote(Path(os.path.relpath(first, page.parent)).as_posix()) if first is not None else ""
