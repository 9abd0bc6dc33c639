"""A notebook exported to HTML: with the widgets' state they still react, without it there is a picture with words."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, Route, expect
from support.jupyter_lab import environment

from leftcontext import widgets

CELLS = ["from leftcontext.widgets import *\nAttentionMap()", *(f"{name}()" for name in widgets.__all__[1:])]
# Stands for Jupyter's html-manager, which an export fetches from a network that tests do not have: it reads the state
# that the export holds, and hands it to the module that the state brings along.
MANAGER = """
const read = (type, from = document) => [...from.querySelectorAll(`script[type="${type}"]`)];
const { state } = JSON.parse(read("application/vnd.jupyter.widget-state+json")[0].textContent);
for (const script of read("application/vnd.jupyter.widget-view+json")) {
  const own = state[JSON.parse(script.textContent).model_id].state, heard = {};
  const style = document.createElement("style");
  style.textContent = own._css;
  document.head.append(style);
  const model = {
    get: (name) => own[name], save_changes() {}, send() {}, off() {},
    set: (name, value) => { own[name] = value; heard[`change:${name}`]?.(); },
    on: (event, react) => { heard[event] = react; },
  };
  import(URL.createObjectURL(new Blob([own._esm], { type: "text/javascript" })))
    .then((module) => module.default.render({ model, el: script.parentElement }));
}
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with every widget, AttentionMap first, run without any page."""
    folder = tmp_path_factory.mktemp("export")
    file = folder / "widgets.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS]), file)
    nbconvert(file, "--to=notebook", "--execute", "--inplace")
    return file


def nbconvert(file: Path, *options: str) -> None:
    command = [sys.executable, "-m", "nbconvert", *options, str(file)]
    subprocess.run(command, check=True, env=environment(file.parent), capture_output=True)


@pytest.fixture
def export(page: Page, executed: Path) -> Callable[[Path], Page]:
    def show(notebook: Path) -> Page:
        nbconvert(notebook, "--to=html")
        page.route(re.compile("^http"), serve_the_manager)
        page.goto(notebook.with_suffix(".html").as_uri())
        return page

    return show


def serve_the_manager(route: Route) -> None:
    if "html-manager" in route.request.url:
        route.fulfill(body=MANAGER, content_type="text/javascript")
    else:
        route.abort()


@pytest.mark.long
def test_an_export_with_state_still_reacts(export: Callable[[Path], Page], executed: Path) -> None:
    page = export(executed)
    expect(page.locator(".lc")).to_have_count(len(widgets.__all__))
    shown = page.get_by_role("group", name="Attention map")
    expect(shown.get_by_role("status")).to_have_text("No query sees its future.")
    shown.get_by_role("radio", name="none").check()
    expect(shown.get_by_role("status")).to_have_text("mask none: 10 of 10 future cells can be seen: a leak.")
    shown.get_by_role("row").nth(5).get_by_role("gridcell").nth(1).click()
    expect(shown.get_by_role("status")).to_contain_text(re.compile(r"“dogs”: weight 0\.\d{3}"))
    expect(page.get_by_text("Python does not answer")).to_be_visible()
    for widget in page.locator(".lc").all():  # each of them reacts to another choice, or to a step
        before = widget.inner_html()
        widget.locator("input[type=radio]:not(:checked), button:enabled").first.click()
        assert widget.inner_html() != before, before[:200]


@pytest.mark.long
def test_an_export_without_state_has_a_picture_with_words(export: Callable[[Path], Page], executed: Path) -> None:
    notebook = json.loads(executed.read_text())
    del notebook["metadata"]["widgets"]
    bare = executed.with_name("bare.ipynb")
    bare.write_text(json.dumps(notebook))
    page = export(bare)
    expect(page.get_by_role("img", name=re.compile("attention weights, mask: causal.*cat: 0.15, 0.56"))).to_be_visible()
    pictures = page.locator(".jp-OutputArea-output").filter(has=page.get_by_role("img"))
    expect(pictures).to_have_count(len(widgets.__all__))
