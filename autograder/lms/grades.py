"""Grades as a learning management system imports them: an assignment's scores, less what being late took off.

Canvas: Gradebook > Import reads the columns Student, ID, SIS User ID, SIS Login ID and Section, then one for each assignment,
and a row of points possible (its importer: https://github.com/instructure/canvas-lms/blob/master/lib/gradebook_importer.rb).
Moodle: an assignment's grading worksheet has the columns Identifier, Full name, Email address, Status, Grade, Maximum grade
(https://docs.moodle.org/en/Assignment_settings, "Offline grading worksheet"); Grades > Import > CSV file takes any columns and
asks what each is (https://docs.moodle.org/en/Grade_import).
Gradescope imports no scores. Its own export has the columns that are written here, for scripts that read those.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from autograder.course.roster import Table, is_no_student, read_table, students_of
from autograder.errors import UserError
from autograder.nbgrader.class_list import ClassStanding, Standing
from autograder.plain_text import spreadsheet_cell

CANVAS_HEADER = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
GRADESCOPE_HEADER = (
    "First Name", "Last Name", "SID", "Email", "Sections", "Total Score", "Max Points", "Status", "Submission ID",
    "Submission Time", "Lateness (H:M:S)",
)  # fmt: skip


class GradesFormat(StrEnum):
    """For whom grades are written."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    GRADESCOPE = "gradescope"
    CSV = "csv"
    JSON = "json"


class CannotExport(UserError):
    """Grades that can't be written; the message says why."""


@dataclass
class Export:
    """The text of a file, and sentences on what is not in it."""

    text: str = ""
    notes: list[str] = field(default_factory=list)


def export_grades(
    standing: ClassStanding, form: GradesFormat, fill: Path | None = None, zero_missing: bool = False, column: str = ""
) -> Export:
    """The grades of an assignment. `fill` is a file that the system exported, whose rows stay and get their grades.
    `column` is what the system calls the assignment, where that is not its name here.

    A student whose answers wait for manual grading gets none, and one who handed in nothing gets none or, with
    `zero_missing`, 0. Raises CannotExport, UnusableRoster.
    """
    made = Export(notes=_notes(standing, zero_missing))
    standing = dataclasses.replace(standing, assignment=column or standing.assignment)
    grades = {one.student.id: _grade(one, zero_missing) for one in standing.students}
    if fill is not None:
        fillers = {GradesFormat.CANVAS: _fill_canvas, GradesFormat.MOODLE: _fill_moodle}
        if form not in fillers:
            raise CannotExport(f"Only files of Canvas and Moodle can be filled in, not {form}.")
        table = read_table(fill)
        fillers[form](table, str(fill), standing, grades, made)
    elif form == GradesFormat.JSON:
        made.text = "".join(f"{json.dumps(_fields(one), ensure_ascii=False)}\n" for one in standing.students)
    else:
        writers: dict[GradesFormat, Callable[[ClassStanding, Mapping[str, str]], str]]
        writers = {GradesFormat.CANVAS: _canvas, GradesFormat.MOODLE: _moodle, GradesFormat.GRADESCOPE: _gradescope}
        made.text = writers.get(form, _plain)(standing, grades)
    return made


def _grade(one: Standing, zero_missing: bool) -> str:
    """The grade as text; nothing where there is none yet."""
    if one.is_final:
        return number(one.score)
    return "0" if zero_missing and not one.is_submitted else ""


def number(value: float) -> str:
    """A number of points, to two places, as Canvas and Moodle keep them."""
    return f"{round(value, 2) + 0.0:g}" if abs(value) < 1e5 else f"{value:.2f}"  # + 0.0: no "-0"


def _as_number(text: str) -> float | None:
    """A number of an exported file, with a decimal point or comma; None where it is none, as with a scale."""
    try:
        return round(float(text.replace(",", ".")), 9)
    except ValueError:
        return None


def _notes(standing: ClassStanding, zero_missing: bool) -> list[str]:
    waiting = [one.student.id for one in standing.students if one.is_graded and one.waiting]
    ungraded = [one.student.id for one in standing.students if one.is_submitted and not one.is_graded]
    missing = [one.student.id for one in standing.students if not one.is_submitted]
    notes = []
    if waiting:
        notes.append(f"No grade for {listed(waiting)}: answers wait for manual grading.")
    if ungraded:
        notes.append(f"No grade for {listed(ungraded)}: not graded yet, run `leftcontext grade {standing.assignment}`.")
    if missing:
        gets = "0 was given to" if zero_missing else "No grade for"
        notes.append(f"{gets} {listed(missing)}: nothing was handed in{'' if zero_missing else ' (--zero-missing gives 0)'}.")
    return notes


def listed(names: Sequence[str], most: int = 10) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _fields(one: Standing) -> dict[str, object]:
    student = one.student
    return {
        "student": student.id,
        "first_name": student.first_name,
        "last_name": student.last_name,
        "email": student.email,
        "lms_user_id": student.lms_id,
        "status": _status(one),
        "score": round(one.score, 6) if one.is_graded else None,
        "late_penalty": one.penalty,
        "waiting_for_manual_grading": one.waiting,
        "submitted_at": one.submitted_at.isoformat() if one.submitted_at else None,
        "seconds_late": one.seconds_late,
        "marked_late_by": one.marked_late_by or None,
    }


def _status(one: Standing) -> str:
    if one.is_graded:
        return "waiting" if one.waiting else "graded"
    return "not graded" if one.is_submitted else "missing"


