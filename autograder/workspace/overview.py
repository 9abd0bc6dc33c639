"""The map of a workspace: every unit, what is solved in it, and what comes next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.paths import workspace
from autograder.workspace.progress import Entry, load

START = "start.ipynb"
WELCOME = """# Left Context

How does a language model read only what is to its left, and what goes wrong when it peeks? Each unit below is a
lesson with exercises inside. Run a cell with **Shift + Enter**, predict before you run, and let `check` tell you what it sees.

What you write here stays yours: an update of the course never overwrites it."""
CODE = """from autograder.workspace.overview import overview

overview()  # run this cell to see where you are"""


@dataclass(frozen=True)
class Place:
    """One unit of the workspace: its title, its notebook, its exercises in order, and what was tried of them."""

    title: str
    notebook: str
    exercises: tuple[str, ...]
    tried: dict[str, Entry]

    @property
    def open(self) -> list[str]:
        """The exercises that are not solved yet."""
        return [id for id in self.exercises if id not in self.tried or not self.tried[id]["passed"]]

    @property
    def solved(self) -> int:
        return len(self.exercises) - len(self.open)

    @property
    def hints(self) -> list[str]:
        """A line for each open exercise that was tried, with the hints that are open."""
        found = {id: self.tried[id].get("hints", []) for id in self.open if id in self.tried}
        return [f"`{id}`: {' · '.join(hints)}" for id, hints in found.items() if hints]

    def words(self, id: str) -> str:
        tries = self.tried[id]["failures"] if id in self.tried else 0
        return f"`{id}`" + (f" ({tries} {'try' if tries == 1 else 'tries'})" if tries else "")


class Overview:
    """A table for a notebook (`_repr_markdown_`) and for a terminal (`repr`)."""

    def __init__(self, places: list[Place]) -> None:
        self.places = places

    @property
    def next(self) -> Place | None:
        """The unit to go on with: the first one with something open, begun ones first."""
        todo = [place for place in self.places if place.open]
        return next((place for place in todo if place.tried), todo[0] if todo else None)

    @property
    def last(self) -> tuple[str, str] | None:
        """The exercise that was solved last, and the day."""
        solved = [(entry["solved"], id) for place in self.places for id, entry in place.tried.items() if entry["solved"]]
        return (max(solved)[1], max(solved)[0][:10]) if solved else None

    def _repr_markdown_(self) -> str:
        lines = ["|  | unit | solved | still open |", "|:-:|:--|:--|:--|"]
        for place in self.places:
            begun = place.tried or place is self.next  # of the others, names would only make the map longer
            still = (", ".join(map(place.words, place.open)) or "nothing") if begun else "all of them"
            lines.append(f"| {self._sign(place)} | [{place.title}](<{place.notebook}>) | {_count(place)} | {still} |")
        lines += ["", "✓ done · ◐ begun · ○ not yet · ▶ next", "", self._advice(markdown=True)]
        if self.last:
            lines[-1] += " Last solved: `{}`, on {}.".format(*self.last)
        if hints := [hint for place in self.places for hint in place.hints]:
            lines += ["", "**Open hints**", "", *(f"- {hint}" for hint in hints)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        lines = [f"{self._sign(place)} {place.title}: {_count(place)}" for place in self.places]
        return "\n".join([*lines, self._advice(markdown=False)])

    def _sign(self, place: Place) -> str:
        if not place.open:
            return "✓"
        return "▶" if place is self.next else "◐" if place.tried else "○"

    def _advice(self, markdown: bool) -> str:
        place = self.next
        if place is None:
            return "Everything is solved. Well done!"
        title = f"[{place.title}](<{place.notebook}>)" if markdown else place.title
        return f"Next: {title}, exercise `{place.open[0]}`."


def overview(folder: Path | None = None) -> Overview:
    """The map of the workspace `folder` (default: the one around)."""
    folder = folder or workspace() or Path.cwd()
    tried = load(folder)
    notebooks = sorted(path for path in folder.glob("*/*.ipynb") if path.stem == path.parent.name)
    return Overview([place for path in notebooks if (place := _place(path, folder, tried)) is not None])


def start_notebook(folder: Path) -> bytes:
    """The workspace's first page, its map drawn already."""
    # Here, for a learner's kernel that only asks for the map need not wait for these.
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    from autograder.course.exercise_cells import METADATA

    now = overview(folder)
    data = {"text/markdown": now._repr_markdown_(), "text/plain": repr(now)}
    output = new_output("execute_result", data=data, execution_count=1)
    cells = [
        new_markdown_cell(WELCOME, id="welcome"),
        new_code_cell(CODE, id="map", outputs=[output], execution_count=1),
    ]
    return (nbformat.writes(new_notebook(cells=cells, metadata=METADATA)) + "\n").encode()


def _place(path: Path, folder: Path, tried: dict[str, Entry]) -> Place | None:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = [line for cell in cells if cell["cell_type"] == "markdown" for line in _lines(cell)]
        marks = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
        exercises = tuple(mark["grade_id"].removeprefix("check_") for mark in marks if mark.get("grade"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a notebook that the learner has broken has no place on the map until it is mended
    title = next((line.removeprefix("# ").strip() for line in text if line.startswith("# ")), path.stem)
    here = {id: tried[id] for id in exercises if id in tried}
    return Place(title, path.relative_to(folder).as_posix(), exercises, here)


def _lines(cell: dict[str, Any]) -> list[str]:
    return "".join(cell["source"]).split("\n")


def _count(place: Place) -> str:
    return f"{place.solved} of {len(place.exercises)}"
