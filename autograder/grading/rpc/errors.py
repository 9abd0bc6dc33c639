"""An error that a function raised in one process, as it crosses into the other: names, text and line in, an exception out."""

from __future__ import annotations

import builtins
import contextlib
import traceback
from typing import Any

import numpy as np

CELLS = "<ipython-input"  # how IPython names the file of a cell
# Those that mean something to the loop that they pass through are no errors of a function.
SILENT = ("StopIteration", "StopAsyncIteration", "GeneratorExit")
NUMPYS = {"LinAlgError": np.linalg.LinAlgError, "AxisError": np.exceptions.AxisError}


class StudentError(Exception):
    """An error of a kind that only the other process knows."""


def error_names_of(error: BaseException) -> list[str]:
    """The names of an error's class and of its bases, so that the other end finds one that it knows."""
    return [str(cls.__name__)[:100] for cls in type(error).__mro__[:20]]


def text_of(error: BaseException) -> str:
    """What an error says; nothing where that raises."""
    try:
        return str(error)[:5000]
    except BaseException:  # their own __str__
        return ""


def line_of(error: BaseException) -> str:
    """The last line of theirs on the way to an error, as "3: return x / 0"."""
    with contextlib.suppress(Exception):
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(CELLS)]
        if frames:
            return f"{frames[-1].lineno}: {(frames[-1].line or '').strip()[:100]}"
    return ""


def error_of(error_names: list[Any], text: str, line: str) -> Exception:
    """The error to raise here: of a class that is known here, or of one of the same name; `theirs` is the line of theirs."""
    names = [name for name in error_names if isinstance(name, str)] or ["Exception"]
    base: type[Exception] = StudentError
    for name in names:
        known = NUMPYS.get(name) or getattr(builtins, name, None)
        if isinstance(known, type) and issubclass(known, Exception) and name not in SILENT:
            base = known
            break
    kind = base if base.__name__ == names[0] else type(names[0] if names[0].isidentifier() else "Error", (base,), {})
    try:
        error = kind(text)
    except TypeError:  # a UnicodeDecodeError takes five arguments
        error = StudentError(f"{names[0]}: {text}")
    error.theirs = line
    return error
