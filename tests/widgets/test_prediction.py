"""`predict(...)`: kept in the workspace, shown beside the result, and silent where nbgrader runs the notebook."""

import json
from pathlib import Path

import pytest

from autograder import paths
from autograder.workspace import predictions, progress
from leftcontext import predict

QUESTION = "Which word could come next: see or sees?"


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a unit in a workspace, as the kernel's current folder."""
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.delenv(paths.WORKSPACE, raising=False)
    monkeypatch.setattr(predictions, "_of_this_kernel", {})
    (tmp_path / paths.MARKER).write_text('{"files": {}}')
    folder = tmp_path / "01-left-context"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_what_is_entered_is_kept_and_there_again(unit: Path) -> None:
    shown = predict(QUESTION)
    assert shown is not None and shown.answer == ""
    shown.answer = "see"  # as the browser sets it
    again = predict(QUESTION)
    assert again is not None and again.answer == "see"
    (entry,) = json.loads((unit.parent / "predictions.json").read_text()).values()
    assert {key: entry[key] for key in ("unit", "question", "answer", "result")} == {
        "unit": "01-left-context", "question": QUESTION, "answer": "see", "result": None,
    }  # fmt: skip
    assert progress.load(unit.parent) == {}  # a prediction is no exercise


def test_the_result_stands_beside_the_prediction(unit: Path) -> None:
    first = predict("How many pairs leak?", number=True)
    assert first is not None and first.kind == "number"
    first.answer = "7"
    later = predict("How many pairs leak?", number=True, result=7.5)
    assert later is not None and later.picture().text.splitlines()[-2:] == ["Your prediction: 7", "The result: 7.5"]
    (entry,) = predictions.load().values()
    assert entry["result"] == "7.5"


def test_with_nothing_entered_a_notebook_goes_on(unit: Path) -> None:
    shown = predict(QUESTION, options=["see", "sees"])
    assert shown is not None and shown.kind == "choice"
    assert QUESTION in shown.picture().text
    beside = predict(QUESTION, result="see")
    assert beside is not None and "Your prediction: none" in beside.picture().text
    assert not (unit.parent / "predictions.json").exists()


def test_the_same_question_in_another_unit_is_another_one(unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predictions.record("What changes?", "nothing")
    other = unit.parent / "02-softmax"
    other.mkdir()
    monkeypatch.chdir(other)
    assert predictions.answer_to("What changes?") == ""
    monkeypatch.chdir(unit)
    predictions.record("What changes?", "")
    assert predictions.load() == {}


def test_outside_a_workspace_a_prediction_lives_as_long_as_the_kernel(unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.WORKSPACE, "")
    predictions.record(QUESTION, "sees")
    assert predictions.answer_to(QUESTION) == "sees"
    assert list(unit.iterdir()) == []


def test_nbgrader_finds_nothing_to_show(unit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert predict(QUESTION, result=3) is None
    assert not (unit.parent / "predictions.json").exists()


def test_a_static_page_shows_what_a_learner_wrote_as_text(unit: Path) -> None:
    predictions.record(QUESTION, "<b>see</b>")
    shown = predict(QUESTION)
    assert shown is not None and "&lt;b&gt;see" in shown.picture().html
