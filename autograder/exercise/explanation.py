"""The docstring of a mistake: the sentence that a learner reads, and below it the hints as a list.

::

    '''i - j <= window counts window + 1 keys, the own one included.

    - How many keys does a query see with window = 1?
    - 0 <= i - j < window
    '''

Line breaks within the sentence or a hint (whose further lines are indented) mean nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

from autograder.errors import ExerciseError

FORM = "is a sentence, an empty line, and the hints as a list: `- ...`, further lines of a hint indented"


def read_explanation(function: Callable[..., Any]) -> tuple[str | None, tuple[str, ...] | None]:
    """The sentence and the hints of a docstring, None for what it does not hold. Raises ExerciseError."""
    text = inspect.getdoc(function) if isinstance(function, FunctionType) else None
    if not text:
        return None, None
    sentence, hints = ("", text) if text.startswith("- ") else text.partition("\n\n")[::2]
    if (hints and not hints.startswith("- ")) or "\n- " in sentence:
        raise ExerciseError(f"the docstring of the mistake {function.__name__} {FORM}")
    return " ".join(sentence.split()) or None, tuple(_items(function.__name__, hints)) or None


def _items(name: str, text: str) -> list[str]:
    items: list[str] = []
    for line in text.splitlines():
        if line.startswith("- "):
            items.append(line[2:].strip())
        elif line.startswith("  "):
            items[-1] += f" {line.strip()}"
        else:
            raise ExerciseError(f"the docstring of the mistake {name} {FORM}")
    return items
