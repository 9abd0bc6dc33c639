"""`nbgrader autograde` and formgrader's button read a submission as `leftcontext grade` does, whatever lies in its folder."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat import from_dict
from nbgrader.preprocessors import SaveAutoGrades
from support import sample_course
from support.clone import ROOT, run

from autograder.nbgrader_plugins import RESULTS, SaveGradesAndComments
from autograder.notebook.test_result import passed

HERE = {"PYTHONPATH": str(ROOT)}
PREPROCESSORS = "from autograder.nbgrader_plugins import PREPROCESSORS\nc.Autograde.autograde_preprocessors = PREPROCESSORS\n"
SPY = "import os\nprint(sorted(os.listdir()))\nfor name in ('link.txt', 'up/gradebook.db'):\n    try:\n        print(open(name, 'rb').read())\n    except OSError:\n        pass"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("button") / "course"
    folder.mkdir()
    sample_course.course(folder)
    (folder / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(folder)) + PREPROCESSORS)
    (folder / "secret.txt").write_text("the solutions")
    whole = json.loads((folder / "release/plain/one.ipynb").read_text())
    for cell in whole["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("solution"):
            cell["source"] = sample_course.ANSWERS[marks["grade_id"]][0]
    whole["cells"].insert(0, {"cell_type": "code", "id": "spy", "metadata": {}, "source": SPY, "outputs": [], "execution_count": None})
    whole["cells"].append({"cell_type": "markdown", "id": "md", "metadata": {}, "source": "<script>alert(1)</script> [x](javascript:alert(1))"})
    whole["cells"].append({"cell_type": "raw", "id": "raw", "metadata": {}, "source": "<script>alert(2)</script>"})
    for student in ("faults", "whole", "torn"):
        place = folder / "submitted" / student / "plain"
        place.mkdir(parents=True)
        (place / "one.ipynb").write_text(json.dumps(whole) if student != "torn" else json.dumps(whole)[:-20])
    place = folder / "submitted/faults/plain"
    (place / "one.ipynb").rename(place / "one.ipynb.json")
    os.mkfifo(place / "timestamp.txt")
    (place / "link.txt").symlink_to(folder / "secret.txt")
    (place / "up").symlink_to(folder, target_is_directory=True)
    (place / "zero").symlink_to("/dev/zero")
    with (place / "junk.bin").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    (place / "data.txt").write_text("data")
    return folder


def test_a_test_that_our_runner_has_not_run_keeps_no_points_of_nbgraders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody has left our runner out of the list: nbgrader counts a cell without outputs as passed."""
    grade = SimpleNamespace(auto_score=None, manual_score=None, needs_manual_grade=True)
    book = SimpleNamespace(find_grade=lambda *_: grade, db=SimpleNamespace(commit=lambda: None))
    monkeypatch.setattr(SaveAutoGrades, "_add_score", lambda *_: setattr(grade, "auto_score", 4.0))
    saves = SaveGradesAndComments()
    saves.gradebook, saves.notebook_id, saves.assignment_id, saves.student_id = book, "one", "ps", "ada"
    marks = {"grade_id": "t", "grade": True, "solution": False, "locked": True, "points": 4, "schema_version": 3}
    cell = from_dict({"cell_type": "code", "source": "", "metadata": {"nbgrader": marks}, "outputs": []})
    for resources, points in (({}, 0.0), ({RESULTS: {}}, 0.0), ({RESULTS: {"t": passed(4.0)}}, 4.0)):
        saves._add_score(cell, resources)
        assert (grade.auto_score, grade.needs_manual_grade) == (points, False)


@pytest.mark.long
def test_links_pipes_and_files_without_end_change_no_score_and_are_not_copied(course: Path) -> None:
    done = run(course, "nbgrader", "autograde", "plain", env=HERE)
    assert done.returncode == 0, done.stderr[-3000:]
    scores = {student: found["score"] for (_, student), found in sample_course.scores(course).items()}
    assert scores["faults"] == scores["whole"] > 0
    assert scores["torn"] == 0
    place = course / "autograded/faults/plain"
    assert sorted(path.name for path in place.iterdir()) == ["data.txt", "one.ipynb"]
    text = (place / "one.ipynb").read_text()
    assert "the solutions" not in text
    assert "['data.txt'" in text.replace("\\", "")
    assert "<script" not in text
    assert "javascript:" not in text
    for left in ("link.txt", "up", "zero", "timestamp.txt", "junk.bin"):
        assert f"{left!r} is" in done.stderr


@pytest.mark.long
def test_a_course_folder_may_be_a_clone_beside_an_installed_package(course: Path, tmp_path: Path) -> None:
    """nbgrader puts the course folder in front of sys.path; both processes must then run the package that lies there."""
    shutil.copytree(course, tmp_path / "clone", ignore=shutil.ignore_patterns("faults", "torn", "autograded", "gradebook.db", "grading"))
    shutil.copytree(ROOT / "autograder", tmp_path / "clone" / "autograder", ignore=shutil.ignore_patterns("__pycache__"))
    config = sample_course.CONFIG.format(root=str(tmp_path / "clone")) + PREPROCESSORS
    (tmp_path / "clone" / "nbgrader_config.py").write_text(config)
    for step in ("generate_assignment", "autograde"):
        done = run(tmp_path / "clone", "nbgrader", step, "plain", env=HERE)
        assert done.returncode == 0, done.stderr[-3000:]
    found = sample_course.scores(tmp_path / "clone")
    assert found["plain", "whole"]["score"] == sample_course.scores(course)["plain", "whole"]["score"]


@pytest.mark.long
def test_the_button_and_the_command_give_the_same_scores(course: Path) -> None:
    assert run(course, "nbgrader", "autograde", "plain", "--force", env=HERE).returncode == 0
    by_button = sample_course.scores(course)
    shutil.rmtree(course / "autograded")
    done = run(course, "leftcontext", "grade", "plain", "--force", "--json", env=HERE)
    assert done.returncode == 0, done.stderr
    by_command = sample_course.scores(course)
    for key, found in by_command.items():
        assert found["cells"] == by_button[key]["cells"]
        assert found["comments"] == by_button[key]["comments"]


def test_formgrader_serves_what_lies_beside_a_notebook_without_scripts() -> None:
    code = """if True:
        from types import SimpleNamespace
        import autograder.nbgrader_plugins
        from nbgrader.server_extensions.formgrader.handlers import SubmissionFilesHandler as Handler
        headers = {"Content-Security-Policy": "frame-ancestors 'self'"}
        Handler.set_extra_headers(SimpleNamespace(set_header=headers.__setitem__), "page.html")
        print(headers["Content-Security-Policy"], Handler.set_headers.__module__)"""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **HERE}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["sandbox", "tornado.web"]  # tornado's calls set_extra_headers when all others are set
