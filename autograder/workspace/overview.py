"""The map of a workspace: every unit, what is solved in it, and what comes next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.bank.former_names import present_id
from autograder.paths import workspace
from autograder.workspace.progress import ProgressEntry, load

START = "start.ipynb"
WELCOME = """# Left Context

How does a language model read only what is to its left, and what goes wrong when it peeks? Each unit below is a
lesson with exercises inside. Run a cell with **Shift + Enter**, predict before you run, and let `check` tell you what it sees.

What you write here stays yours: an update of the course never overwrites it."""
CODE = """from autograder.workspace.overview import overview

overview()  # run this cell to see where you are"""


@dataclass(frozen=True)
class UnitProgress:
    """A learner's progress in one unit: its title, its notebook, its exercises in order, and what was tried of them."""

    title: str
    notebook: str
    exercises: tuple[str, ...]
    tried: dict[str, ProgressEntry]

    @property
    def unsolved(self) -> list[str]:
        """The exercises that are not solved yet."""
        return [id for id in self.exercises if id not in self.tried or not self.tried[id]["passed"]]

    @property
    def solved(self) -> int:
        return len(self.exercises) - len(self.unsolved)

    @property
    def hints(self) -> list[str]:
        """A line for each open exercise that was tried, with the hints that are open."""
        found = {id: self.tried[id].get("hints", []) for id in self.unsolved if id in self.tried}
        return [f"`{id}`: {' · '.join(hints)}" for id, hints in found.items() if hints]

    def label(self, id: str) -> str:
        tries = self.tried[id]["failures"] if id in self.tried else 0
        return f"`{id}`" + (f" ({tries} {'try' if tries == 1 else 'tries'})" if tries else "")


class Overview:
    """A table for a notebook (`_repr_markdown_`) and for a terminal (`repr`)."""

    def __init__(self, units: list[UnitProgress]) -> None:
        self.units = units

    @property
    def next(self) -> UnitProgress | None:
        """The unit to go on with: the first one with something open, begun ones first."""
        todo = [unit for unit in self.units if unit.unsolved]
        return next((unit for unit in todo if unit.tried), todo[0] if todo else None)

    @property
    def last(self) -> tuple[str, str] | None:
        """The exercise that was solved last, and the day."""
        solved = [(entry["solved"], id) for unit in self.units for id, entry in unit.tried.items() if entry["solved"]]
        return (max(solved)[1], max(solved)[0][:10]) if solved else None

    def _repr_markdown_(self) -> str:
        lines = ["|  | unit | solved | still open |", "|:-:|:--|:--|:--|"]
        for unit in self.units:
            begun = unit.tried or unit is self.next  # of the others, names would only make the map longer
            still = (", ".join(map(unit.label, unit.unsolved)) or "nothing") if begun else "all of them"
            lines.append(f"| {self._sign(unit)} | [{unit.title}](<{unit.notebook}>) | {_count(unit)} | {still} |")
        lines += ["", "✓ done · ◐ begun · ○ not yet · ▶ next", "", self._advice(markdown=True)]
        if self.last:
            lines[-1] += " Last solved: `{}`, on {}.".format(*self.last)
        if hints := [hint for unit in self.units for hint in unit.hints]:
            lines += ["", "**Open hints**", "", *(f"- {hint}" for hint in hints)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        lines = [f"{self._sign(unit)} {unit.title}: {_count(unit)}" for unit in self.units]
        return "\n".join([*lines, self._advice(markdown=False)])

    def _sign(self, unit: UnitProgress) -> str:
        if not unit.unsolved:
            return "✓"
        return "▶" if unit is self.next else "◐" if unit.tried else "○"

    def _advice(self, markdown: bool) -> str:
        unit = self.next
        if unit is None:
            return "Everything is solved. Well done!"
        title = f"[{unit.title}](<{unit.notebook}>)" if markdown else unit.title
        return f"Next: {title}, exercise `{unit.unsolved[0]}`."


def overview(folder: Path | None = None) -> Overview:
    """The map of the workspace `folder` (default: the one around)."""
    folder = folder or workspace() or Path.cwd()
    tried = load(folder)
    notebooks = sorted(path for path in folder.glob("*/*.ipynb") if path.stem == path.parent.name)
    return Overview([unit for path in notebooks if (unit := _unit_progress(path, folder, tried)) is not None])


def start_notebook(folder: Path) -> bytes:
    """The workspace's first page, its map drawn already."""
    # Here, for a learner's kernel that only asks for the map need not wait for these.
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    from autograder.course.exercise_cells import NOTEBOOK_METADATA

    now = overview(folder)
    data = {"text/markdown": now._repr_markdown_(), "text/plain": repr(now)}
    output = new_output("execute_result", data=data, execution_count=1)
    cells = [
        new_markdown_cell(WELCOME, id="welcome"),
        new_code_cell(CODE, id="map", outputs=[output], execution_count=1),
    ]
    return (nbformat.writes(new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)) + "\n").encode()


def _unit_progress(path: Path, folder: Path, tried: dict[str, ProgressEntry]) -> UnitProgress | None:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = [line for cell in cells if cell["cell_type"] == "markdown" for line in _lines(cell)]
        metadata = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
        ids = (mark["grade_id"].removeprefix("check_") for mark in metadata if mark.get("grade"))
        exercises = tuple(dict.fromkeys(map(present_id, ids)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a notebook that the learner has broken is left out of the map until it is repaired
    title = next((line.removeprefix("# ").strip() for line in text if line.startswith("# ")), path.stem)
    here = {id: tried[id] for id in exercises if id in tried}
    return UnitProgress(title, path.relative_to(folder).as_posix(), exercises, here)


def _lines(cell: dict[str, Any]) -> list[str]:
    return "".join(cell["source"]).split("\n")


def _count(unit: UnitProgress) -> str:
    return f"{unit.solved} of {len(unit.exercises)}"
