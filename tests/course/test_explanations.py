"""What answers a prediction is folded until its reader opens it, and nothing else is."""

import itertools
import re
from pathlib import Path

import nbformat
import pytest

from autograder.course import build
from autograder.course.course import Course
from autograder.course.explanations import (
    FOLDED,
    OPEN,
    SUMMARY,
    mixes_answer_and_question,
    open_explanations,
    split_explanation,
    unfold_explanation,
)
from autograder.course.lesson import read_lesson
from autograder.course.style_check import check_style

ROOT = Path(__file__).resolve().parents[2]
HEAD = "# A unit\n\n```{code-cell}\nfrom leftcontext import check\n```\n\n"
ASK, CODE = "**Predict.** A word?\n\n", "```{code-cell}\nprint(1)\n```\n\n"


def texts(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "lesson.md").write_text(HEAD + text, encoding="utf-8")
    return [cell.source for cell in read_lesson(tmp_path).notebook.cells if cell.cell_type == "markdown"][1:]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It is 1.", ("It is 1.", "")),
        ("It is 1.\n\n- so\n- and so\n\n$$x$$", ("It is 1.\n\n- so\n- and so\n\n$$x$$", "")),
        ("It is 1.\n\n## Next\n\nMore.", ("It is 1.", "## Next\n\nMore.")),
        ("It is 1.\n\nNow 2. **Predict:** is it?", ("It is 1.", "Now 2. **Predict:** is it?")),
        ("It is 1.\n\n**Break it.** With 2.", ("It is 1.", "**Break it.** With 2.")),
        ("It is a **mask**.\n\n**Masks** hide.", ("It is a **mask**.\n\n**Masks** hide.", "")),
        ("## Next\n\nMore.", ("", "## Next\n\nMore.")),
    ],
)
def test_an_explanation_ends_where_something_new_starts(text: str, parts: tuple[str, str]) -> None:
    assert split_explanation(text) == parts


def test_only_the_text_cell_after_the_code_is_folded(tmp_path: Path) -> None:
    question, answer, after, last = texts(tmp_path, f"{ASK}{CODE}{CODE}It is 1.\n\n+++\n\nWe go on.\n\n{CODE}The end.")
    assert question == ASK.strip()
    assert answer.startswith("<details>\n<summary>")
    assert answer.endswith("</summary>\n\nIt is 1.\n\n</details>")
    assert unfold_explanation(answer) == ("It is 1.", "")
    assert (after, last) == ("We go on.", "The end.")


def test_what_follows_in_the_cell_stays_open(tmp_path: Path) -> None:
    *_, answer = texts(tmp_path, f"{ASK}{CODE}It is 1.\n\n## Next\n\nMore.")
    assert unfold_explanation(answer) == ("It is 1.", "## Next\n\nMore.")


@pytest.mark.parametrize("text", [f"{CODE}It is 1.", f"{ASK}{{exercise}}`weight_pattern`\n\nIt is 1.", f"{ASK}+++\n\nText."])
def test_without_a_predicted_code_nothing_is_folded(tmp_path: Path, text: str) -> None:
    assert not any("<details" in source for source in texts(tmp_path, text))


def test_an_explanation_that_asks_on_in_its_paragraph_is_named(tmp_path: Path) -> None:
    assert mixes_answer_and_question("It is 1. **Predict:** and now?")
    assert not mixes_answer_and_question("**Break it.** Now 2. **Predict:** and now?")
    text = f"{HEAD}{ASK}{CODE}It is 1. **Predict:** and now?\n\n{CODE}"
    (tmp_path / "lesson.md").write_text(text, encoding="utf-8")
    lesson = read_lesson(tmp_path)
    released = {"notebooks/one/one.ipynb": nbformat.writes(lesson.notebook).encode()}
    (line,) = check_style(build.Unit("one", released, "", lesson.origins))
    assert line.startswith(f"{tmp_path.parent.name}/{tmp_path.name}/lesson.md, line 13: "), line
    assert "answers one question and asks the next" in line


def test_in_the_worked_notebook_explanations_stand_open(tmp_path: Path) -> None:
    (tmp_path / "lesson.md").write_text(f"{HEAD}{ASK}{CODE}It is 1.", encoding="utf-8")
    notebook = read_lesson(tmp_path).notebook
    assert open_explanations(notebook).cells[-1].source == f"{OPEN}It is 1.\n\n</details>"
    assert notebook.cells[-1].source == f"{FOLDED}It is 1.\n\n</details>"


# This course's own lessons.


@pytest.mark.parametrize("name", Course(ROOT).units())
def test_no_explanation_of_a_prediction_stands_open_and_nothing_else_is_folded(name: str) -> None:
    cells = read_lesson(ROOT / "source" / name).notebook.cells
    predicted = False
    for before, cell in itertools.pairwise(cells):
        if cell.cell_type == "code":
            # A question has a field, or the lesson's own call; it covers the code cells up to the next text.
            predicted = "predict(" in cell.source or (predicted and "nbgrader" not in cell.metadata)
            continue
        follows = predicted and before.cell_type == "code"
        predicted = False
        if cell.source.startswith(FOLDED):
            assert follows, cell.source
            explanation, rest = unfold_explanation(cell.source)
            assert not re.search(r"\*\*Predict|^#|<details", explanation, re.MULTILINE), cell.source
            assert SUMMARY not in rest
        else:
            assert SUMMARY not in cell.source
            assert not follows or cell.source.startswith(("#", "**")) or "nbgrader" in cell.metadata, cell.source
