"""What is a student's own in an assignment with variants: the questions in the graded notebook, and whose they should be."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from autograder.bank.catalog import UnknownExercise
from autograder.errors import ExerciseError
from autograder.notebook.cell import PROMPT
from autograder.notebook.note import Note, NoteKind
from autograder.notebook.rebuild import MergedCell, MergedNotebook
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.submission import SubmittedCell
from autograder.notebook.variant_tests import declared_student
from autograder.variant_seed import variant_seed
from autograder.variants import question


def as_students_own(
    notebook: ReleasedNotebook, merged: MergedNotebook, submitted: Iterable[SubmittedCell], student: str
) -> MergedNotebook:
    """The merged notebook with the student's own questions, and a remark where it was worked on under another id."""
    if not notebook.variants:
        return merged
    cells = tuple(_with_question(cell, notebook.variants, student) for cell in merged.cells)
    declared = declared_student(submitted)
    if not declared or declared.casefold() == student.strip().casefold():
        return dataclasses.replace(merged, cells=cells)
    text = f"The notebook asked the questions of {declared[:100]!r}; it was graded by those of {student!r}, who handed it in."
    answers = [str(cell.grade_id) for cell in notebook.cells if cell.is_answer]
    comments = dict(merged.comments)
    for first in answers[:1]:
        comments[first] = " ".join(filter(None, (comments.get(first), text)))
    return dataclasses.replace(merged, cells=cells, notes=(*merged.notes, Note(NoteKind.OTHER_VARIANT, text)), comments=comments)


def _with_question(cell: MergedCell, variants: dict[str, str], student: str) -> MergedCell:
    """A quiz's prompt with the question behind it, which in the notebook only running a cell shows."""
    name = (cell.released.grade_id if cell.released else None) or ""
    exercise = name.removeprefix(PROMPT)
    if cell.cell_type != "markdown" or not name.startswith(PROMPT) or exercise not in variants:
        return cell
    if not exercise.startswith("quiz_"):
        return cell
    try:
        text = question(exercise, variant_seed(variants[exercise], student))
    except (UnknownExercise, ExerciseError):  # it has left the bank; its test will say so
        return cell
    heading = cell.source.partition("\n\n")[0]
    return dataclasses.replace(cell, source=f"{heading}\n\n{text}")
