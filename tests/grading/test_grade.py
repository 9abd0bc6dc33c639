"""`leftcontext grade` on a course of somebody else's: what can't be isolated, every isolation level, bad input."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from support import sample_course
from support.clone import ROOT, run
from support.sizes import share

HERE = {"PYTHONPATH": str(ROOT)}
ODD = sample_course.notebook(
    sample_course.new_code_cell("import inspect\nimport numpy as np\nfrom helper import LIMIT\ntable = np.loadtxt('table.txt')"),
    sample_course.new_code_cell("steps = np.linspace(0, 6, 3)  # nobody needs it: run beside, for its picture\nsteps"),
    sample_course.answer("Counter", "class Counter:\n    n = 0\n    def add(self):\n        self.n += 1"),
    sample_course.check("test_class", "one = Counter()\none.add()\nassert one.n == 1", 2),
    sample_course.answer("evens", "def evens(n):\n    yield from range(0, n, 2)"),
    sample_course.check("test_generator", "assert list(evens(5)) == [0, 2, 4]", 1),
    sample_course.answer("seeded", "import math\ndef seeded():\n    'Draws.'\n    return np.random.random()"),
    sample_course.check("test_seed", "np.random.seed(0)\none = seeded()\nnp.random.seed(0)\nassert one == np.random.random()", 1),
    sample_course.check("test_doc", "assert seeded.__doc__ and len(inspect.signature(seeded).parameters) == 0", 1),
    sample_course.check("test_module", "assert math.floor(seeded()) == 0", 1),
    sample_course.answer("looped", "def looped(n):\n    for i in range(n):\n        pass\n    return n"),
    sample_course.check("test_source", "assert 'for' in inspect.getsource(looped)", 1),
    sample_course.check("test_value", "assert looped(LIMIT) == LIMIT == table.sum()", 1),
)
RIGHT = {
    "Counter": "class Counter:\n    def __init__(self): self.n = 0\n    def add(self): self.n = self.n + 1",
    "evens": "def evens(n):\n    return (i for i in range(n) if i % 2 == 0)",
    "seeded": "import math\ndef seeded():\n    'A draw.'\n    return np.random.rand()",
    "looped": "def looped(n):\n    for _ in []: pass\n    return n",
}
CLASSES = {
    "right": (RIGHT, [2, 1, 1, 1, 1, 1, 1]),
    "wrong": ({**RIGHT, "Counter": "Counter = int", "looped": "looped = lambda n: n + 1", "seeded": "def seeded(a=0):\n    return 0.5"}, [0, 1, 0, 0, 0, 0, 0]),
    # It can't have the isolated test run in one process.
    "asks for it": ({**RIGHT, "looped": "class looped:\n    'for'\n    def __init__(self, n): pass\n    __eq__ = lambda *_: True"}, [2, 1, 1, 1, 1, 0, 0]),
    "uses what was only shown": ({**RIGHT, "looped": "def looped(n):\n    for _ in []: pass\n    return int(steps[-1])"}, [2, 1, 1, 1, 1, 1, 1]),
    "object": ({**RIGHT, "evens": "evens = map", "looped": "def looped(n):\n    for i in [n]:\n        return object()"}, [2, 0, 1, 1, 1, 1, 0]),
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd") / "course"
    source = folder / "source" / "odd"
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(folder)))
    nbformat.write(ODD, source / "odd.ipynb")
    (source / "helper.py").write_text("LIMIT = 6\n")
    (source / "table.txt").write_text("1 2 3\n")
    done = run(folder, "nbgrader", "generate_assignment", "odd", env=HERE)
    assert done.returncode == 0, done.stderr
    for student, (answers, _) in CLASSES.items():
        node = nbformat.read(folder / "release/odd/odd.ipynb", as_version=4)
        for cell in node.cells:
            cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
        place = folder / "submitted" / student / "odd"
        place.mkdir(parents=True)
        nbformat.write(node, place / "odd.ipynb")
        (place / "helper.py").write_text("LIMIT = -1\n")  # theirs does not count
    return folder


def grade(course: Path, *options: str) -> dict[str, dict]:
    done = run(course, "leftcontext", "grade", "odd", "--force", "--json", *options, env=HERE)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["student"]: line for line in lines}


@pytest.mark.parametrize("isolation", share(["full", "basic", "none"], 3))
def test_every_isolation_level_gives_the_same_scores(course: Path, isolation: str) -> None:
    graded = grade(course, "--isolation", isolation)
    for student, (_, points) in CLASSES.items():
        assert list(graded[student]["cells"].values()) == points, student
        assert graded[student]["score"] == sum(points)
        assert graded[student]["max_score"] == 8
        assert graded[student]["status"] == "graded"


@pytest.mark.long
def test_what_is_only_shown_is_in_every_notebook(course: Path) -> None:
    grade(course)
    for student in CLASSES:
        node = nbformat.read(course / f"autograded/{student}/odd/odd.ipynb", as_version=4)
        (shown,) = node.cells[1].outputs
        assert shown.data["text/plain"] == "array([0., 3., 6.])", student


def test_the_instructor_is_told_what_could_not_be_isolated_and_no_student_is(course: Path) -> None:
    graded = grade(course)
    assert set(graded["right"]["not_isolated"]) >= {"test_class", "test_doc", "test_source"}
    assert not {"test_generator", "test_value"} & set(graded["right"]["not_isolated"])
    comments = {name: text for _, name, text, _ in sample_course.scores(course)["odd", "right"]["comments"]}
    assert set(comments.values()) == {None}


def test_what_cannot_cross_is_named(course: Path) -> None:
    graded = grade(course, "--student", "object")
    assert any("test_value could not be judged" in note and "object" in note for note in graded["object"]["notes"])
    node = nbformat.read(course / "autograded/object/odd/odd.ipynb", as_version=4)
    said = [output.evalue for cell in node.cells for output in cell.get("outputs", []) if output.output_type == "error"]
    assert any("object" in text and "plain data" in text for text in said), said


def test_a_notebook_under_another_name_and_what_the_instructor_is_told(course: Path) -> None:
    submitted = course / "submitted"
    whole = (submitted / "right/odd/odd.ipynb").read_text()
    for student, files in {
        "renamed": {"odd (1).ipynb": whole},
        "both": {"odd.ipynb": whole, "odd (1).ipynb": whole},
        "other": {"holiday.ipynb": json.dumps({"cells": []}), "odd.txt": "x"},
        "torn": {"odd.ipynb": whole[:-9]},
    }.items():
        (submitted / student / "odd").mkdir(parents=True)
        for name, text in files.items():
            (submitted / student / "odd" / name).write_text(text)
    graded = grade(course, *(part for student in ("renamed", "both", "other", "torn") for part in ("--student", student)))
    found = {student: (line["status"], line["score"], " ".join(line["notes"])) for student, line in graded.items()}
    assert found["renamed"] == ("graded", 8, "odd (1).ipynb was read as odd.ipynb, which was missing.")
    assert found["both"][:2] == ("graded", 8)
    assert "odd (1).ipynb was not read" in found["both"][2]
    assert found["other"][:2] == ("missing", 0)
    assert "odd.ipynb was not handed in." in found["other"][2]
    assert found["torn"][:2] == ("unreadable", 0)
    comments = {name: text for _, name, text, _ in sample_course.scores(course)["odd", "torn"]["comments"]}
    assert "It is no notebook" in comments["Counter"]
    assert comments["looped"] == "No response."
    for student in graded:
        shutil.rmtree(submitted / student)


@pytest.mark.long
def test_former_options_still_work_and_say_their_present_name(course: Path) -> None:
    arguments = ("--again", "--seconds", "20", "--rung", "1", "--student", "right")
    done = run(course, "leftcontext", "grade", "odd", "--json", *arguments, env=HERE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["score"] == 8
    for notice in ("--again is now called --force.", "--seconds is now called --timeout N.", "--rung is now called --isolation"):
        assert f"leftcontext: {notice}" in done.stderr
    assert "Sandbox: basic (" in done.stderr


BUTTON = """
import sys
from pathlib import Path
from nbgrader.apps import NbGraderAPI
from traitlets.config import PyFileConfigLoader
api = NbGraderAPI(config=PyFileConfigLoader("nbgrader_config.py", path=".").load_config())
for _ in range(2):
    assert api.autograde("odd", "right")["success"]
    print([grade.auto_score for grade in api.gradebook.find_submission("odd", "right").notebooks[0].grades])
    source = Path("source/odd/odd.ipynb")
    source.write_text(source.read_text().replace("== LIMIT == table.sum()", "== -1"))
    assert api.generate_assignment("odd")["success"]
