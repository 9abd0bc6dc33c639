"""The built site as a person meets it, from a plain file server: pages, search, and the lab, whose Python runs in the browser.

No request may leave the machine.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlparse

import pytest
from conftest import PATIENCE, PATIENT, idle, picture
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect
from support.axe_core import serious
from support.built_site import build, served
from support.clone import clone, run

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
START = 4 * PATIENCE  # Pyodide starts, and loads the course
UNIT = "05-causal-mask"
LESSONS = (UNIT, "08-train-and-inference", "14-generation")
RIGHT = "def causal_allowed(T):\n    return np.tri(T, dtype=bool)\n"
WRONG = "def causal_allowed(T):\n    return np.triu(np.ones((T, T), dtype=bool))\n"
ENDLESS = {
    "a loop": "def causal_allowed(T):\n    while True:\n        pass\n",
    "a loop that swallows": "def causal_allowed(T):\n    while True:\n        try:\n            [0 for _ in iter(int, 1)]\n"
    "        except BaseException:\n            pass\n",
}
DEEP = "def causal_allowed(T):\n    return causal_allowed(T)\n"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the site is served; it is built once."""
    with served(build(tmp_path_factory.mktemp("site") / "site")) as address:
        yield address


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    """Open a page of the site as somebody who was never there before. A request of another host fails the test."""
    contexts: list[BrowserContext] = []
    strange: list[str] = []
    errors: list[str] = []

    def hear(request: Request) -> None:
        url = urlparse(request.url)
        if url.scheme not in ("data", "blob") and f"{url.scheme}://{url.netloc}" != address:
            strange.append(request.url)

    def open_page(place: str, scheme: str = "light", width: int = 1280) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(PATIENT)
        context.on("request", hear)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}/{place}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not strange
    assert not errors


