"""From what a student handed in to what is run: the released notebook in its own order, with the student's cells in it.

Nothing of a submission is believed but the source of its cells. Tests, points, tags and the order come from what the
instructor released, so that a deleted, duplicated, split, moved or relabelled cell is at worst an empty answer.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_BYTES = 64 * 1024 * 1024
MOST_CELLS = 5000
MOST_SOURCE = 1_000_000  # characters of one cell

LESSON, SOLUTION, TEST, MANUAL, TASK = "lesson", "solution", "test", "manual", "task"


class Unreadable(ValueError):
    """A file that is no notebook; the message says why."""


@dataclass(frozen=True)
class Cell:
    """One cell as it was released. `metadata` is nbgrader's, whole; `role` follows from it."""

    id: str
    kind: str  # code, markdown, raw
    source: str
    role: str = LESSON
    grade_id: str | None = None
    points: float = 0.0
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    solved: str = ""  # where the student's words stand: the instructor's own

    @property
    def theirs(self) -> bool:
        """Whether the student's words stand in it."""
        return self.role in (SOLUTION, MANUAL)


@dataclass(frozen=True)
class Written:
    """One cell of the plan: what was released there, or None for a cell that the student added, and its source now."""

    released: Cell | None
    kind: str
    source: str

    @property
    def changed(self) -> bool:
        return self.released is None or self.released.theirs or self.source != self.released.source


@dataclass(frozen=True)
class Rebuilt:
    """A submission in released order, and what had to be mended, in words for the instructor."""

    cells: tuple[Written, ...]
    notes: tuple[str, ...]
    remarks: dict[str, str] = field(default_factory=dict)  # those about an answer, by its grade id; the rest at the first one


@dataclass(frozen=True)
class _Submitted:
    kind: str
    source: str
    grade_id: str | None
    id: str | None


def read(data: bytes | None) -> tuple[list[_Submitted], list[str]]:
    """A submitted notebook's cells, whatever else is wrong with it. Raises Unreadable."""
    notes: list[str] = []
    if data is None or len(data) > MOST_BYTES:
        raise Unreadable(f"It can't be read, or is larger than {MOST_BYTES // 2**20} MB.")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
        notes.append("It was written in UTF-16.")
    if b"\0" in data:
        data = data.replace(b"\0", b"")
        notes.append("Null bytes were taken out of the file.")
    try:
        # A number of ten thousand digits is none of the course's business, and no int.
        notebook = json.loads(data.decode("utf-8-sig", errors="replace"), strict=False, parse_int=float)
    except (ValueError, RecursionError):
        raise Unreadable("It is no notebook: it is not valid JSON. Ask for the file as Jupyter saves it.") from None
    found = notebook.get("cells") if isinstance(notebook, dict) else None
    if found is None and isinstance(notebook, dict):
        sheets = notebook.get("worksheets")
        if isinstance(sheets, list):
            found = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _listed(sheet.get("cells"))]
            notes.append("It is in an old format (nbformat 3).")
    if not isinstance(found, list):
        raise Unreadable("It is no notebook: it holds no cells. Ask for the file as Jupyter saves it.")
    if not found:
        notes.append("It is empty.")
    cells = [_cell(cell) for cell in found if isinstance(cell, dict)]
    if len(cells) > MOST_CELLS:
        notes.append(f"Only its first {MOST_CELLS} cells were read, and those with a mark of nbgrader's.")
        cells = cells[:MOST_CELLS] + [cell for cell in cells[MOST_CELLS:] if cell.grade_id][:MOST_CELLS]
    if (language := _language(notebook.get("metadata"))) and "python" not in language.lower():
        notes.append(f"Its kernel was of another language ({language[:40]}); it was run as Python.")
    return cells, notes


def _language(metadata: Any) -> str:
    """What a notebook says that it is written in; nothing where it doesn't say."""
    spec, info = (metadata.get(name) if isinstance(metadata, dict) else None for name in ("kernelspec", "language_info"))
    said = [one.get(name) for one, name in ((spec, "language"), (info, "name")) if isinstance(one, dict)]
    return next((one for one in said if isinstance(one, str)), "")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _cell(cell: dict[str, Any]) -> _Submitted:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    source = source if isinstance(source, str) else ""
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    kind = cell.get("cell_type")
    return _Submitted(
        kind if kind in ("code", "markdown", "raw") else "raw",
        source[:MOST_SOURCE].encode("utf-8", "replace").decode("utf-8"),  # a lone surrogate can't be written anywhere
        grade_id if isinstance(grade_id, str) else None,
        cell["id"] if isinstance(cell.get("id"), str) else None,
    )


def rebuild(released: tuple[Cell, ...], submitted: list[_Submitted], notes: Iterable[str] = ()) -> Rebuilt:
    """The released cells in their order, the student's answers in their places, added cells where they were added."""
    said: list[tuple[str | None, str]] = [(None, note) for note in notes]
    lacking: list[tuple[str | None, str]] = said if submitted else []  # of a whole notebook, one note says enough
    places = _matched(released, submitted)
    mine: dict[int, _Submitted] = {}
    added: dict[int, list[_Submitted]] = {}
    last = -1
    for number, cell in enumerate(submitted):
        place = places.get(number)
        if place is not None:
            mine[place] = cell
            last = place
        elif not _is_copy_of_a_test(released, cell):
            added.setdefault(last, []).append(cell)
    cells = [_added(extra) for extra in added.get(-1, [])]
    for place, known in enumerate(released):
        cells.append(_placed(known, mine.get(place), lacking))
        cells += [_added(extra) for extra in added.get(place, [])]
    order = [places[number] for number in sorted(places)]
    if order != sorted(order):
        said.append((None, "Its cells were in another order; they were run in the released one."))
    said += _strays(released, submitted, places)
    return Rebuilt(tuple(cells), tuple(note for _, note in said), _remarks(released, said))


