"""`own(...)`: a learner's own functions, where they judge right; the course's, and why, where they don't yet.

So a page can be assembled out of what its reader wrote, and still runs from top to bottom before all of it is written.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograder import paths
from autograder.answer_files import Unusable, answer_in
from autograder.bank import catalog
from autograder.judge.judge import judge

Function = Callable[..., Any]


@dataclass(frozen=True)
class Part:
    """A function and whose it is; `why` says why it is the course's."""

    id: str
    unit: str
    function: Function
    theirs: bool
    why: str = ""

    @property
    def words(self) -> str:
        return "yours" if self.theirs else f"the course's: {self.why}"


class Parts:
    """The functions as attributes, under their exercises' ids; shown as a table of whose they are."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = {part.id: part for part in parts}

    def __getattr__(self, id: str) -> Function:
        try:
            return self.__dict__["_parts"][id].function
        except KeyError:
            raise AttributeError(f"{id} was not asked for") from None

    def __getitem__(self, id: str) -> Part:
        return self._parts[id]

    def __repr__(self) -> str:
        return "\n".join(f"{'✓' if part.theirs else '·'} {part.id:18} {part.words}" for part in self._parts.values())

    def _repr_html_(self) -> str:
        head = "<tr><th>part</th><th>unit</th><th>whose</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{''.join(map(_row, self._parts.values()))}</tbody></table>"


def _row(part: Part) -> str:
    cells = (f"{'✓' if part.theirs else '·'} <code>{part.id}</code>", html.escape(part.unit), html.escape(part.words))
    return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"


def own(**ours: Function) -> Parts:
    """For each exercise id the learner's function, of this notebook or of the unit's in the same workspace, or `ours`."""
    return Parts([_part(id, function) for id, function in ours.items()])


def _part(id: str, ours: Function) -> Part:
    try:
        entry = catalog.find(id)
        exercise = entry.load()
    except catalog.UnknownExercise:  # as in the grader's sandbox, where the bank is out of sight
        return Part(id, "", ours, False, "there is no judge here")
    theirs = _in_this_notebook(id) or _in_the_workspace(entry)
    if theirs is None:
        return Part(id, entry.unit, ours, False, "yours was not found")
    verdict = judge(exercise, theirs)
    if verdict.passed:
        return Part(id, entry.unit, theirs, True)
    written = verdict.misconception != "not_written"
    return Part(id, entry.unit, ours, False, "yours is not right yet" if written else "yours is not written yet")


def _in_this_notebook(id: str) -> Function | None:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    found = shell.user_ns.get(id) if shell is not None else None
    return found if callable(found) else None


def _in_the_workspace(entry: catalog.Entry) -> Function | None:
    folder = paths.workspace()
    if folder is None:
        return None
    try:
        found = answer_in(folder / entry.unit / f"{entry.unit}.ipynb", entry.id)
    except Unusable:
        return None
    return found if callable(found) else None
