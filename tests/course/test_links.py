"""Links of a built lesson, and what is said of an exercise below its title."""

import re
from pathlib import Path

import pytest
from support.clone import ROOT

from autograder.bank import catalog
from autograder.course.course import Course, read_extra
from autograder.course.lesson import read_lesson
from autograder.course.links import BACK, LAST, without_links
from autograder.workspace.course_map import read_tracks

UNITS = Course(ROOT).units()
LINK = re.compile(r"\]\(\.\./([^)]+)\)")


@pytest.mark.parametrize("unit", UNITS)
def test_every_link_of_a_lesson_leads_to_a_file_of_the_workspace(unit: str) -> None:
    there = {f"{name}/{name}.ipynb" for name in UNITS} | {"start.ipynb"}
    there |= {f"reference/{path.name}" for path in (ROOT / "source/reference").glob("*.md")}
    cells = read_lesson(ROOT / "source" / unit).notebook.cells
    targets = [target for cell in cells if cell.cell_type == "markdown" for target in LINK.findall(cell.source)]
    assert set(targets) <= there
    assert {"start.ipynb", "reference/bibliography.md"} <= set(targets)
    following = [name for name in UNITS if name > unit][:1]
    assert all(f"{name}/{name}.ipynb" in LINK.findall(cells[-1].source) for name in following)
    assert f"{unit}/{unit}.ipynb" not in targets


def test_units_are_linked_in_texts_and_not_in_code(tmp_path: Path) -> None:
    for name in ("01-one", "02-two"):
        (tmp_path / name).mkdir()
    text = "# 01 · One\n\nUnit 02, `unit 02` and unit 09.\n\n```{code-cell}\n1  # unit 02\n```\n\n"
    text += f"{LAST}\n\nNext, in **02**: two."
    (tmp_path / "01-one/lesson.md").write_text(text, encoding="utf-8")
    first, code, last = read_lesson(tmp_path / "01-one").notebook.cells
    assert first.source.endswith("[Unit 02](../02-two/02-two.ipynb), `unit 02` and unit 09.")
    assert code.source == "1  # unit 02"
    assert last.source == f"{LAST}\n\nNext, in [**02**](../02-two/02-two.ipynb): two.\n\n{BACK}"
    assert without_links(last.source) == f"{LAST}\n\nNext, in **02**: two."


def test_a_prompt_says_its_number_points_minutes_and_rank() -> None:
    cells = read_lesson(ROOT / "source/08-train-and-inference").notebook.cells
    said = [cell.source.split("\n")[2] for cell in cells if cell.id.startswith("prompt_")]
    assert said[0] == "*Exercise 1 of 8 · 1 point · about 2 minutes · core*"
    assert said[1] == "*Exercise 2 of 8 · 2 points · about 5 minutes · core*"
    assert said[6] == "*Exercise 7 of 8 · 3 points · about 5 minutes · extra*"
    assert len(said) == 8


def test_what_can_be_left_out_is_there_and_not_on_the_short_way() -> None:
    extra = read_extra(ROOT / "source/01-left-context")
    assert extra is not None
    assert extra <= catalog.entries().keys()
    assert not extra & {id for step in read_tracks()[0].steps for id in step.exercises or ()}
    assert len(extra) < len(catalog.entries()) / 3
    assert read_extra(ROOT / "source/week-1") is None  # an assignment of an instructor's own
