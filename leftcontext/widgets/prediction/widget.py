"""`predict(question)`: a field for what a learner expects, which is kept in the workspace and shown beside the result."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from typing import Any

import traitlets as t

from autograder.workspace import predictions
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.base import CourseWidget, load_view

KINDS = ("text", "number", "choice")


class Prediction(CourseWidget):
    """One question, the learner's answer (empty until there is one), and the result once it is known.

    kind: "text", "number" or "choice", one of `options`.  asks: whether the question stands beside the field; otherwise
    it is the field's name for screen readers alone.
    """

    _esm, _css = load_view("prediction")

    question = t.Unicode().tag(sync=True)
    kind = t.Enum(KINDS, default_value="text").tag(sync=True)
    options = t.List(t.Unicode()).tag(sync=True)
    asks = t.Bool(True).tag(sync=True)
    answer = t.Unicode().tag(sync=True)
    result = t.Unicode(None, allow_none=True).tag(sync=True)

    def __init__(self, question: str, **state: Any) -> None:
        super().__init__(question=question, answer=predictions.answer_to(question), **state)
        self.observe(lambda change: predictions.record(self.question, change.new), "answer")

    def picture(self) -> Picture:
        lines = [self.question] if self.asks else []
        if self.answer or self.result is not None:
            lines.append(f"Your prediction: {self.answer or 'none'}")
        elif not self.asks:
            lines.append("Write down your prediction before you run the next cell.")
        lines += [f"The result: {self.result}"] if self.result is not None else []
        return Picture("".join(f"<p>{escape(line)}</p>" for line in lines), "\n".join(lines))


def predict(
    question: str, *, options: Sequence[str] = (), number: bool = False, asks: bool = True, result: object = None
) -> Prediction | None:
    """A field for a prediction: a text, a `number`, or one of the `options`. It never waits for an answer.

    What is entered is kept in the workspace (`predictions.json`), and is there again the next time. With `result`, the
    same question shows what was predicted beside the result. `asks=False` where the question stands above already.
    Where nbgrader runs the notebook, there is nothing to show, and nothing is made.
    """
    if os.environ.get("NBGRADER_EXECUTION"):
        return None
    kind = "choice" if options else "number" if number else "text"
    shown = None if result is None else str(result)
    if shown is not None:
        predictions.record_result(question, shown)
    return Prediction(question, kind=kind, options=list(options), asks=asks, result=shown)
