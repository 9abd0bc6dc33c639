"""The worked answer below a verdict: folded in a notebook, in full where text can't be folded.

It opens when the exercise is solved, or by the next failed try after the last hint; never in the feedback of a graded
submission. The environment variable LEFTCONTEXT_SOLUTIONS=off keeps it closed, for an instructor who grades `check`.
"""

from __future__ import annotations

import html
import os

from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz
from autograder.exercise.worked_answer import worked_answer
from autograder.feedback.render import prose_html
from autograder.judge.verdict import Verdict

SOLUTIONS = "LEFTCONTEXT_SOLUTIONS"
FEWEST_TRIES = 3  # that fail before the answer may be read, where an exercise has fewer hints
NEXT = "The worked answer opens after another failed attempt."
BOX = "padding:.2em .9em .4em;margin:.3em 0;max-width:60em;border-left:5px solid #8888"
TITLE = "The worked answer"
TITLE_BESIDE = "Compare: the worked answer"  # one's own is right, and may be written quite differently


def is_open(verdict: Verdict, tries: int) -> bool:
    """Whether the worked answer may be read after `tries` failed tries, the verdict's own included."""
    if os.environ.get(SOLUTIONS) == "off" or verdict.misconception == "not_written":
        return False
    if verdict.passed:
        return not verdict.is_quiz  # a quiz's reasons stand in the verdict
    return tries > max(len(verdict.hints), FEWEST_TRIES)


def as_text(exercise: Exercise | Quiz, verdict: Verdict, tries: int) -> str:
    """The worked answer in plain text where it is open, a sentence where the next failed try opens it, "" before."""
    if not is_open(verdict, tries):
        return NEXT if is_open(verdict, tries + 1) else ""
    answer = _answer(exercise)
    return f"{_title(verdict)}:\n\n{answer}" if answer else ""


def as_html(exercise: Exercise | Quiz, verdict: Verdict, tries: int) -> str:
    """The same as HTML without script, the worked answer as a fold."""
    if not is_open(verdict, tries):
        return f"<div style='{BOX};font-size:90%'>{NEXT}</div>" if is_open(verdict, tries + 1) else ""
    answer = _answer(exercise)
    if not answer:
        return ""
    lines = [line for line in answer.split("\n") if line]
    body = (
        "".join(f"<p style='margin:.3em 0'>{prose_html(line)}</p>" for line in lines)
        if verdict.is_quiz
        else f"<pre style='margin:.3em 0;overflow-x:auto'>{html.escape(answer)}</pre>"
    )
    return f"<details style='{BOX}'><summary>{_title(verdict)}</summary>{body}</details>"


def _title(verdict: Verdict) -> str:
    return TITLE_BESIDE if verdict.passed else TITLE


def _answer(exercise: Exercise | Quiz) -> str:
    """The worked answer; "" where its source can't be read."""
    try:
        return worked_answer(exercise)
    except OSError:
        return ""
