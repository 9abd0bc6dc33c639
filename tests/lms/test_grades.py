"""Grades in the columns that Canvas, Moodle and Gradescope document, and files of theirs filled in."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.course.roster import CANVAS as CANVAS_COLUMNS
from autograder.lms.grades import CannotExport, Export, GradesFormat, export_grades
from autograder.nbgrader.class_list import ClassStanding, Standing
from autograder.student import Student

AT = datetime(2026, 11, 2, 12, 30, tzinfo=UTC)
ADA, JO = Student("ada", "Ada", "Lovelace", "ada@uni.edu", "1201"), Student("jo", "Jo", "Test", "jo@uni.edu", "1202")
KIM, LEE, EVIL = Student("kim", "Kim", "Waits"), Student("lee", "Lee", "Missing"), Student("=1+1", "+Evil", "@Formula")
CLASS = ClassStanding(
    "week-1", 15.0, datetime(2026, 11, 1, tzinfo=UTC),
    (
        Standing(ADA, True, True, 12.345, 0.0, 0, AT, 0.0),
        Standing(EVIL, True, True, -0.0, 0.0, 0, AT, 0.0),
        Standing(JO, True, True, 9.0, 1.0, 0, AT, 3723.0),
        Standing(KIM, True, True, 7.0, 0.0, 2, AT, 0.0),
        Standing(LEE),
    ),
)  # fmt: skip
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,week-1 (8123),Homework Current Score,Final Score
    Points Possible,,,,,10,(read only),(read only)
"Lovelace, Ada",1201,S-77,ada,Lecture 1,,80,80
"Nobody, Ned",1300,S-80,ned,Lecture 1,,,
"Test, Jo",1202,S-78,jo,Lecture 1,3,,
"Waits, Kim",1203,S-79,kim,Lecture 1,,,
"Student, Test",1299,,5f0a,Lecture 1,,,
"""
MOODLE = """Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Last modified (grade)","Feedback comments"
"Participant 301","Ada Lovelace",ada@uni.edu,"Submitted for grading",-,15.00,-,
"Participant 302","Jo Test",jo@uni.edu,"Submitted for grading - late",3.00,15.00,-,"See me"
"""


def rows(made: Export) -> list[list[str]]:
    return list(csv.reader(io.StringIO(made.text)))


def test_canvas_reads_these_columns() -> None:
    header, points, *students = rows(export_grades(CLASS, GradesFormat.CANVAS))
    assert {name.lower() for name in header} >= CANVAS_COLUMNS
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "week-1"]
    assert "Points Possible" in points[0] and points[-1] == "15"
    assert students[0] == ["Lovelace, Ada", "1201", "", "ada", "", "12.35"]
    assert [row[-1] for row in students] == ["12.35", "0", "9", "", ""]


def test_canvass_own_file_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(CANVAS)
    made = export_grades(CLASS, GradesFormat.CANVAS, tmp_path / "export.csv")
    header, points, *students = rows(made)
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "week-1 (8123)"]
    assert points[-1] == "15"
    assert [(row[1], row[-1]) for row in students] == [("1201", "12.35"), ("1300", ""), ("1202", "9"), ("1203", "")]
    assert any("ned" in note for note in made.notes)
    assert any("=1+1" in note for note in made.notes)


