"""Whose a feedback page is, what still waits to be graded, and the instructor's solution once it may be shown."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from support.hostile_notebook import marks
from traitlets.config import Configurable

from autograder.feedback import exporter
from autograder.feedback.exporter import FeedbackExporter
from autograder.nbgrader.feedback_facts import FeedbackFacts

LONG_AGO, FAR = datetime(2020, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
ABOUT = {"notebook": "unit", "assignment": "unit", "student": "ada", "score": 2.0, "max_score": 7.0, "late_penalty": 0}


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A page, of what the gradebook says; the source lies in a course."""
    solved = "### BEGIN SOLUTION\nf = 42  # secret\n### END SOLUTION"
    source = new_notebook(cells=[new_code_cell(solved, metadata=marks("f", solution=True))])
    nbformat.write(source, tmp_path / "unit.ipynb")

    class Command(Configurable):
        coursedir = SimpleNamespace(source_directory="source", format_path=lambda *_: str(tmp_path))

    def page(facts: FeedbackFacts, **options: Any) -> str:
        monkeypatch.setattr(exporter, "_facts", lambda _: facts)
        made = FeedbackExporter(parent=Command(), **options)
        cells = [
            new_code_cell("f = 1", metadata=marks("f", solution=True)),
            new_code_cell("assert f", metadata=marks("check_f", grade=True, locked=True, score=2.0, points=2.0)),
            new_markdown_cell("My essay", metadata=marks("essay", grade=True, solution=True, score=0.0, points=5.0)),
        ]
        return made.from_notebook_node(new_notebook(cells=cells), {"nbgrader": dict(ABOUT), "metadata": {}})[0]

    return page


def test_the_page_says_whose_it_is_and_of_when(make: Any) -> None:
    page = make(FeedbackFacts("Ada <b>Lovelace</b> (ada)", datetime(2026, 11, 2, 9, 5, tzinfo=UTC)))
    assert "Feedback for Ada &lt;b&gt;Lovelace&lt;/b&gt; (ada)" in page
    assert "handed in 2 November 2026, 09:05 UTC" in page
    assert f"{datetime.now(UTC):%Y}" in page


def test_what_waits_is_neither_zero_nor_in_the_total(make: Any) -> None:
    page = make(FeedbackFacts("ada", waiting=frozenset({"essay"})))
    assert "<b>2 of 2 points</b> so far; 5 more are waiting to be graded" in page
    assert page.count("waiting to be graded (5 points)") == 2
    assert "0 of 5" not in page
    graded = make(FeedbackFacts("ada"))
    assert "<b>2 of 7 points</b>" in graded and graded.count("0 of 5") == 2


@pytest.mark.parametrize(
    ("wish", "closed", "shown"),
    [
        ("never", LONG_AGO, False),
        ("after_due", LONG_AGO, True),
        ("after_due", FAR, False),
        ("after_due", None, False),
        ("always", None, True),
    ],
)
def test_the_solution_is_shown_when_it_may_be(make: Any, wish: str, closed: datetime | None, shown: bool) -> None:
    page = make(FeedbackFacts("ada", closed_at=closed), solutions=wish)
    assert ("secret" in page) == shown
    assert "BEGIN SOLUTION" not in page
