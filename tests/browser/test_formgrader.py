"""nbgrader's parts of JupyterLab, opened in a clone of the course: Formgrader, Assignment List, Create Assignment, Validate."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PATIENCE, idle
from playwright.sync_api import Page, expect
from support.clone import clone, run
from support.jupyter_lab import jupyterlab

from autograder.bank import catalog

UNIT = "02-softmax"
NOTEBOOK = f"{UNIT}/{UNIT}.ipynb"


def points() -> str:
    """What all exercises of the unit are worth."""
    return f"{sum(entry.load().points for entry in catalog.entries().values() if entry.unit == UNIT):g}"


@pytest.fixture(scope="module")
def course(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in use: one unit is released, and one learner's work is graded."""
    root = clone(tmp_path_factory.mktemp("class") / "course")
    for command in ("generate_assignment", "release_assignment"):
        done = run(root, "nbgrader", command, UNIT)
        assert done.returncode == 0, done.stderr
    handed_in = root / "course/submitted/ada" / UNIT
    handed_in.mkdir(parents=True)
    shutil.copy(root / "source" / NOTEBOOK, handed_in)
    done = run(root, "nbgrader", "autograde", UNIT)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="module")
def address(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with jupyterlab(course, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture
def opened(page: Page, address: str) -> Page:
    """The instructor's notebook in JupyterLab."""
    page.goto(f"{address}/lab/tree/source/{NOTEBOOK}?reset")
    expect(idle(page)).to_be_visible(timeout=PATIENCE)
    return page


def choose(page: Page, item: str) -> None:
    page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


@pytest.mark.long
def test_formgrader_shows_the_units_and_the_graded_work(opened: Page) -> None:
    choose(opened, "Formgrader")
    frame = opened.frame_locator("iframe").first
    row = frame.get_by_role("row", name=re.compile(UNIT))
    expect(row).to_contain_text("1", timeout=PATIENCE)  # one submission
    frame.get_by_role("link", name="Manage Students").click()
    expect(frame.get_by_role("row", name=re.compile("ada"))).to_contain_text(f"{points()} / {points()}", timeout=PATIENCE)


@pytest.mark.long
def test_the_assignment_list_offers_what_was_released(opened: Page) -> None:
    choose(opened, "Assignment List")
    expect(opened.get_by_text("left-context", exact=True).first).to_be_visible(timeout=PATIENCE)
    expect(opened.get_by_text(UNIT, exact=True).first).to_be_visible(timeout=PATIENCE)


@pytest.mark.long
def test_create_assignment_reads_the_points(opened: Page) -> None:
    opened.get_by_role("tab", name="Create Assignment").click()
    expect(opened.get_by_label("Total points")).to_have_value(points(), timeout=PATIENCE)


@pytest.mark.long
def test_validate_passes_the_worked_version(opened: Page) -> None:
    opened.get_by_role("button", name="Validate", exact=True).click()
    expect(opened.get_by_text("Success! Your notebook passes all the tests.")).to_be_visible(timeout=PATIENCE)
