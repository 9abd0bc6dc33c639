"""A linter for lessons: texts, code and whole lessons that are too long are reported with their place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.course.build import Unit

MAX_CELL_WORDS = 60
MAX_PROMPT_WORDS = 120
MAX_CODE_LINES = 25
MAX_LESSON_WORDS = 1500


def check_style(unit: Unit) -> list[str]:
    """What is too long in a unit's lesson; empty where nothing is."""
    release = f"notebooks/{unit.name}/{unit.name}.ipynb"
    cells = json.loads(unit.files[release])["cells"]
    found = [line for cell in cells for line in _check_cell(cell, unit.origins[cell["id"]])]
    own = sum(count_words(_source(cell)) for cell in cells if cell["cell_type"] == "markdown" and not _is_prompt(cell))
    if own > MAX_LESSON_WORDS:
        found.append(f"source/{unit.name}/lesson.md has {own} words; the limit is {MAX_LESSON_WORDS}. Leave something out.")
    return found


def count_words(text: str) -> int:
    """How many words a reader reads: formulas, links' addresses and marks don't count."""
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " x ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)|<[^>]+>", " ", text)
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


def _is_prompt(cell: dict[str, Any]) -> bool:
    return "nbgrader" in cell["metadata"]


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])
