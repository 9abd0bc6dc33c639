"""Which cells the kernel has run, so that `check` never judges a definition that is no longer on the screen.

A cell that ends with an error, or that defines a mistyped name, leaves the definition from before in the kernel. Where
that happened to the newest cell with the answer, `why_stale` says so. Nothing is recorded while nbgrader or the grader
runs a notebook: there, each cell runs once and in order.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import os
import re
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from autograder.bank import catalog
from autograder.exercise.exercise import Exercise
from autograder.notebook.code import analyse
from autograder.notebook.names import parse

NBGRADER_EXECUTION = "NBGRADER_EXECUTION"  # set by nbgrader, and by our grader, in the kernels that they run
SIMILAR = 0.75  # of two names, from which one can be the other, mistyped
NOTHING = object()
RESTART = "After a restart of the kernel, first run all cells above: menu Run, Run All Above Selected Cell."


@dataclass(frozen=True)
class _Run:
    """One cell that was run: its source, its id where the notebook sent one, its error, and the names with a new object."""

    source: str
    cell: str
    error: BaseException | None
    replaced: frozenset[str]


_runs: deque[_Run] = deque(maxlen=1000)
_before: dict[str, Any] = {}  # the names in the kernel when the running cell began
_first_cells: set[str] = set()  # those with the lesson's imports that have run in this kernel


def watch() -> None:
    """Have the kernel around record its cells from now on; nothing happens outside one, or while it is graded."""
    shell = current_shell()
    if shell is None or os.environ.get(NBGRADER_EXECUTION) or _finish in shell.events.callbacks["post_run_cell"]:
        return
    shell.events.register("pre_run_cell", _start)
    shell.events.register("post_run_cell", _finish)
    if not shell.custom_exceptions:  # otherwise somebody else has a use for errors
        shell.set_custom_exc((NameError,), _show_name_error)


def current_shell() -> Any:
    """The IPython shell that this code runs in, or None."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def why_stale(exercise: str, answer: Any) -> str | None:
    """Why `answer`, the kernel's `exercise`, is not what is on the screen; None where it is, or where nothing is known."""
    shell = current_shell()
    if shell is None or shell.user_ns.get(exercise, NOTHING) is not answer:  # another name's, or made in the call itself
        return None
    if _before.get(exercise, NOTHING) is not answer:  # defined by the running cell
        return None
    return _newest_failure(exercise)


def _newest_failure(exercise: str) -> str | None:
    """What is wrong with the newest cell that means to define the answer; None where it did so."""
    for run in reversed(_runs):
        if exercise in run.replaced or (run.error is None and exercise in analyse(run.source).defines):
            return None
        if run.error is not None and _means_to_define(run, exercise):
            return (
                f"The cell with `{exercise}` ended with {_describe(run.error)}, so the kernel does not have what is written "
                "in it. Correct that cell, run it, and check again."
            )
        mistyped = _mistyped_name(run, exercise)
        if mistyped is not None:
            return (
                f"The cell that you ran last defines `{mistyped}`; the exercise asks for `{exercise}`. "
                "Correct the name, run that cell, and check again."
            )
    return None


def _start(info: Any) -> None:
    _before.clear()
    _before.update(current_shell().user_ns)


def _finish(result: Any) -> None:
    new = current_shell().user_ns
    replaced = frozenset(name for name, value in new.items() if _before.get(name, NOTHING) is not value)
    _before.clear()  # large arrays of the learner's are not kept alive
    info = result.info
    if info is not None and info.raw_cell:
        error = result.error_before_exec or result.error_in_exec
        _runs.append(_Run(info.raw_cell, getattr(info, "cell_id", None) or "", error, replaced))
        if error is None and "check" in info.raw_cell and "check" in _only_defined(info.raw_cell):
            _first_cells.add(info.raw_cell)


def _show_name_error(shell: Any, kind: type[BaseException], error: Any, trace: Any, tb_offset: Any = None) -> list[str]:
    """IPython's handler of a NameError: where the answer to an exercise is not defined, it says which cell to run."""
    name = getattr(error, "name", None)
    raised_by_cell = trace is not None and trace.tb_next is not None and trace.tb_next.tb_next is None
    if raised_by_cell and name in catalog.entries():
        failure = _newest_failure(name)
        said = failure.replace("`", "") if failure else f"{name} is not defined yet: run the cell in which you write it."
        error._render_traceback_ = lambda: [f"NameError: {said}", *([] if failure else [RESTART])]
    elif raised_by_cell and not _first_cells:
        said = f"{name} is not defined in this kernel, which has just been started."
        error._render_traceback_ = lambda: [f"NameError: {said}", RESTART]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    return []


def _only_defined(source: str) -> frozenset[str]:
    """The names that a cell defines and does not use; the cell that checks an answer imports `check` and calls it."""
    code = analyse(source)
    return code.defines - code.uses


def _means_to_define(run: _Run, exercise: str) -> bool:
    """Whether a cell that ended with an error is the one to define the answer, by its id or by its words."""
    define = rf"^[^\S\n]*(?:(?:async[^\S\n]+)?(?:def|class)[^\S\n]+{exercise}\b|{exercise}[^\S\n]*=(?!=))"
    return run.cell == exercise or re.search(define, run.source, re.MULTILINE) is not None


def _mistyped_name(run: _Run, exercise: str) -> str | None:
    """A name that a cell defines and that is the answer's, mistyped.

    It stands in the answer's own cell, or has the answer's docstring; a quiz's has the form of one. A longer name is a
    version of its own.
    """
    if run.error is not None:
        return None
    for name, docstring in _definitions(run.source):
        is_similar = difflib.SequenceMatcher(None, name, exercise).ratio() >= SIMILAR
        if not is_similar or name in catalog.entries():
            continue
        is_copy = not name.startswith(exercise) and docstring == _handed_out(exercise)
        if run.cell == exercise or is_copy:
            return name
    return None


def _definitions(source: str) -> Iterator[tuple[str, str]]:
    """The functions and variables that a cell's own statements define, and the functions' docstrings."""
    for node in parse(source).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, ast.get_docstring(node) or ""
        elif isinstance(node, ast.Assign):
            yield from ((target.id, "") for target in node.targets if isinstance(target, ast.Name))


def _handed_out(exercise: str) -> str:
    """The docstring that the answer's cell is handed out with, as `ast.get_docstring` reads it; empty for a quiz."""
    found = catalog.find(exercise).load()
    return inspect.getdoc(found.reference) or "" if isinstance(found, Exercise) else ""


def _describe(error: BaseException) -> str:
    """An error in a few words, with the cell's line for what is not Python."""
    name = type(error).__name__
    line = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}{line}"
