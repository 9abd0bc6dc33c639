"""What the build and the tests will ask of an exercise later, for its author to hear at once.

In: an entry of the bank. Out: a sentence for each demand that it does not meet yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from autograder.bank.catalog import ExerciseFile
from autograder.course.course import LESSON
from autograder.course.exercise_cells import exercise_cells
from autograder.course.lesson import EXERCISE_LINE
from autograder.errors import ExerciseError
from leftcontext.torch_jax import LIBRARIES, NONE, TOPICS


def unmet_demands(entry: ExerciseFile) -> list[str]:
    """What is missing besides a proof: a prompt, a docstring, a lesson that contains the exercise, counterparts."""
    try:
        exercise = entry.load()
    except ExerciseError:  # the proof says so
        return []
    unmet = [*_of_the_notebook(entry), *_of_a_lesson(entry)]
    return [*unmet, *_of_the_counterparts(entry.id)] if exercise.type == "code" else unmet


def _of_the_notebook(entry: ExerciseFile) -> Iterator[str]:
    if not entry.prompt:
        yield "it has no prompt: the docstring of its file, in Markdown"
    try:
        exercise_cells(entry)
    except ValueError as error:
        yield str(error).removeprefix(f"{entry.id}: ")


def _of_a_lesson(entry: ExerciseFile) -> Iterator[str]:
    calls: set[str] = set()
    for lesson in entry.path.parent.parent.glob(f"*/{LESSON}"):
        calls |= {call.partition(" ")[0] for call in EXERCISE_LINE.findall(lesson.read_text(encoding="utf-8"))}
    if entry.id not in calls:
        yield f"no lesson contains it: write a line {{exercise}}`{entry.id}` in source/{entry.unit}/{LESSON}"


def _of_the_counterparts(id: str) -> Iterator[str]:
    missing = [library for library in LIBRARIES if not any(id in library.sources(topic) for topic in TOPICS)]
    if missing and id not in NONE:
        folders = " and ".join(f"leftcontext/torch_jax/{library.folder}" for library in missing)
        yield f"it has no counterpart: write {id} in {folders} and its input in inputs.py, or the reason in NONE of topics.py"
