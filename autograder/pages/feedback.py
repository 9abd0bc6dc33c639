"""The feedback of one student, by nbgrader's own `generate_feedback`. One line of nbgrader_config.py asks for it:

    c.GenerateFeedback.exporter_class = "autograder.pages.feedback.FeedbackExporter"
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from nbconvert.exporters import Exporter
from nbformat import NotebookNode

from autograder.pages import hidden, safe
from autograder.pages.sheet import Sheet

# Should anything slip through, the browser is told to run and to fetch nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def environment() -> Environment:
    """Templates in which everything is escaped that isn't marked safe."""
    made = Environment(loader=PackageLoader("autograder.pages", "."), autoescape=True, undefined=StrictUndefined)
    made.trim_blocks = made.lstrip_blocks = True
    made.globals |= {"policy": POLICY, "colours": safe.colours}
    made.filters["points"] = lambda number: f"{round(float(number), 2):g}"
    return made


class FeedbackExporter(Exporter):
    """A graded notebook as one HTML file: scores, answers, and what the tests found, without script."""

    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **more: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page. nbgrader's GetGrades has put scores and comments into the notebook on the way here."""
        nb, resources = super().from_notebook_node(nb, resources, **more)
        folder = resources.get("metadata", {}).get("path")
        sheet = Sheet(nb, Path(folder) if folder else None, self._marks())
        page = environment().get_template("feedback.html.j2").render(sheet=sheet, about=resources["nbgrader"])
        return page.encode("utf-8", "replace").decode(), resources

    def _marks(self) -> tuple[str, str]:
        """How this course marks hidden tests."""
        own = self.config.ClearHiddenTests
        return str(own.get("begin_test_delimeter", hidden.BEGIN)), str(own.get("end_test_delimeter", hidden.END))
