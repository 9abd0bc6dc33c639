"""nbgrader as it stands, in a plain clone, without a flag: release, grading, feedback and export of every unit."""

import ast
import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clone import ROOT, clone, run
from support.hostile_notebook import Dangers

from autograder.bank import catalog
from autograder.exercise.quiz import Quiz

UNITS = sorted(path.parent.name for path in ROOT.glob("source/*/lesson.md"))
GRADED = UNITS[::4]  # stock nbgrader runs each lesson twice, half a minute a unit
STUB = "# YOUR CODE HERE"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(tmp_path_factory.mktemp("class") / "course")


def nbgrader(course: Path, *arguments: str) -> None:
    done = run(course, "nbgrader", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def submit(course: Path, unit: str, student: str, notebook: Path) -> None:
    folder = course / "course" / "submitted" / student / unit
    folder.mkdir(parents=True)
    shutil.copy(notebook, folder / f"{unit}.ipynb")


def scores(course: Path, unit: str) -> dict[str, tuple[float, float]]:
    """By student: points and most points, from the exported table."""
    nbgrader(course, "export")
    with (course / "course" / "grades.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["assignment"] == unit]
    return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in rows}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("unit", GRADED)
def test_a_unit_from_release_to_feedback(course: Path, unit: str) -> None:
    released = course / "notebooks" / unit / f"{unit}.ipynb"
    committed = released.read_bytes()
    nbgrader(course, "generate_assignment", unit)
    assert released.read_bytes() == committed
    submit(course, unit, "worked", course / "source" / unit / f"{unit}.ipynb")
    submit(course, unit, "untouched", released)

    nbgrader(course, "autograde", unit)
    nbgrader(course, "generate_feedback", unit)

    worked = course / "course/autograded/worked" / unit / f"{unit}.ipynb"
    by_student = scores(course, unit)
    full, most = by_student["worked"]
    assert full == most > 0, _failed_checks(worked)
    assert by_student["untouched"][0] <= most / 10
    assert _warnings(worked) == []
    for student in ("worked", "untouched"):
        page = (course / "course/feedback" / student / unit / f"{unit}.html").read_text(encoding="utf-8")
        assert f"{by_student[student][0]:g} of {most:g} points" in page
        assert Dangers(page).found == []


ANSWERS = {  # to causal_mask, which has two parts of one point each
    "right": ("return np.triu(np.full((T, T), -np.inf), k=1)", 2),
    "warns": ("warnings.warn('beware'); return np.triu(np.full((T, T), -np.inf), k=1)", 2),
    "half": ("return np.triu(np.full((T, T), -np.inf), k=1 if T <= 4 else 0)", 1),
    "wrong": ("return np.zeros((T, T))", 0),
}


@pytest.mark.long
def test_partial_credit_reaches_the_gradebook(course: Path) -> None:
    unit = "98-half"
    (course / "source" / unit).mkdir()
    lesson = "# Half\n\n```{code-cell}\nfrom autograder import check\n```\n\n{exercise}`causal_mask`\n"
    (course / "source" / unit / "lesson.md").write_text(lesson)
    assert run(course, "leftcontext", "build", "--no-execute", unit).returncode == 0
    nbgrader(course, "generate_assignment", unit)
    for student, (body, _) in ANSWERS.items():
        submit(course, unit, student, course / "notebooks" / unit / f"{unit}.ipynb")
        path = course / "course/submitted" / student / unit / f"{unit}.ipynb"
        notebook = json.loads(path.read_bytes())
        (cell,) = (cell for cell in notebook["cells"] if cell["id"] == "causal_mask")
        cell["source"] = f"import warnings\nimport numpy as np\ndef causal_mask(T):\n    {body}\n"
        path.write_text(json.dumps(notebook))
    nbgrader(course, "autograde", unit)
    by_student = scores(course, unit)  # other tests' students are in the same gradebook
    assert {student: by_student[student] for student in ANSWERS} == {s: (points, 2) for s, (_, points) in ANSWERS.items()}


@pytest.mark.parametrize("unit", UNITS)
def test_a_release_holds_no_answer(unit: str) -> None:
    folder = ROOT / "notebooks" / unit
    assert [path.name for path in folder.iterdir() if path.suffix in (".py", ".md", ".db")] == []
    text = (folder / f"{unit}.ipynb").read_text(encoding="utf-8")
    assert "SOLUTION" not in text
    cells = {cell["id"]: "".join(cell["source"]) for cell in json.loads(text)["cells"]}
    called = [id for id in cells if f"check_{id}" in cells]
    assert called, "a unit without an exercise"
    for id in called:
        _holds_no_answer(id, cells[id], "\n".join(cells.values()))


def _holds_no_answer(id: str, answer: str, everything: str) -> None:
    exercise = catalog.find(id).load()
    assert answer.endswith(STUB)
    if isinstance(exercise, Quiz):
        assert ast.literal_eval(answer.split("=", 1)[1].split("#")[0].strip().replace("set()", "()")) in ("", ())
        for option in exercise.variant(0).options:
            assert option.why not in everything
        return
    if exercise.handed_out is None:
        (function,) = ast.parse(answer).body
        assert isinstance(function, ast.FunctionDef)
        assert len(function.body) == 1
        assert ast.get_docstring(function)
    for part in exercise.case_groups:
        assert part.cases.__name__ == "<lambda>" or f"def {part.cases.__name__}(" not in everything


@pytest.mark.long
def test_a_command_works_from_anywhere_in_the_gradebook_folder(course: Path) -> None:
    # The database is made where the configuration says, not where the command was typed.
    nbgrader(course, "db", "student", "list")
    assert (course / "course" / "gradebook.db").is_file()
    assert not (course / "gradebook.db").exists()


def _outputs(notebook: Path) -> Iterator[tuple[str, dict]]:
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            yield cell["id"], output


def _failed_checks(notebook: Path) -> list[str]:
    return [f"{id}: {output['evalue']}" for id, output in _outputs(notebook) if output["output_type"] == "error"]


def _warnings(notebook: Path) -> list[str]:
    return ["".join(output["text"]) for _, output in _outputs(notebook) if output.get("name") == "stderr"]
