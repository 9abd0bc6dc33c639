"""Hidden tests: which lines of a cell they are, and what of a failure may be told without showing them."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from typing import Any

from nbconvert.filters.ansi import strip_ansi

BEGIN, END = DELIMITERS = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"  # nbgrader's defaults
FRAME = re.compile(r"^(?:Cell|Input) In ?\[\d+\].*?, line (\d+)", re.MULTILINE)  # as IPython says it


@dataclass(frozen=True)
class ReadableCell:
    """A cell as a student may read it: `source` without the hidden tests, which stand on `hidden_lines` (from 1) of `whole`."""

    source: str
    hidden_lines: frozenset[int]
    whole: str

    @property
    def hides(self) -> bool:
        return bool(self.hidden_lines)


def hide(source: str, begin: str = BEGIN, end: str = END) -> ReadableCell:
    """The cell, with a comment in place of each hidden part; a part without an end goes on to the last line."""
    shown: list[str] = []
    lines = set()
    inside = False
    for number, line in enumerate(source.splitlines(), 1):
        opens, closes = begin in line, end in line
        if opens and not inside:
            shown.append("# (hidden tests)")
        inside = inside or opens
        if inside:
            lines.add(number)
        elif not closes:
            shown.append(line)
        inside = inside and not closes
    return ReadableCell("\n".join(shown), frozenset(lines), source)


def failed_line(error: dict[str, Any], cell: ReadableCell) -> str | None:
    """The line of the test cell that raised; None where it is not known or is hidden."""
    found = FRAME.search(strip_ansi("\n".join(map(str, error.get("traceback", ())))))
    lines = cell.whole.splitlines()
    if found is None or int(found[1]) in cell.hidden_lines or not 1 <= int(found[1]) <= len(lines):
        return None
    return lines[int(found[1]) - 1].strip()


def error_name(error: dict[str, Any]) -> str:
    """The name of an error, unless it is one that the student made up: it could carry a value out."""
    name = str(error.get("ename", ""))
    known = getattr(builtins, name, None)
    return name if isinstance(known, type) and issubclass(known, BaseException) else "An error"
