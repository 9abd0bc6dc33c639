"""An exercise as notebook cells: the prompt, the cell to answer in, and the cell that checks the answer.

The answer cell holds the worked answer between nbgrader's two marks; what a learner is handed is what nbgrader
leaves of it.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.bank.catalog import ExerciseFile
from autograder.course.minutes import MINUTES_PER_EXERCISE, MINUTES_PER_QUIZ
from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz
from autograder.exercise.worked_answer import source_lines
from autograder.notebook.cell import CHECK, PROMPT
from autograder.notebook.dependencies import VARIANT
from autograder.variant_seed import INSTRUCTOR, variant_seed

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
OWN_QUESTION = "The next cell shows your own question. Numbers and options differ from student to student."
SCHEMA_VERSION = 3  # of nbgrader's cell metadata
NOTEBOOK_METADATA = {  # of every notebook
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def exercise_cells(
    entry: ExerciseFile, seed: int = 0, weight: float | None = None, place: str = "", rank: str = "", variant: str = ""
) -> list[NotebookNode]:
    """Prompt, answer and check: of a variant if `seed` is not 0, worth `weight` points if that is given.

    With `variant`, the name of an assignment with variants, each student has a seed of their own, and a quiz is shown by a
    cell more. `place` and `rank` are said below the prompt's title, as "Exercise 3 of 8" and "core"; nothing is said without
    a place. Raises ValueError where the exercise can't be handed out.
    """
    exercise = entry.load()
    prompt = entry.prompt
    shown: list[NotebookNode] = []
    if isinstance(exercise, Quiz) and variant and exercise.varies:
        prompt = "\n\n".join([exercise.with_numbers(prompt, 0).splitlines()[0], OWN_QUESTION])
        exercise = exercise.variant(variant_seed(variant, INSTRUCTOR))
        shown = [_question_cell(entry.id, variant)]
    elif isinstance(exercise, Quiz):
        variant = ""
        prompt, exercise = exercise.with_numbers(prompt, seed), exercise.variant(seed)
        prompt = f"{prompt}\n\n{exercise.options_markdown()}"
    answer = quiz_answer(exercise) if isinstance(exercise, Quiz) else code_answer(exercise)
    points = exercise.points if weight is None else weight
    points = int(points) if float(points).is_integer() else points
    if place:
        prompt = _labelled(prompt, [place, _count(points, "point"), _minutes(exercise), rank])
    own = f', variant="{variant}"' if variant else f", seed={seed}" if seed else ""
    arguments = own + (f", points={points}" if weight is not None else "")
    # With its import, the cell runs in a kernel that has just been started, and says there which cell is to be run first.
    check = f'from leftcontext import check\ncheck("{entry.id}", {entry.id}{arguments})'
    # The tag lets "Run All" go on after a check that fails; nbgrader reads the failure all the same.
    check_cell = new_code_cell(check, metadata={"tags": ["raises-exception"]})
    return [
        _with_nbgrader_metadata(new_markdown_cell(prompt), f"{PROMPT}{entry.id}", locked=True),
        *shown,
        _with_nbgrader_metadata(new_code_cell(answer), entry.id, solution=True),
        _with_nbgrader_metadata(check_cell, f"{CHECK}{entry.id}", locked=True, grade=True, points=points),
    ]


def _question_cell(id: str, variant: str) -> NotebookNode:
    source = f'from leftcontext import show_question\nshow_question("{id}", "{variant}")'
    cell = new_code_cell(source, metadata={"tags": [VARIANT]})
    cell.id = f"question_{id}"
    return cell


def _labelled(prompt: str, facts: list[str]) -> str:
    title, _, text = prompt.partition("\n")
    return f"{title}\n\n*{' · '.join(filter(None, facts))}*\n\n{text.lstrip()}"


def _minutes(exercise: Exercise | Quiz) -> str:
    return "about " + _count(math.ceil(MINUTES_PER_QUIZ if isinstance(exercise, Quiz) else MINUTES_PER_EXERCISE), "minute")


def _count(number: float, what: str) -> str:
    return f"{number:g} {what}" + ("" if number == 1 else "s")


def quiz_answer(quiz: Quiz) -> str:
    """An empty answer that shows its form, and the key."""
    one, several = '""  # your answer: one letter, as in "A"', 'set()  # your answer: several letters, as in {"A", "C"}'
    empty = several if quiz.has_several else one
    return "\n".join([f"{quiz.id} = {empty}", BEGIN, quiz.answer_line(quiz.key), END])


def code_answer(exercise: Exercise) -> str:
    """The solution's signature and docstring, and its body as the part to be written.

    Where the exercise hands out code to fix (`@exercise.starter`), that code, and the whole solution after it.
    """
    head, body = _split_function(exercise.reference)
    if exercise.handed_out is None:
        return "\n".join([*head, f"    {BEGIN}", *body, f"    {END}"])
    first, rest = _split_function(exercise.handed_out, name=exercise.id)
    return "\n".join([*first, *rest, "", "", BEGIN, *head, *body, END])


def _split_function(function: Callable[..., Any], name: str | None = None) -> tuple[list[str], list[str]]:
    """A function's source without decorators: the lines up to its docstring, and those after it."""
    lines = source_lines(function)
    definition = ast.parse("\n".join(lines)).body[0]
    assert isinstance(definition, ast.FunctionDef)
    first = definition.body[0]
    if ast.get_docstring(definition) is None or len(definition.body) == 1:
        # Without its body, only the docstring keeps a function valid Python.
        raise ValueError(f"{function.__name__}: the solution has a docstring (its contract) and a body")
    assert first.end_lineno is not None
    head = lines[: first.end_lineno]
    if name is not None:
        head[0] = head[0].replace(f"def {definition.name}(", f"def {name}(", 1)
    return head, lines[first.end_lineno :]


def _with_nbgrader_metadata(cell: NotebookNode, id: str, **metadata: Any) -> NotebookNode:
    """Give a cell its id and nbgrader's metadata."""
    cell.id = id
    none = dict.fromkeys(("grade", "locked", "solution", "task"), False)
    cell.metadata.nbgrader = {"grade_id": id, "schema_version": SCHEMA_VERSION, **none, **metadata}
    return cell
