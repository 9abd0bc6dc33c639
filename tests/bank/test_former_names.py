"""Former names: what they lead to is there, they themselves are gone, and whoever uses one is told."""

import json
from pathlib import Path

import pytest
from support.clone import ROOT, run

from autograder import check_answer, paths
from autograder.bank import catalog, former_names
from autograder.course.course import Course, NoCourse
from autograder.course.lesson import read_lesson
from autograder.own_functions import own
from autograder.workspace import overview, progress

UNITS = Course(ROOT).units()
GONE = [old for old, new in former_names.UNITS.items() if old not in new]


def test_every_present_name_is_a_unit_and_no_former_one_is() -> None:
    assert {name for new in former_names.UNITS.values() for name in new} <= set(UNITS)
    assert set(GONE) & set(UNITS) == set()
    assert len(GONE) == 11


def test_a_unit_that_kept_its_name_has_not_moved() -> None:
    assert former_names.unit_moved("05-causal-mask") == former_names.unit_moved("week-1") == ""
    assert former_names.unit_moved("08-train-and-inference") == "", "a part of it moved, it is still there"
    assert former_names.unit_moved("09-debugging") == " The unit 09-debugging is now 10-debugging and 11-clinic."


def test_answers_are_looked_for_where_the_exercise_is_and_where_it_was() -> None:
    assert former_names.folders_of("01-left-context") == ["01-left-context"]
    assert former_names.folders_of("05-causal-mask") == ["05-causal-mask", "04-causal-mask"]
    assert former_names.folders_of("11-clinic") == ["11-clinic", "10-debugging", "09-debugging"]
    assert former_names.folders_of("09-leak-audits") == ["09-leak-audits", "08-train-and-inference"]


