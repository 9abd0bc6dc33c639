"""Make slides of the lessons: `make slides`, or `python tools/slides.py [UNIT ...] [--to FOLDER]`.

A section of a lesson is a column of slides, to the right of the section before it. What a room is asked to predict and the
code stand on one slide; what the code printed or drew is on the next one down, with the explanation. Exercises are left
out. Everything shown is from the worked notebooks in solutions/. nbconvert writes the pages, and reveal.js, which is copied
beside them from node_modules/, shows them without a network.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config import Config

from autograder.course import install_guard
from autograder.course.course import Course
from autograder.course.explanations import unfold_explanation
from autograder.course.links import without_links
from autograder.course.prediction_cells import CALL, MARK

ROOT = Path(__file__).resolve().parents[1]
REVEAL = ROOT / "node_modules/reveal.js"
ROWS = 24  # lines of code that fit a slide
PICTURE_ROWS = 12  # as high as so many lines of code
WORDS_IN_A_ROW = 13
FORMULA = re.compile(r"\n+\$\$.*?\$\$(?=\n|\Z)", re.DOTALL)  # stands in the text before it too, and the decks typeset none
SECTION = re.compile(r"^(?=## )", re.MULTILINE)
ONLY_OUTPUT, BEGINS = "only-output", "begins-a-slide"  # tags of cells


def slides_of(lesson: NotebookNode) -> NotebookNode:
    """A worked notebook as a notebook of slides: its cells in order, each marked as nbconvert's slides expect."""
    cells = list(_shown(lesson.cells))
    filled = 0
    for number, cell in enumerate(cells):
        rows = _rows(cell)
        if number == 0 or cell.source.startswith("## "):
            kind = "slide"
        elif BEGINS in cell.metadata.tags or filled + max(rows, _rows_together(cells, number)) > ROWS:
            kind = "subslide"
        else:
            kind = "-"
        cell.metadata["slideshow"] = {"slide_type": kind}
        filled = rows if kind != "-" else filled + rows
    return new_notebook(cells=cells, metadata=lesson.metadata)


def _rows_together(cells: list[NotebookNode], number: int) -> int:
    """About how high a code and its output are, where another output is before them, so that they move on together."""
    both = cells[number : number + 2]
    if len(both) < 2 or not cells[number - 1].get("outputs") or not both[1].get("outputs") or BEGINS in both[1].metadata.tags:
        return 0
    return sum(map(_rows, both))


def _shown(cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    """What a room sees: texts, each of one section, and code with its output as a cell of its own."""
    asked = in_text = False
    for cell in cells:
        if "nbgrader" in cell.metadata or cell.id == install_guard.ID:
            in_text = False
        elif cell.cell_type == "markdown":
            explanation, rest = unfold_explanation(FORMULA.sub("", without_links(cell.source)))
            if explanation:  # stays with the output that it explains
                yield new_markdown_cell(explanation, metadata={"tags": []})
            for text in filter(None, map(str.strip, SECTION.split(rest))):
                yield new_markdown_cell(text, metadata={"tags": [] if in_text else [BEGINS]})
                in_text = True
            asked = MARK.search(rest) is not None
        elif not CALL.search(cell.source):  # the field for a prediction is for a learner alone
            in_text = False
            yield from _code_and_output(cell, asked)


def _code_and_output(cell: NotebookNode, asked: bool) -> Iterator[NotebookNode]:
    """Code, and its output as another cell; what was asked for begins a slide, with the code once more if there is room."""
    yield new_code_cell(cell.source, metadata={"tags": []})
    shown = [output for output in cell.outputs if "<progress" not in output.get("data", {}).get("text/html", "")]
    if shown:
        output = new_code_cell(cell.source, outputs=shown, metadata={"tags": [BEGINS] if asked else []})
        if not asked or _rows(output) > ROWS:
            output.metadata.tags.append(ONLY_OUTPUT)
        yield output


def _rows(cell: NotebookNode) -> int:
    """About how high a cell is, in lines of code."""
    if cell.cell_type == "markdown":
        return sum(1 + len(line.split()) // WORDS_IN_A_ROW for line in cell.source.split("\n"))
    code = 0 if ONLY_OUTPUT in cell.metadata.tags else int(cell.source.count("\n")) + 2
    return code + sum(map(_output_rows, cell.outputs))


def _output_rows(output: NotebookNode) -> int:
    data = output.get("data", {})
    if "text/html" in data:
        return PICTURE_ROWS
    return int((output.get("text") or data.get("text/plain", "")).count("\n")) + 1


def write_slides(name: str, folder: Path, course: Path = ROOT) -> Path:
    """Write one unit's deck into a folder that holds reveal.js; gives the page."""
    lesson = nbformat.read(course / "solutions" / name / f"{name}.ipynb", as_version=4)
    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_input_tags = {ONLY_OUTPUT}
    exporter = SlidesExporter(
        config=config, extra_template_basedirs=[str(ROOT / "tools")], template_name="slides_template", exclude_anchor_links=True,
        reveal_url_prefix="reveal.js", reveal_theme="white", reveal_width="1280", reveal_height="720",
    )  # fmt: skip
    text, _ = exporter.from_notebook_node(slides_of(lesson), {"metadata": {"name": name}})
    page = folder / f"{name}.html"
    page.write_text(text, encoding="utf-8")
    return page


def copy_reveal(folder: Path) -> None:
    """Put reveal.js beside the pages."""
    for part in ("dist", "plugin/notes"):
        shutil.copytree(REVEAL / part, folder / "reveal.js" / part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.map"))
    shutil.copy(REVEAL / "LICENSE", folder / "reveal.js")


def main() -> None:
    """Write the decks that the command line names."""
    parser = argparse.ArgumentParser(description="Make slides of the lessons.")
    parser.add_argument("units", nargs="*", metavar="UNIT", help="a unit, such as 05; all if none is named")
    parser.add_argument("--to", type=Path, default=ROOT / "build/slides", metavar="FOLDER", help="default: build/slides")
    options = parser.parse_args()
    units = Course(ROOT).units(options.units)
    if not REVEAL.is_dir():
        parser.error("reveal.js is missing. Run: npm ci")
    options.to.mkdir(parents=True, exist_ok=True)
    copy_reveal(options.to)
    for name in units:
        print(f"wrote {write_slides(name, options.to)}")


if __name__ == "__main__":
    main()
