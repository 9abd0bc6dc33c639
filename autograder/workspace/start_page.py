"""The first page of a workspace: what the course is, a picture, a widget, where to begin, and the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.course.exercise_cells import NOTEBOOK_METADATA
from autograder.course.minutes import MINUTES_PER_CELL, MINUTES_PER_EXERCISE, MINUTES_PER_QUIZ, WORDS_PER_MINUTE
from autograder.workspace.course_map import Track, UnitCard, read_tracks
from autograder.workspace.overview import Overview, overview
from autograder.workspace.start_outputs import read_outputs

START = "start.ipynb"
WIDGET = "widget"  # the cell that shows it
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WELCOME = """# Left Context

A language model writes a text from left to right: at each position it predicts the next token from the tokens before it. This
course is about the part of the model that keeps it from looking to the right, **causal attention**: you build it, train a model
with it and without it, break it, find the bug, and make it fast.

Below, the same small model has been trained with three different masks. Choose *causal*, then *none*, and compare two things: how
low the loss gets, and what the model writes. Why does the model with the lowest loss write the worst texts? Unit 08 answers
this. (You see recorded trainings. Press **Train** to train the model with the chosen mask yourself, here in the page. In
Python it goes faster: click on the code first and press **Shift + Enter**.)"""
PICTURE = """## The whole model in one picture

You read it from top to bottom. Each unit of the course is about one or a few of its parts."""
BEFOREHAND = """## What you need to know

- **Python**: functions, loops, lists. **NumPy**: arrays and their shapes; the examples show what is new to you.
- **Mathematics**: the product of two matrices, the exponential function, the idea of a probability.
- Nothing about neural networks. No GPU: everything runs in seconds on a laptop.

Each unit is a notebook: a lesson with exercises inside. Run a cell with **Shift + Enter**; where the text says *Predict*, write
down your answer before you run the cell. `check` judges an exercise as often as you like, shows where a result is wrong, and
opens one hint after another. What you write stays yours: an update of the course never overwrites it."""
BEGIN = """## Where to begin

If the subject is new to you, begin with unit 01. Otherwise answer the [fifteen questions](<where-to-begin.ipynb>) (ten
minutes): they tell you with which unit to begin. Three ways lead through the course:"""
MAP = f"""## The units and your progress

The minutes are estimates: {WORDS_PER_MINUTE} words a minute for the text, {60 * MINUTES_PER_CELL:.0f} seconds to run a cell
of code and to look at what it shows, {60 * MINUTES_PER_QUIZ:.0f} seconds for a quiz question, and
{MINUTES_PER_EXERCISE:g} minutes for an exercise in which you write code."""
AFTERWARDS = """## To keep beside you

- [Cheat sheet](<reference/cheat-sheet.md>): mask conventions, special cases, shapes, tests, and which symptom means which bug.
- [Glossary](<reference/glossary.md>): the terms of the course in a sentence each.
- [Bibliography](<reference/bibliography.md>): papers and documentation, and why to read each of them.

`leftcontext progress --page` writes a page for you to keep: what you have solved, and when."""
SHOW_WIDGET = """from leftcontext.widgets import TrainAndGenerate

TrainAndGenerate()"""
SHOW_PICTURE = """from leftcontext.plots import show_transformer

show_transformer()"""
SHOW_MAP = """from autograder.workspace.overview import overview

overview()"""


def start_notebook(folder: Path) -> bytes:
    """The first page of the workspace `folder`, its outputs drawn already."""
    now, drawn = overview(folder), read_outputs()
    cells = [
        new_markdown_cell(WELCOME, id="welcome"),
        _shown(SHOW_WIDGET, WIDGET, drawn["widget"]),
        new_markdown_cell(PICTURE, id="picture-text"),
        _shown(SHOW_PICTURE, "picture", drawn["picture"]),
        new_markdown_cell(BEFOREHAND, id="beforehand"),
        new_markdown_cell("\n\n".join([BEGIN, *_ways(now)]), id="begin"),
        new_markdown_cell(MAP, id="map-text"),
        _shown(SHOW_MAP, "map", _data(now)),
        new_markdown_cell(AFTERWARDS, id="afterwards"),
    ]
    notebook = new_notebook(cells=cells, metadata={**NOTEBOOK_METADATA, "widgets": {WIDGET_STATE: drawn["state"]}})
    return (nbformat.writes(notebook) + "\n").encode()


def trust(path: Path) -> None:
    """Tell Jupyter that the notebook at `path` is ours, so that it shows the widget and keeps the map up to date.

    Without it, as where Jupyter's list of trusted notebooks can't be written, the page shows the pictures alone.
    """
    import sqlite3

    from nbformat.sign import NotebookNotary

    try:
        NotebookNotary().sign(nbformat.read(path, as_version=4))
    except (OSError, ValueError, sqlite3.Error):
        return


def _shown(code: str, id: str, data: dict[str, Any]) -> NotebookNode:
    output = new_output("execute_result", data=data, execution_count=1)
    return new_code_cell(code, id=id, outputs=[output], execution_count=1)


def _data(shown: Overview) -> dict[str, str]:
    return {
        "text/html": shown._repr_html_(),
        "text/markdown": shown._repr_markdown_(),
        "text/plain": repr(shown),
    }


def _ways(now: Overview) -> list[str]:
    """The tracks in Markdown, each with its minutes; units that the workspace doesn't have are left out."""
    known = {unit.card.name: (unit.card, unit.notebook) for unit in now.units}
    return [way for track in read_tracks() if (way := _way(track, known))]


def _way(track: Track, known: dict[str, tuple[UnitCard, str]]) -> str:
    steps = [(step, *known[step.unit]) for step in track.steps if step.unit in known]
    if not steps:
        return ""
    lines, total = [], 0
    for step, card, notebook in steps:
        minutes = card.minutes(step.exercises)
        total += minutes
        chosen = ", ".join(f"*{card.exercises[id]}*" for id in step.exercises or () if id in card.exercises)
        lines.append(f"[{card.title}](<{notebook}>)" + (f" (of its exercises {chosen})" if chosen else ""))
    time = f"{total} minutes" if total < 120 else f"{total / 60:.0f} hours"
    return f"**{track.title}** (about {time}). {track.about}  \n{' → '.join(lines)}."
