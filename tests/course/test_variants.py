"""`leftcontext compose --variants`: one assignment, in which each student has cases and options of their own."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from support.clone import clone, run

from autograder import variant_seed
from autograder.bank import catalog
from autograder.check_answer import CheckFailed, check
from autograder.exercise.quiz import Quiz
from autograder.notebook.submission import SubmittedCell
from autograder.notebook.variant_tests import declared_student, with_seed_of
from autograder.variants import question, set_student, show_question

NAME = "vary"
QUIZZES = ("quiz_window_depth", "quiz_heads")
MASK = "import numpy as np\ndef causal_mask(T):\n    return np.where(np.tri(T, dtype=bool), 0.0, -np.inf)"
OFF_BY_ONE = "import numpy as np\ndef causal_mask(T):\n    return np.where(np.tri(T, k=1, dtype=bool), 0.0, -np.inf)"


def quiz(id: str) -> Quiz:
    found = catalog.find(id).load()
    assert isinstance(found, Quiz)
    return found


def key(id: str, student: str) -> str:
    (letter,) = quiz(id).variant(variant_seed.variant_seed(NAME, student)).key
    return letter


def wrong(id: str, student: str) -> str:
    return next(option.letter for option in quiz(id).options if option.letter != key(id, student))


# Ada's neighbour has another key in both quizzes; the third student the same in none of them either.
ADA = "ada"
BOB = next(name for name in map("bob{}".format, range(99)) if all(key(id, name) != key(id, ADA) for id in QUIZZES))


def filled(course: Path, worked_as: str, answers: dict[str, str]) -> nbformat.NotebookNode:
    """The released notebook as a student hands it in."""
    node = nbformat.read(course / f"notebooks/{NAME}/{NAME}.ipynb", as_version=4)
    for cell in node.cells:
        if "variant" in cell.metadata.get("tags", ()) and "set_student(" in cell.source:
            cell.source = cell.source.replace('set_student("")', f'set_student("{worked_as}")')
        if cell.id in answers:
            cell.source = answers[cell.id]
    return node


def quiz_lines(letter_of) -> dict[str, str]:
    return {id: f'{id} = "{letter_of(id)}"' for id in QUIZZES}


def submissions(course: Path) -> dict[str, nbformat.NotebookNode]:
    right = quiz_lines(lambda id: key(id, ADA)) | {"causal_mask": MASK}
    return {
        ADA: filled(course, ADA, right),
        BOB: filled(course, ADA, right),  # her file as it is
        f"{BOB}-2": filled(course, f"{BOB}-2", quiz_lines(lambda id: wrong(id, f"{BOB}-2")) | {"causal_mask": OFF_BY_ONE}),
        "Cara": filled(course, " cara", quiz_lines(lambda id: key(id, "cara")) | {"causal_mask": MASK}),
        "dan": filled(course, "", {}),
    }


def verdicts_in_the_notebook(node: nbformat.NotebookNode, folder: Path) -> dict[str, bool]:
    """By check cell: whether it passed where a student ran it, in a kernel of the notebook's own."""
    ran = nbformat.from_dict(json.loads(json.dumps(node)))
    NotebookClient(ran, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    checks = [cell for cell in ran.cells if cell.id.startswith("check_")]
    return {cell.id: not any(output.output_type == "error" for output in cell.outputs) for cell in checks}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = clone(tmp_path_factory.mktemp("variants") / "course")
    made = run(folder, "leftcontext", "compose", NAME, "causal_mask", *QUIZZES, "--variants", "--no-execute")
    assert made.returncode == 0, made.stderr
    assert f"nbgrader generate_assignment {NAME}" in made.stdout
    return folder


@pytest.fixture(scope="module")
def graded(course: Path) -> dict[str, dict[str, object]]:
    for student, node in submissions(course).items():
        place = course / f"course/submitted/{student}/{NAME}"
        place.mkdir(parents=True)
        nbformat.write(node, place / f"{NAME}.ipynb")
    done = run(course, "leftcontext", "grade", NAME, "--json", "--isolation", "basic")
    assert done.returncode == 0, done.stderr
    assert "another student's variant" not in done.stdout.partition(BOB)[0]
    return {line["student"]: line for line in map(json.loads, done.stdout.splitlines())}


def test_it_is_one_assignment_with_one_notebook(course: Path) -> None:
    assert [path.name for path in (course / "source").glob(f"{NAME}*")] == [NAME]
    cells = nbformat.read(course / f"notebooks/{NAME}/{NAME}.ipynb", as_version=4).cells
    checks = [cell.source for cell in cells if cell.id.startswith("check_")]
    assert all(f'variant="{NAME}"' in source and "seed=" not in source for source in checks) and len(checks) == 3
    assert not any(option.text in cell.source for id in QUIZZES for option in quiz(id).options for cell in cells)


def test_each_student_is_graded_by_their_own_questions(graded: dict[str, dict[str, object]]) -> None:
    most = sum(catalog.find(id).load().points for id in ("causal_mask", *QUIZZES))
    assert {student: line["score"] for student, line in graded.items()} == {
        ADA: most, BOB: catalog.find("causal_mask").load().points, f"{BOB}-2": 0, "Cara": most, "dan": 0,
    }  # fmt: skip


def test_copied_answers_of_a_neighbour_fail_and_the_copy_is_named(course: Path, graded: dict[str, dict[str, object]]) -> None:
    assert all(graded[BOB]["cells"][f"check_{id}"] == 0 for id in QUIZZES)  # type: ignore[index]
    journal = (course / f"course/grading/{NAME}.jsonl").read_text()
    notes = {line["student"]: line["notes"] for line in map(json.loads, journal.splitlines()) if "notes" in line}
    assert [note["kind"] for note in notes[BOB]] == ["another student's variant"]
    assert f"the questions of '{ADA}'" in notes[BOB][0]["text"] and BOB in notes[BOB][0]["text"]
    assert not any(note["kind"] == "another student's variant" for name in (ADA, "Cara", "dan") for note in notes[name])


@pytest.mark.parametrize("student", [ADA, f"{BOB}-2", "Cara"])
def test_the_notebook_says_what_the_grade_says(course: Path, graded: dict[str, dict[str, object]], student: str) -> None:
    found = verdicts_in_the_notebook(submissions(course)[student], course)
    points = graded[student]["cells"]
    most = {f"check_{id}": catalog.find(id).load().points for id in ("causal_mask", *QUIZZES)}
    assert found == {cell: points[cell] == most[cell] for cell in most}  # type: ignore[index]


def test_there_is_one_column_and_the_button_gives_the_same(course: Path, graded: dict[str, dict[str, object]]) -> None:
    exported = run(course, "leftcontext", "grades", NAME, "--format", "csv")
    assert exported.returncode == 0, exported.stderr
    rows = list(csv.DictReader(io.StringIO(exported.stdout)))
    assert {row["student"]: float(row["score"]) for row in rows} == {name: line["score"] for name, line in graded.items()}
    button = run(course, "nbgrader", "autograde", NAME, "--student", BOB, "--force")
    assert button.returncode == 0, button.stderr
    again = run(course, "leftcontext", "grades", NAME, "--format", "csv")
    assert again.stdout == exported.stdout
    with sqlite3.connect(course / "course/gradebook.db") as book:
        assert [name for (name,) in book.execute("select name from assignment")] == [NAME]


def test_feedback_and_report_show_each_students_question(course: Path, graded: dict[str, dict[str, object]]) -> None:
    assert run(course, "nbgrader", "generate_feedback", NAME).returncode == 0
    pages = {name: (course / f"course/feedback/{name}/{NAME}/{NAME}.html").read_text() for name in (ADA, BOB)}
    first = {name: quiz("quiz_heads").variant(variant_seed.variant_seed(NAME, name)).options[0].text for name in pages}
    for name, page in pages.items():
        assert page.index(first[name][:30]) == min(page.index(option.text[:30]) for option in quiz("quiz_heads").options)
    done = run(course, "leftcontext", "report", NAME)
    assert done.returncode == 0, done.stderr
    report = (course / f"course/grading/{NAME}.html").read_text()
    assert "another student&#39;s variant" in report


def test_one_file_is_graded_by_whom_it_is_said_to_be(course: Path, tmp_path: Path) -> None:
    file = tmp_path / f"{NAME}.ipynb"
    nbformat.write(submissions(course)[ADA], file)
    own = run(course, "leftcontext", "grade", "--file", file, "--isolation", "basic", "--json")
    assert own.returncode == 0, own.stderr
    others = run(course, "leftcontext", "grade", "--file", file, "--student", BOB, "--isolation", "basic", "--json")
    assert others.returncode == 1, others.stderr
    nbformat.write(submissions(course)["dan"], file)
    nobody = run(course, "leftcontext", "grade", "--file", file, "--isolation", "basic")
    assert nobody.returncode == 2 and "--student" in nobody.stderr


# In a notebook.


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variant_seed, "_chosen", [""])
    for name in (variant_seed.STUDENT, variant_seed.HUB_USER):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("nobody")
