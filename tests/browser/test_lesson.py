"""A lesson as a learner meets it: opened in JupyterLab, run, answered wrongly and rightly, its mask flipped."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "notebooks/04-causal-mask/04-causal-mask.ipynb"
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
