"""Reads the notebook that a student handed in, whatever is wrong with it. Only the source of its cells is believed."""

from __future__ import annotations

import codecs
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from autograder.errors import UserError
from autograder.notebook.note import Note, NoteKind

MAX_CELLS = 5000
MAX_SOURCE = 1_000_000  # characters of one cell


class Unreadable(UserError, ValueError):
    """A file that is no notebook; the message says why."""


@dataclass(frozen=True)
class SubmittedCell:
    """One cell as it was handed in."""

    cell_type: str
    source: str
    grade_id: str | None
    id: str | None
    is_as_handed_out: bool = False  # by the checksum that nbgrader gave it; of this release, or of an earlier one


def read(data: bytes) -> tuple[list[SubmittedCell], list[Note]]:
    """The cells of a submitted notebook, and notes on what was repaired. Raises Unreadable."""
    data, repairs = _repaired_encoding(data)
    try:
        # A number of ten thousand digits is none of the course's business, and no int.
        notebook = json.loads(data.decode("utf-8-sig", errors="replace"), strict=False, parse_int=float)
    except (ValueError, RecursionError):
        raise Unreadable("It is no notebook: it is not valid JSON. Ask for the file as Jupyter saves it.") from None
    found = notebook.get("cells") if isinstance(notebook, dict) else None
    if found is None and isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list):
        found = _cells_of_format_3(notebook["worksheets"])
        repairs.append("It is in an old format (nbformat 3).")
    if not isinstance(found, list):
        raise Unreadable("It is no notebook: it holds no cells. Ask for the file as Jupyter saves it.")
    if not found:
        repairs.append("It is empty.")
    cells = [_cell(cell) for cell in found if isinstance(cell, dict)]
    if len(cells) > MAX_CELLS:
        repairs.append(f"Only its first {MAX_CELLS} cells were read, and those with a mark of nbgrader's.")
        cells = cells[:MAX_CELLS] + [cell for cell in cells[MAX_CELLS:] if cell.grade_id][:MAX_CELLS]
    if (language := language_of(notebook.get("metadata"))) and not is_python(language):
        repairs.append(f"Its kernel was of another language ({language[:40]}); it was run as Python.")
    return cells, [Note(NoteKind.REPAIRED, text) for text in repairs]


def language_of(metadata: Any) -> str:
    """The language that a notebook's metadata names; nothing where they name none."""
    spec, info = (metadata.get(name) if isinstance(metadata, dict) else None for name in ("kernelspec", "language_info"))
    named = [part.get(key) for part, key in ((spec, "language"), (info, "name")) if isinstance(part, dict)]
    return next((name for name in named if isinstance(name, str)), "")


def is_python(language: str) -> bool:
    """Whether a language's name is one of Python's: "python", "python3", "ipython"."""
    return "python" in language.lower()


def _repaired_encoding(data: bytes) -> tuple[bytes, list[str]]:
    repairs = []
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
        repairs.append("It was written in UTF-16.")
    if b"\0" in data:
        data = data.replace(b"\0", b"")
        repairs.append("Null bytes were taken out of the file.")
    return data, repairs


def _cells_of_format_3(worksheets: list[Any]) -> list[Any]:
    lists = [sheet.get("cells") for sheet in worksheets if isinstance(sheet, dict)]
    return [cell for cells in lists if isinstance(cells, list) for cell in cells]


def _cell(cell: dict[str, Any]) -> SubmittedCell:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata")
    nbgrader_meta = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader_meta.get("grade_id") if isinstance(nbgrader_meta, dict) else None
    cell_type = cell.get("cell_type")
    marks = nbgrader_meta if isinstance(nbgrader_meta, dict) else {}
    return SubmittedCell(
        cell_type if cell_type in ("code", "markdown", "raw") else "raw",
        source[:MAX_SOURCE].encode("utf-8", "replace").decode("utf-8"),  # a lone surrogate can't be written anywhere
        grade_id if isinstance(grade_id, str) else None,
        cell["id"] if isinstance(cell.get("id"), str) else None,
        bool(marks.get("checksum")) and _checksum(source, cell_type, marks) == marks["checksum"],
    )


def _checksum(source: str, cell_type: Any, marks: dict[str, Any]) -> str:
    """The checksum that nbgrader gives a cell when it makes a release (nbgrader.utils.compute_checksum); "" where it can't be."""
    is_grade, is_solution = bool(marks.get("grade")), bool(marks.get("solution"))
    is_locked = not is_solution and (is_grade or bool(marks.get("locked")))
    try:
        points = [str(float(marks["points"]))] if is_grade else []
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""
    parts = [source, str(cell_type), f"{is_grade}{is_solution}{is_locked}", str(marks.get("grade_id")), *points]
    return hashlib.md5("".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
