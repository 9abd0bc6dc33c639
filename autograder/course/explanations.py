"""The text that answers a **Predict** is folded, so that nobody reads it before the cell has run.

A lesson asks, shows code, and then explains what the code printed. That explanation is the text cell right after the code:
all of it, up to a heading, the next **Predict**, or a paragraph that starts something new, such as `**Break it.**`. A lesson
ends an explanation earlier with `+++`, where what follows belongs to the next step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy

from nbformat import NotebookNode

from autograder.course.prediction_cells import MARK

# The empty line after the summary lets what follows be read as Markdown.
SUMMARY = "<summary>Explanation: open this after you have run the cell</summary>\n\n"
FOLDED, OPEN, END = f"<details>\n{SUMMARY}", f"<details open>\n{SUMMARY}", "\n\n</details>"
PARAGRAPH = re.compile(r"\n\s*\n")
# A heading, or a few words in bold that stand for one: "**Break it.**", "**Try it**, then ...", "**Which test finds it?**".
STARTS_ANEW = re.compile(r"#{1,6} |\*\*(?:[^*]+[.:?]\*\*|(?:Break it|Try it|Predict)\b)")


def fold_explanations(cells: Sequence[NotebookNode]) -> None:
    """Fold every explanation of a prediction in a notebook, in place."""
    for cell in texts_after_predictions(cells):
        answer, rest = split_explanation(cell.source)
        if answer:
            cell.source = "\n\n".join(filter(None, [FOLDED + answer + END, rest]))


def open_explanations(notebook: NotebookNode) -> NotebookNode:
    """A copy of a notebook in which the explanations stand open; a reader can still fold them."""
    opened = deepcopy(notebook)
    for cell in opened.cells:
        cell.source = cell.source.replace(FOLDED, OPEN)
    return opened


def unfold_explanation(source: str) -> tuple[str, str]:
    """The explanation in a built text cell, and what follows it, without the fold; the first is empty where there is none."""
    if not source.startswith((FOLDED, OPEN)):
        return "", source
    answer, _, rest = source.partition(SUMMARY)[2].partition(END)
    return answer, rest.strip()


def texts_after_predictions(cells: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    """The first text cell after each code that a text asks to predict; an exercise's prompt is none."""
    asked = answered = False
    for cell in cells:
        if "nbgrader" in cell.metadata:
            asked = answered = False
        elif cell.cell_type == "code":
            answered = asked
        else:
            if answered:
                yield cell
            asked, answered = MARK.search(cell.source) is not None, False


def split_explanation(text: str) -> tuple[str, str]:
    """A text as what explains, and what starts something new. Either may be empty."""
    start = 0
    while True:
        end = PARAGRAPH.search(text, start)
        paragraph = text[start : end.start() if end else len(text)]
        if STARTS_ANEW.match(paragraph) or MARK.search(paragraph):
            return text[:start].strip(), text[start:].strip()
        if end is None:
            return text.strip(), ""
        start = end.end()


def mixes_answer_and_question(text: str) -> bool:
    """Whether the first paragraph after a predicted code holds the next question too, so that it can't be folded."""
    first = PARAGRAPH.split(text, maxsplit=1)[0]
    return MARK.search(first) is not None and not STARTS_ANEW.match(first)