@pytest.mark.parametrize("old", GONE)
def test_the_build_says_where_a_unit_is_now(old: str) -> None:
    with pytest.raises(NoCourse, match=f"^There is no unit called '{old}'. The unit {old} is now "):
        Course(ROOT).units([old])


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "--check", "04-causal-mask"),
        ("compose", "04-causal-mask", "causal_mask"),
        ("check", "causal_mask", "notebooks/04-causal-mask/04-causal-mask.ipynb"),
    ],
)
def test_a_command_with_a_former_unit_says_so_in_one_line(arguments: tuple[str, ...]) -> None:
    done = run(ROOT, "leftcontext", *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "The unit 04-causal-mask is now 05-causal-mask." in line
    assert not (ROOT / "source/04-causal-mask").exists()


def test_a_file_that_is_there_is_judged_wherever_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "04-causal-mask"
    folder.mkdir()
    (folder / "mine.py").write_text("x = 1")
    done = run(ROOT, "leftcontext", "check", "causal_mask", folder / "mine.py")
    assert done.returncode == 2
    assert "is now" not in done.stderr


@pytest.mark.parametrize("folder", ["09-leak-audits", "08-train-and-inference"])
def test_own_finds_what_was_written_in_the_notebook_of_an_older_course(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(paths.WORKSPACE, str(tmp_path))
    (tmp_path / folder).mkdir()
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
    cell["source"] = "import numpy as np\ndef random_token_floor(vocab):\n    return float(np.log(vocab))"
    (tmp_path / folder / f"{folder}.ipynb").write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    assert own(random_token_floor=lambda vocab: 0.0)["random_token_floor"].is_learners


# Exercises.

STEPWISE = """
import numpy as np

def {name}(logits_fn, tokens):
    rows = np.array([logits_fn(tokens[:n])[-1] for n in range(1, len(tokens))])
    return np.mean([np.logaddexp.reduce(row) - row[target] for row, target in zip(rows, tokens[1:])])
"""


def test_a_former_id_is_of_one_exercise_and_no_exercise_has_one() -> None:
    assert set(former_names.EXERCISES.values()) <= set(catalog.entries())
    assert set(former_names.EXERCISES) & set(catalog.entries()) == set()
    assert len(set(former_names.EXERCISES.values())) == len(former_names.EXERCISES) == 10


@pytest.mark.parametrize(("old", "new"), former_names.EXERCISES.items())
def test_a_former_id_finds_the_exercise(old: str, new: str) -> None:
    assert catalog.find(old) == catalog.find(new)
    assert catalog.find(old).id == new
    assert former_names.id_notice(old) == f"{old} is now called {new}."
    assert former_names.id_notice(new) == ""
    assert former_names.ids_of(old) == [old, new]
    assert former_names.ids_of(new) == [new, old]


@pytest.mark.parametrize("asked", ["free_running_loss", "stepwise_loss"])
@pytest.mark.parametrize("written", ["free_running_loss", "stepwise_loss"])
def test_check_takes_both_names_on_either_side(asked: str, written: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(STEPWISE.format(name=written))
    done = run(ROOT, "leftcontext", "check", asked, tmp_path / "mine.py", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["exercise"], result["passed"]) == ("stepwise_loss", True)
    lines = done.stderr.splitlines()
    assert len(lines) == (asked != "stepwise_loss" or written != "stepwise_loss")
    assert all(line.endswith("free_running_loss is now called stepwise_loss.") for line in lines)


def test_where_a_file_has_both_names_the_present_one_counts(tmp_path: Path) -> None:
    wrong = STEPWISE.format(name="free_running_loss").replace("np.mean", "np.sum")
    (tmp_path / "mine.py").write_text(wrong + STEPWISE.format(name="stepwise_loss"))
    done = run(ROOT, "leftcontext", "check", "stepwise_loss", tmp_path / "mine.py")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_of_an_older_notebook_judges_records_and_says_the_new_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(paths.WORKSPACE, str(tmp_path))
    (tmp_path / paths.MARKER).write_text("{}")
    with pytest.raises(check_answer.CheckFailed):
        check_answer.check("fix_scale", catalog.find("repair_5").load().handed_out)
    assert capsys.readouterr().out.splitlines()[0] == "fix_scale is now called repair_5."
    check_answer.check("repair_5", catalog.find("repair_5").load().reference)
    assert "is now called" not in capsys.readouterr().out
    assert list(progress.load()) == ["repair_5"]
    assert progress.load()["repair_5"]["failures"] == progress.attempts("fix_scale") == 1
    assert progress.load()["repair_5"]["passed"]


def entry(passed: bool, score: float, failures: int = 0) -> dict:
    return {"passed": passed, "score": score, "max_score": 3.0, "failures": failures, "solved": "2026-01-01" if passed else None}


def test_progress_under_a_former_id_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {"fix_scale": entry(True, 3), "fix_zero_fill": entry(False, 1, 4), "repair_5": entry(False, 0)}
    (tmp_path / progress.PROGRESS_FILE).write_text(json.dumps(record))
    found = progress.load(tmp_path)
    assert set(found) == {"repair_5", "repair_6"}
    assert found["repair_5"]["passed"], "what was solved once stays solved"
    assert found["repair_6"]["failures"] == 4
    cells = [
        {"cell_type": "code", "source": "", "metadata": {"nbgrader": {"grade_id": f"check_{id}", "grade": True}}}
        for id in ("fix_scale", "fix_zero_fill", "first_leak")
    ]
    (tmp_path / "10-debugging").mkdir()
    (tmp_path / "10-debugging/10-debugging.ipynb").write_text(json.dumps({"cells": cells}))
    (unit,) = overview.overview(tmp_path).units
    assert unit.exercises == ["repair_5", "repair_6", "first_leak"]
    assert unit.unsolved == ["repair_6", "first_leak"]


def test_own_takes_a_former_id_and_says_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(paths.WORKSPACE, str(tmp_path))
    (tmp_path / "08-train-and-inference").mkdir()
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
    cell["source"] = STEPWISE.format(name="free_running_loss")
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "08-train-and-inference/08-train-and-inference.ipynb").write_text(json.dumps(notebook))
    parts = own(free_running_loss=len)
    assert capsys.readouterr().out == "free_running_loss is now called stepwise_loss.\n"
    assert parts["free_running_loss"].is_learners
    assert parts.free_running_loss is not len
    assert own(stepwise_loss=len)["stepwise_loss"].is_learners
    assert capsys.readouterr().out == ""


def test_a_lesson_and_an_assignment_take_a_former_id(tmp_path: Path) -> None:
    unit = tmp_path / "source" / "week-1"
    unit.mkdir(parents=True)
    (unit / "lesson.md").write_text("# Week 1\n\n{exercise}`fix_scale`\n")
    checks = [cell.source for cell in read_lesson(unit).notebook.cells if "check(" in cell.source]
    assert checks == ['from leftcontext import check\ncheck("repair_5", repair_5)']
    (unit / "lesson.md").write_text("# Week 1\n\n{exercise}`fix_scale`\n\n{exercise}`repair_5`\n")
    with pytest.raises(ValueError, match="repair_5 is inserted twice"):
        read_lesson(unit)


@pytest.mark.long
def test_verify_and_compose_say_the_new_name() -> None:
    done = run(ROOT, "leftcontext", "compose", "week 1", "fix_scale=4")
    assert done.stderr.splitlines()[0] == "leftcontext: fix_scale is now called repair_5."
    done = run(ROOT, "leftcontext", "verify", "fix_off_by_one", "--json")
    assert done.stderr == "leftcontext: fix_off_by_one is now called repair_1.\n"
    assert json.loads(done.stdout)["exercise"] == "repair_1"


def test_the_list_of_the_bank_names_former_ids() -> None:
    rows = json.loads(run(ROOT, "leftcontext", "exercises", "--json").stdout)
    former = {old: row["id"] for row in rows for old in row["former_ids"]}
    assert former == former_names.EXERCISES
