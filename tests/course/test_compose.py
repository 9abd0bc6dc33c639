"""`leftcontext compose`: an assignment out of the bank, its variants, and its way through stock nbgrader."""

import json
import shutil
from pathlib import Path

import pytest
from support.clone import clone, run

from autograder.bank import catalog
from autograder.exercise.quiz import Quiz
from autograder.judge.judge import judge


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone(tmp_path_factory.mktemp("compose") / "course")


def sources(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]


@pytest.mark.long
def test_a_composed_assignment_goes_through_stock_nbgrader(course: Path) -> None:
    composed = run(course, "leftcontext", "compose", "week-1", "causal_mask", "quiz_window_depth", "--seed", "3")
    assert composed.returncode == 0, composed.stderr
    released = sources(course / "notebooks/week-1/week-1.ipynb")
    assert 'from leftcontext import check\ncheck("causal_mask", causal_mask, seed=3)' in released
    assert not any("np.where" in cell for cell in released)

    assert run(course, "nbgrader", "generate_assignment", "week-1").returncode == 0
    for student, folder in {"ada": "solutions", "bob": "notebooks"}.items():
        handed_in = course / f"course/submitted/{student}/week-1"
        handed_in.mkdir(parents=True)
        shutil.copy(course / folder / "week-1/week-1.ipynb", handed_in)
    for step in ("autograde", "generate_feedback", "export"):
        done = run(course, "nbgrader", step, *(["week-1"] if step != "export" else []))
        assert done.returncode == 0, done.stderr
    rows = (course / "course/grades.csv").read_text().splitlines()
    header = rows[0].split(",")
    scores = {row.split(",")[header.index("student_id")]: float(row.split(",")[header.index("score")]) for row in rows[1:]}
    assert scores == {"ada": catalog.find("causal_mask").load().points + 1, "bob": 0}
    assert (course / "course/feedback/ada/week-1/week-1.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["week-9", "causal_msk"], "Did you mean"),
        (["week 9", "causal_mask"], "is not a valid assignment name"),
        (["week-9", "causal_mask", "causal_mask"], "given twice"),
        (["05-causal-mask", "causal_mask"], "exists already"),
        (["w" * 300, "causal_mask"], "File name too long"),
    ],
)
def test_bad_input_writes_nothing_and_says_why(course: Path, arguments: list[str], says: str) -> None:
    before = sorted((course / "source").iterdir())
    done = run(course, "leftcontext", "compose", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted((course / "source").iterdir()) == before


def test_points_are_written_into_lesson_check_and_metadata(course: Path) -> None:
    made = run(course, "leftcontext", "compose", "weighted", "causal_mask=4", "softmax", "--no-execute")
    assert made.returncode == 0, made.stderr
    assert "causal_mask points=4`" in (course / "source/weighted/lesson.md").read_text()
    node = json.loads((course / "source/weighted/weighted.ipynb").read_text())
    marks = [cell["metadata"]["nbgrader"] for cell in node["cells"] if "nbgrader" in cell["metadata"]]
    points = {mark["grade_id"]: mark.get("points") for mark in marks}
    assert points["check_causal_mask"] == 4
    assert points["check_softmax"] == catalog.find("softmax").load().points
    checked = 'from leftcontext import check\ncheck("causal_mask", causal_mask, points=4)'
    assert checked in sources(course / "notebooks/weighted/weighted.ipynb")


def test_compose_names_what_is_the_same_for_everybody(course: Path) -> None:
    made = run(course, "leftcontext", "compose", "same", "quiz_pattern_4x4", "quiz_heads", "--variants", "--no-execute")
    assert made.returncode == 0, made.stderr
    assert "The same for every student: quiz_pattern_4x4." in made.stdout  # its question refers to the letters
    checks = [source for source in sources(course / "notebooks/same/same.ipynb") if "check(" in source]
    assert ['variant="same"' in source for source in checks] == [False, True]


def test_a_seed_changes_the_numbers_and_keeps_the_quiz_right() -> None:
    quiz = catalog.find("quiz_window_depth").load()
    assert isinstance(quiz, Quiz)
    prompts = {quiz.with_numbers(catalog.find("quiz_window_depth").prompt, seed) for seed in range(20)}
    keys = {tuple(quiz.variant(seed).key) for seed in range(20)}
    assert len(prompts) > 4
    assert len(keys) > 2
    for seed in range(20):
        assert judge(quiz, quiz.variant(seed).key, seed).passed
