"""A notebook that is saved, closed and opened again without its kernel: its widgets show what they showed."""

import json
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from conftest import PATIENCE, idle, run_all
from playwright.sync_api import Page, expect
from support.clone import ROOT
from support.jupyter_lab import jupyterlab

from autograder.workspace.kernel_metadata import with_language_info

CELL = "from leftcontext.widgets import AttentionMap, MaskPainter\npainter = MaskPainter()\ndisplay(AttentionMap(), painter)"


@pytest.fixture
def course_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """JupyterLab with the settings that `leftcontext lab` gives it, and a notebook there."""
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(ROOT / "autograder/jupyter"))
    folder, home = tmp_path / "workspace", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = folder / "saved.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)], metadata=kernel), notebook)
    with jupyterlab(folder, home) as address:
        yield address, notebook


@pytest.mark.long
def test_a_notebook_that_is_only_opened_is_not_marked_as_changed(page: Page, course_lab: tuple[str, Path]) -> None:
    address, notebook = course_lab
    for name, marks in (("given", 0), ("other", 1)):
        content = (ROOT / "notebooks/03-scores/03-scores.ipynb").read_bytes()
        (notebook.parent / f"{name}.ipynb").write_bytes(with_language_info(content) if name == "given" else content)
        page.goto(f"{address}/lab/tree/{name}.ipynb?reset")
        expect(page.get_by_role("tab", name=name)).to_be_visible()
        expect(idle(page)).to_be_visible()
        page.wait_for_timeout(2000)  # the kernel's answer, after which the mark would appear
        expect(page.locator(".lm-DockPanel-tabBar .jp-mod-dirty")).to_have_count(marks)


@pytest.mark.long
def test_widgets_of_a_reopened_notebook_show_their_state_and_can_be_used(page: Page, course_lab: tuple[str, Path]) -> None:
    address, notebook = course_lab
    page.goto(f"{address}/lab/tree/{notebook.name}?reset")
    expect(idle(page)).to_be_visible(timeout=PATIENCE)
    run_all(page)
    painter = page.get_by_role("group", name="Mask painter")
    painter.get_by_role("radio", name="one ahead").check()
    expect(painter.get_by_text("Pattern: one ahead")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saving completed")).to_be_attached()
    saved = json.loads(notebook.read_text(encoding="utf-8"))
    assert saved["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]

    token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "_xsrf")
    for session in page.request.get(f"{address}/api/sessions").json():
        page.request.delete(f"{address}/api/sessions/{session['id']}", headers={"X-XSRFToken": token})
    page.goto(f"{address}/lab/tree/{notebook.name}?reset")
    expect(painter.get_by_text("Pattern: one ahead")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("model not found")).to_have_count(0)
    painter.get_by_role("radio", name="causal").check()
    expect(painter.get_by_text("Pattern: causal")).to_be_visible()
    attention = page.get_by_role("group", name="Attention map")
    attention.get_by_role("radio", name="none").check()
    expect(attention.get_by_role("status")).to_contain_text("10 of 10 future cells can be seen")
