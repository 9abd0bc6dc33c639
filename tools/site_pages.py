"""The lessons as pages: what a learner opens, with the outputs of the worked notebooks, and with widgets that work.

Sphinx and myst-nb make the pages from notebooks, and no kernel is needed to read them. Exercises stand there as they are
handed out, without an answer. A widget is made here, from the statements of the lesson that it needs, and its state is
stored in the page.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from autograder.course.install_guard import ID as GUARD
from autograder.notebook.slicing import slice_for
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.shared.page import SCRIPT, holder

ROOT = Path(__file__).resolve().parents[1]
THEME = ROOT / "tools/site_theme"
SHOWN = "_shown_widget"  # what a cell's last line is called while its widget is made
MADE = re.compile(r"^[A-Z]\w*\(", re.MULTILINE)  # a line that may make a widget
PREDICTS = "leftcontext.predict("  # the field for a prediction, which only a kernel can keep
START = re.compile(r"\(<?(\.\./)start\.ipynb>?\)")


@dataclass(frozen=True)
class Addresses:
    """Where a unit can be opened: the lab of this site, and elsewhere where a repository's address is known."""

    repository: str = ""  # as OWNER/NAME on GitHub

    def links(self, notebook: str) -> str:
        """A line of links in Markdown for the notebook of a unit, named as below notebooks/."""
        links = [f'<a href="../../lab/lab/index.html?path={notebook}"><b>Open this unit</b> in your browser</a>']
        if self.repository:
            binder = f"https://mybinder.org/v2/gh/{self.repository}/HEAD?labpath=notebooks/{notebook}"
            links += [
                f'<a href="https://colab.research.google.com/github/{self.repository}/blob/main/notebooks/{notebook}">Colab</a>',
                f'<a href="{binder}">Binder</a>',
                f'<a href="https://codespaces.new/{self.repository}">Codespaces</a>',
            ]
        return f'<p class="open-unit">{" · ".join(links)}</p>'


def build_pages(tools: Path, output: Path, addresses: Addresses) -> list[str]:
    """Build the pages in `output`; the titles of the units. Raises CalledProcessError with what Sphinx said."""
    parts = output.with_name(f"{output.name}-parts")
    shutil.rmtree(parts, ignore_errors=True)
    static = parts / "_static"
    static.mkdir(parents=True)
    shutil.copy(THEME / "conf.py", parts)
    for name in ("theme.js", "lessons.css"):
        shutil.copy(THEME / name, static)
    (static / "widgets.js").write_text(SCRIPT, encoding="utf-8")
    units = []
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]-*/*.ipynb")):
        name = path.relative_to(ROOT / "notebooks").as_posix()
        page = page_of(path, ROOT / "solutions" / name, addresses.links(name))
        (parts / name).parent.mkdir()
        nbformat.write(page, parts / name)
        units.append(name.removesuffix(".ipynb"))
    (parts / "reference").mkdir()
    for path in sorted((ROOT / "source/reference").glob("*.md")):
        text = START.sub(r"(\1index.md)", path.read_text(encoding="utf-8"))
        (parts / "reference" / path.name).write_text(text, encoding="utf-8")
    (parts / "index.md").write_text(_index(units), encoding="utf-8")
    command = [tools / "bin/sphinx-build", "-q", "-j", "2", "-b", "html", "-d", parts / "doctrees", parts, output]
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    shutil.rmtree(parts)
    shutil.rmtree(output.with_name("jupyter_execute"), ignore_errors=True)  # where myst-nb lays a copy of each notebook
    return units


def _index(units: list[str]) -> str:
    listed = "\n".join(units)
    return (
        "# The lessons\n\nEach page is a lesson to read: what its code prints and draws is shown, and the widgets work. "
        "To write answers and have them judged, follow *Open this unit* on its page. "
        '<a href="../index.html">Back to the first page</a>.\n\n'
        f"```{{toctree}}\n:maxdepth: 1\n:caption: Units\n\n{listed}\n```\n\n"
        "```{toctree}\n:maxdepth: 1\n:caption: To look up\n:glob:\n\nreference/*\n```\n"
    )


def page_of(released: Path, worked: Path, links: str) -> NotebookNode:
    """A released notebook with the outputs of its worked version, with widgets that work, and with links to open it."""
    page, solved = nbformat.read(released, 4), nbformat.read(worked, 4)
    outputs = {cell.id: cell.outputs for cell in solved.cells if cell.cell_type == "code"}
    statements = _statements(solved)
    page.cells = [cell for cell in page.cells if cell.id != GUARD and not cell.source.startswith(PREDICTS)]
    for cell in page.cells:
        cell.source = START.sub(r"(\1index.md)", cell.source)
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            live = _live(cell.source, statements)
            cell.outputs = [live] if live is not None else outputs.get(cell.id, [])
    page.cells.insert(1, new_markdown_cell(links, id="open-unit"))
    return page


def _statements(notebook: NotebookNode) -> list[ast.stmt]:
    """The statements of a notebook's code cells that are plain Python, in order."""
    found: list[ast.stmt] = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.id != GUARD:
            try:
                found += ast.parse(cell.source).body
            except SyntaxError:  # a magic
                continue
    return found


def _live(source: str, statements: list[ast.stmt]) -> NotebookNode | None:
    """What a cell shows if that is a widget, as HTML that works without a kernel; None for anything else."""
    if not MADE.search(source):
        return None
    *_, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        return None
    place = next(n for n, statement in enumerate(statements) if ast.unparse(statement) == ast.unparse(last))
    shown = ast.Assign([ast.Name(SHOWN, ast.Store())], last.value)
    needed = slice_for(SHOWN, [*statements[:place], shown])
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):  # what a lesson prints on the way
        exec(compile(ast.fix_missing_locations(ast.Module(needed, [])), "lesson", "exec"), names)
    widget = names.get(SHOWN)
    if not isinstance(widget, CourseWidget):
        return None
    return new_output("display_data", data={"text/html": holder(widget), "text/plain": widget.picture().text})