def matches(released: tuple[Cell, ...], submitted: list[_Submitted]) -> int:
    """How many of the released cells are found again: more than 0 in a notebook that was made of them."""
    return len(_matched(released, submitted))


def _strays(
    released: tuple[Cell, ...], submitted: list[_Submitted], places: dict[int, int]
) -> Iterator[tuple[str | None, str]]:
    """Answers that were there more than once, or that had to be looked for."""
    marks = Counter(cell.grade_id for cell in submitted if cell.grade_id)
    found = {place: number for number, place in places.items()}
    for place, cell in enumerate(released):
        name = cell.grade_id
        if not cell.theirs or name is None or place not in found:
            continue
        if marks[name] > 1:
            yield name, f"The cell {name} was there {marks[name]} times; the last one is the answer."
        elif submitted[found[place]].grade_id != name:
            yield name, f"The cell {name} had lost nbgrader's mark; it was found by its id or by what it defines."


def _remarks(released: tuple[Cell, ...], said: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    answers = [cell.grade_id for cell in released if cell.theirs and cell.grade_id]
    remarks: dict[str, str] = {}
    for name, note in said:
        place = name if name in answers else next(iter(answers), None)
        if place is not None:
            remarks[place] = f"{remarks[place]} {note}" if place in remarks else note
    return remarks


def _matched(released: tuple[Cell, ...], submitted: list[_Submitted]) -> dict[int, int]:
    """Which submitted cell stands for which released one: by nbgrader's mark, by the cell's id, or word for word."""
    places: dict[int, int] = {}
    taken: set[int] = set()

    def take(number: int, place: int | None) -> None:
        if place is not None and place not in taken and number not in places:
            places[number] = place
            taken.add(place)

    by_mark: dict[str | None, int] = {cell.grade_id: place for place, cell in enumerate(released) if cell.grade_id}
    by_id: dict[str | None, int] = {cell.id: place for place, cell in enumerate(released)}
    by_source: dict[tuple[str, str], list[int]] = {}
    for place, cell in enumerate(released):
        if not cell.theirs:
            by_source.setdefault((cell.kind, cell.source.strip()), []).append(place)
    for number in reversed(range(len(submitted))):  # of two with one mark, nbgrader takes the last
        take(number, by_mark.get(submitted[number].grade_id))
    for number, one in enumerate(submitted):
        if one.grade_id not in by_mark and one.id in by_id and not released[by_id[one.id]].grade_id:
            take(number, by_id[one.id])
    for number, one in enumerate(submitted):
        for place in by_source.get((one.kind, one.source.strip()), []):
            take(number, place)
    _adopt_unmarked(released, submitted, places, taken, take)
    return places


def _adopt_unmarked(
    released: tuple[Cell, ...], submitted: list[_Submitted], places: dict[int, int], taken: set[int], take: Any
) -> None:
    """An answer whose mark was lost: by the cell's id, or by the first line that defines what is asked for."""
    for place, cell in enumerate(released):
        if place in taken or not cell.theirs:
            continue
        first = next((line for line in cell.source.splitlines() if line.startswith(("def ", "class "))), None)
        head = first.split("(")[0].split(":")[0] if first else None
        for number in reversed(range(len(submitted))):
            one = submitted[number]
            defines = head is not None and any(line.startswith((f"{head}(", f"{head}:")) for line in one.source.splitlines())
            if number not in places and one.kind == "code" and (one.id == cell.id or defines):
                take(number, place)
                break


def _is_copy_of_a_test(released: tuple[Cell, ...], cell: _Submitted) -> bool:
    marked = {one.grade_id for one in released if one.role == TEST}
    return cell.grade_id in marked


def _placed(cell: Cell, one: _Submitted | None, notes: list[tuple[str | None, str]]) -> Written:
    name = cell.grade_id
    if one is None:
        if name:
            notes.append((name, f"The cell {name} was missing; it was put back as it was released."))
        return Written(cell, cell.kind, cell.source)
    if cell.role in (TEST, TASK) or (cell.metadata.get("locked") and not cell.theirs):
        if one.source.strip() != cell.source.strip() and cell.role == TEST and not _released_without_secrets(cell, one):
            notes.append((name, f"The test {name} was changed; it was put back."))
        return Written(cell, cell.kind, cell.source)
    if one.kind != cell.kind and name:
        notes.append((name, f"The cell {name} was of another type ({one.kind}); it was read as {cell.kind}."))
    return Written(cell, cell.kind if cell.theirs else one.kind, one.source)


def _released_without_secrets(cell: Cell, one: _Submitted) -> bool:
    """Whether what was handed in is the test without its hidden lines, as nbgrader releases it."""
    lines = iter(cell.source.splitlines())
    return all(any(line == known for known in lines) for line in one.source.splitlines())


def _added(cell: _Submitted) -> Written:
    return Written(None, cell.kind, cell.source)
