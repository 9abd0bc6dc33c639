"""Whether a function has been written at all: what is handed out does nothing."""

from __future__ import annotations

import dis
import types
from typing import Any

_NO_STEP = ("RESUME", "NOP")  # instructions that do nothing


def is_unwritten(function: Any) -> bool:
    """Whether a function does nothing: a docstring, a comment, `...` or `pass`, as in the stub that is handed out."""
    code = _code_of(function)
    if code is None:
        return False
    steps = (step for step in dis.get_instructions(code) if step.opname not in _NO_STEP)
    return all(map(_returns_none, steps))  # as a rule the first step says it all


def _returns_none(step: dis.Instruction) -> bool:
    return step.opname == "RETURN_VALUE" or (step.opname.endswith("_CONST") and step.argval is None)


def _code_of(function: Any) -> types.CodeType | None:
    try:
        code = function.__code__
    except Exception:  # a callable object may answer to any name as it likes
        return None
    return code if isinstance(code, types.CodeType) else None
