"""What an exercise is called in the notebook, which says more in a report than its id."""

from __future__ import annotations

import re
from collections.abc import Iterable

from autograder.feedback.sanitize import clean_text
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.notebook.cell import PROMPT, Cell

MAX_TITLE = 80
HEADING = re.compile(r"#+\s+(.+)")


def exercise_titles(cells: Iterable[Cell]) -> dict[str, str]:
    """The headings of the prompts, by the id of the exercise; nothing of one that has none."""
    found = {}
    for cell in cells:
        name = cell.grade_id or ""
        if cell.cell_type == "markdown" and name.startswith(PROMPT) and (heading := HEADING.match(cell.source.lstrip())):
            found[name.removeprefix(PROMPT)] = clean_text(heading[1].strip("# \r").replace("`", ""), MAX_TITLE)
    return found


def released_titles(course: NbgraderCourse, assignment: str) -> dict[str, str]:
    """The same of a whole assignment; nothing where its notebooks are not here."""
    try:
        notebooks = course.released(assignment)
    except MissingData:
        return {}
    return exercise_titles(cell for notebook in notebooks for cell in notebook.cells)
