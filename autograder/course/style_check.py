"""A lesson's rhythm: short texts, short code, something to see. What breaks it is said kindly, with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.course.build import Unit

WORDS_A_CELL = 60
WORDS_A_PROMPT = 120
LINES_A_CELL = 25
WORDS_A_LESSON = 1500


def advice(unit: Unit) -> list[str]:
    """What to shorten in a unit's lesson; empty where all is well."""
    release = f"notebooks/{unit.name}/{unit.name}.ipynb"
    cells = json.loads(unit.files[release])["cells"]
    found = [line for cell in cells for line in _of_cell(cell, unit.origins[cell["id"]])]
    own = sum(words(_source(cell)) for cell in cells if cell["cell_type"] == "markdown" and not _is_prompt(cell))
    if own > WORDS_A_LESSON:
        found.append(f"source/{unit.name}/lesson.md has {own} words; {WORDS_A_LESSON} are a lesson. What could be left out?")
    return found


def words(text: str) -> int:
    """How many words a reader reads: formulas, links' addresses and marks don't count."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " x ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)|<[^>]+>", " ", text)
    return len(re.findall(r"[^\W_][\w'’.-]*", text))


def _of_cell(cell: dict[str, Any], place: str) -> Iterator[str]:
    source = _source(cell)
    if cell["cell_type"] == "markdown":
        most = WORDS_A_PROMPT if _is_prompt(cell) else WORDS_A_CELL
        if words(source) > most:
            yield f"{place}: this text has {words(source)} words; {most} are enough. Could it be two cells, or shorter?"
    elif source.count("\n") + 1 > LINES_A_CELL:
        lines = source.count("\n") + 1
        yield f"{place}: this code has {lines} lines; {LINES_A_CELL} are the most. Could part of it live in leftcontext?"


def _is_prompt(cell: dict[str, Any]) -> bool:
    return "nbgrader" in cell["metadata"]


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])
