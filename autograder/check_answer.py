"""`check(id, answer)`: the one line that judges an exercise in a notebook, for a learner and for nbgrader alike.

It shows the verdict, then raises unless the answer is right. nbgrader reads a cell's outputs in order, so the
partial credit is published as the cell's result before the error is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from autograder import cell_runs
from autograder.bank import catalog
from autograder.bank.former_names import id_notice
from autograder.feedback import render
from autograder.judge.judge import judge
from autograder.judge.verdict import Verdict
from autograder.output import say
from autograder.workspace import progress

SESSION = "JPY_SESSION_NAME"  # set by the Jupyter server
cell_runs.watch()  # a notebook imports `check` before any answer is written
_callbacks: list[Callable[[str, Verdict], None]] = []  # at most one
failures: dict[str, int] = {}  # failed tries in this kernel, so that hints open one by one


class CheckFailed(Exception):
    """The answer is not right yet."""

    def _render_traceback_(self) -> list[str]:
        # IPython shows this instead of the judge's own stack, which would teach nothing; the finding stands above.
        return [f"CheckFailed: {str(self).split('. ')[0]}. What was found stands above."]


class _Credit(float):
    """Partial credit, as nbgrader reads it from a cell's result."""

    def __repr__(self) -> str:
        return f"{float(self):g}"


def check(exercise: str, answer: Any, *, seed: int = 0, points: float | None = None) -> None:
    """Judge `answer` (a function, or a quiz's letters) and show what was found.

    `seed` varies the larger cases; `points` is what the exercise gives in this assignment, by default as in the bank.
    Raises CheckFailed where the answer is not right, or is not the one on the screen (then nothing is judged), and
    UnknownExercise for an id that the bank does not have.
    """
    entry = catalog.find(exercise)
    stale = cell_runs.why_stale(exercise, answer)
    if stale is not None:
        title = "Not judged"
        _show(f"{title}. {stale}", render.notice_html(title, stale))
        raise CheckFailed(f"{exercise}: not judged. {stale}")
    if notice := id_notice(exercise):
        say(notice)
    exercise = entry.id
    verdict = judge(entry.load(), answer, seed)
    if points is not None:
        verdict = verdict.scaled(points)
    for callback in _callbacks:
        callback(exercise, verdict)
    if verdict.misconception != "not_written":  # running all cells is no try, and opens no hint
        failures[exercise] = failures.get(exercise, 0) + (not verdict.passed)
        progress.record(exercise, verdict.passed, verdict.score, verdict.max_score, verdict.hints)
    _display(verdict, hints=max(1, failures.get(exercise, 0), progress.attempts(exercise)))
    if verdict.passed:
        return
    if verdict.score > 0 and not _in_a_browser():
        sys.displayhook(_Credit(verdict.score))
    raise CheckFailed(render.message(verdict))


def on_verdict(callback: Callable[[str, Verdict], None]) -> None:
    """Have `callback(exercise, verdict)` called on each verdict before it is shown, in place of an earlier callback."""
    _callbacks[:] = [callback]


def _in_a_browser() -> bool:
    """Whether a learner works in this kernel: to them, nbgrader's number would be a riddle below the feedback.

    The server that a notebook is opened with names the session; what runs whole notebooks, as nbgrader does, has none.
    """
    return bool(os.environ.get(SESSION)) and not os.environ.get(cell_runs.NBGRADER_EXECUTION)


def _display(verdict: Verdict, hints: int) -> None:
    is_final = os.environ.get(cell_runs.NBGRADER_EXECUTION) == "autograde"  # it was handed in
    _show(render.text(verdict, hints, is_final), render.as_html(verdict, hints, is_final))


def _show(text: str, html: str) -> None:
    """Through IPython where there is one; the judge itself does not depend on it."""
    if cell_runs.current_shell() is not None:
        sys.modules["IPython"].display.display({"text/plain": text, "text/html": html}, raw=True)
    else:
        say(text)