def test_an_assignment_that_canvas_calls_by_another_name(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(CANVAS.replace("week-1 (8123)", "Homework 1 (8123)"))
    made = export_grades(CLASS, GradesFormat.CANVAS, tmp_path / "export.csv")
    assert rows(made)[0][-1] == "week-1" and any("--column" in note for note in made.notes)
    made = export_grades(CLASS, GradesFormat.CANVAS, tmp_path / "export.csv", column="Homework 1")
    assert rows(made)[0][-1] == "Homework 1 (8123)" and not any("--column" in note for note in made.notes)
    assert any("Canvas has 10 points possible for Homework 1 (8123), and the file 15" in note for note in made.notes)
    assert rows(export_grades(CLASS, GradesFormat.MOODLE, column="Quiz"))[0][-1] == "Assignment: Quiz (Real)"


def test_canvass_file_with_names_in_two_columns_is_filled_in(tmp_path: Path) -> None:
    exported = CANVAS.replace("Student,ID", "LastName,FirstName,ID", 1).replace('"Student, Test"', "Student,Test")
    exported = exported.replace("Points Possible,", "Points Possible,,").replace('"Lovelace, Ada"', "Lovelace,Ada")
    for last, first in (("Nobody", "Ned"), ("Test", "Jo"), ("Waits", "Kim")):
        exported = exported.replace(f'"{last}, {first}"', f"{last},{first}")
    (tmp_path / "export.csv").write_text(exported)
    header, points, *students = rows(export_grades(CLASS, GradesFormat.CANVAS, tmp_path / "export.csv"))
    assert header[:3] == ["LastName", "FirstName", "ID"] and header[-1] == "week-1 (8123)" and points[-1] == "15"
    assert [(row[2], row[-1]) for row in students] == [("1201", "12.35"), ("1300", ""), ("1202", "9"), ("1203", "")]


def test_moodles_worksheet_is_filled_in_and_all_else_stays(tmp_path: Path) -> None:
    (tmp_path / "Grades.csv").write_text(MOODLE)
    header, ada, jo = rows(export_grades(CLASS, GradesFormat.MOODLE, tmp_path / "Grades.csv"))
    assert header == rows(Export(MOODLE))[0]
    assert ada == ["Participant 301", "Ada Lovelace", "ada@uni.edu", "Submitted for grading", "12.35", "15.00", "-", ""]
    assert jo[4:] == ["9", "15.00", "-", "See me"]
    (tmp_path / "Grades.csv").write_text(MOODLE.replace("15.00", "100.00"))
    with pytest.raises(CannotExport, match=r"maximum grade of 100\.00, and week-1 has 15 points"):
        export_grades(CLASS, GradesFormat.MOODLE, tmp_path / "Grades.csv")
    (tmp_path / "Grades.csv").write_text(MOODLE.replace("15.00", "Competent"))  # graded by a scale
    with pytest.raises(CannotExport, match="maximum grade of Competent"):
        export_grades(CLASS, GradesFormat.MOODLE, tmp_path / "Grades.csv")


def test_moodle_without_a_worksheet() -> None:
    header, *students = rows(export_grades(CLASS, GradesFormat.MOODLE))
    assert header == ["First name", "Last name", "Username", "Email address", "Assignment: week-1 (Real)"]
    assert students[0] == ["Ada", "Lovelace", "ada", "ada@uni.edu", "12.35"]
    assert students[-1][-1] == "-"


def test_gradescopes_columns() -> None:
    header, *students = rows(export_grades(CLASS, GradesFormat.GRADESCOPE))
    jo = dict(zip(header, students[2], strict=True))
    assert (jo["SID"], jo["Total Score"], jo["Max Points"], jo["Status"]) == ("jo", "9", "15", "Graded")
    assert (jo["Submission Time"], jo["Lateness (H:M:S)"]) == ("2026-11-02 12:30:00 +0000", "01:02:03")
    assert [row[header.index("Status")] for row in students] == ["Graded", "Graded", "Graded", "Ungraded", "Missing"]


def test_for_programs() -> None:
    lines = [json.loads(line) for line in export_grades(CLASS, GradesFormat.JSON).text.splitlines()]
    assert [line["status"] for line in lines] == ["graded", "graded", "graded", "waiting", "missing"]
    assert lines[2] | {"score": 9.0, "late_penalty": 1.0, "seconds_late": 3723.0, "marked_late_by": None} == lines[2]
    header, *table = rows(export_grades(CLASS, GradesFormat.CSV))
    assert header == [*lines[0], "max_score"]
    assert table[4][header.index("score")] == ""


def test_who_has_no_grade_is_said_and_can_get_zero() -> None:
    said = " ".join(export_grades(CLASS, GradesFormat.CANVAS).notes)
    assert "No grade for kim: answers wait for manual grading." in said
    assert "No grade for lee: nothing was handed in" in said
    made = export_grades(CLASS, GradesFormat.CANVAS, zero_missing=True)
    assert [row[-1] for row in rows(made)[2:]] == ["12.35", "0", "9", "", "0"]


@pytest.mark.parametrize("form", [form for form in GradesFormat if form != GradesFormat.JSON])
def test_no_name_is_a_formula_in_a_spreadsheet(form: GradesFormat) -> None:
    for row in rows(export_grades(CLASS, form)):
        assert not any(cell[:1] in ("=", "@", "+") for cell in row)


@pytest.mark.parametrize(
    ("form", "said"), [("canvas", "no gradebook of Canvas"), ("moodle", "no grading worksheet"), ("csv", "Only files of")]
)
def test_a_file_of_another_kind(tmp_path: Path, form: str, said: str) -> None:
    (tmp_path / "other.csv").write_text("username,score\nada,1\n")
    with pytest.raises(CannotExport, match=said):
        export_grades(CLASS, GradesFormat(form), tmp_path / "other.csv")
