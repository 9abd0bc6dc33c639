"""`own(...)`: a learner's own functions, where they judge right; the course's, and why, where they don't yet.

So a page can be assembled out of what its reader wrote, and still runs from top to bottom before all of it is written.
"""

from __future__ import annotations

import html
import itertools
import sys
from dataclasses import dataclass

from autograder import paths
from autograder.answer_files import load_answer
from autograder.answer_source import UnusableFile
from autograder.bank import catalog
from autograder.bank.former_names import folders_of, id_notice, ids_of
from autograder.exercise.exercise import Function
from autograder.judge.judge import judge
from autograder.output import say


@dataclass(frozen=True)
class OwnFunction:
    """The function for one exercise: the learner's, or the course's and why."""

    id: str
    unit: str
    function: Function
    is_learners: bool
    why_not: str = ""

    @property
    def owner(self) -> str:
        """Whose it is, in a few words."""
        return "yours" if self.is_learners else f"the course's: {self.why_not}"

    @property
    def mark(self) -> str:
        return "✓" if self.is_learners else "·"


class OwnFunctions:
    """The functions as attributes, under their exercises' ids; shown as a table of whose they are."""

    def __init__(self, functions: list[OwnFunction]) -> None:
        self._functions = {function.id: function for function in functions}

    def __getattr__(self, id: str) -> Function:
        try:
            return self.__dict__["_functions"][id].function
        except KeyError:
            raise AttributeError(f"{id} was not asked for") from None

    def __getitem__(self, id: str) -> OwnFunction:
        return self._functions[id]

    def __repr__(self) -> str:
        return "\n".join(f"{own.mark} {own.id:18} {own.owner}" for own in self._functions.values())

    def _repr_html_(self) -> str:
        head = "<tr><th>part</th><th>unit</th><th>whose</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{''.join(map(_row, self._functions.values()))}</tbody></table>"


def _row(own: OwnFunction) -> str:
    cells = (f"{own.mark} <code>{own.id}</code>", html.escape(own.unit), html.escape(own.owner))
    return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"


def own(**fallbacks: Function) -> OwnFunctions:
    """For each exercise id the learner's function where it is right, otherwise the one that is handed in here.

    The learner's is looked for in this notebook, then in the unit's notebook of the same workspace, and in
    those that held the exercise in an older course.
    """
    return OwnFunctions([_choose(id, function) for id, function in fallbacks.items()])


def _choose(id: str, fallback: Function) -> OwnFunction:
    try:
        entry = catalog.find(id)
        exercise = entry.load()
    except catalog.UnknownExercise:  # as in the grader's sandbox, where the bank is out of sight
        return OwnFunction(id, "", fallback, False, "there is no judge here")
    if notice := id_notice(id):
        say(notice)
    learners = _in_this_notebook(id) or _in_the_workspace(entry)
    if learners is None:
        return OwnFunction(id, entry.unit, fallback, False, "yours was not found")
    verdict = judge(exercise, learners)
    if verdict.passed:
        return OwnFunction(id, entry.unit, learners, True)
    why_not = "yours is not written yet" if verdict.misconception == "not_written" else "yours is not right yet"
    return OwnFunction(id, entry.unit, fallback, False, why_not)


def _in_this_notebook(id: str) -> Function | None:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    names = shell.user_ns if shell is not None else {}
    return next((names[name] for name in ids_of(id) if callable(names.get(name))), None)


def _in_the_workspace(entry: catalog.ExerciseFile) -> Function | None:
    folder = paths.workspace()
    if folder is None:
        return None
    for unit, name in itertools.product(folders_of(entry.unit), ids_of(entry.id)):
        try:
            found = load_answer(folder / unit / f"{unit}.ipynb", name)
        except UnusableFile:
            continue
        if callable(found):
            return found
    return None
