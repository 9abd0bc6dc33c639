"""The README's pictures, taken in headless Chromium: a lesson in JupyterLab, widgets in docs/gallery. `make pictures`.

They are taken after a person's own steps (a click, a choice), so what they show is what the course does.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "tests"))
from support.jupyter_lab import jupyterlab  # noqa: E402

LESSON = DOCS.parent / "notebooks/05-causal-mask/05-causal-mask.ipynb"


def lesson(browser: Browser) -> bytes:
    """The attention map of a lesson in JupyterLab, after Run All Cells and a choice of the weights."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as home:
        shutil.copy(LESSON, folder)
        with jupyterlab(Path(folder), Path(home)) as address:
            page = browser.new_page(viewport={"width": 1100, "height": 760}, color_scheme="light")
            page.set_default_timeout(120_000)
            page.goto(f"{address}/lab/tree/{LESSON.name}?reset")
            page.get_by_role("button", name="| Idle").wait_for()
            page.keyboard.press("Control+b")  # the file browser aside
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            map_cell = page.locator(".jp-CodeCell").filter(has_text="AttentionMap(").first
            while not map_cell.count():  # JupyterLab draws only what is near
                page.locator(".jp-WindowedPanel-outer").hover()
                page.mouse.wheel(0, 500)
                page.wait_for_timeout(100)
            map_cell.scroll_into_view_if_needed()
            map_cell.get_by_role("radio", name="weights").check()
            page.get_by_role("button", name="| Idle").wait_for()
            page.evaluate("document.activeElement.blur()")
            map_cell.evaluate("node => node.scrollIntoView({ block: 'start' })")
            page.wait_for_timeout(1000)
            return page.screenshot()


def painter(page: Page) -> Locator:
    """A causal mask with one cell of the future, which two layers spread."""
    widget = page.get_by_role("group", name="Mask painter")
    widget.get_by_role("radio", name="causal", exact=True).check()
    widget.get_by_role("grid").get_by_role("row").nth(2).get_by_role("gridcell").nth(3).click()
    return widget


def training(page: Page) -> Locator:
    """Loss and text under each mask, beside the entropy."""
    widget = page.get_by_role("group", name="Train and generate")
    widget.get_by_role("img").wait_for()
    widget.get_by_text("first illegal word").first.wait_for()
    return widget.locator(".lc-columns").first


def main() -> None:
    """Write lesson.png, painter.png and training.png."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("The pictures need Chromium on PATH.")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        page = browser.new_page(viewport={"width": 760, "height": 900}, color_scheme="light")
        page.goto((DOCS / "gallery/index.html").as_uri())
        for show in (painter, training):
            save(show.__name__, show(page).screenshot())
        save(lesson.__name__, lesson(browser))
        browser.close()


def save(name: str, picture: bytes) -> None:
    """Keep a picture in 192 colours, which is half of the bytes."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(192).save(DOCS / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
