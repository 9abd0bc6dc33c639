"""What the first page says of a unit before it is begun: title, minutes, exercises; and the ways through the course.

A unit is read from its notebook, so that nothing has to be declared twice; the ways stand in `source/course.toml`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import paths
from autograder.bank.former_names import present_id
from autograder.course.course import COURSE_FILE
from autograder.course.minutes import MINUTES_PER_CELL, MINUTES_PER_EXERCISE, MINUTES_PER_QUIZ, WORDS_PER_MINUTE
from autograder.notebook.cell import CHECK, PROMPT

QUIZ = "quiz_"


@dataclass(frozen=True)
class UnitCard:
    """A unit as its notebook tells it: `exercises` are ids with their titles.

    `reading` is minutes without the exercises, `prompts` the minutes that it takes to read each exercise.
    """

    name: str
    title: str
    exercises: dict[str, str]
    reading: float
    prompts: dict[str, float]

    def minutes(self, exercises: Sequence[str] | None = None) -> int:
        """The minutes for the unit with these exercises (default: all of them), to the nearest five."""
        chosen = self.exercises if exercises is None else [id for id in exercises if id in self.exercises]
        work = sum(MINUTES_PER_QUIZ if id.startswith(QUIZ) else MINUTES_PER_EXERCISE for id in chosen)
        prompts = sum(self.prompts.get(id, 0.0) for id in chosen)
        return max(5, 5 * round((self.reading + prompts + work) / 5))


@dataclass(frozen=True)
class TrackStep:
    """A unit on a way through the course; `exercises` are those to solve, None for all of them."""

    unit: str
    exercises: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Track:
    """A way through the course."""

    title: str
    about: str
    steps: tuple[TrackStep, ...]


def read_tracks() -> list[Track]:
    """The ways of `source/course.toml`; none where the file is missing."""
    try:
        declared = tomllib.loads((paths.source() / COURSE_FILE).read_text(encoding="utf-8"))["tracks"]
    except FileNotFoundError:
        return []
    return [Track(track["title"], track["about"], tuple(map(_step, track["steps"]))) for track in declared]


def read_card(path: Path) -> UnitCard | None:
    """The unit of a notebook; None for a notebook that can't be read, until its owner has repaired it."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return _card(path.stem, cells)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _step(declared: dict[str, Any]) -> TrackStep:
    exercises = declared.get("exercises")
    return TrackStep(declared["unit"], None if exercises is None else tuple(exercises))


def _card(name: str, cells: list[dict[str, Any]]) -> UnitCard:
    title, prompts, exercises, reading = name, {}, [], 0.0
    for cell in cells:
        text, mark = "".join(cell["source"]), cell["metadata"].get("nbgrader", {})
        id = mark.get("grade_id", "")
        minutes = len(text.split()) / WORDS_PER_MINUTE
        if cell["cell_type"] == "markdown" and id.startswith(PROMPT):
            prompts[present_id(id.removeprefix(PROMPT))] = (_heading(text, "### "), minutes)
        elif cell["cell_type"] == "markdown":
            reading += minutes
            title = _heading(text, "# ") or title if title == name else title
        elif mark.get("grade"):
            exercises.append(present_id(id.removeprefix(CHECK)))  # a learner's notebook may be from before a renaming
        elif not mark.get("solution") and not cell["metadata"].get("jupyter", {}).get("source_hidden"):
            reading += MINUTES_PER_CELL  # a folded cell is a field to write in, or set-up: nothing to read
    known = {id: prompts.get(id, ("", 0.0)) for id in exercises}
    titles = {id: heading or f"`{id}`" for id, (heading, _) in known.items()}
    return UnitCard(name, title, titles, reading, {id: minutes for id, (_, minutes) in known.items()})


def _heading(text: str, sign: str) -> str:
    """The first heading with this sign; "" where there is none."""
    return next((line.removeprefix(sign).strip() for line in text.split("\n") if line.startswith(sign)), "")
