"""The feedback of one student, by nbgrader's own `generate_feedback`. One line of nbgrader_config.py asks for it:

    c.GenerateFeedback.exporter_class = "autograder.feedback.exporter.FeedbackExporter"

and another one adds the instructor's solutions, once the assignment is due:

    c.FeedbackExporter.solutions = "after_due"
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import Exporter
from nbformat import NotebookNode
from traitlets import Enum

from autograder.feedback import hidden_tests
from autograder.feedback.page import Page
from autograder.feedback.page_templates import environment
from autograder.nbgrader.feedback_facts import FeedbackFacts, feedback_facts

# Of the files that lie beside a notebook, which nbgrader copies to the pages, only these stay: no browser runs them.
PASSIVE = {".txt", ".md", ".csv", ".tsv", ".json", ".npy", ".npz", ".zip", ".png", ".jpg", ".jpeg", ".gif", ".pdf", ".docx"}


class FeedbackExporter(Exporter):
    """A graded notebook as one HTML file: scores, answers, and what the tests found, without script."""

    output_mimetype = "text/html"
    solutions = Enum(
        ["never", "after_due", "always"],
        "never",
        help="Whether the page has the instructor's solutions: after_due waits for the due date and for every extension.",
    ).tag(config=True)

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **more: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page. nbgrader's GetGrades has put scores and comments into the notebook on the way here."""
        nb, resources = super().from_notebook_node(nb, resources, **more)
        path = resources.get("metadata", {}).get("path")
        folder = Path(path) if path else None
        if folder is not None and hasattr(self.parent, "_format_dest"):
            about = resources["nbgrader"]
            _drop_active(folder, Path(self.parent._format_dest(about["assignment"], about["student"])), about["notebook"])
        about = resources["nbgrader"]
        facts = _facts(about)
        content = Page(nb, folder, self._delimiters(), facts.waiting, self._solved(about, facts))
        html = environment().get_template("feedback.html.j2").render(
            page=content, about=about, facts=facts, today=datetime.now(UTC)
        )
        return html.encode("utf-8", "replace").decode(), resources

    def _solved(self, about: dict[str, Any], facts: FeedbackFacts) -> dict[str, str]:
        """The instructor's solutions by grade id, if they may be shown and are here."""
        is_closed = facts.closed_at is not None and datetime.now(UTC) > facts.closed_at
        course = getattr(self.parent, "coursedir", None)
        if course is None or not (self.solutions == "always" or (self.solutions == "after_due" and is_closed)):
            return {}
        path = Path(course.format_path(course.source_directory, ".", about["assignment"]), f"{about['notebook']}.ipynb")
        try:
            source = nbformat.read(path, as_version=4)
        except (OSError, ValueError):
            return {}
        cells = [(cell.metadata.get("nbgrader", {}), cell) for cell in source.cells]
        return {str(marks["grade_id"]): cell.source for marks, cell in cells if marks.get("solution") and "grade_id" in marks}

    def _delimiters(self) -> tuple[str, str]:
        """The comments between which this course writes hidden tests."""
        own = self.config.ClearHiddenTests
        return str(own.get("begin_test_delimeter", hidden_tests.BEGIN)), str(own.get("end_test_delimeter", hidden_tests.END))


def _facts(about: dict[str, Any]) -> FeedbackFacts:
    if "db_url" not in about:  # not from nbgrader's own command
        return FeedbackFacts()
    return feedback_facts(about["db_url"], about["assignment"], about["student"], about["notebook"])


def _drop_active(folder: Path, copy: Path, notebook: str) -> None:
    """Take the pages and scripts that a student handed in out of `copy`, and leave the pages of the notebooks before this one."""
    rendered = {f"{path.stem}.html" for path in folder.glob("*.ipynb") if path.name < f"{notebook}.ipynb"}
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        if path.is_file() and path.suffix.lower() not in PASSIVE and str(name) not in rendered:
            (copy / name).unlink(missing_ok=True)
