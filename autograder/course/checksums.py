"""What the build made, remembered: so that a notebook edited by hand is never overwritten.

`source/built.sums` holds a sum for each built file, over what a person edits (cells and their metadata), not over
outputs or what Jupyter writes when it saves. Git merges it line by line: of two sums for a file, either will do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.atomic_write import write_atomically

FILE = "source/built.sums"
PASSING = frozenset({"execution", "scrolled", "collapsed", "ExecuteTime"})  # what Jupyter writes by itself


@dataclass(frozen=True)
class HandEdit:
    """A built file that someone edited, and where each of its edits belongs."""

    path: str
    edits: tuple[str, ...]

    def __str__(self) -> str:
        unit = self.path.split("/")[1]
        lines = [f"{self.path} was edited by hand, so it is left as it is.", *(f"  {edit}" for edit in self.edits)]
        lines.append(f"Carry the edit over and build again, or throw it away: leftcontext build --force {unit}")
        return "\n".join(lines)


def seal(name: str, content: bytes) -> str:
    """The sum of a built file. Raises ValueError for a notebook that is none."""
    if name.endswith(".ipynb"):
        content = json.dumps(cells_of(content), sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def cells_of(content: bytes) -> list[dict[str, Any]]:
    """A notebook's cells without what running and saving change. Raises ValueError."""
    try:
        return [_bare(cell) for cell in json.loads(content)["cells"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a notebook: {error}") from None


def _bare(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in cell["metadata"].items() if name not in PASSING}
    return {"type": cell["cell_type"], "id": cell.get("id"), "source": "".join(cell["source"]), "metadata": metadata}


def sums(root: Path) -> dict[str, set[str]]:
    """The sums on record: path → sums."""
    found: dict[str, set[str]] = {}
    path = root / FILE
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        match line.split("  ", 1):
            case [sum, name] if len(sum) == 64:
                found.setdefault(name, set()).add(sum)
    return found


def remember(root: Path, built: Mapping[str, bytes]) -> None:
    """Put the sums of freshly built files on record, in place of those they had."""
    now = sums(root) | {name: {seal(name, content)} for name, content in built.items()}
    lines = [f"{sum}  {name}" for name in sorted(now) if (root / name).exists() for sum in sorted(now[name])]
    write_atomically(root / FILE, "\n".join(lines) + "\n")


def edited_by_hand(root: Path, name: str, content: bytes) -> bool:
    """Whether a file is something that the build never made."""
    if b"\n<<<<<<< " in content:
        return False  # a merge that stopped half-way: building again is the way out
    try:
        return seal(name, content) not in sums(root).get(name, ())
    except ValueError:
        return True


def hand_edit(name: str, content: bytes, fresh: bytes, origins: Mapping[str, str]) -> HandEdit:
    """Compare an edited notebook with a fresh one, cell by cell, and say where each edit comes from."""
    try:
        mine, theirs = cells_of(content), cells_of(fresh)
    except ValueError:
        return HandEdit(name, ())
    return HandEdit(name, tuple(_edits(mine, theirs, origins)))


def _edits(mine: list[dict[str, Any]], fresh: list[dict[str, Any]], origins: Mapping[str, str]) -> Iterator[str]:
    wanted = {cell["id"]: cell for cell in fresh}
    before = "the top"
    for number, cell in enumerate(mine, 1):
        place = origins.get(cell["id"])
        if place is None or cell["id"] not in wanted:
            yield f"new: cell {number}, after {before}"
        elif cell != wanted[cell["id"]]:
            yield f"changed: cell {number}, which comes from {place}"
        before = place or before
    for id in _missing(mine, wanted):
        yield f"gone: the cell that comes from {origins.get(id, 'the source')}"
    kept = [cell["id"] for cell in mine if cell["id"] in wanted]
    if kept != [id for id in wanted if id in set(kept)]:
        yield "moved: some cells stand in another order"


def _missing(mine: list[dict[str, Any]], wanted: Iterable[str]) -> list[str]:
    there = {cell["id"] for cell in mine}
    return [id for id in wanted if id not in there]
