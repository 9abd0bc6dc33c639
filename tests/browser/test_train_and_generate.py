"""TrainAndGenerate as a person meets it: trained by a kernel, stopped, started again, and what was recorded.

What the page trains by itself is in test_train_in_page.py.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from support.page_elements import cell, entries

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.widgets import TrainAndGenerate, gallery
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.train_and_generate import RECORDED

CELL = "from leftcontext.widgets import TrainAndGenerate\ntraining = TrainAndGenerate()\ntraining"
ENTROPY = LITTLE_LANGUAGE.entropy(16)


def trained(mask: str, steps: int) -> TrainAndGenerate:
    widget = TrainAndGenerate(mask, steps=steps)
    with ThreadPoolExecutor() as beside:  # this thread's event loop belongs to Playwright
        beside.submit(lambda: asyncio.run(widget.train())).result()
    return widget


def loss(page: Page) -> float:
    return float(re.findall(r"loss ([\d.]+), entropy", page.get_by_text(re.compile("^step ")).inner_text())[0])


def trained_with(page: Page, mask: str) -> Locator:
    return page.get_by_role("group", name="trained with").get_by_role("radio", name=mask)


def used_with(page: Page, mask: str) -> Locator:
    return page.get_by_role("group", name="used with").get_by_role("radio", name=mask)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


@pytest.mark.long
def test_in_jupyterlab_a_leak_falls_below_the_entropy_and_the_causal_model_does_not(lab: Callable[..., Page]) -> None:
    page = lab(CELL)
    status = page.get_by_role("status")
    trained_with(page, "none").check()
    button(page, "Train").click()
    expect(status).to_have_text("Training with mask none …")
    expect(status).to_contain_text("none: trained to loss 0.1")
    expect(status).to_contain_text("below the entropy: it has seen the answers")
    assert loss(page) < ENTROPY / 4

    trained_with(page, "none").focus()  # the second training by keyboard alone
    for key in ("ArrowLeft", "ArrowLeft", "Tab", "Tab", "Enter"):  # past "used with"
        page.keyboard.press(key)
    expect(button(page, "Stop")).to_be_visible()
    expect(status).to_contain_text("causal: trained to loss")
    expect(status).to_contain_text("not below the entropy: no sign of a leak")
    assert abs(loss(page) - ENTROPY) < 0.06
    curves = page.get_by_role("img", name=re.compile("Training loss.*none.*entropy.*causal"))
    expect(curves).to_be_visible()
    legal = [float(x) for x in re.findall(r"Of 200 texts, (\d+)\s% are legal", page.locator("body").inner_text())]
    assert legal[0] >= 90 and legal[1] <= 10, "causal first, then none"
    cells = page.get_by_role("row").last.get_by_role("gridcell").all_inner_texts()
    assert abs(sum(map(float, cells)) - 1) < 0.04


@pytest.mark.long
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


def test_without_a_kernel_it_shows_what_was_trained_and_says_that_the_page_can_train(
    alone: Callable[[CourseWidget], Page],
) -> None:
    widget = trained("one_ahead", steps=60)
    page = alone(widget)
    expect(page.get_by_text("Python does not answer")).to_be_visible()
    expect(page.get_by_text("recorded when the course was made")).to_have_count(0)
    expect(page.get_by_text("the page trains the model itself, in JavaScript")).to_be_visible()
    expect(button(page, "Train again")).to_be_enabled()
    expect(page.get_by_text("one ahead, after 60 steps")).to_be_visible()
    expect(page.get_by_text(f"step 60 of 60, loss {widget.runs['one_ahead']['losses'][-1]:.2f}")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_a_kernel_recorded_runs_can_be_compared(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(TrainAndGenerate())
    expect(page.get_by_text("recorded when the course was made")).to_be_visible()
    expect(button(page, "Train again")).to_be_enabled()
    for mask, words in (("none", "it has seen the answers"), ("one ahead", "seen the answers"), ("causal", "no sign")):
        trained_with(page, mask).check()
        expect(page.get_by_role("status")).to_contain_text(f"{mask}: trained to loss")
        expect(page.get_by_role("status")).to_contain_text(words)
        assert loss(page) == round(RECORDED[mask.replace(" ", "_")]["losses"][-1], 2)
    assert len(re.findall(r"Of 200 texts, \d+\s% are legal", page.locator("body").inner_text())) == 3
    expect(page.get_by_role("img", name=re.compile("Training loss.*none.*entropy.*causal"))).to_be_visible()
    for head, (layer, h) in {"1.1": (0, 0), "1.2": (0, 1), "2.1": (1, 0), "2.2": (1, 1)}.items():
        page.get_by_role("radio", name=head).check()
        np.testing.assert_allclose(entries(page), RECORDED["causal"]["weights"][layer][h], atol=0.00501, err_msg=head)
    cell(page, 5, 2).click()
    weight = RECORDED["causal"]["weights"][1][1][5][2]
    expect(page.get_by_role("status")).to_have_text(f"query “cat” attends to key “dogs”: weight {weight:.3f}")


def test_one_stray_cell_is_left_to_the_leak_test(page: Page) -> None:
    page.goto(gallery.PAGE.as_uri())
    training = page.get_by_role("group", name="Train and generate")
    training.get_by_role("radio", name="your mask").check()
    expect(training.get_by_role("status")).to_contain_text(
        "a little below the entropy: chance, or a small leak? "
        "The leak test decides: a later token moves an earlier output in 1 of 120 pairs"
    )


@pytest.mark.long
def test_in_jupyterlab_a_painter_beside_it_sets_the_mask(lab: Callable[..., Page]) -> None:
    page = lab(
        "import numpy as np\nfrom leftcontext.widgets import MaskPainter, TrainAndGenerate\n"
        "painter = MaskPainter(np.tri(6, dtype=bool))\ndisplay(painter, TrainAndGenerate(allowed=painter))"
    )
    training = page.get_by_role("group", name="Train and generate")
    expect(training.get_by_text("recorded")).to_have_count(0)
    cells = page.get_by_role("group", name="Mask painter").get_by_role("grid").get_by_role("gridcell")
    cells.first.click()
    expect(training.get_by_text("Query 0 sees no key at all")).to_be_visible()
    expect(training.get_by_role("button", name="Train")).to_be_disabled()
    cells.first.click()
    cells.nth(1).click()
    training.get_by_role("button", name="Train").click()
    expect(training.get_by_role("status")).to_contain_text("The leak test decides: a later token moves")
    cells.nth(1).click()  # what was trained before is no longer that of the mask
    expect(training.get_by_text("your mask, after")).to_have_count(0)


def test_illegal_words_are_told_by_more_than_colour(alone: Callable[[CourseWidget], Page]) -> None:
    widget = trained("none", steps=20)
    run = widget.runs["none"] | {"words": ["these", "dogs", "sees", "."], "legal": 2}
    widget.runs = {"none": run}
    page = alone(widget)
    expect(page.get_by_text("first illegal word: “sees”.")).to_be_visible()
    style = "e => getComputedStyle(e).textDecorationStyle"
    assert page.get_by_text("dogs", exact=True).first.evaluate(style) == "solid"
    assert page.get_by_text("sees", exact=True).first.evaluate(style) == "wavy"


def test_every_mask_of_the_training_meets_every_mask_used_while_writing(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(TrainAndGenerate())
    table = page.get_by_role("table", name="Share of 200 texts")
    for trained_mask in ("causal", "none"):
        trained_with(page, trained_mask).check()
        for used_mask in ("causal", "none"):
            used_with(page, used_mask).check()
            combined = RECORDED[trained_mask]["used"][used_mask]
            share = f"{round(100 * combined['share'])}\N{NO-BREAK SPACE}%"
            told = f"Trained with {trained_mask}, used with {used_mask}: {share} of the texts are legal"
            expect(page.get_by_role("status")).to_contain_text(told)
            expect(table.locator("td.now")).to_contain_text(f"{share} legal")
            [shown] = re.findall(r"loss ([\d.]+)", table.locator("td.now").inner_text())
            assert abs(float(shown) - combined["loss"]) < 0.0051
            words = page.locator(".lc-sample", has_text=f"{trained_mask}, after 1200 steps, used with {used_mask}")
            expect(words.locator(".lc-words")).to_have_text(" ".join(combined["words"]))
    expect(page.get_by_role("status")).to_contain_text("The loss has seen the answers")
    used_with(page, "as trained").check()
    expect(page.locator(".lc-sample", has_text=", used with")).to_have_count(0)
    used_with(page, "as trained").focus()  # the same from the keyboard
    page.keyboard.press("ArrowRight")
    expect(used_with(page, "causal")).to_be_checked()
    expect(page.get_by_role("status")).to_contain_text("Trained with none, used with causal")


def test_combinations_that_are_not_computed_yet_are_empty(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(TrainAndGenerate(steps=60))
    expect(page.get_by_role("table", name="Share of 200 texts").get_by_text("–", exact=True)).to_have_count(4)
