"""A lesson as a learner meets it: opened in JupyterLab, run, answered wrongly and rightly, its mask flipped; Notebook 7 too."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "notebooks/05-causal-mask/05-causal-mask.ipynb"
Lab = Callable[..., Page]


def cell(page: Page, text: str) -> Locator:
    """The code cell that holds `text`, scrolled to: JupyterLab draws only what is near."""
    page.get_by_role("tab", name="notebook").first.click()
    found = page.locator(".jp-CodeCell").filter(has_text=text).first
    for _ in range(80):
        if found.count():
            break
        page.locator(".jp-WindowedPanel-outer").hover()
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(60)
    found.scroll_into_view_if_needed()
    return found


def answer(page: Page, stub: str, code: str) -> None:
    """Replace what stands in the cell with `stub`, run it, and run the check below it."""
    cell(page, stub).locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")


@pytest.mark.long
def test_a_lesson_is_run_and_an_exercise_answered(lab: Lab) -> None:
    page = lab(LESSON)
    unwritten = cell(page, 'check("causal_allowed"')
    expect(unwritten.get_by_text("Not written yet.").first).to_be_visible()

    answer(page, "def causal_allowed", "def causal_allowed(T):\n    return np.triu(np.ones((T, T), dtype=bool))\n")
    check = cell(page, 'check("causal_allowed"')
    expect(check.get_by_text("The mask is transposed.")).to_be_visible()
    expect(check.get_by_text("0 of 2 points").first).to_be_visible()
    expect(check.get_by_label("wrong").first).to_be_visible()

    answer(page, "def causal_allowed", "def causal_allowed(T):\n    return np.tri(T, dtype=bool)\n")
    expect(cell(page, 'check("causal_allowed"').get_by_text("2 of 2 points")).to_be_visible()


@pytest.mark.long
def test_the_mask_of_a_lesson_is_flipped_by_mouse_and_by_keyboard(lab: Lab) -> None:
    page = lab(LESSON)
    widget = cell(page, "AttentionMap(")
    expect(widget.get_by_role("radio", name="causal", exact=True)).to_be_checked()
    widget.get_by_role("radio", name="none", exact=True).check()
    expect(widget.get_by_role("status")).to_contain_text("a leak")
    page.keyboard.press("ArrowUp")
    expect(widget.get_by_role("radio", name="one ahead", exact=True)).to_be_checked()
    page.keyboard.press("ArrowUp")
    expect(widget.get_by_role("radio", name="causal", exact=True)).to_be_checked()


@pytest.mark.long
def test_in_notebook_7_a_check_speaks_and_a_mask_is_flipped(browser: Browser, lab_address: str, workspace: Path) -> None:
    shutil.copy(LESSON, workspace / "in-notebook-7.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.stack or str(error)))
    page.goto(f"{lab_address}/notebooks/in-notebook-7.ipynb")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_attached(timeout=30_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    none = page.get_by_role("radio", name="none", exact=True)
    for _ in range(200):
        if none.count():
            break
        page.locator(".jp-WindowedPanel-outer").hover()
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(100)
    expect(page.get_by_text("apply_mask: 0 of 3 points").first).to_be_attached()
    none.first.check()
    expect(page.get_by_text("10 of 10 future cells can be seen: a leak").first).to_be_visible()
    page.close()
    ours = [error for error in errors if "/static/notebook/" not in error]  # Notebook's own page raises one on its way
    assert not ours, ours
