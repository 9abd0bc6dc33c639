"""QuizForm: a quiz's options to click. What is chosen is judged at once, and written into the answer's cell.

nbgrader grades the letters in that cell, and nothing else: the view writes them there where it can reach the cell, as in
JupyterLab, and says so; elsewhere it shows the line to write.
"""

from __future__ import annotations

from html import escape
from typing import Any

import traitlets as t

from autograder.check_answer import OpenQuiz
from autograder.feedback.render import prose_html
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.base import CourseWidget, load_view


class QuizForm(CourseWidget):
    """The options of one open quiz, as radio buttons, or as checkboxes where several may hold.

    chosen: the letters, as the browser sets them when they are handed in.  feedback: HTML of the last verdict.  line: the
    line of Python that gives this answer.
    """

    _esm, _css = load_view("quiz")

    name = t.Unicode().tag(sync=True)
    options = t.List(t.List(t.Unicode())).tag(sync=True)  # (letter, HTML) for each
    several = t.Bool().tag(sync=True)
    chosen = t.List(t.Unicode()).tag(sync=True)
    feedback = t.Unicode().tag(sync=True)
    line = t.Unicode().tag(sync=True)

    def __init__(self, quiz: OpenQuiz, **state: Any) -> None:
        options = [[option.letter, _option_html(option.text)] for option in quiz.options]
        super().__init__(name=quiz.exercise, options=options, several=quiz.quiz.has_several, **state)
        self._quiz = quiz
        self.observe(self._judge, "chosen")

    def picture(self) -> Picture:
        letters = ", ".join(letter for letter, _ in self.options)
        text = f"Answer with {'letters' if self.several else 'a letter'} out of {letters}, in the cell above."
        return Picture(f"<p>{escape(text)}</p>", text)

    def _judge(self, change: t.Bunch) -> None:
        if change.new:
            letters = sorted(change.new)
            with self.hold_sync():
                self.line = self._quiz.quiz.answer_line(letters)
                self.feedback = self._quiz.answer(letters)


def _option_html(text: str) -> str:
    """An option's text; of one in several lines, or with a formula, the question above has to be read."""
    return "" if "\n" in text or "$" in text else prose_html(text)
