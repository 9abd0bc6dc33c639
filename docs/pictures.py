"""The README's pictures of widgets, taken from docs/gallery in headless Chromium: `make pictures`.

They are taken after a person's own steps (a click, a choice), so what they show is what the widgets do.
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

DOCS = Path(__file__).resolve().parent


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
    widget.get_by_text("illegal from").first.wait_for()
    return widget.locator(".lc-columns").first


def main() -> None:
    """Write painter.png and training.png."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("The pictures need Chromium on PATH.")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        page = browser.new_page(viewport={"width": 760, "height": 900}, color_scheme="light")
        page.goto((DOCS / "gallery/index.html").as_uri())
        for show in (painter, training):
            picture = Image.open(io.BytesIO(show(page).screenshot()))
            picture.convert("RGB").quantize(96).save(DOCS / f"{show.__name__}.png", optimize=True)  # a third of the bytes
        browser.close()


if __name__ == "__main__":
    main()
