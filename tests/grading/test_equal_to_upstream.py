"""Honest submissions score what stock nbgrader gives them, cell by cell; the rest of nbgrader goes on from there."""

import shutil
from pathlib import Path

import nbformat
import pytest
from support import sample_course
from support.clone import ROOT, run
from support.sizes import sized

EACH = sized(2, 34)  # submissions of each assignment
HERE = {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same class twice: graded by stock nbgrader, and by us."""
    ours = tmp_path_factory.mktemp("ours") / "course"
    ours.mkdir()
    sample_course.course(ours)
    for assignment in sample_course.ASSIGNMENTS:
        for number in range(EACH):
            sample_course.submit(ours, assignment, f"student{number}", number)
    stock = tmp_path_factory.mktemp("stock") / "course"
    sample_course.copied(ours, stock)
    for assignment in sample_course.ASSIGNMENTS:
        done = run(stock, "nbgrader", "autograde", assignment, env=HERE)
        assert done.returncode == 0, done.stderr
        done = run(ours, "leftcontext", "grade", assignment, env=HERE)
        assert done.returncode == 0, done.stderr
    return stock, ours


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_score_and_comment_is_that_of_nbgrader(graded: tuple[Path, Path]) -> None:
    stock, ours = map(sample_course.scores, graded)
    assert len(stock) == len(sample_course.ASSIGNMENTS) * EACH
    assert stock.keys() == ours.keys()
    for key in stock:
        assert ours[key] == stock[key], key


@pytest.mark.long
def test_the_graded_notebooks_are_nbgraders(graded: tuple[Path, Path]) -> None:
    stock, ours = graded
    for path in sorted(stock.glob("autograded/*/*/*.ipynb")):
        theirs = nbformat.read(path, as_version=4)
        own = nbformat.read(ours / path.relative_to(stock), as_version=4)
        nbformat.validate(own)
        marks = {cell.metadata.nbgrader.grade_id: cell for cell in own.cells if cell.metadata.get("nbgrader", {}).get("grade_id")}
        for cell in theirs.cells:
            if grade_id := cell.metadata.get("nbgrader", {}).get("grade_id"):
                assert marks[grade_id].source == cell.source
                assert dict(marks[grade_id].metadata.nbgrader) == dict(cell.metadata.nbgrader)


@pytest.mark.long
def test_feedback_and_export_go_on_from_there(graded: tuple[Path, Path]) -> None:
    _, ours = graded
    for arguments in (["generate_feedback", "plain"], ["export"]):
        done = run(ours, "nbgrader", *arguments, env=HERE)
        assert done.returncode == 0, done.stderr
    assert list(ours.glob("feedback/*/plain/one.html"))
    assert "student0" in (ours / "grades.csv").read_text()


@pytest.mark.long
def test_nbgraders_own_command_can_use_the_runner(graded: tuple[Path, Path], tmp_path: Path) -> None:
    stock, ours = graded
    course = tmp_path / "course"
    shutil.copytree(ours, course, ignore=shutil.ignore_patterns("autograded", "grading", "feedback", "gradebook.db"))
    line = "from autograder.nbgrader_plugins import PREPROCESSORS\nc.Autograde.autograde_preprocessors = PREPROCESSORS\n"
    (course / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(course)) + line)
    for step in ("generate_assignment", "autograde"):
        done = run(course, "nbgrader", step, "plain", env=HERE)
        assert done.returncode == 0, done.stderr
    want, got = sample_course.scores(stock), sample_course.scores(course)
    for key in (key for key in want if key[0] == "plain"):
        assert got[key] == want[key]
    node = nbformat.read(next(course.glob("autograded/*/plain/one.ipynb")), as_version=4)
    assert any(cell.get("outputs") for cell in node.cells)


@pytest.mark.long
def test_a_regrade_keeps_what_a_person_wrote(graded: tuple[Path, Path]) -> None:
    from nbgrader.api import Gradebook

    _, ours = graded
    with Gradebook(f"sqlite:///{ours}/gradebook.db", "honest") as book:
        submission = book.find_submission("mixed", "student0").notebooks[0]
        next(grade for grade in submission.grades if grade.name == "essay").manual_score = 2.5
        next(comment for comment in submission.comments if comment.name == "essay").manual_comment = "Go on."
        book.db.commit()
    done = run(ours, "leftcontext", "grade", "mixed", "--force", "--student", "student0", env=HERE)
    assert done.returncode == 0, done.stderr
    after = sample_course.scores(ours)["mixed", "student0"]
    assert ("mixed", "essay", 2.5) in [(cell[0], cell[1], cell[3]) for cell in after["cells"]]
    assert ("mixed", "essay", "Go on.") in [(comment[0], comment[1], comment[3]) for comment in after["comments"]]
