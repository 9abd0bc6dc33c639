"""`check(id, answer)`: the one line that judges an exercise in a notebook, for a learner and for nbgrader alike.

It shows the verdict, then raises unless the answer is right. nbgrader reads a cell's outputs in order, so the
partial credit is published as the cell's result before the error is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograder import cell_runs
from autograder.bank import catalog
from autograder.bank.former_names import id_notice
from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Option, Quiz
from autograder.feedback import render, solution
from autograder.judge.judge import judge
from autograder.judge.verdict import Verdict
from autograder.output import say
from autograder.variant_seed import WHO, current_student, variant_seed
from autograder.workspace import progress

SESSION = "JPY_SESSION_NAME"  # set by the Jupyter server
cell_runs.watch()  # a notebook imports `check` before any answer is written
_callbacks: list[Callable[[str, Verdict], None]] = []  # at most one
_forms: list[Callable[[OpenQuiz], Any]] = []  # at most one
failures: dict[str, int] = {}  # failed tries in this kernel, so that hints open one by one


class CheckFailed(Exception):
    """The answer is not right yet."""

    is_open_form = False  # a quiz to click stands above, and nothing was found yet

    def _render_traceback_(self) -> list[str]:
        # IPython shows this instead of the judge's own stack, which would teach nothing; the finding stands above.
        if self.is_open_form:
            return ["No answer when this cell ran: choose above, or write the letter in the answer's cell."]
        return [f"CheckFailed: {str(self).split('. ')[0]}. See the feedback above."]


class _Credit(float):
    """Partial credit, as nbgrader reads it from a cell's result."""

    def __repr__(self) -> str:
        return f"{float(self):g}"


def check(exercise: str, answer: Any, *, seed: int = 0, points: float | None = None, variant: str = "") -> None:
    """Judge `answer` (a function, or a quiz's letters) and show what was found.

    `seed` varies the larger cases; `variant` is the name by which each student gets a seed of their own (see
    `autograder.variant_seed`); `points` is what the exercise gives in this assignment, by default as in the bank.
    Raises CheckFailed where the answer is not right, or is not the one on the screen (then nothing is judged), and
    UnknownExercise for an id that the bank does not have.
    """
    entry = catalog.find(exercise)
    student = current_student() if variant else ""
    stale = WHO if variant and not student else cell_runs.why_stale(exercise, answer)
    if stale is not None:
        title = "Not judged"
        _show(f"{title}. {stale}", render.notice_html(title, stale))
        raise CheckFailed(f"{exercise}: not judged. {stale}")
    if notice := id_notice(exercise):
        say(notice)
    exercise = entry.id
    found = entry.load()
    seed = variant_seed(variant, student) if variant else seed
    verdict = _judge(exercise, found, answer, seed, points)
    form = _forms[0] if _forms and not verdict.passed and _in_a_browser() else None
    is_open_form = form is not None and isinstance(found, Quiz) and verdict.misconception == "not_written"
    if not is_open_form:  # a form says by itself that nothing is chosen yet
        _show(*_rendered(found, verdict, seed))
    if form is not None and isinstance(found, Quiz):
        form(OpenQuiz(exercise, found, seed, points))
    if verdict.passed:
        return
    if verdict.score > 0 and not _in_a_browser():
        sys.displayhook(_Credit(verdict.score))
    failed = CheckFailed(render.message(verdict))
    failed.is_open_form = is_open_form
    raise failed


def _judge(exercise: str, found: Exercise | Quiz, answer: Any, seed: int, points: float | None) -> Verdict:
    """One try: its verdict, which is told to the callback and kept in the workspace."""
    verdict = judge(found, answer, seed)
    if points is not None:
        verdict = verdict.scaled(points)
    for callback in _callbacks:
        callback(exercise, verdict)
    if verdict.misconception != "not_written":  # running all cells is no try, and opens no hint
        failures[exercise] = failures.get(exercise, 0) + (not verdict.passed)
        progress.record(exercise, verdict.passed, verdict.score, verdict.max_score, verdict.hints)
    return verdict


def try_out(exercise: str, answer: Any) -> None:
    """Judge `answer` and show what was found, but record nothing, raise nothing, open no worked answer: a try beside the task.

    Raises UnknownExercise for an id that the bank does not have.
    """
    verdict = judge(catalog.find(exercise).load(), answer)
    _show(render.text(verdict, 1), render.as_html(verdict, 1))


@dataclass(frozen=True)
class OpenQuiz:
    """A quiz that waits for its answer, as a form needs it."""

    exercise: str
    quiz: Quiz
    seed: int
    points: float | None

    @property
    def options(self) -> list[Option]:
        """The options as the notebook's question lists them."""
        return self.quiz.variant(self.seed).options

    def answer(self, letters: Sequence[str]) -> str:
        """Judge an answer and keep it as `check` does; what was found, as HTML.

        The kernel's own answer becomes this one, so that the check's cell, run again, finds it.
        """
        shell = cell_runs.current_shell()
        if shell is not None:
            shell.user_ns[self.exercise] = set(letters) if self.quiz.has_several else letters[0]
        verdict = _judge(self.exercise, self.quiz, set(letters), self.seed, self.points)
        return _rendered(self.quiz, verdict, self.seed)[1]


def on_open_quiz(form: Callable[[OpenQuiz], Any]) -> None:
    """Have `form(quiz)` called for each quiz that is not answered rightly, where a learner can click; in place of an earlier."""
    _forms[:] = [form]


def on_verdict(callback: Callable[[str, Verdict], None]) -> None:
    """Have `callback(exercise, verdict)` called on each verdict before it is shown, in place of an earlier callback."""
    _callbacks[:] = [callback]


def _in_a_browser() -> bool:
    """Whether a learner works in this kernel: to them, nbgrader's number would be a riddle below the feedback.

    The server that a notebook is opened with names the session; what runs whole notebooks, as nbgrader does, has none.
    """
    return bool(os.environ.get(SESSION)) and not os.environ.get(cell_runs.NBGRADER_EXECUTION)


def _rendered(found: Exercise | Quiz, verdict: Verdict, seed: int) -> tuple[str, str]:
    """A verdict as text and as HTML, with the hints that are open by now, and below it the worked answer where that is open."""
    tries = max(failures.get(found.id, 0), progress.attempts(found.id))
    hints = max(1, tries)
    is_final = os.environ.get(cell_runs.NBGRADER_EXECUTION) == "autograde"  # it was handed in
    text, page = render.text(verdict, hints, is_final), render.as_html(verdict, hints, is_final)
    if is_final:
        return text, page
    variant = found.variant(seed) if isinstance(found, Quiz) else found
    below = solution.as_text(variant, verdict, tries)
    return f"{text}\n\n{below}".rstrip(), page + solution.as_html(variant, verdict, tries)


def _show(text: str, html: str) -> None:
    """Through IPython where there is one; the judge itself does not depend on it."""
    if cell_runs.current_shell() is not None:
        sys.modules["IPython"].display.display({"text/plain": text, "text/html": html}, raw=True)
    else:
        say(text)
