"""`leftcontext compose`: a new assignment in `source/NAME/` out of exercises of the bank, in the bank's own format.

A composed assignment is a `lesson.md` like any other, so that it can be edited, built, and released by nbgrader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.bank import catalog
from autograder.bank.former_names import unit_moved
from autograder.course.course import LESSON, Course
from autograder.course.roster import ALLOWED, NAME
from autograder.errors import UserError
from autograder.exercise.quiz import Quiz

WHO_WORKS_HERE = """Your questions, and the cases that your answers are checked with, are your own. They follow from your id:
the name under which you hand in. On JupyterHub it is known already.

```{code-cell}
:tags: [variant]
from leftcontext import set_student
set_student("")  # your id between the quotation marks, as in "ada"
```"""


class CannotCompose(UserError, ValueError):
    """The assignment can't be made; the message says why and what to do."""


def compose_assignment(course: Course, name: str, exercises: Sequence[str], seed: int = 0, variants: bool = False) -> Path:
    """Write `source/NAME/lesson.md`. With `variants`, each student gets cases and options by their id.

    An exercise is an id, or `id=points` where it is to give other points than in the bank. Raises CannotCompose and
    UnknownExercise before anything is written.
    """
    weights = _weights(exercises)
    variant = (f"{name}-{seed}" if seed else name) if variants else ""
    lesson = _lesson(name, weights, seed, variant)
    path = course.root / "source" / name / LESSON
    try:
        _check_name(course, name)
        path.parent.mkdir(parents=True)
        path.write_text(lesson, encoding="utf-8")
    except OSError as error:
        raise CannotCompose(f"{str(error.filename)[:100]} can't be written: {error.strerror}.") from None
    return path


def _weights(exercises: Sequence[str]) -> dict[str, float | None]:
    """Points by id, None for the bank's. Raises CannotCompose and UnknownExercise."""
    weights: dict[str, float | None] = {}
    for exercise in exercises:
        name, _, points = exercise.partition("=")
        id = catalog.find(name).id
        if id in weights:
            raise CannotCompose(f"{id} is given twice. An assignment can contain an exercise only once.")
        if "=" in exercise and not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", points):
            raise CannotCompose(f"{exercise!r}: points are a number, as in {name}=4.")
        weights[id] = float(points) if points else None
    return weights


def _check_name(course: Course, name: str) -> None:
    if not NAME.fullmatch(name):
        raise CannotCompose(f"{name!r} is not a valid assignment name: {ALLOWED}.")
    if moved := unit_moved(name):
        raise CannotCompose(f"An assignment can't have the name of a former unit.{moved} Choose another name.")
    if (course.root / "source" / name).exists():
        raise CannotCompose(f"source/{name} exists already. Choose another name, or delete it.")


def _lesson(name: str, weights: Mapping[str, float | None], seed: int, variant: str) -> str:
    points = sum(catalog.find(id).load().points if weight is None else weight for id, weight in weights.items())
    count = f"{len(weights)} exercise{'s' if len(weights) > 1 else ''}"
    call = f" variant={variant}" if variant else f" seed={seed}" if seed else ""
    return "\n\n".join(
        [
            f"# {name}",
            f"{count}, {points:g} points. Write each answer where the comment says so, then run the cell below it: "
            "it checks the answer at once.",
            *([WHO_WORKS_HERE] if variant else []),
            "```{code-cell}\nimport numpy as np\nfrom leftcontext import check\n```",
            *(f"{{exercise}}`{id}{call}{_points(weight)}`" for id, weight in weights.items()),
        ]
    ) + "\n"


def _points(weight: float | None) -> str:
    return "" if weight is None else f" points={weight:g}"


def without_variants(exercises: Sequence[str]) -> list[str]:
    """Those of the exercises, ids or `id=points`, of which every student gets the same."""
    loaded = (catalog.find(exercise.partition("=")[0]).load() for exercise in exercises)
    return [exercise.id for exercise in loaded if isinstance(exercise, Quiz) and not exercise.varies]
