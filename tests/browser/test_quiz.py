"""A quiz in JupyterLab: a click is judged at once, and the letter stands in the cell that is graded."""

from collections.abc import Callable

import pytest
from conftest import picture
from playwright.sync_api import Page, expect

PATIENCE = 60_000


@pytest.mark.long
def test_a_click_is_judged_and_written_into_the_answers_cell(lab: Callable[..., Page]) -> None:
    page = lab(
        "from leftcontext import check",
        'quiz_one_mechanism = ""  # your answer: one letter, as in "A"',
        'check("quiz_one_mechanism", quiz_one_mechanism)',
    )
    form = page.get_by_role("group", name="Quiz")
    expect(form.get_by_role("radio")).to_have_count(4, timeout=PATIENCE)
    expect(page.get_by_text("No answer when this cell ran: choose above")).to_be_visible()
    form.get_by_role("button", name="Check my answer").click()
    expect(form.get_by_text("Choose an option first.")).to_be_visible()
    form.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(form.get_by_text("1 of 1 points")).to_be_visible(timeout=PATIENCE)
    expect(form.get_by_text('Written into the answer\'s cell: quiz_one_mechanism = "C"')).to_be_visible()
    expect(page.locator(".cm-content").nth(1)).to_have_text('quiz_one_mechanism = "C"')
    page.screenshot(path=picture("a quiz answered by a click"))
