"""The way of a class in a small course: a class list, a zip file of submissions, grades, the report of a term."""

import csv
import json
import zipfile
from pathlib import Path

import pytest
from support import sample_course
from support.clone import run

from autograder.report import term

ROSTER = """Student,ID,SIS User ID,SIS Login ID,Section
    Points Possible,,,,
"Lovelace, Ada",1201,S-77,ada,Lecture 1
"Test, Jo",1202,S-78,jo,Lecture 1
"Missing, Kim",1203,S-79,kim,Lecture 1
"""

pytestmark = pytest.mark.long  # it grades


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three students, two of whom hand in through Canvas, one of them late and under a browser's name."""
    root = sample_course.course(tmp_path_factory.mktemp("lms") / "course")
    (root / "canvas.csv").write_text(ROSTER)
    done = run(root, "leftcontext", "roster", "canvas.csv")
    assert done.stdout == "3 students entered, 0 were known already.\n", done.stderr
    stub = (root / "release/bank/bank.ipynb").read_bytes()
    solved = (root / "source/bank/bank.ipynb").read_bytes()
    with zipfile.ZipFile(root / "submissions.zip", "w") as archive:
        archive.writestr("lovelaceada_1201_9001_bank.ipynb", solved)
        archive.writestr("testjo_LATE_1202_9002_bank-1.ipynb", stub)
    return root


@pytest.fixture(scope="module")
def graded(course: Path) -> Path:
    before = sorted(course.rglob("*"))
    dry = run(course, "leftcontext", "collect", "bank", "submissions.zip", "--dry-run")
    assert dry.stdout == "Canvas: 2 new, 0 replaced, 0 already there. Nothing was written.\n", dry.stderr
    assert not (course / "submitted/ada").exists() and set(before) >= {course / "submissions.zip"}
    done = run(course, "leftcontext", "collect", "bank", "submissions.zip")
    assert "2 new" in done.stdout and "marks as late, without saying when: jo" in done.stderr
    plan = run(course, "leftcontext", "grade", "bank", "--dry-run", "--json")
    assert {line["student"]: line["reason"] for line in map(json.loads, plan.stdout.splitlines())} == {
        "ada": "it is new", "jo": "it is new",
    }  # fmt: skip
    assert run(course, "leftcontext", "grade", "bank", "--isolation", "none").returncode == 0
    return course


def test_what_is_collected_twice_stays_and_what_is_replaced_is_kept(graded: Path) -> None:
    again = run(graded, "leftcontext", "collect", "bank", "submissions.zip")
    assert "0 new, 0 replaced, 2 already there" in again.stdout and again.stderr.count("\n") == 1
    with zipfile.ZipFile(graded / "second.zip", "w") as archive:
        archive.writestr("testjo_1202_9009_bank-2.ipynb", (graded / "source/bank/bank.ipynb").read_bytes())
    kept = run(graded, "leftcontext", "collect", "bank", "second.zip")
    assert "--replace takes the new one" in kept.stderr
    before = (graded / "submitted/jo/bank/bank.ipynb").read_bytes()
    done = run(graded, "leftcontext", "collect", "bank", "second.zip", "--replace")
    assert "1 replaced" in done.stdout
    assert (graded / "grading/replaced/bank/jo/1/bank.ipynb").read_bytes() == before
    assert "1 replaced" in run(graded, "leftcontext", "collect", "bank", "submissions.zip", "--replace").stdout  # the late one


def test_the_grades_go_back_into_canvass_own_file(graded: Path) -> None:
    done = run(graded, "leftcontext", "grades", "bank", "--format", "canvas", "--fill", "canvas.csv", "--output", "out/up.csv")
    assert done.returncode == 0, done.stderr
    rows = {row["SIS Login ID"]: row["bank"] for row in csv.DictReader((graded / "out/up.csv").read_text("utf-8").splitlines())}
    assert float(rows["ada"]) > float(rows["jo"]) == 0
    assert rows["kim"] == "" and "kim: nothing was handed in" in done.stderr


def test_the_report_begins_with_the_class(graded: Path) -> None:
    done = run(graded, "leftcontext", "report", "bank")
    page = (graded / "grading/bank.html").read_text()
    assert done.returncode == 0, done.stderr
    assert "1 submission was late" in page and "Canvas marks submissions as late without saying when" in page
    assert "Lovelace, Ada" in page and "Handed in nothing:</b> Kim Missing (kim)" in page
    rows = {row["student"]: row for row in csv.DictReader((graded / "grading/bank.csv").read_text("utf-8-sig").splitlines())}
    assert rows["ada"]["score"] == rows["ada"]["max_score"] and rows["kim"]["score"] == ""
    assert {student: row["late"] or "" for student, row in rows.items()} == {"ada": "", "jo": "marked late by Canvas", "kim": ""}
    lines = map(json.loads, run(graded, "leftcontext", "grades", "bank", "--format", "json").stdout.splitlines())
    assert {line["student"]: line["marked_late_by"] for line in lines} == {"ada": None, "jo": "Canvas", "kim": None}


def test_a_term_on_one_page(graded: Path) -> None:
    done = run(graded, "leftcontext", "report", "--all")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((graded / "grading/term.csv").read_text("utf-8-sig").splitlines()))
    assert {row["student"]: row["missing"] for row in rows} == {"ada": "0", "jo": "0", "kim": "1"}
    assert term.TermCell("", 0.4).is_low and not term.TermCell("").is_low
    assert "Give the name of an assignment, or --all." in run(graded, "leftcontext", "report", "bank", "--all").stderr
