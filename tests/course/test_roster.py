"""Class lists are read by their headers, whoever exported them."""

from pathlib import Path

import pytest

from autograder.course.roster import UnusableRoster, read_roster
from autograder.student import Student

# As the systems export them.
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,05-causal-mask (8123),Final Score
    Points Possible,,,,,15.00,(read only)
"Lovelace, Ada",1201,S-77,ada,Lecture 1,,12
"Test, Jo",1202,S-78,jo,Lecture 1,,0
"Student, Test",1299,,5f0a,Lecture 1,,
"""
MOODLE = """Identifier,Full name,Email address,Status,Grade,Maximum grade
Participant 301,Ada Lovelace,ada@uni.edu,Submitted for grading,-,15.00
Participant 302,Jo Test,jo@uni.edu,No submission,-,15.00
"""
MOODLE_USERS = "First name;Surname;Username;ID number;Email address\nAda;Lovelace;ada;77;ada@uni.edu\n"
GRADESCOPE = "First Name,Last Name,SID,Email,Sections\nAda,Lovelace,77,ada@uni.edu,A\n"
NBGRADER = "id,last_name,first_name,email,lms_user_id\nada,Lovelace,Ada,ada@uni.edu,1201\n"


def students(tmp_path: Path, text: str) -> list[Student]:
    (tmp_path / "class.csv").write_text(text, encoding="utf-8")
    return read_roster(tmp_path / "class.csv")


def test_each_systems_own_columns(tmp_path: Path) -> None:
    ada, jo = students(tmp_path, CANVAS)
    assert ada == Student("ada", "Ada", "Lovelace", "", "1201")
    assert (jo.id, jo.lms_id) == ("jo", "1202")
    assert students(tmp_path, MOODLE)[0] == Student("ada@uni.edu", "Ada", "Lovelace", "ada@uni.edu", "301")
    assert students(tmp_path, MOODLE_USERS) == [Student("ada", "Ada", "Lovelace", "ada@uni.edu")]
    assert students(tmp_path, GRADESCOPE) == [Student("77", "Ada", "Lovelace", "ada@uni.edu")]
    assert students(tmp_path, NBGRADER) == [Student("ada", "Ada", "Lovelace", "ada@uni.edu", "1201")]


def test_the_columns_may_stand_in_any_order_and_as_excel_saves_them(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("Email\tSID\tName\nada@uni.edu\tada\tAda Lovelace\n", encoding="utf-16")
    assert read_roster(path) == [Student("ada", "Ada", "Lovelace", "ada@uni.edu")]
    path.write_bytes(b"\xef\xbb\xbfusername;name\r\nada;Lovelace, Ada\r\n")
    assert read_roster(path) == [Student("ada", "Ada", "Lovelace")]


def test_a_list_of_ids_needs_no_header(tmp_path: Path) -> None:
    assert [one.id for one in students(tmp_path, "# spring\nada\n\nbob\n")] == ["ada", "bob"]
    assert [one.id for one in students(tmp_path, "student_id\nada\nbob\n")] == ["ada", "bob"]
    assert [one.id for one in students(tmp_path, 'Student ID;Name\n"ada@uni.edu";Ada\n\nbob;Bob\n')] == ["ada@uni.edu", "bob"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ada\nada\n", "contains a student id twice: ada"),
        ("username,name\nada,A\nada,B\n", "contains a student id twice: ada"),
        ("last_name,first_name\nLovelace,Ada\n", "has no column of student ids"),
        ("ada,Ada\nbob,Bob\n", "has no column of student ids"),
        ("username\n../etc\n", "'../etc' is not a valid student id"),
        ("username\n", "no student ids"),
        ("", "contains no students"),
    ],
)
def test_what_can_not_be_read_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UnusableRoster, match=said):
        students(tmp_path, text)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_bytes(b"id\n\xff\xff\n")
    with pytest.raises(UnusableRoster, match="not UTF-8"):
        read_roster(tmp_path / "class.csv")
    with pytest.raises(UnusableRoster, match="No such file"):
        read_roster(tmp_path / "nowhere.csv")