def test_without_an_id_nothing_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CheckFailed, match="not judged"):
        check("quiz_heads", "A", variant=NAME)
    show_question("quiz_heads", NAME)
    set_student("")
    assert capsys.readouterr().out.count("Write your id between the quotation marks") == 3


@pytest.mark.usefixtures("nobody")
def test_the_id_comes_from_the_hub_or_from_the_cell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(variant_seed.HUB_USER, ADA)
    show_question("quiz_heads", NAME)
    assert capsys.readouterr().out.strip() == question("quiz_heads", variant_seed.variant_seed(NAME, ADA)).strip()
    check("quiz_heads", key("quiz_heads", ADA), variant=NAME)
    set_student(BOB)
    with pytest.raises(CheckFailed):
        check("quiz_heads", key("quiz_heads", ADA), variant=NAME)


def test_case_and_spaces_of_an_id_do_not_count_and_the_assignment_does() -> None:
    seed = variant_seed.variant_seed
    assert seed(NAME, "Ada ") == seed(NAME, "ada") > 0
    assert len({seed(NAME, f"student-{n}") for n in range(500)}) > 490
    assert seed(NAME, "ada") != seed(f"{NAME}-2", "ada")


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ('check("quiz_heads", quiz_heads, variant="vary")', 'check("quiz_heads", quiz_heads, seed={})'),
        ('check("quiz_heads", quiz_heads, points=2, variant = "vary" )', 'check("quiz_heads", quiz_heads, points=2, seed={} )'),
        ('check("quiz_heads", quiz_heads, seed=3)', 'check("quiz_heads", quiz_heads, seed=3)'),
        ('other("quiz_heads", quiz_heads, variant="vary")', 'other("quiz_heads", quiz_heads, variant="vary")'),
        ("check(", "check("),
    ],
)
def test_a_test_is_given_its_students_seed(source: str, made: str) -> None:
    found = with_seed_of(ADA, source, {"check": "leftcontext.check"})
    assert found == made.format(variant_seed.variant_seed("vary", ADA))


@pytest.mark.parametrize(
    ("source", "declared"),
    [
        ('set_student("ada")', "ada"),
        ('from leftcontext import set_student\nset_student(" ada ")  # mine', "ada"),
        ("set_student(name)", ""),
        ("set_student(", ""),
        ('# set_student("ada")', ""),
    ],
)
def test_what_a_notebook_says_of_its_student_is_read_and_not_run(source: str, declared: str) -> None:
    assert declared_student([SubmittedCell("code", source, None, None)]) == declared
