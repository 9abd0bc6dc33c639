"""A lesson as text: `source/NN-name/lesson.md` → the cells of a notebook, with the exercises inserted.

`lesson.md` is MyST Markdown as jupytext reads it: `+++` between text cells, ```` ```{code-cell} ```` for code.
A line that is {exercise}`causal_mask` and nothing else is replaced by that exercise; {exercise}`causal_mask seed=7` is
one of its variants, {exercise}`causal_mask variant=week-1` draws each student's variant from their id, and
{exercise}`causal_mask points=4` gives 4 points instead of the bank's.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from jupytext.myst import myst_to_notebook
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from autograder.bank import catalog
from autograder.course import install_guard, prediction_cells
from autograder.course.course import LESSON, read_extra
from autograder.course.exercise_cells import NOTEBOOK_METADATA, exercise_cells
from autograder.course.explanations import fold_explanations
from autograder.course.links import link_units
from autograder.errors import UserError

EXERCISE_LINE = re.compile(r"^\{exercise\}`(\w+(?: seed=\d+| variant=[\w.@-]+)?(?: points=\d+(?:\.\d+)?)?)`[ \t]*$", re.MULTILINE)


class LessonError(UserError, ValueError):
    """A lesson that can't be built; the message names the file, the line and the remedy."""


@dataclass
class Lesson:
    """The instructor's notebook, and for each cell's id the place in the source that it comes from.

    `exercises` is how many there are in the whole lesson, `extra` which of them can be left out; None where nothing says so.
    """

    notebook: NotebookNode
    origins: dict[str, str] = field(default_factory=dict)
    exercises: int = 0
    extra: frozenset[str] | None = None


def read_lesson(unit: Path) -> Lesson:
    """Build the cells of one unit's folder. Raises LessonError."""
    path = unit / LESSON
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LessonError(f"{_short(path)} is missing. Write the lesson there.") from None
    parsed = myst_to_notebook(text, add_source_map=True)
    lesson = Lesson(new_notebook(metadata=NOTEBOOK_METADATA), {}, len(EXERCISE_LINE.findall(text)), read_extra(unit))
    lines = text.split("\n")
    guard_missing = any(map(install_guard.needs_guard, parsed.cells))
    following = [*parsed.cells[1:], None]
    for cell, line, after in zip(parsed.cells, parsed.metadata.source_map, following, strict=True):
        while line < len(lines) - 1 and not lines[line].strip():
            line += 1
        if cell.cell_type == "code" and guard_missing:
            _append(lesson, install_guard.guard_cell(), install_guard.ID, install_guard.PLACE)
            guard_missing = False
        if cell.cell_type == "code":
            _append(lesson, cell, _unique_id(lesson, _content_id(cell)), f"{_short(path)}, line {line + 1}")
        else:
            _append_text(lesson, cell, path, line + 1)
        if install_guard.ID in lesson.origins and prediction_cells.needs_cell(lesson.notebook.cells[-1], after):
            field = prediction_cells.prediction_cell(prediction_cells.question_in(cell.source) or "")
            _append(lesson, field, _unique_id(lesson, _content_id(field)), prediction_cells.PLACE)
    fold_explanations(lesson.notebook.cells)  # after the ids, which follow from the lesson's own words
    link_units(lesson.notebook.cells, unit)
    return lesson


def _append_text(lesson: Lesson, cell: NotebookNode, path: Path, line: int) -> None:
    # re.split gives text, id, text, id, ..., text.
    for number, piece in enumerate(EXERCISE_LINE.split(cell.source)):
        empty_lines = len(piece) - len(piece.lstrip("\n"))
        place = f"{_short(path)}, line {line + empty_lines}"
        line += piece.count("\n")
        if number % 2:
            _insert_exercise(lesson, piece, place)
        elif piece.strip():
            text = new_markdown_cell(piece.strip(), metadata=cell.metadata)
            if "{exercise}`" in text.source:
                raise LessonError(f"{place}: an exercise is inserted by a line of its own, not within a sentence.")
            _append(lesson, text, _unique_id(lesson, _content_id(text)), place)


def _insert_exercise(lesson: Lesson, reference: str, place: str) -> None:
    id, *settings = reference.split(" ")
    given = dict(setting.split("=") for setting in settings)
    try:
        entry = catalog.find(id)
    except catalog.UnknownExercise as error:
        raise LessonError(f"{place}: {error}") from None
    id = entry.id  # where the lesson has a former one
    if id in lesson.origins:
        raise LessonError(f"{place}: the exercise {id} is inserted twice.")
    place = f"Exercise {sum(known.startswith('prompt_') for known in lesson.origins) + 1} of {lesson.exercises}"
    rank = "" if lesson.extra is None else "extra" if id in lesson.extra else "core"
    weight = float(given["points"]) if "points" in given else None
    try:
        cells = exercise_cells(entry, int(given.get("seed", 0)), weight, place, rank, given.get("variant", ""))
    except ValueError as error:
        raise LessonError(f"{_short(entry.path)}: {error}") from None
    for cell in cells:
        _append(lesson, cell, cell.id, _short(entry.path))


def _append(lesson: Lesson, cell: NotebookNode, id: str, place: str) -> None:
    cell.id = id
    lesson.notebook.cells.append(cell)
    lesson.origins[id] = place


def _content_id(cell: NotebookNode) -> str:
    """An id that follows from what the cell says, so that a rebuild changes no other cell's."""
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]


def _unique_id(lesson: Lesson, id: str) -> str:
    taken = sum(known == id or known.startswith(f"{id}-") for known in lesson.origins)
    return f"{id}-{taken + 1}" if taken else id


def _short(path: Path) -> str:
    return "/".join(path.parts[-3:])
