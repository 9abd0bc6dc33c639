"""Merges a submission into the released notebook: the released cells in their order, with the student's answers in them.

Nothing of a submission is believed but the source of its cells. Tests, points, tags and the order come from what the
instructor released, so that a deleted, duplicated, split, moved or relabelled cell is at worst an empty answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from autograder.notebook.cell import Cell, Role
from autograder.notebook.note import Note, NoteKind
from autograder.notebook.submission import SubmittedCell

# At the beginning of a line: `def f(`, `class C:`, `x = 1`, `x: int = 1`.
_DEFINITION = re.compile(
    r"^(?:(?:(?:async[^\S\n]+)?def|class)[^\S\n]+(\w+)[^\S\n]*[(:\[]|(\w+)[^\S\n]*(?::[^=\n]{1,80})?=(?!=))", re.MULTILINE
)


@dataclass(frozen=True)
class MergedCell:
    """One cell of the merged notebook: what was released there, or None for a cell that the student added, and its source now."""

    released: Cell | None
    cell_type: str
    source: str

    @property
    def changed(self) -> bool:
        """Whether the student may have written something in it."""
        return self.released is None or self.released.is_answer or self.source != self.released.source


@dataclass(frozen=True)
class MergedNotebook:
    """A submission in released order, and what had to be repaired, for the instructor."""

    cells: tuple[MergedCell, ...]
    notes: tuple[Note, ...] = ()
    comments: dict[str, str] = field(default_factory=dict)  # the notes by the answer they concern; the others at the first answer


def merge(released: tuple[Cell, ...], submitted: list[SubmittedCell], notes: Iterable[Note] = ()) -> MergedNotebook:
    """The released cells in their order, the student's answers in their places, added cells where they were added."""
    found: list[tuple[str | None, Note]] = [(None, note) for note in notes]
    missing: list[tuple[str | None, Note]] = found if submitted else []  # of a whole notebook, one note says enough
    places = _match(released, submitted)
    answers: dict[int, SubmittedCell] = {}
    added: dict[int, list[SubmittedCell]] = {}
    tests = {known.grade_id for known in released if known.role == Role.TEST}
    last = -1
    for number, cell in enumerate(submitted):
        place = places.get(number)
        if place is not None:
            answers[place] = cell
            last = place
        elif cell.grade_id not in tests:
            added.setdefault(last, []).append(cell)
    cells = [_added_cell(extra) for extra in added.get(-1, [])]
    for place, known in enumerate(released):
        cells.append(_merged_cell(known, answers.get(place), missing))
        cells += [_added_cell(extra) for extra in added.get(place, [])]
    order = [places[number] for number in sorted(places)]
    if order != sorted(order):
        found.append((None, _repair_note("Its cells were in another order; they were run in the released one.")))
    found += _duplicates_and_lost(released, submitted, places)
    return MergedNotebook(tuple(cells), tuple(note for _, note in found), _comments(released, found))


def matches(released: tuple[Cell, ...], submitted: list[SubmittedCell]) -> int:
    """How many of the released cells are found again: more than 0 in a notebook that was made of them."""
    return len(_match(released, submitted))


def _repair_note(text: str) -> Note:
    return Note(NoteKind.REPAIRED, text)


def _duplicates_and_lost(
    released: tuple[Cell, ...], submitted: list[SubmittedCell], places: dict[int, int]
) -> Iterator[tuple[str | None, Note]]:
    """Answers that were there more than once, or that had to be looked for."""
    ids = Counter(cell.grade_id for cell in submitted if cell.grade_id)
    found = {place: number for number, place in places.items()}
    for place, cell in enumerate(released):
        name = cell.grade_id
        if not cell.is_answer or name is None or place not in found:
            continue
        if ids[name] > 1:
            yield name, _repair_note(f"The cell {name} was there {ids[name]} times; the last one is the answer.")
        elif submitted[found[place]].grade_id != name:
            yield name, _repair_note(f"The cell {name} had lost nbgrader's mark; it was found by its id or by what it defines.")


def _comments(released: tuple[Cell, ...], notes: Iterable[tuple[str | None, Note]]) -> dict[str, str]:
    answers = [cell.grade_id for cell in released if cell.is_answer and cell.grade_id]
    comments: dict[str, str] = {}
    for name, note in notes:
        place = name if name in answers else next(iter(answers), None)
        if place is not None:
            comments[place] = f"{comments[place]} {note.text}" if place in comments else note.text
    return comments


class _Matching:
    """Which submitted cell stands for which released one; each is used once."""

    def __init__(self) -> None:
        self.places: dict[int, int] = {}  # released number by submitted number
        self.taken: set[int] = set()

    def take(self, number: int, place: int | None) -> None:
        if place is not None and place not in self.taken and number not in self.places:
            self.places[number] = place
            self.taken.add(place)


