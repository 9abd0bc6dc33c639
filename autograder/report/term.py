"""`leftcontext report --all`: a term on one page, each student's course and how every exercise went."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.nbgrader.class_list import ClassStanding, class_standing
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.nbgrader.scores import ScoreTable
from autograder.plain_text import spreadsheet_cell
from autograder.report.page import MAX_ROWS, open_course, templates
from autograder.report.statistics import ExerciseStatistics, discrimination, exercise_statistics, with_headings
from autograder.report.students import PENDING
from autograder.report.titles import released_titles
from autograder.student import Student

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TermCell:
    """What a student has in one assignment."""

    text: str
    fraction: float | None = None  # of the points; None where there is no final score

    @property
    def is_low(self) -> bool:
        return self.fraction is not None and self.fraction < 0.5


@dataclass(frozen=True)
class TermRow:
    """A student's course over the term."""

    student: Student
    cells: tuple[TermCell, ...]
    total: float
    most: float
    missing: int


@dataclass(frozen=True)
class TermExercise:
    """How an exercise went, and how it goes together with the whole term."""

    assignment: str
    statistics: ExerciseStatistics
    discrimination: float | None


@dataclass(frozen=True)
class Term:
    """All that the page says."""

    written: datetime
    standings: tuple[ClassStanding, ...]
    rows: tuple[TermRow, ...]
    exercises: tuple[TermExercise, ...]

    @property
    def means(self) -> list[float]:
        """Of each assignment, the mean share of its points among those who handed in."""
        columns = zip(*(row.cells for row in self.rows), strict=True)
        shares = [[cell.fraction for cell in column if cell.fraction is not None] for column in columns]
        return [float(np.mean(column)) if column else float("nan") for column in shares]


def write(output: Path | None = None) -> tuple[Path, Path]:
    """Write the page, and its table beside it; where both are. Raises MissingData, OSError."""
    course = open_course()
    output = (output or course.records / "term.html").absolute()
    with course.open():
        term = gather(course)
    output.parent.mkdir(parents=True, exist_ok=True)
    page = str(templates().get_template("term.html.j2").render(term=term, max_rows=MAX_ROWS))
    output.write_text(page, encoding="utf-8", errors="replace")
    beside = output.with_suffix(".csv")
    beside.write_text(as_csv(term), encoding="utf-8-sig", errors="replace", newline="")
    return output, beside


def gather(course: NbgraderCourse) -> Term:
    """Every assignment of which something is graded, by name. Raises MissingData where there is none."""
    standings, tables = [], []
    for assignment in course.assignments():
        try:
            tables.append(course.score_table(assignment))
        except MissingData:
            continue
        standings.append(class_standing(course, assignment))
    if not standings:
        raise MissingData("Nothing is graded yet. Run `leftcontext grade ASSIGNMENT` first.")
    headings = {standing.assignment: released_titles(course, standing.assignment) for standing in standings}
    rows = tuple(_row(standings, number) for number in range(len(standings[0].students)))
    return Term(datetime.now(UTC), tuple(standings), rows, tuple(term_exercises(standings, tables, headings)))


def _row(standings: list[ClassStanding], number: int) -> TermRow:
    student = standings[0].students[number].student
    cells, total, most, missing = [], 0.0, 0.0, 0
    for standing in standings:
        # Who handed in something without being in the gradebook is in that assignment's class alone.
        one = next((other for other in standing.students if other.student.id == student.id), None)
        most += standing.max_score
        if one is None or not one.is_submitted:
            missing += 1
            cells.append(TermCell("–"))
        elif not one.is_graded:
            cells.append(TermCell("not graded"))
        else:
            total += one.score
            text = f"{round(one.score, 2):g}" + (f" + {PENDING}" if one.waiting else "")
            share = one.score / standing.max_score if standing.max_score and not one.waiting else None
            cells.append(TermCell(text, share))
    return TermRow(student, tuple(cells), total, most, missing)


def term_exercises(
    standings: list[ClassStanding], tables: list[ScoreTable], headings: Mapping[str, Mapping[str, str]]
) -> list[TermExercise]:
    """Difficulty and discrimination of every exercise; the latter against the points of all others in the term.

    `headings` are what exercises are called, by assignment and id.
    """
    totals: dict[str, float] = {}
    for table in tables:
        for student, score in zip(table.students, np.nansum(table.scores, axis=1), strict=True):
            totals[student] = totals.get(student, 0.0) + float(score)
    found = []
    for standing, table in zip(standings, tables, strict=True):
        whole = np.array([totals[student] for student in table.students])  # (S,)
        named = with_headings(exercise_statistics(table.cells, table.scores, table.points), headings.get(standing.assignment, {}))
        for column, statistics in enumerate(named):
            own = table.scores[:, column]
            graded = ~np.isnan(own)
            passed = own[graded] >= statistics.points - 1e-9
            found.append(TermExercise(standing.assignment, statistics, discrimination(passed, whole[graded] - own[graded])))
    return found


def as_csv(term: Term) -> str:
    """A row for each student, a column for each assignment; nothing where nothing was handed in."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [standing.assignment for standing in term.standings]
    writer.writerow(["student", "first_name", "last_name", *names, "total", "max_score", "missing"])
    for row in term.rows:
        student = row.student
        cells = ["" if cell.text == "–" else cell.text for cell in row.cells]
        line = [student.id, student.first_name, student.last_name, *cells, f"{round(row.total, 4):g}", f"{row.most:g}"]
        writer.writerow(map(spreadsheet_cell, [*line, str(row.missing)]))
    return text.getvalue()
