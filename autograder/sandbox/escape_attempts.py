"""What a sandboxed process must not be able to do, tried at each start: a level that was not seen to hold is not used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

BLOCKED = "blocked"


def escape_attempts(secret: str, hidden: Iterable[str] = ()) -> dict[str, str]:
    """Python code by what it tries to do; it prints BLOCKED where it can't.

    `secret` is a file outside the sandbox; `hidden` are folders of which no file may be read.
    """
    files = (next((path for path in Path(folder).rglob("*") if path.is_file()), None) for folder in hidden)
    attempts = {
        **{f"read {file}": f"open({str(file)!r}).read()" for file in files if file},
        "read a file of the course": f"open({secret!r}).read()",
        "write a file beside it": f"open({secret + '.new'!r}, 'w')",
        "open a network connection": "__import__('socket').create_connection(('127.0.0.1', 9), 1)",
        "make a namespace": "__import__('ctypes').CDLL(None).unshare(0x10000000) == 0 or 1 / 0",
        "signal another process": "__import__('os').kill(__import__('os').getppid() or 999999, 0)",
        "allocate a terabyte of memory": "bytearray(1 << 40)",
    }
    return {what: f"try:\n    {code}\nexcept Exception:\n    print('{BLOCKED}')" for what, code in attempts.items()}


def first_escape(
    attempts: Iterable[str], outputs: Mapping[str, list[dict[str, Any]]], who: str = "a student's process", first: int = 0
) -> str | None:
    """A sentence about the first attempt that succeeded, or that did not run at all; None where each was blocked.

    `outputs` are those of a notebook that has one cell for each attempt, the `first` of them and so on, by the cell's number.
    """
    for number, what in enumerate(attempts, first):
        shown = outputs.get(str(number))
        if not shown:
            return f"the attempt to {what} could not be made in it, so nothing is known of it"
        if any(output.get("text") != f"{BLOCKED}\n" for output in shown):
            return f"{who} could {what}"
    return None