"""


@pytest.mark.long
def test_formgraders_button_runs_apart_too_marks_the_same_and_sees_a_new_release(course: Path, tmp_path: Path) -> None:
    grade(course, "--student", "right")
    copy = tmp_path / "course"
    shutil.copytree(course, copy, ignore=shutil.ignore_patterns("autograded", "grading"))
    line = "from autograder.nbgrader_plugins import PREPROCESSORS\nc.Autograde.autograde_preprocessors = PREPROCESSORS\n"
    (copy / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(copy)) + line)
    done = run(copy, "python", "-c", BUTTON, env=HERE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]", "[2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]"]
    # The test of the release before was put back, which is not the student's doing, so nothing is said of it.
    assert sample_course.scores(copy)["odd", "right"]["comments"] == sample_course.scores(course)["odd", "right"]["comments"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing"], "nbgrader generate_assignment nothing"),
        (["odd", "--student", "nobody"], "No submission of odd by nobody"),
        (["odd", "--jobs", "0"], "--jobs"),
        (["odd", "--isolation", "half"], "--isolation"),
    ],
)
def test_bad_input_is_one_line(course: Path, arguments: list[str], says: str) -> None:
    done = run(course, "leftcontext", "grade", *arguments, env=HERE)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_what_a_course_lacks_is_one_line_and_nothing_is_made(course: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    torn = tmp_path / "torn"
    shutil.copytree(course, torn, ignore=shutil.ignore_patterns("autograded", "submitted"))
    (torn / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(torn)))
    for folder, says in ((bare, "no gradebook here"), (torn, "Nobody handed in odd"), (torn, "file is not a database")):
        if "database" in says:
            (torn / "gradebook.db").write_text("x" * 2000)
        done = run(folder, "leftcontext", "grade", "odd", env=HERE)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.strip().splitlines()
        assert says in line
    assert list(bare.iterdir()) == []
