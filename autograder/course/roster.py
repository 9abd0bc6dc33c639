"""Class lists: the students of a CSV file that Canvas, Moodle, Gradescope or nbgrader exports, read by its headers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import UserError
from autograder.student import Student

NAME = re.compile(r"[A-Za-z0-9][\w.@-]*")  # what can stand in a folder's and in an assignment's name
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
ALLOWED = "use letters, digits, '-', '_', '.' and '@'"
MAX_BYTES = 20 * 2**20
# Headers in lower case, the first that a file has counts. Canvas: Student, ID, SIS User ID, SIS Login ID, Section.
# Moodle: Identifier, Full name, Username, ID number, Email address. Gradescope: First Name, Last Name, SID, Email.
# nbgrader: id, first_name, last_name, email, lms_user_id.
IDS = ("student id", "sis login id", "username", "user name", "login id", "login", "user", "sid", "id number", "sis user id")
LAST_IDS = ("id", "email address", "email", "e-mail", "student")  # "ID" in Canvas's files is its own number of the user
NAMES = ("student", "full name", "name", "student name")
EMAILS = ("email address", "email", "e-mail")
FIRST_NAMES, LAST_NAMES = ("first name", "firstname", "given name"), ("last name", "lastname", "surname", "family name")
LMS_IDS = ("lms user id", "identifier")
CANVAS = {"student", "id", "section"}
CANVAS_IN_TWO = {"lastname", "firstname", "id", "section"}  # where Canvas is told to export names in two columns


class UnusableRoster(UserError, ValueError):
    """A class list that can't be read; the message says why."""


@dataclass(frozen=True)
class Table:
    """A CSV file: its header as it stands there, and the rows below it; `separator` is a comma, a semicolon or a tab."""

    header: list[str]
    rows: list[list[str]]
    separator: str = ","

    @property
    def columns(self) -> dict[str, int]:
        """Positions by header, in lower case with spaces."""
        found: dict[str, int] = {}
        for number, name in enumerate(self.header):
            found.setdefault(_normal(name), number)
        return found

    @property
    def is_canvas(self) -> bool:
        return self.columns.keys() >= CANVAS or self.columns.keys() >= CANVAS_IN_TWO

    def column(self, names: Sequence[str]) -> int | None:
        """The position of the first of these headers that the file has."""
        return next((self.columns[name] for name in names if name in self.columns), None)


def read_table(path: Path) -> Table:
    """Read a CSV file. Raises UnusableRoster."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnusableRoster(f"{path} can't be read: {error.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise UnusableRoster(f"{path} is too large for a class list.")
    try:  # Excel saves UTF-16 as "Unicode text"
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableRoster(f"{path} can't be read: it is not UTF-8 text.") from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if _says_something(row)]
    except csv.Error as error:
        raise UnusableRoster(f"{path} can't be read as a table: {error}.") from None
    if not lines:
        raise UnusableRoster(f"{path} contains no students.")
    return Table(lines[0], lines[1:], separator)


def read_roster(path: Path) -> list[Student]:
    """The students of a class list: a table with headers, or ids one per line. Raises UnusableRoster."""
    return students_of(read_table(path), str(path))


def students_of(table: Table, file: str) -> list[Student]:
    """The students of a table. Raises UnusableRoster for an id that is none, and for one that comes twice."""
    column = _id_column(table)
    if column is None and max(map(len, [table.header, *table.rows])) > 1:
        wanted = ", ".join(("SIS Login ID", "Username", "SID", "id", "Email address"))
        raise UnusableRoster(f"{file} has no column of student ids. Its first line must name one of: {wanted}.")
    is_list = column is None
    rows = [table.header, *table.rows] if is_list else table.rows
    found = [_student(table, row, column or 0, is_list) for row in rows if is_list or not is_no_student(row)]
    students = [student for student in found if student.id]
    if not students:
        raise UnusableRoster(f"{file} contains no student ids. Write one per line.")
    ids = [student.id for student in students]
    for id in ids:
        if not NAME.fullmatch(id):
            raise UnusableRoster(f"{file}: {id[:100]!r} is not a valid student id: {ALLOWED}.")
    if len(set(ids)) < len(ids):
        raise UnusableRoster(f"{file} contains a student id twice: {max(ids, key=ids.count)}.")
    return students


def _says_something(row: list[str]) -> bool:
    """Whether a line is neither blank nor a comment."""
    return any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#")


def _normal(name: str) -> str:
    return " ".join(re.sub(r"[_\s]+", " ", name).strip().lower().split())


def _id_column(table: Table) -> int | None:
    if table.is_canvas:
        return table.column((*IDS, "id"))
    return table.column((*IDS, *LAST_IDS))


def is_no_student(row: list[str]) -> bool:
    """Whether a row is one of those that Canvas puts among the students: points, posting, and the test student."""
    is_test_student = row[0].strip() == "Student, Test" or [cell.strip() for cell in row[:2]] == ["Student", "Test"]
    return "Points Possible" in row[0] or not row[0].strip() or is_test_student


def _student(table: Table, row: list[str], column: int, is_list: bool) -> Student:
    if is_list:
        return Student(row[0].strip())
    fields = {name: row[at].strip() for name, at in table.columns.items() if at < len(row)}
    first, last = _first(fields, FIRST_NAMES), _first(fields, LAST_NAMES)
    if not (first or last) and table.columns.get("student") != column:
        first, last = split_name(_first(fields, NAMES))
    lms_id = fields.get("id", "") if table.is_canvas else re.sub(r"^Participant\s*", "", _first(fields, LMS_IDS))
    id = row[column].strip() if column < len(row) else ""
    email = _first(fields, EMAILS) or (id if EMAIL.fullmatch(id) else "")  # a login often is the address
    return Student(id, first, last, email, lms_id)


def _first(fields: Mapping[str, str], names: Sequence[str]) -> str:
    return next((fields[name] for name in names if fields.get(name)), "")


def split_name(name: str) -> tuple[str, str]:
    """First and last name of "Lovelace, Ada" or "Ada Lovelace"."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return first, last
