"""The autograder for Gradescope: what is in its zip file, and that its results have the documented fields."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.clone import ROOT, clone, run

from autograder.grading.alone import GradedAlone
from autograder.grading.graded_submission import Graded, GradingStatus
from autograder.grading.judged_finding import JudgedFinding
from autograder.lms import gradescope
from autograder.notebook.note import Note, NoteKind
from autograder.sandbox.levels import IsolationLevel, SandboxUnavailable

UNIT = "04-single-token"
# https://gradescope-autograders.readthedocs.io/en/latest/specs/
TOP = {
    "score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility",
    "stdout_visibility", "extra_data", "tests", "leaderboard",
}  # fmt: skip
TEST = {
    "score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags", "visibility",
    "extra_data",
}  # fmt: skip
ALONE = GradedAlone(
    Graded(
        "student", 3.0, 9.0, GradingStatus.GRADED, {"check_f": 2.0, "check_g": 1.0, "essay": None},
        notes=[Note(NoteKind.REPAIRED, "A cell was put back.")],
        findings={"check_g": JudgedFinding("g", text="g: 1 of 2 points")}, not_isolated=["check_f"],
    ),
    {"check_f": 2.0, "check_g": 2.0, "essay": 5.0},
)  # fmt: skip


def test_results_have_the_documented_fields() -> None:
    found = gradescope.results(ALONE, IsolationLevel.BASIC)
    assert found.keys() <= TOP
    assert all(test.keys() <= TEST for test in found["tests"])
    assert [(test["name"], test["score"], test["max_score"], test["status"]) for test in found["tests"]] == [
        ("f", 2.0, 2.0, "passed"), ("g", 1.0, 2.0, "failed"),
    ]  # fmt: skip
    assert found["score"] == 3.0 == sum(test["score"] for test in found["tests"])
    assert found["output"] == "1 answer is graded by the instructor."
    assert found["tests"][1]["output"] == "g: 1 of 2 points"
    for_students = json.dumps({name: value for name, value in found.items() if name != "extra_data"})
    assert "isolat" not in for_students and "put back" not in for_students


def test_levels_are_tried_from_the_highest_and_none_only_where_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def grade(assignment: str, place: Path, *, isolation: IsolationLevel, **_: object) -> GradedAlone:
        tried.append(isolation)
        if isolation != IsolationLevel.NONE:
            raise SandboxUnavailable("no namespaces")
        return ALONE

    monkeypatch.setattr(gradescope, "grade_alone", grade)
    found = gradescope.run("x", Path(), IsolationLevel.BASIC, lambda _: None)
    assert tried == [IsolationLevel.FULL, IsolationLevel.BASIC]
    assert found["score"] == 0 and "could not be graded" in found["output"]
    assert "no namespaces" in found["extra_data"]["error"] and "no namespaces" not in found["output"]
    assert gradescope.run("x", Path(), IsolationLevel.NONE, lambda _: None)["score"] == 3.0


def test_an_error_of_ours_is_no_students_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradescope, "grade_alone", lambda *_, **__: 1 / 0)
    assert gradescope.main(["x", str(tmp_path), str(tmp_path / "deep/results.json"), "basic"]) == 0
    found = json.loads((tmp_path / "deep/results.json").read_text())
    assert "fault of the autograder" in found["output"] and "ZeroDivisionError" in found["extra_data"]["error"]


def test_the_zip_file_holds_the_grader_and_this_assignment_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    path = gradescope.write_autograder(UNIT, tmp_path / "a.zip")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
        setup, script = (archive.read(name).decode() for name in ("setup.sh", "run_autograder"))
    assert script.startswith("#!/usr/bin/env bash") and setup.startswith("#!/usr/bin/env bash")
    for text in (setup, script):
        assert subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False).stderr == ""
    assert "useradd --system --create-home grader" in setup and "--reuid=grader" in script  # root's own rights do not suffice
    assert {"setup.sh", "run_autograder", "requirements.txt", "autograder/paths.py", "leftcontext/__init__.py"} <= names
    books = {name for name in names if name.endswith(".ipynb")}
    assert books == {f"source/{UNIT}/{UNIT}.ipynb", f"notebooks/{UNIT}/{UNIT}.ipynb"}
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    assert not any("__pycache__" in name for name in names)
    first = path.read_bytes()
    assert gradescope.write_autograder(UNIT, tmp_path / "a.zip").read_bytes() == first


@pytest.mark.long
def test_the_unpacked_zip_grades_as_in_a_container(tmp_path: Path) -> None:
    """Run from its own files alone, with a plain environment, as Gradescope's container does."""
    root = clone(tmp_path / "clone")
    assert run(root, "leftcontext", "gradescope", UNIT).returncode == 0
    place = tmp_path / "autograder"
    with zipfile.ZipFile(root / f"{UNIT}-gradescope.zip") as archive:
        archive.extractall(place / "source")
    (place / "submission").mkdir()
    worked = (ROOT / f"solutions/{UNIT}/{UNIT}.ipynb").read_bytes()
    (place / "submission" / f"{UNIT} (1).ipynb").write_bytes(worked)
    script = gradescope.RUN.format(root=place, python=sys.executable, assignment=UNIT, least="none")
    (place / "run_autograder").write_text(script)
    plain = {"PATH": os.defpath, "LANG": "C"}  # no HOME
    done = subprocess.run(["bash", place / "run_autograder"], env=plain, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads((place / "results/results.json").read_text())
    assert found["score"] == sum(test["max_score"] for test in found["tests"]) > 0, found


def test_whose_variant_it_is_follows_from_gradescopes_metadata(tmp_path: Path) -> None:
    about = tmp_path / "submission_metadata.json"  # a part of the documented sample
    about.write_text(json.dumps({"id": 123456, "users": [{"email": "ada@example.edu", "id": 1234, "name": "Ada Lovelace"}]}))
    for own in ("Ada", "ada@example.edu", "1234"):
        assert gradescope.submitter(about, own) == own
    assert gradescope.submitter(about, "ben") == gradescope.submitter(about, "") == "ada@example.edu"
    assert gradescope.submitter(tmp_path / "none.json", "ben") == "ben"
    about.write_text("[]")
    assert gradescope.submitter(about, "ben") == "ben"
