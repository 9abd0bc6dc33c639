"""Hidden tests: which lines of a cell they are, and what of a failure may be told without showing them."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from typing import Any

from nbconvert.filters.ansi import strip_ansi

BEGIN, END = "BEGIN HIDDEN TESTS", "END HIDDEN TESTS"  # nbgrader's defaults
PLACE = re.compile(r"^(?:Cell|Input) In ?\[\d+\].*?, line (\d+)", re.MULTILINE)  # as IPython says it


@dataclass(frozen=True)
class Cell:
    """A cell as a student may read it. `lines` are the numbers of its hidden lines, from 1."""

    source: str
    lines: frozenset[int]
    whole: str

    @property
    def hides(self) -> bool:
        return bool(self.lines)


def read(source: str, begin: str = BEGIN, end: str = END) -> Cell:
    """The cell, with a remark in place of each hidden part; a part without an end goes on to the last line."""
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
    return Cell("\n".join(shown), frozenset(lines), source)


def failed_line(error: dict[str, Any], cell: Cell) -> str | None:
    """The line of the test cell that raised; None where it can't be told or is hidden."""
    found = PLACE.search(strip_ansi("\n".join(map(str, error.get("traceback", ())))))
    lines = cell.whole.splitlines()
    if found is None or int(found[1]) in cell.lines or not 1 <= int(found[1]) <= len(lines):
        return None
    return lines[int(found[1]) - 1].strip()


def kind(error: dict[str, Any]) -> str:
    """The name of an error, unless it is one that the student made up: it could carry a value out."""
    name = str(error.get("ename", ""))
    known = getattr(builtins, name, None)
    return name if isinstance(known, type) and issubclass(known, BaseException) else "An error"
