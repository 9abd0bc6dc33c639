"""Checksums of the built files, so that a notebook edited by hand is never overwritten.

`source/built.sums` holds a SHA-256 checksum for each built file: over what a person edits (cells and their metadata), not over
outputs or what Jupyter writes when it saves. Git merges it line by line; of two checksums for one file, either is valid.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.atomic_write import write_atomically

CHECKSUM_FILE = "source/built.sums"
VOLATILE_METADATA = frozenset({"execution", "scrolled", "collapsed", "ExecuteTime"})  # what Jupyter writes by itself


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


def checksum(name: str, content: bytes) -> str:
    """The checksum of a built file. Raises ValueError for an .ipynb file that is not a notebook."""
    if name.endswith(".ipynb"):
        content = json.dumps(cells_of(content), sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def cells_of(content: bytes) -> list[dict[str, Any]]:
    """A notebook's cells without what running and saving change. Raises ValueError."""
    try:
        return [_without_volatile(cell) for cell in json.loads(content)["cells"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a notebook: {error}") from None


def _without_volatile(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in cell["metadata"].items() if name not in VOLATILE_METADATA}
    return {"type": cell["cell_type"], "id": cell.get("id"), "source": "".join(cell["source"]), "metadata": metadata}


def read_checksums(root: Path) -> dict[str, set[str]]:
    """The recorded checksums by path."""
    found: dict[str, set[str]] = {}
    path = root / CHECKSUM_FILE
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        match line.split("  ", 1):
            case [digest, name] if len(digest) == 64:
                found.setdefault(name, set()).add(digest)
    return found


def record_checksums(root: Path, built: Mapping[str, bytes]) -> None:
    """Record the checksums of freshly built files in place of their former ones."""
    recorded = read_checksums(root) | {name: {checksum(name, content)} for name, content in built.items()}
    lines = [f"{digest}  {name}" for name in sorted(recorded) if (root / name).exists() for digest in sorted(recorded[name])]
    write_atomically(root / CHECKSUM_FILE, "\n".join(lines) + "\n")


def edited_by_hand(root: Path, name: str, content: bytes) -> bool:
    """Whether a file is something that the build never made."""
    if b"\n<<<<<<< " in content:
        return False  # a merge that stopped half-way: building again is the way out
    try:
        return checksum(name, content) not in read_checksums(root).get(name, ())
    except ValueError:
        return True


def hand_edit(name: str, content: bytes, fresh: bytes, origins: Mapping[str, str]) -> HandEdit:
    """Compare an edited notebook with a fresh one, cell by cell, and say where each edit comes from."""
    try:
        edited, built = cells_of(content), cells_of(fresh)
    except ValueError:
        return HandEdit(name, ())
    return HandEdit(name, tuple(_edits(edited, built, origins)))


def _edits(edited: list[dict[str, Any]], fresh: list[dict[str, Any]], origins: Mapping[str, str]) -> Iterator[str]:
    by_id = {cell["id"]: cell for cell in fresh}
    before = "the top"
    for number, cell in enumerate(edited, 1):
        place = origins.get(cell["id"])
        if place is None or cell["id"] not in by_id:
            yield f"new: cell {number}, after {before}"
        elif cell != by_id[cell["id"]]:
            yield f"changed: cell {number}, which comes from {place}"
        before = place or before
    for id in _missing(edited, by_id):
        yield f"gone: the cell that comes from {origins.get(id, 'the source')}"
    kept = [cell["id"] for cell in edited if cell["id"] in by_id]
    if kept != [id for id in by_id if id in set(kept)]:
        yield "moved: some cells stand in another order"


def _missing(edited: list[dict[str, Any]], by_id: Iterable[str]) -> list[str]:
    there = {cell["id"] for cell in edited}
    return [id for id in by_id if id not in there]
