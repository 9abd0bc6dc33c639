"""A linter for lessons: cells that are far too long, and predictions that the text or the code gives away, with their place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import nbformat

from autograder.course.explanations import mixes_answer_and_question, texts_after_predictions

if TYPE_CHECKING:
    from autograder.course.build import Unit

# Whole sentences come before brevity, so these only catch a cell that holds more than one thought.
MAX_CELL_WORDS = 160
MAX_PROMPT_WORDS = 200
MAX_CODE_LINES = 25
MAX_LESSON_WORDS = 3500


def check_style(unit: Unit) -> list[str]:
    """What is too long in a unit's lesson, and what answers a question before it is asked; empty where nothing is."""
    release = f"notebooks/{unit.name}/{unit.name}.ipynb"
    cells = nbformat.reads(unit.files[release].decode(), as_version=4).cells
    found = [line for cell in cells for line in _check_cell(cell, unit.origins[cell["id"]])]
    own = sum(count_words(_source(cell)) for cell in cells if cell["cell_type"] == "markdown" and not _is_prompt(cell))
    if own > MAX_LESSON_WORDS:
        found.append(f"source/{unit.name}/lesson.md has {own} words; the limit is {MAX_LESSON_WORDS}. Leave something out.")
    return found + [
        f"{unit.origins[cell['id']]}: the alt text stands on the page while the reader predicts. Leave it out: the figure"
        " describes what it shows when it is drawn."
        for cell in find_spoilers(cells)
    ] + [
        f"{unit.origins[cell.id]}: the first paragraph answers one question and asks the next, so the answer stands open while"
        " the reader predicts. Begin a new paragraph before the next question."
        for cell in texts_after_predictions(cells)
        if mixes_answer_and_question(cell.source)
    ]


def find_spoilers(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The code cells that answer a "Predict" before they are run, by an `alt=` whose text stands in the code."""
    asked = False
    for cell in cells:
        if cell["cell_type"] == "markdown":
            asked = "**Predict" in _source(cell)
        elif asked and _writes_alt(_source(cell)):
            yield cell


def count_words(text: str) -> int:
    """How many words a reader reads: formulas, links' addresses, marks and single signs in a table don't count."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " x ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)|<[^>]+>", " ", text)
    text = re.sub(r"^\|.*$", lambda row: re.sub(r"\b\w\b", " ", row[0]), text, flags=re.MULTILINE)
    return len(re.findall(r"[^\W_][\w'’.-]*", text))


def _check_cell(cell: dict[str, Any], place: str) -> Iterator[str]:
    source = _source(cell)
    if cell["cell_type"] == "markdown":
        limit = MAX_PROMPT_WORDS if _is_prompt(cell) else MAX_CELL_WORDS
        if (words := count_words(source)) > limit:
            yield f"{place}: this text has {words} words; the limit is {limit}. Shorten it, or split it into two cells."
    elif source.count("\n") + 1 > MAX_CODE_LINES:
        lines = source.count("\n") + 1
        yield f"{place}: this code has {lines} lines; the limit is {MAX_CODE_LINES}. Move part of it to leftcontext/."


def _writes_alt(code: str) -> bool:
    """Whether a call in it has an `alt` that is a plain string; one that is computed says nothing yet."""
    try:
        nodes = ast.walk(ast.parse(code))
    except SyntaxError:  # a cell with a magic or with a learner's blank
        return False
    calls = (node for node in nodes if isinstance(node, ast.Call))
    keywords = (keyword for call in calls for keyword in call.keywords)
    return any(keyword.arg == "alt" and isinstance(keyword.value, ast.Constant) for keyword in keywords)


def _is_prompt(cell: dict[str, Any]) -> bool:
    return "nbgrader" in cell["metadata"]


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])
