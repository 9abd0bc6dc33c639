"""Headings make the outline beside a notebook, where two of the same words can't be told apart."""

import re
from collections import Counter
from pathlib import Path

import pytest

from autograder.course.course import Course
from autograder.course.lesson import read_lesson

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("unit", Course(ROOT).units())
def test_no_two_headings_of_a_lesson_and_its_exercises_are_alike(unit: str) -> None:
    texts = [cell.source for cell in read_lesson(ROOT / "source" / unit).notebook.cells if cell.cell_type == "markdown"]
    headings = [line.lower() for text in texts for line in re.findall(r"^#{1,4} (.+)$", text, re.MULTILINE)]
    assert [heading for heading, number in Counter(headings).items() if number > 1] == []
