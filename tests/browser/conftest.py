"""Fixtures for whoever tests what a person sees: a browser, a JupyterLab, a notebook that has run in it.

    def test_something(lab):
        page = lab("import numpy as np", "np.eye(2)")                    # a notebook of these cells
        page = lab(ROOT / "notebooks/05-causal-mask/05-causal-mask.ipynb")   # or a copy of this one
        expect(page.get_by_text("causal")).to_be_visible()

Without Chromium the tests are skipped, but where CI is set they fail.
"""

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright
from support import axe_core
from support.jupyter_lab import jupyterlab

from leftcontext import widgets
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.shared.page import page as widgets_page

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-renderer-backgrounding --disable-backgrounding-occluded-windows"
)
PATIENCE = 60_000  # milliseconds: how long a busy machine may take, never what is measured
expect.set_options(timeout=PATIENCE)
SOURCES = Path(widgets.__file__).parent
ADDRESS = "http://modules.test"  # no host: `modules` answers itself
SCREENSHOTS = Path(__file__).resolve().parents[2] / "build/screenshots"
# anywidget gives a model two seconds on the clock, which are not enough on a busy machine.
PATIENT = "const timeout = AbortSignal.timeout; AbortSignal.timeout = (ms) => timeout.call(AbortSignal, 30 * ms);"
Lab = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        missing = "There is no Chromium on PATH; Debian's package is called chromium."
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page, 1280 wide; a test that a script's error went unseen in would lie, so such an error fails it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(PATIENT)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, errors


@pytest.fixture(scope="session")
def axe() -> Path:
    return axe_core.script()


@pytest.fixture
def alone(page: Page, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[CourseWidget], Page]]:
    """Show a widget on a page without a kernel and without a network; how the test leaves it is kept as a picture."""

    def show(widget: CourseWidget) -> Page:
        file = tmp_path / "page.html"
        file.write_text(widgets_page({type(widget).__name__: widget}, "Test"), encoding="utf-8")
        page.context.set_offline(True)
        page.goto(file.as_uri())
        expect(page.locator(".lc")).to_be_visible()  # the first Tab is to find something
        return page

    yield show
    if page.locator(".lc").count():
        page.screenshot(path=picture(request.node.name), full_page=True)


@pytest.fixture
def modules(page: Page) -> Callable[[str, Any], Any]:
    """Run the body of an async function of `given` and `load("folder/module")` in a page that has the widgets' sources."""

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(f"{ADDRESS}/")
        if name:
            route.fulfill(path=SOURCES / name, content_type="text/javascript")
        else:
            route.fulfill(body="<title>Modules</title>", content_type="text/html")

    page.route(f"{ADDRESS}/**", serve)
    page.goto(f"{ADDRESS}/")

    def run(body: str, given: Any = None) -> Any:
        load = "const load = (name) => import(`/${name}.js`);"
        return page.evaluate(f"async (given) => {{ {load} {body} }}", given)

    return run


def picture(name: str) -> Path:
    """Where a picture for review is kept: build/screenshots/, by the name of its test."""
    return SCREENSHOTS / f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')[:120]}.png"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="session")
def lab_address(browser: Browser, workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on `workspace`, one for all tests."""
    with jupyterlab(workspace, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture
def lab(page: Page, lab_address: str, workspace: Path) -> Lab:
    """Open a notebook (a file, or the sources of code cells) in JupyterLab, run all of it, return the page."""
    numbers = itertools.count(len(list(workspace.iterdir())))

    def open_and_run(*notebook: Path | str, run: bool = True) -> Page:
        name = f"notebook-{next(numbers)}.ipynb"
        if isinstance(notebook[0], Path):
            shutil.copy(notebook[0], workspace / name)
        else:
            cells = [nbformat.v4.new_code_cell(source) for source in notebook]
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), workspace / name)
        page.goto(f"{lab_address}/lab/tree/{name}?reset")
        expect(page.get_by_role("tab", name=name)).to_be_visible(timeout=PATIENCE)
        expect(idle(page)).to_be_visible(timeout=PATIENCE)
        if run:
            run_all(page)
        return page

    return open_and_run


def run_all(page: Page) -> None:
    """Choose Run All Cells from the menu, and wait until the kernel has done them."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.get_by_text("[*]:")).to_have_count(0, timeout=PATIENCE)
    expect(idle(page)).to_be_visible(timeout=PATIENCE)


def idle(page: Page) -> Locator:
    """What the status bar says when the kernel has nothing to do."""
    return page.get_by_role("button", name="| Idle")