def _match(released: tuple[Cell, ...], submitted: list[SubmittedCell]) -> dict[int, int]:
    """Which submitted cell stands for which released one: by nbgrader's mark, by the cell's id, or word for word."""
    matching = _Matching()
    by_mark: dict[str | None, int] = {cell.grade_id: place for place, cell in enumerate(released) if cell.grade_id}
    by_id: dict[str | None, int] = {cell.id: place for place, cell in enumerate(released)}
    by_source: dict[tuple[str, str], list[int]] = {}
    for place, cell in enumerate(released):
        if not cell.is_answer:
            by_source.setdefault((cell.cell_type, cell.source.strip()), []).append(place)
    for number in reversed(range(len(submitted))):  # of two with one mark, nbgrader takes the last
        matching.take(number, by_mark.get(submitted[number].grade_id))
    for number, candidate in enumerate(submitted):
        if candidate.grade_id not in by_mark and candidate.id in by_id and not released[by_id[candidate.id]].grade_id:
            matching.take(number, by_id[candidate.id])
    for number, candidate in enumerate(submitted):
        for place in by_source.get((candidate.cell_type, candidate.source.strip()), []):
            matching.take(number, place)
    _match_untagged(released, submitted, matching)
    return matching.places


def _match_untagged(released: tuple[Cell, ...], submitted: list[SubmittedCell], matching: _Matching) -> None:
    """An answer whose mark was lost: by the cell's id, or by the name that it defines."""
    lost = [place for place, cell in enumerate(released) if cell.is_answer and place not in matching.taken]
    candidates: dict[str, list[int]] = {}  # by cell id, and by each name that is defined
    for number, candidate in enumerate(submitted if lost else ()):
        if number not in matching.places and candidate.cell_type == "code":
            for key in {f"id {candidate.id}", *_defined_names(candidate.source)}:
                candidates.setdefault(key, []).append(number)
    for place in lost:
        keys = (f"id {released[place].id}", *_names_of_answer(released, place))
        found = {number for key in keys for number in candidates.get(key, ())} - matching.places.keys()
        if found:
            matching.take(max(found), place)


def _names_of_answer(released: tuple[Cell, ...], place: int) -> list[str]:
    """The names by which a code answer is found: the first that stands in what was released, else those of the solution."""
    cell = released[place]
    if cell.cell_type != "code":
        return []
    if first := next(_defined_names(cell.source), None):
        return [first]
    names = set(_defined_names(cell.solved))
    for other in released if names else ():
        if not other.is_answer and other.cell_type == "code":
            names.difference_update(_defined_names(other.source))  # a cell that defines such a name is no answer
    return sorted(names)


def _defined_names(source: str) -> Iterator[str]:
    """The names of the functions, classes and variables that lines define outside all others."""
    return (match[1] or match[2] for match in _DEFINITION.finditer(source))


def _merged_cell(cell: Cell, submitted: SubmittedCell | None, notes: list[tuple[str | None, Note]]) -> MergedCell:
    name = cell.grade_id
    if submitted is None:
        if name:
            notes.append((name, _repair_note(f"The cell {name} was missing; it was put back as it was released.")))
        return MergedCell(cell, cell.cell_type, cell.source)
    if cell.role in (Role.TEST, Role.TASK) or (cell.metadata.get("locked") and not cell.is_answer):
        differs = submitted.source.strip() != cell.source.strip()
        is_students = differs and not submitted.is_as_handed_out  # a test of an earlier release is not the student's doing
        if is_students and cell.role == Role.TEST and not _is_without_hidden_lines(cell, submitted):
            notes.append((name, _repair_note(f"The test {name} was changed; it was put back.")))
        return MergedCell(cell, cell.cell_type, cell.source)
    if submitted.cell_type != cell.cell_type and name:
        types = f"was of another type ({submitted.cell_type}); it was read as {cell.cell_type}"
        notes.append((name, _repair_note(f"The cell {name} {types}.")))
    return MergedCell(cell, cell.cell_type if cell.is_answer else submitted.cell_type, submitted.source)


def _is_without_hidden_lines(cell: Cell, submitted: SubmittedCell) -> bool:
    """Whether what was handed in is the test without its hidden lines, as nbgrader releases it."""
    lines = iter(cell.source.splitlines())
    return all(any(line == known for known in lines) for line in submitted.source.splitlines())


def _added_cell(cell: SubmittedCell) -> MergedCell:
    return MergedCell(None, cell.cell_type, cell.source)
