"""The map of a workspace: every unit, what is solved in it, and what comes next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path

from autograder.feedback.render import prose_html
from autograder.paths import workspace
from autograder.workspace.course_map import UnitCard, read_card
from autograder.workspace.progress import ProgressEntry, load

FOLLOW = Path(__file__).with_name("follow.js").read_text(encoding="utf-8")  # keeps the map true while it is on the page


@dataclass(frozen=True)
class UnitProgress:
    """A learner's progress in one unit: what it is, where its notebook lies, and what was tried of its exercises."""

    card: UnitCard
    notebook: str
    tried: dict[str, ProgressEntry]

    @property
    def title(self) -> str:
        return self.card.title

    @property
    def exercises(self) -> list[str]:
        return list(self.card.exercises)

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
        return [f"{self.card.exercises[id]}: {' · '.join(hints)}" for id, hints in found.items() if hints]

    def label(self, id: str) -> str:
        tries = self.tried[id]["failures"] if id in self.tried else 0
        return self.card.exercises[id] + (f" ({tries} {'try' if tries == 1 else 'tries'})" if tries else "")


class Overview:
    """A map for a notebook (`_repr_html_`), for a page without HTML (`_repr_markdown_`) and for a terminal (`repr`)."""

    def __init__(self, units: list[UnitProgress]) -> None:
        self.units = units

    @property
    def next(self) -> UnitProgress | None:
        """The unit to go on with: the first one with something open, begun ones first."""
        todo = [unit for unit in self.units if unit.unsolved]
        return next((unit for unit in todo if unit.tried), todo[0] if todo else None)

    @property
    def solved(self) -> int:
        """How many exercises are solved."""
        return sum(unit.solved for unit in self.units)

    @property
    def total(self) -> int:
        """How many exercises there are."""
        return sum(len(unit.exercises) for unit in self.units)

    @property
    def last(self) -> tuple[str, str] | None:
        """The exercise that was solved last, and the day."""
        tried = [(unit.card.exercises[id], entry) for unit in self.units for id, entry in unit.tried.items()]
        solved = [(entry["solved"], title) for title, entry in tried if entry["solved"]]
        return (max(solved)[1], max(solved)[0][:10]) if solved else None

    def _repr_markdown_(self) -> str:
        lines = ["|  | unit | minutes | solved | still open |", "|:-:|:--|--:|:--|:--|"]
        for unit in self.units:
            begun = unit.tried or unit is self.next  # of the others, names would only make the map longer
            still = (", ".join(map(unit.label, unit.unsolved)) or "nothing") if begun else "all of them"
            name = f"[{unit.title}](<{unit.notebook}>)"
            lines.append(f"| {self._sign(unit)} | {name} | {unit.card.minutes()} | {_count(unit)} | {still} |")
        lines += ["", "✓ done · ◐ begun · ○ not yet · ▶ next", "", self._advice(markdown=True)]
        if self.last:
            lines[-1] += " Last solved: {}, on {}.".format(*self.last)
        if hints := [hint for unit in self.units for hint in unit.hints]:
            lines += ["", "**Open hints**", "", *(f"- {hint}" for hint in hints)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        done, total = self.solved, self.total
        rows = "".join(map(self._row, self.units))
        head = "<tr><th></th><th style='text-align:left'>unit</th><th>minutes</th><th>solved</th><th></th></tr>"
        return (
            f"<div class='lc-map'><p>{_bar(done, total, 'lc-all', '14em')} <b class='lc-total'>{done} of {total} exercises "
            f"solved</b>. {prose_html(self._advice(markdown=False))}</p><table style='text-align:left'>{head}{rows}</table>"
            f"<p>✓ done · ◐ begun · ○ not yet · ▶ next</p>{self._hints_html()}</div><script>{FOLLOW}</script>"
        )

    def _row(self, unit: UnitProgress) -> str:
        exercises = json.dumps(list(unit.card.exercises.items()), ensure_ascii=False)
        return (
            f"<tr data-exercises='{escape(exercises)}'><td class='lc-sign'>{self._sign(unit)}</td>"
            f"<td style='text-align:left'><a href='{escape(unit.notebook)}'>{prose_html(unit.title)}</a></td>"
            f"<td>{unit.card.minutes()}</td><td>{_bar(unit.solved, len(unit.exercises), '', '5em')}</td>"
            f"<td class='lc-count' style='white-space:nowrap'>{_count(unit)}</td></tr>"
        )

    def _hints_html(self) -> str:
        hints = "".join(f"<li>{prose_html(hint)}</li>" for unit in self.units for hint in unit.hints)
        return f"<p><b>Open hints</b></p><ul>{hints}</ul>" if hints else ""

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
        return f"Next: {title}, exercise {unit.card.exercises[unit.unsolved[0]]}."


def overview(folder: Path | None = None) -> Overview:
    """The map of the workspace `folder` (default: the one around)."""
    folder = folder or workspace() or Path.cwd()
    tried = load(folder)
    notebooks = sorted(path for path in folder.glob("*/*.ipynb") if path.stem == path.parent.name)
    return Overview([unit for path in notebooks if (unit := _unit_progress(path, folder, tried)) is not None])


def _unit_progress(path: Path, folder: Path, tried: dict[str, ProgressEntry]) -> UnitProgress | None:
    card = read_card(path)
    if card is None:
        return None
    return UnitProgress(card, path.relative_to(folder).as_posix(), {id: tried[id] for id in card.exercises if id in tried})


def _count(unit: UnitProgress) -> str:
    return f"{unit.solved} of {len(unit.exercises)}"


def _bar(done: int, total: int, name: str, width: str) -> str:
    label = f"{done} of {total} solved"
    return f"<progress class='{name}' value='{done}' max='{max(total, 1)}' style='width:{width}' aria-label='{label}'></progress>"
