"""The feedback page in a browser: a hostile notebook's neither runs nor fetches anything, a right one reads well when narrow."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, Page, expect
from support.axe_core import serious
from support.hostile_notebook import ATTACKS, hostile_page
from support.sizes import share

from autograder.bank import catalog
from autograder.feedback import render
from autograder.feedback.exporter import FeedbackExporter
from autograder.judge.judge import judge
from autograder.report import records, statistics
from autograder.report.page import Report, render_page

Scheme = Literal["light", "dark"]


def watched(page: Page, html: str, file: Path) -> list[str]:
    """What happens that must not, while the page is opened, unfolded, and clicked all over."""
    file.write_text(html, encoding="utf-8", errors="replace")
    happened: list[str] = []
    page.on("dialog", lambda dialog: (happened.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: happened.append(request.url))
    page.on("popup", lambda popup: happened.append(f"popup {popup.url}"))
    page.on("console", lambda message: happened.append(message.text))
    page.goto(file.as_uri())
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    page.wait_for_timeout(200)  # for what would come late
    for link in page.locator("a").all()[:80]:
        link.dispatch_event("click")
        link.dispatch_event("mouseover")
    page.wait_for_timeout(200)
    return [what for what in happened if not what.startswith(("data:image/", file.as_uri()))]


@pytest.mark.long
def test_a_hostile_notebooks_page_does_nothing(page: Page, tmp_path: Path) -> None:
    assert watched(page, hostile_page(), tmp_path / "page.html") == []
    assert page.url.startswith((tmp_path / "page.html").as_uri())
    expect(page.locator("main")).to_have_count(1)  # nothing that was written closed it
    assert page.locator("main ~ *").count() == 0


def test_the_watch_does_see_what_runs_and_what_is_fetched(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    happened = watched(page, f"<main>{''.join(ATTACKS[:4])}</main>", tmp_path / "page.html")
    page.close()
    assert any("dialog hostile" in what for what in happened)
    assert any("evil.example" in what for what in happened)


@pytest.mark.parametrize(("width", "scheme"), share([(360, "dark"), (1280, "light")], 2))
def test_a_page_reads_well(page: Page, tmp_path: Path, axe: Path, width: int, scheme: Scheme) -> None:
    cells = [new_markdown_cell("# Masks"), new_code_cell("x" * 300)]
    for id in ("causal_mask", "causal_attention"):
        exercise = catalog.find(id).load()
        said = render.as_html(judge(exercise, exercise.wrong_answers[0].function))
        marks = {"grade_id": f"check_{id}", "grade": True, "score": 0, "points": 2}
        outputs = [new_output("display_data", data={"text/html": said})]
        cells.append(new_code_cell(f"check({id!r}, {id})", outputs=outputs, metadata={"nbgrader": marks}))
    about = {"notebook": "04", "score": 0, "max_score": 4, "late_penalty": 0}
    html, _ = FeedbackExporter().from_notebook_node(new_notebook(cells=cells), {"nbgrader": about})
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    assert watched(page, html, tmp_path / "page.html") == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    expect(page.get_by_role("cell", name="wrong").first).to_be_visible()
    page.get_by_role("link", name="causal_attention").click()
    expect(page.get_by_role("region", name="test causal_attention")).to_be_in_viewport()
    page.evaluate("document.querySelector('meta[http-equiv]').remove()")
    page.evaluate(axe.read_text(encoding="utf-8"))
    assert serious(page) == []


@pytest.mark.parametrize(("width", "scheme"), share([(360, "dark"), (1280, "light")], 2))
def test_the_instructors_page_reads_well(page: Page, tmp_path: Path, axe: Path, width: int, scheme: Scheme) -> None:
    ids = tuple(f"check_multi_head_causal_attention_{n}" for n in range(6))
    scores, points = np.random.default_rng(0).integers(0, 3, (40, 6)).astype(float), np.full(6, 2.0)
    found = {"exercise": "f", "passed": False, "misconception": "m", "title": "Transposed", "says": "`x`", "text": "wide " * 60}
    entries = {
        f"student-{n}": {"notes": ["The cell f was missing; it was put back."], "findings": {"f": found}, "codes": {"f": "same"}}
        for n in range(40)
    }
    report = Report(
        "07-causal-attention", statistics.score_distribution(scores, points), statistics.exercise_statistics(ids, scores, points),
        records.most_common_by_cell(entries), 40, 40,
        records.misconceptions(entries), records.unclassified(entries), records.grader_notes(entries), {"test_f": 40},
    )  # fmt: skip
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    assert watched(page, render_page(report), tmp_path / "page.html") == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    expect(page.get_by_role("img", name="Histogram of the scores")).to_be_visible()
    page.evaluate(axe.read_text(encoding="utf-8"))
    assert serious(page) == []
