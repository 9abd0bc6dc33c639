"""A deck of slides: a column for each section, no exercise, and after a question nothing that answers it."""

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag

from autograder.course.lesson import read_lesson

ROOT = Path(__file__).resolve().parents[1]
UNIT = "01-left-context"


@pytest.fixture(scope="module")
def lesson() -> nbformat.NotebookNode:
    """The unit's cells, each code with a picture and a text that are recognised by its id."""
    notebook = read_lesson(ROOT / "source" / UNIT).notebook
    for cell in notebook.cells:
        if cell.cell_type == "code":
            data = {"text/html": f"<figure>drawn by {cell.id}</figure>"}
            cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    return notebook


@pytest.fixture(scope="module")
def columns(lesson: nbformat.NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> list[list[Tag]]:
    """The slides of the deck, by column."""
    root = tmp_path_factory.mktemp("slides")
    path = root / "solutions" / UNIT / f"{UNIT}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(lesson, path)
    spec = importlib.util.spec_from_file_location("slides", ROOT / "tools" / "slides.py")
    assert spec is not None
    assert spec.loader is not None
    slides = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(slides)
    page = slides.write_slides(UNIT, root, course=root).read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page), "a deck needs no network"
    shown = BeautifulSoup(page, "html.parser").select_one(".slides")
    assert shown is not None
    return [column.find_all("section", recursive=False) for column in shown.find_all("section", recursive=False)]


def test_a_section_is_a_column(columns: list[list[Tag]], lesson: nbformat.NotebookNode) -> None:
    texts = "\n".join(cell.source for cell in lesson.cells if "nbgrader" not in cell.metadata and cell.cell_type == "markdown")
    headings = re.findall(r"^##? (.+)", texts, re.MULTILINE)
    assert [column[0].select("h1, h2")[0].get_text() for column in columns] == headings
    assert sum(len(slide.select("h1, h2")) for column in columns for slide in column) == len(headings)


def test_no_exercise_and_no_field_is_on_a_slide(columns: list[list[Tag]], lesson: nbformat.NotebookNode) -> None:
    shown = "".join(str(slide) for column in columns for slide in column)
    left_out = [cell for cell in lesson.cells if "nbgrader" in cell.metadata or "leftcontext.predict(" in cell.source]
    assert len(left_out) > 20
    for cell in left_out:
        assert f"drawn by {cell.id}<" not in shown
    assert "next_token_pairs" not in shown
    assert "leftcontext" in shown


def test_every_other_output_is_on_a_slide_once(columns: list[list[Tag]], lesson: nbformat.NotebookNode) -> None:
    shown = "".join(str(slide) for column in columns for slide in column)
    for cell in lesson.cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata and "leftcontext" in cell.source:
            continue
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            assert shown.count(f"drawn by {cell.id}<") == 1, cell.source


def test_what_answers_a_question_is_on_a_later_slide(columns: list[list[Tag]]) -> None:
    slides = [slide for column in columns for slide in column]
    asking = [number for number, slide in enumerate(slides) if slide.find("strong", string=re.compile("^Predict"))]
    assert len(asking) == 5
    for number in asking:
        question, answer = slides[number], slides[number + 1]
        assert question.select(".jp-CodeCell"), question.get_text()
        drawn_before = question.find("strong", string=re.compile("^Predict")).find_all_next("figure")  # type: ignore[union-attr]
        assert not [figure for figure in drawn_before if question in figure.parents]
        assert answer.select("figure"), answer.get_text()
        assert "<details" not in str(answer)


def test_the_explanation_is_beside_what_it_explains(columns: list[list[Tag]]) -> None:
    explained = [slide for column in columns for slide in column if "The ticks form a staircase" in slide.get_text()]
    assert len(explained) == 1
    assert explained[0].select("figure")