def looked_over(page: Page, axe: Path, name: str) -> None:
    """Nothing is wider than the page, axe finds nothing serious, and the page is kept as a picture."""
    page.screenshot(path=picture(f"site {name}"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.add_script_tag(path=axe)
    assert serious(page) == []


def links_lead_somewhere(page: Page, address: str) -> None:
    """Every link is relative, or to a page of somebody else; what is linked here is here."""
    hrefs = page.locator("a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    here = {urljoin(page.url, href).partition("#")[0] for href in hrefs if not urlparse(href).scheme}
    assert here
    for link in sorted(here):
        assert link.startswith(address)
        assert page.request.get(link).ok, link


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_the_first_page_is_a_demonstration(opened: Open, address: str, axe: Path, scheme: str, width: int) -> None:
    page = opened("index.html", scheme, width)
    widget = page.get_by_role("group", name="Train and generate")
    widget.get_by_role("group", name="trained with").get_by_role("radio", name="causal").check()
    expect(widget.get_by_role("status")).to_contain_text("The leak test finds none")
    links_lead_somewhere(page, address)
    looked_over(page, axe, f"first page {scheme} {width}")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("unit", LESSONS)
def test_a_lesson_can_be_read(opened: Open, address: str, axe: Path, unit: str, scheme: str, width: int) -> None:
    page = opened(f"lessons/{unit}/{unit}.html", scheme, width)
    expect(page.get_by_role("heading", level=1)).to_contain_text(unit[:2])
    expect(page.locator(".lc").first).to_be_visible()  # a widget has started
    assert page.locator(".lc.lc-dark").count() == (page.locator(".lc").count() if scheme == "dark" else 0)
    assert page.locator("math").count()
    expect(page.get_by_role("link", name="Open this unit")).to_be_visible()
    expect(page.locator("a[href*='glossary']").first).to_be_attached()
    links_lead_somewhere(page, address)
    looked_over(page, axe, f"lesson {unit} {scheme} {width}")


def test_a_widget_of_a_lesson_works_without_a_kernel(opened: Open) -> None:
    page = opened(f"lessons/{UNIT}/{UNIT}.html")
    widget = page.get_by_role("group", name="Attention map").first
    widget.get_by_role("radio", name="none", exact=True).check()
    expect(widget.get_by_role("status")).to_contain_text("a leak")


def test_a_printed_lesson_is_whole(opened: Open) -> None:
    page = opened(f"lessons/{UNIT}/{UNIT}.html")
    expect(page.locator("details p").first).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("details p").first).to_be_visible()
    for left_out in ("Skip to content", "Open this unit"):
        expect(page.get_by_role("link", name=left_out)).to_be_hidden()
    cut = "blocks => blocks.filter(block => block.scrollWidth > block.clientWidth + 1).length"
    assert page.locator(".highlight pre").evaluate_all(cut) == 0


def test_the_lessons_are_searched(opened: Open, axe: Path) -> None:
    page = opened("lessons/index.html")
    page.get_by_role("search").get_by_role("textbox", name="Search").fill("nucleus")
    page.keyboard.press("Enter")
    found = page.locator(".search").get_by_role("link", name="14 · Generation").first
    expect(found).to_be_visible()
    looked_over(page, axe, "search")
    found.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("14 · Generation")


# The lab.


def cell(page: Page, text: str) -> Locator:
    """The code cell that holds `text`, scrolled to: JupyterLab draws only what is near, and hides or drops the rest."""
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    found = notebook.locator(".jp-CodeCell").filter(has_text=text).filter(visible=True).first
    for direction in (500, -500, 500, -500):
        for _ in range(80):
            if found.count():
                break
            notebook.locator(".jp-WindowedPanel-outer").hover()
            page.mouse.wheel(0, direction)
            page.wait_for_timeout(60)
    found.scroll_into_view_if_needed()
    return found


def run_cell(page: Page, text: str, code: str = "") -> Locator:
    """Run the cell that holds `text`, with `code` in its place if there is any; its outputs, once it has ended."""
    found = cell(page, text)
    before = found.locator(".jp-InputPrompt").first.inner_text()
    found.locator(".cm-content").click()
    if code:
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    held = cell(page, code.splitlines()[0] if code else text)
    prompt = held.locator(".jp-InputPrompt").first
    expect(prompt).not_to_have_text(before, timeout=START)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=START)
    return held


def answer(page: Page, code: str) -> Locator:
    """Write an answer, run it, and run its check; what the check shows."""
    run_cell(page, "def causal_allowed", code)
    return run_cell(page, 'check("causal_allowed"')


def open_notebook(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/lab/lab/index.html?path={name}")
    expect(page.get_by_role("tab", name=name.rpartition("/")[2])).to_be_visible(timeout=START)
    expect(idle(page)).to_be_visible(timeout=START)


def save(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saving completed")).to_be_attached()


def test_the_first_page_of_the_lab_lives_before_python_does(opened: Open) -> None:
    page = opened("lab/lab/index.html?path=start.ipynb")
    widget = page.get_by_role("group", name="Train and generate")
    expect(widget).to_be_visible(timeout=START)
    widget.get_by_role("group", name="trained with").get_by_role("radio", name="none").check()
    expect(widget.get_by_role("status")).to_contain_text("a later token moves an earlier output")
    expect(page.get_by_text("Loading widget")).to_have_count(0)
    page.screenshot(path=picture("site lab first page at once"))
    expect(idle(page)).to_be_visible(timeout=START)
    expect(widget).to_have_count(1)
    expect(run_cell(page, "TrainAndGenerate()").get_by_role("group", name="Train and generate")).to_have_count(1)


def test_the_lab_is_dark_where_the_system_is(opened: Open) -> None:
    page = opened("lab/lab/index.html?path=start.ipynb", "dark")
    expect(page.locator("body[data-jp-theme-light='false']")).to_be_attached(timeout=START)
    expect(page.get_by_role("group", name="Train and generate")).to_be_visible(timeout=START)
    page.screenshot(path=picture("site lab first page dark"))


def test_a_kernel_finds_the_modules_of_a_first_answer_compiled(opened: Open) -> None:
    """As the site has laid them: Python marks a file that it has compiled by itself in another way."""
    page = opened("lab/lab/index.html?path=keep-my-work.ipynb")
    expect(idle(page)).to_be_visible(timeout=START)
    code = """import os, sys
from leftcontext import check
from leftcontext.widgets import AttentionMap
names = [name for name in sys.modules if name.split(".")[0] in ("IPython", "jedi", "leftcontext", "autograder", "matplotlib")]
files = [sys.modules[name].__cached__ for name in names if getattr(sys.modules[name], "__cached__", None)]
laid = [os.path.isfile(file) and open(file, "rb").read(8)[4] == 1 for file in files]
print("laid", len(laid) > 200, sum(laid) > 0.95 * len(laid))
"""
    expect(run_cell(page, "import work", code).get_by_text("laid True True")).to_be_visible()


def test_a_unit_is_worked_through_in_the_lab(opened: Open, address: str, axe: Path, tmp_path: Path) -> None:
    page = opened(f"lessons/{UNIT}/{UNIT}.html")
    page.get_by_role("link", name="Open this unit").click()
    expect(page.get_by_role("tab", name=UNIT)).to_be_visible(timeout=START)
    expect(page).to_have_title("Left Context", timeout=START)
    expect(page.get_by_text("Is the course installed?")).to_have_count(0)
    expect(idle(page)).to_be_visible(timeout=START)
    first = run_cell(page, "from leftcontext.language import SENTENCE")
    expect(first.locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)

    shown = run_cell(page, "AttentionMap(")
    shown.get_by_role("radio", name="none", exact=True).check()
    expect(shown.get_by_role("status")).to_contain_text("a leak")

    wrong = answer(page, WRONG)
    expect(wrong.get_by_text("The mask is transposed.")).to_be_visible()
    expect(wrong.get_by_text("Hint 1.")).to_be_visible()
    page.screenshot(path=picture("site lab judged"))
    for code in ENDLESS.values():
        expect(answer(page, code).get_by_text("Is there a loop that never ends?")).to_be_visible()
    expect(answer(page, DEEP).get_by_text("When does it stop calling itself?")).to_be_visible()
    expect(answer(page, RIGHT).get_by_text("2 of 2 points").first).to_be_visible()

    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Restart Kernel…").first.click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(run_cell(page, 'check("causal_allowed"').get_by_text("After a restart of the kernel").first).to_be_visible()
    run_cell(page, "from leftcontext.language import SENTENCE")
    save(page)
    mine = run_cell(page, "AttentionMap(", "from leftcontext import own\nprint(own(causal_allowed=len))")
    expect(mine.get_by_text("✓ causal_allowed")).to_be_visible()
    expect(mine.get_by_text("yours")).to_be_visible()

    open_notebook(page, address, "start.ipynb")  # a reload: all that was there is gone but the drive
    expect(page.get_by_text("1 of 8").first).to_be_attached(timeout=START)
    page.screenshot(path=picture("site lab first page"))
    open_notebook(page, address, f"{UNIT}/{UNIT}.ipynb")
    expect(cell(page, "def causal_allowed")).to_contain_text("np.tri(T, dtype=bool)")

    file = download(page, address, tmp_path)
    grades_it(file, tmp_path / "course")
    uploads_it(opened("index.html"), address, file)


def download(page: Page, address: str, folder: Path) -> Path:
    """The learner's work, as the page that keeps it gives it."""
    open_notebook(page, address, "keep-my-work.ipynb")
    with page.expect_download(timeout=START) as started:
        run_cell(page, "import work").get_by_role("link", name="Download left-context-work.zip").click()
    file = folder / started.value.suggested_filename
    started.value.save_as(file)
    return file


def grades_it(file: Path, course: Path) -> None:
    """What was downloaded is handed in as it is."""
    clone(course)
    place = course / "course/submitted/ada" / UNIT
    place.mkdir(parents=True)
    (place / file.name).write_bytes(file.read_bytes())
    done = run(course, "leftcontext", "grade", UNIT, "--json")
    (graded,) = map(json.loads, done.stdout.splitlines())
    assert (graded["student"], graded["score"]) == ("ada", 2), graded


def uploads_it(page: Page, address: str, file: Path) -> None:
    """Somebody who was never there before puts the work back and goes on."""
    open_notebook(page, address, "keep-my-work.ipynb")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload Files").click()
    chooser.value.set_files(file)
    expect(page.get_by_role("listitem", name="left-context-work.zip")).to_be_visible()
    expect(run_cell(page, "import put_back").get_by_text(f"{UNIT}/{UNIT}.ipynb").first).to_be_visible()
    open_notebook(page, address, f"{UNIT}/{UNIT}.ipynb")
    expect(cell(page, "def causal_allowed")).to_contain_text("np.tri(T, dtype=bool)")
