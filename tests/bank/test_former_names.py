"""Former names: what they lead to is there, they themselves are gone, and whoever uses one is told."""

import json
from pathlib import Path

import pytest
from support.clone import ROOT, run

from autograder import paths
from autograder.bank import former_names
from autograder.course.course import Course, NoCourse
from autograder.own_functions import own

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
