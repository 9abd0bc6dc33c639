"""A lesson's formulas are typeset: MathJax, which JupyterLab brings along, reads what stands between dollar signs."""

import re
from functools import cache
from pathlib import Path

import pytest

from autograder.course.course import Course
from autograder.course.lesson import read_lesson
from autograder.course.prediction_cells import question_in

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
DISPLAY, INLINE = re.compile(r"\$\$(.+?)\$\$", re.DOTALL), re.compile(r"\$([^$\n]+)\$")
PLAIN_SIGNS = re.compile(r"√\w|[ᵀ⁰¹²³⁴-⁹]")  # in a text they stand for a formula that is not typeset
PAIRS = (("{", "}"), (r"\left", r"\right"), (r"\bigl", r"\bigr"), (r"\Bigl", r"\Bigr"), (r"\begin", r"\end"))


@cache
def texts(unit: str) -> list[str]:
    """The lesson's own texts, without code and without the prompts of exercises, which a page without scripts shows too."""
    cells = read_lesson(ROOT / "source" / unit).notebook.cells
    return [CODE.sub("", cell.source) for cell in cells if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata]


def count(formula: str, name: str) -> int:
    """How often a command or a brace stands in a formula; a brace behind a backslash is printed, and groups nothing."""
    if name.startswith("\\"):
        return len(re.findall(re.escape(name) + r"(?![a-zA-Z])", formula))
    return len(re.findall(rf"(?<!\\){re.escape(name)}", formula))


@pytest.mark.parametrize("unit", Course(ROOT).units())
def test_each_lesson_has_its_key_formula_on_a_line_of_its_own(unit: str) -> None:
    assert any(DISPLAY.search(text) for text in texts(unit))


@pytest.mark.parametrize("unit", Course(ROOT).units())
def test_every_formula_is_closed(unit: str) -> None:
    for text in texts(unit):
        without_display = DISPLAY.sub("", text)
        assert "$" not in INLINE.sub("", without_display), text
        for formula in DISPLAY.findall(text) + INLINE.findall(without_display):
            assert "\n\n" not in formula, text
            for opening, closing in PAIRS:
                assert count(formula, opening) == count(formula, closing), formula


@pytest.mark.parametrize("unit", Course(ROOT).units())
def test_no_formula_is_left_in_plain_signs(unit: str) -> None:
    for text in texts(unit):
        for line in text.splitlines():
            # Neither JupyterLab's table of contents nor the field of a prediction typesets anything.
            assert line.startswith("#") or "**Predict" in line or not PLAIN_SIGNS.search(line), line


@pytest.mark.parametrize("unit", Course(ROOT).units())
def test_a_question_to_predict_has_no_formula_for_its_field_shows_plain_text(unit: str) -> None:
    assert not [question for text in texts(unit) if "$" in (question := question_in(text) or "")]
