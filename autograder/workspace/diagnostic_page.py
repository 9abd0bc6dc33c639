"""The notebook with the fifteen questions that say where to begin."""

from __future__ import annotations

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course.exercise_cells import NOTEBOOK_METADATA
from autograder.workspace.where_to_begin import questions

DIAGNOSTIC = "where-to-begin.ipynb"
INTRODUCTION = """# Where to begin

Fifteen questions, one for each of fifteen units, in the order of the units. Each has one right answer. Write its letter between
the quotation marks in the last cell, and leave empty what you don't know: guessing would send you to the wrong unit. Nothing
here is graded or stored. Back to the [first page](<start.ipynb>)."""
AFTER = "Run the cell with **Shift + Enter**: it says in which unit to begin, and why."


def diagnostic_notebook() -> bytes:
    """The page for a workspace."""
    cells = [new_markdown_cell(INTRODUCTION, id="introduction")]
    for question in questions():
        text = f"### Question {question.number}\n\n{question.text}\n\n{question.quiz.options_markdown()}"
        cells.append(new_markdown_cell(text, id=f"question-{question.number}"))
    lines = [f'    {question.number}: "",' for question in questions()]
    code = ["from autograder.workspace.where_to_begin import where_to_begin", "", "where_to_begin({", *lines, "})"]
    cells += [new_markdown_cell(AFTER, id="after"), new_code_cell("\n".join(code), id="answers")]
    return (nbformat.writes(new_notebook(cells=cells, metadata=NOTEBOOK_METADATA)) + "\n").encode()