def _plain(standing: ClassStanding, grades: Mapping[str, str]) -> str:
    """Everything that is known, a column each; numbers and statuses as in JSON."""
    names = list(_fields(standing.students[0])) if standing.students else ["student"]
    rows = [[_cell(value) for value in _fields(one).values()] for one in standing.students]
    return _table([[*names, "max_score"], *([*row, number(standing.max_score)] for row in rows)])


def _cell(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _canvas(standing: ClassStanding, grades: Mapping[str, str]) -> str:
    """Without a file of Canvas's: students by the LMS's number where the gradebook has it, else by their login."""
    rows = [[*CANVAS_HEADER, standing.assignment], ["    Points Possible", "", "", "", "", number(standing.max_score)]]
    for one in standing.students:
        student = one.student
        rows.append([student.sortable_name, student.lms_id, "", student.id, "", grades[student.id]])
    return _table(rows)


def _moodle(standing: ClassStanding, grades: Mapping[str, str]) -> str:
    """For Grades > Import > CSV file; the students are matched by e-mail address or by user name."""
    rows = [["First name", "Last name", "Username", "Email address", f"Assignment: {standing.assignment} (Real)"]]
    for one in standing.students:
        student = one.student
        rows.append([student.first_name, student.last_name, student.id, student.email, grades[student.id] or "-"])
    return _table(rows)


def _gradescope(standing: ClassStanding, grades: Mapping[str, str]) -> str:
    rows = [list(GRADESCOPE_HEADER)]
    for one in standing.students:
        student, status = one.student, {"graded": "Graded", "missing": "Missing"}.get(_status(one), "Ungraded")
        late = int(one.seconds_late)
        lateness = f"{late // 3600:02}:{late // 60 % 60:02}:{late % 60:02}"
        at = one.submitted_at.strftime("%Y-%m-%d %H:%M:%S %z") if one.submitted_at else ""
        row = [student.first_name, student.last_name, student.id, student.email, "", grades[student.id]]
        rows.append([*row, number(standing.max_score), status, "", at, lateness if one.is_submitted else ""])
    return _table(rows)


def _fill_canvas(
    table: Table, file: str, standing: ClassStanding, grades: Mapping[str, str], made: Export
) -> None:
    if not table.is_canvas:
        raise CannotExport(f"{file} is no gradebook of Canvas: it has no columns Student, ID and Section.")
    header, name = list(table.header), standing.assignment
    at = next((n for n, title in enumerate(header) if title == name or title.startswith(f"{name} (")), None)
    end = table.columns["section"] + 1
    kept = [header[at]] if at is not None else [name]
    rows = [[*header[:end], *kept]]
    by_row = _by_row(table, file, standing, grades, made)
    for number_of_row, row in enumerate(table.rows):
        left = [*row, *[""] * end][:end]
        if "Points Possible" in row[0]:
            rows.append([*left, number(standing.max_score)])
            there = row[at].strip() if at is not None and at < len(row) else ""
            if there and _as_number(there) != standing.max_score:
                here = number(standing.max_score)
                made.notes.append(f"Canvas has {there} points possible for {kept[0]}, and the file {here}: an import sets that.")
        elif not is_no_student(row):
            rows.append([*left, by_row[number_of_row]])
    if at is None:
        made.notes.append(
            f"{file} has no column {name!r}; Canvas will ask whether to make the assignment. --column names one of another name."
        )
    made.text = _table(rows, table.separator)


def _fill_moodle(table: Table, file: str, standing: ClassStanding, grades: Mapping[str, str], made: Export) -> None:
    column = table.columns.get("grade")
    if column is None or "identifier" not in table.columns:
        raise CannotExport(f"{file} is no grading worksheet of Moodle: it has no columns Identifier and Grade.")
    maximum = table.columns.get("maximum grade")
    by_row = _by_row(table, file, standing, grades, made)
    rows = [list(table.header)]
    for number_of_row, row in enumerate(table.rows):
        filled = [*row, *[""] * (len(table.header) - len(row))]
        filled[column] = by_row[number_of_row] or filled[column]
        rows.append(filled)
        stated = filled[maximum].strip() if maximum is not None else ""
        if stated and stated != "-" and _as_number(stated) != standing.max_score:
            raise CannotExport(
                f"{file} has a maximum grade of {filled[maximum or 0]}, and {standing.assignment} has "
                f"{number(standing.max_score)} points. Set the assignment's maximum grade in Moodle to that."
            )
    made.text = _table(rows, table.separator)


def _by_row(
    table: Table, file: str, standing: ClassStanding, grades: Mapping[str, str], made: Export
) -> dict[int, str]:
    """The grade of each row's student, by the row's number; who is on one side only is said."""
    found: dict[int, str] = {}
    unknown, seen = [], set()
    known = {text.lower(): one.student.id for one in standing.students for text in (one.student.email, one.student.id) if text}
    for at, row in enumerate(table.rows):
        if is_no_student(row):
            continue
        (student,) = students_of(Table(table.header, [row], table.separator), file)
        id = next((known[text] for text in (student.id.lower(), student.email.lower()) if text in known), None)
        found[at] = grades[id] if id is not None else ""
        if id is None:
            unknown.append(student.id)
        else:
            seen.add(id)
    if unknown:
        made.notes.append(f"Not in the gradebook, and left without a grade: {listed(unknown)}.")
    if left := [id for id, grade in grades.items() if grade and id not in seen]:
        made.notes.append(f"Not in {file}, so their grades are not in it: {listed(left)}.")
    return found


def _table(rows: Sequence[Sequence[str]], separator: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerows([[spreadsheet_cell(cell) for cell in row] for row in rows])
    return text.getvalue()
