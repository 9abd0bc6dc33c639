"""Where a lesson asks for a prediction, its notebook has a field for it."""

from pathlib import Path

import pytest

from autograder.course.lesson import read_lesson
from autograder.course.prediction_cells import PLACE, question_in

HEAD = "# A unit\n\n```{code-cell}\nfrom leftcontext import check\n```\n\n"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("**Predict.** Which word comes next?", "Which word comes next?"),
        ("We add 1. **Predict:** will it be larger?", "Will it be larger?"),
        ("Put a tick. **Predict** the shape before you run the cell.", "Predict the shape before you run the cell."),
        ("**Predict**, then run: the same again.", "Predict, then run: the same again."),
        ("**Predict**: what does `f` give for *two* of [them](x.md)?", "What does f give for two of them?"),
        ("**Predict.** `x.sum()` has which shape?", "x.sum() has which shape?"),
        ("**Predict.** One?\n\nMore text.\n\n**Predict.** Two\nlines?\n\nThe end.", "Two lines?"),
        ("A model can *predict*. It predicts.", None),
    ],
)
def test_the_question_is_the_paragraphs_text(text: str, question: str | None) -> None:
    assert question_in(text) == question


def cells(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "lesson.md").write_text(HEAD + text, encoding="utf-8")
    lesson = read_lesson(tmp_path)
    assert [id for id, place in lesson.origins.items() if place == PLACE] == [
        cell.id for cell in lesson.notebook.cells if "leftcontext.predict(" in cell.source
    ]
    return [cell.source for cell in lesson.notebook.cells][3:]


def test_a_field_stands_between_the_question_and_the_code(tmp_path: Path) -> None:
    text = '**Predict.** A "word"?\n\n```{code-cell}\nprint(1)\n```\n'
    assert cells(tmp_path, text)[1:] == ['leftcontext.predict("A \\"word\\"?", asks=False)', "print(1)"]


@pytest.mark.parametrize(
    "text",
    [
        "No question.\n\n```{code-cell}\nprint(1)\n```\n",
        "**Predict.** A word?\n\n{exercise}`weight_pattern`\n",  # the exercise is where one writes it
        "**Predict.** A word?\n\n{exercise}`weight_pattern`\n\nText.\n\n```{code-cell}\nprint(1)\n```\n",
        '**Predict.** A word?\n\n```{code-cell}\npredict("A word?", options=["a", "b"])\n```\n',
    ],
)
def test_elsewhere_there_is_none(tmp_path: Path, text: str) -> None:
    assert not any("leftcontext.predict(" in source for source in cells(tmp_path, text))
