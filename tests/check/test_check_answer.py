"""`check(...)` as a learner and nbgrader meet it: in a plain Python, and in the kernel of a real notebook."""

from typing import Any

import nbclient
import nbformat
import pytest
from nbgrader.utils import determine_grade

from autograder import check, check_answer
from autograder.bank.catalog import UnknownExercise
from autograder.check_answer import CheckFailed
from autograder.feedback.render import NEXT_HINT

FIRST_HALF_RIGHT = """
import numpy as np, warnings
from autograder import check

def split_heads(x, n_heads):
    warnings.warn("a word on stderr")
    heads = x.reshape(*x.shape[:-1], n_heads, -1)
    return heads.transpose(1, 0, 2) if x.ndim == 2 else heads
"""
RIGHT = "split_heads = lambda x, n: np.swapaxes(x.reshape(*x.shape[:-1], n, x.shape[-1] // n), -2, -3)"
CHECK = 'check("split_heads", split_heads)'


@pytest.fixture(autouse=True)
def no_failures_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_answer, "failures", {})


@pytest.fixture(scope="module")
def cells() -> list[Any]:
    """A notebook after Run All: a half-right answer checked four times, then the right one."""
    sources = [FIRST_HALF_RIGHT, CHECK, CHECK, CHECK, CHECK, RIGHT, CHECK]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, kernel_name="python3", allow_errors=True, timeout=60).execute()
    return notebook.cells


def outputs(cell: Any, kind: str) -> list[Any]:
    return [output for output in cell.outputs if output.output_type == kind]


def grade(cell: Any) -> tuple[float | None, float]:
    cell = nbformat.from_dict(dict(cell))
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "points": 3, "grade_id": "a", "schema_version": 3}
    return determine_grade(cell)


def test_partial_credit_is_published_before_the_error(cells: list[Any]) -> None:
    assert [output.output_type for output in cells[1].outputs] == ["display_data", "execute_result", "error"]
    assert outputs(cells[1], "execute_result")[0].data["text/plain"] == "2"
    assert grade(cells[1]) == (2.0, 3.0)


def test_the_error_is_one_line_without_a_stack(cells: list[Any]) -> None:
    error = outputs(cells[1], "error")[0]
    assert error.ename == "CheckFailed"
    assert len(error.traceback) == 1
    assert error.traceback[0].startswith("CheckFailed: split_heads: 2 of 3 points. ")
    assert "autograder/" not in error.traceback[0]


def test_nothing_reaches_stderr(cells: list[Any]) -> None:
    assert [output for cell in cells for output in outputs(cell, "stream")] == []


def test_a_right_answer_says_so_and_scores_full(cells: list[Any]) -> None:
    assert [output.output_type for output in cells[6].outputs] == ["display_data"]
    assert "3 of 3 points" in cells[6].outputs[0].data["text/html"]
    assert grade(cells[6]) == (3.0, 3.0)


def test_hints_open_one_by_one(cells: list[Any]) -> None:
    shown = [outputs(cell, "display_data")[0].data["text/html"] for cell in cells[1:5]]
    assert [page.count("<b>Hint ") for page in shown] == [1, 2, 3, 3]
    assert [NEXT_HINT in page for page in shown] == [True, True, False, False]


def test_outside_a_notebook_the_verdict_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CheckFailed, match=r"merge_heads: 0 of 3 points\. It returns nothing"):
        check("merge_heads", lambda x: print(x.shape))
    said = capsys.readouterr().out
    assert said.startswith("✗ merge_heads: 0 of 3 points")
    assert "It returned None. Is the `return` line missing?" in said


def test_a_quiz_is_checked_by_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    check("quiz_one_mechanism", "c")
    assert "✓ quiz_one_mechanism: 1 of 1 points" in capsys.readouterr().out
    with pytest.raises(CheckFailed, match="Option A"):
        check("quiz_one_mechanism", "A")


def test_an_unknown_id_suggests_the_nearest() -> None:
    with pytest.raises(UnknownExercise, match="Did you mean split_heads"):
        check("split_head", len)


def test_after_handing_in_no_other_hint_is_promised(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for execution in ("", "validate", "autograde"):  # as nbgrader sets it for the cells that it runs
        monkeypatch.setenv("NBGRADER_EXECUTION", execution)
        monkeypatch.setattr(check_answer, "failures", {})
        with pytest.raises(CheckFailed):
            check("split_heads", lambda x, n: x)
        shown.append(capsys.readouterr().out)
    assert [NEXT_HINT in text for text in shown] == [True, True, False]
    assert all("Hint 1" in text for text in shown)


def test_a_learner_sees_no_number_below_the_feedback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    half_right = lambda x, n: x.reshape(*x.shape[:-1], n, -1).transpose(1, 0, 2) if x.ndim == 2 else x  # noqa: E731
    last_lines = {}
    for execution in ("", "validate", "autograde"):
        monkeypatch.setenv("JPY_SESSION_NAME", "work/07-causal-attention.ipynb")
        monkeypatch.setenv("NBGRADER_EXECUTION", execution)
        with pytest.raises(CheckFailed, match="2 of 3 points"):
            check("split_heads", half_right)
        last_lines[execution] = capsys.readouterr().out.rstrip().splitlines()[-1]
    assert last_lines[""] != "2"
    assert last_lines["validate"] == last_lines["autograde"] == "2"
