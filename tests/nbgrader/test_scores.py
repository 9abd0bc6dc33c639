"""What is entered for one graded cell, whatever its metadata say."""

from types import SimpleNamespace
from typing import Any

import pytest
from nbformat import from_dict

from autograder.nbgrader.scores import enter_notebook
from autograder.notebook.test_result import result_output


def entered(points: float, most: float, outputs: list[dict[str, Any]], before: float | None = None, manual: float | None = None) -> Any:
    """The grade of a test that gives `points` by its metadata and `most` by the gradebook."""
    grade = SimpleNamespace(cell_id="1", auto_score=before, manual_score=manual, needs_manual_grade=False)
    known = SimpleNamespace(id="1", name="t", max_score=most)
    entry = SimpleNamespace(notebook=SimpleNamespace(_base_cells=[known]), grades=[grade], comments=[])
    marks = {"grade_id": "t", "grade": True, "solution": False, "locked": True, "points": points, "schema_version": 3}
    node = from_dict({"cells": [{"cell_type": "code", "source": "", "metadata": {"nbgrader": marks}, "outputs": outputs}]})
    return grade, enter_notebook(entry, node, {}, frozenset())


@pytest.mark.parametrize(("shown", "score"), [("10", 2.0), ("1.5", 1.5), ("0", 0.0)])
def test_no_score_is_above_what_the_gradebook_allows(shown: str, score: float) -> None:
    """The metadata may be those of an edited source; students were handed the gradebook's points."""
    grade, scores = entered(10, 2, [result_output(shown)], before=1.0)
    assert (grade.auto_score, scores) == (score, {"t": score})


def test_a_score_given_by_hand_stays_and_is_looked_at_again() -> None:
    grade, scores = entered(2, 2, [], before=0.0, manual=1.25)
    assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (2.0, 1.25, True)
    assert scores == {"t": 1.25}
