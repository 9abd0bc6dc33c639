"""The worked answer of an exercise as a learner reads it: source text, or the letters of a quiz and why they hold."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz


def worked_answer(exercise: Exercise | Quiz) -> str:
    """The solution's source without its decorators, or a quiz's letters and reasons. Raises OSError where it can't be read."""
    if isinstance(exercise, Quiz):
        reasons = (f"{option.letter}: {option.why or option.text}" for option in exercise.options if option.right)
        return "\n".join(reasons)
    return "\n".join(source_lines(exercise.reference))


def source_lines(function: Callable[..., Any]) -> list[str]:
    """A function's source from its `def` to its end, without decorators and indentation. Raises OSError."""
    lines = textwrap.dedent(inspect.getsource(function)).rstrip().split("\n")
    definition = ast.parse("\n".join(lines)).body[0]
    assert isinstance(definition, ast.FunctionDef)
    return lines[definition.lineno - 1 :]
