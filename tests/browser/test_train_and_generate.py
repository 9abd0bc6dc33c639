"""TrainAndGenerate as a person meets it: trained, stopped, started again, and without a kernel."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Locator, Page, expect

from leftcontext.language import LITTLE_LANGUAGE
from leftcontext.widgets import TrainAndGenerate
from leftcontext.widgets.base import CourseWidget

CELL = "from leftcontext.widgets import TrainAndGenerate\ntraining = TrainAndGenerate()\ntraining"
ENTROPY = LITTLE_LANGUAGE.entropy(16)


def trained(mask: str, steps: int) -> TrainAndGenerate:
    widget = TrainAndGenerate(mask, steps=steps)
    with ThreadPoolExecutor() as beside:  # this thread's event loop belongs to Playwright
        beside.submit(lambda: asyncio.run(widget.train())).result()
    return widget


def loss(page: Page) -> float:
    return float(re.findall(r"loss ([\d.]+), entropy", page.get_by_text(re.compile("^step ")).inner_text())[0])


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def test_in_jupyterlab_a_leak_falls_below_the_entropy_and_the_causal_model_does_not(lab: Callable[..., Page]) -> None:
    page = lab(CELL)
    status = page.get_by_role("status")
    page.get_by_role("radio", name="none").check()
    button(page, "Train").click()
    expect(status).to_have_text("Training with mask none …")
    expect(status).to_contain_text("none: trained to loss 0.1", timeout=30_000)
    expect(status).to_contain_text("below the entropy: it has seen the answers")
    assert loss(page) < ENTROPY / 4

    page.get_by_role("radio", name="none").focus()  # the second training by keyboard alone
    for key in ("ArrowLeft", "ArrowLeft", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(button(page, "Stop")).to_be_visible()
    expect(status).to_contain_text("causal: trained to loss", timeout=30_000)
    expect(status).to_contain_text("not below the entropy: no sign of a leak")
    assert abs(loss(page) - ENTROPY) < 0.06
    curves = page.get_by_role("img", name=re.compile("Training loss.*none.*entropy.*causal"))
    expect(curves).to_be_visible()
    legal = [float(x) for x in re.findall(r"Of 200 texts, (\d+) % are legal", page.locator("body").inner_text())]
    assert legal[0] >= 90 and legal[1] <= 10, "causal first, then none"
    cells = page.get_by_role("row").last.get_by_role("gridcell").all_inner_texts()
    assert abs(sum(map(float, cells)) - 1) < 0.04


def test_in_jupyterlab_a_training_is_stopped_and_started_again(lab: Callable[..., Page]) -> None:
    page = lab(CELL.replace("()", "(steps=20_000)"))
    button(page, "Train").click()
    expect(page.get_by_text(re.compile("^step [1-9]"))).to_be_visible()
    button(page, "Stop").click()
    expect(button(page, "Train again")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("causal: stopped at loss")
    stood = page.get_by_text(re.compile("^step ")).inner_text()
    page.wait_for_timeout(300)
    expect(page.get_by_text(stood, exact=True)).to_be_visible()
    button(page, "Train again").click()
    expect(page.get_by_text(stood, exact=True)).to_have_count(0)
    button(page, "Stop").click()
    expect(button(page, "Train again")).to_be_focused()


def test_without_a_kernel_it_shows_what_was_trained_and_says_why_it_cannot_train(
    alone: Callable[[CourseWidget], Page],
) -> None:
    widget = trained("one_ahead", steps=60)
    page = alone(widget)
    expect(page.get_by_role("status")).to_contain_text("No kernel answers")
    expect(button(page, "Train again")).to_be_disabled()
    expect(page.get_by_text("one ahead, after 60 steps")).to_be_visible()
    expect(page.get_by_text(f"step 60 of 60, loss {widget.runs['one_ahead']['losses'][-1]:.2f}")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_illegal_words_are_told_by_more_than_colour(alone: Callable[[CourseWidget], Page]) -> None:
    widget = trained("none", steps=20)
    run = widget.runs["none"] | {"words": ["these", "dogs", "sees", "."], "legal": 2}
    widget.runs = {"none": run}
    page = alone(widget)
    expect(page.get_by_text("illegal from “sees” on.")).to_be_visible()
    style = "e => getComputedStyle(e).textDecorationStyle"
    assert page.get_by_text("dogs", exact=True).first.evaluate(style) == "solid"
    assert page.get_by_text("sees", exact=True).first.evaluate(style) == "wavy"
