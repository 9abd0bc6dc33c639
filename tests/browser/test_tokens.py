"""Widgets about a few tokens as a person meets them: what they show against what NumPy says."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from leftcontext.language import SENTENCE
from leftcontext.widgets import LeftContext
from leftcontext.widgets.base import CourseWidget

Alone = Callable[[CourseWidget], Page]
LONG = ["a", "long", "text", "of", "twelve", "words", "that", "is", "read", "on", "its", "side"]
WIDGETS: list[Callable[[], CourseWidget]] = [LeftContext, lambda: LeftContext(LONG)]


@pytest.fixture
def alone(alone: Alone) -> Alone:
    """Wait until the view is there: the first Tab is to find something."""

    def show(widget: CourseWidget) -> Page:
        page = alone(widget)
        expect(page.locator(".lc")).to_be_visible()
        return page

    return show


def radio(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name, exact=True)


def status(page: Page) -> Locator:
    return page.get_by_role("status")


def inputs(page: Page) -> list[str]:
    return page.get_by_role("list", name="inputs").get_by_role("listitem").all_inner_texts()


@pytest.mark.parametrize(("label", "mask"), [("causal", "causal"), ("one ahead", "one_ahead"), ("no mask", "none")])
def test_every_position_shows_what_it_may_read_and_what_it_guesses(alone: Alone, label: str, mask: str) -> None:
    chances = np.array([0.1, 0.2, 0.3, 0.4])
    shown = LeftContext(chances=chances, mask=mask)
    page = alone(LeftContext(chances=chances))
    radio(page, label).check()
    for i in range(5):
        page.get_by_role("radio", name=f"position {i}, after “{SENTENCE[i]}”").check()
        notes = [text.split()[-1] for text in inputs(page)]
        assert [note != "hidden" for note in notes] == shown.allowed[i].tolist()
        assert [j for j, note in enumerate(notes) if note == "leak"] == [j for j in range(i + 1, 5) if shown.allowed[i, j]]
        assert page.locator(".lc-fan .read, .lc-fan .leak").count() == shown.allowed[i].sum()
        expect(status(page)).to_contain_text(f"“{SENTENCE[i]}”: reads {shown.allowed[i].sum()} of 5 tokens")
        expect(status(page)).to_contain_text("a leak" if i in shown.leaks else "hidden" if i < 4 else "what comes next")
    read = [float(text.removeprefix("p = ")) for text in page.locator(".lc-flow label small").all_inner_texts() if text]
    np.testing.assert_allclose(read, np.where(np.isin(np.arange(4), shown.leaks), 1, chances), atol=0.00501)


def test_a_mask_that_looks_one_ahead_costs_as_much_as_none(alone: Alone) -> None:
    page = alone(LeftContext())
    honest = f"{LeftContext().loss:.2f}"
    expect(status(page)).to_have_text(f"causal: none of 4 answers can be read; the best loss is {honest} nats a token.")
    for label in ("one ahead", "no mask"):
        radio(page, label).check()
        expect(status(page)).to_have_text(
            f"{label}: 4 of 4 answers can be read; the best loss falls from {honest} to 0.00 nats a token."
        )


def test_a_left_context_by_keyboard(alone: Alone) -> None:
    page = alone(LeftContext(position=0))
    for key in ("Tab", "ArrowRight", "Tab", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(status(page)).to_have_text("position 2, “near”: reads 4 of 5 tokens, guesses “the”, and can read it: a leak.")
    expect(page.get_by_text("A leak: “the” is the answer, and it can be read.")).to_be_visible()
    expect(page.get_by_text("Hidden: “cat” comes later still")).to_be_visible()
    for key in ("Shift+Tab", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.get_by_text("Hidden: “the”, for it is the answer.")).to_be_visible()


def test_the_mouse_looks_around_and_comes_back_to_what_was_chosen(alone: Alone) -> None:
    page = alone(LeftContext(position=3))
    page.get_by_role("listitem").nth(1).hover()
    expect(page.get_by_text("“dogs” reads “these” and itself: its left context.")).to_be_visible()
    expect(page.get_by_role("radio", name="position 3, after “the”")).to_be_checked()
    status(page).hover()
    expect(page.get_by_text("“the” reads “these”, “dogs”, “near” and itself")).to_be_visible()
    page.get_by_role("listitem").nth(0).click()
    expect(page.get_by_text("“these” reads itself only: nothing stands to its left.")).to_be_visible()
    expect(status(page)).to_contain_text("position 0, “these”: reads 1 of 5 tokens")


def test_without_chances_no_loss_is_claimed(alone: Alone) -> None:
    page = alone(LeftContext(LONG))
    radio(page, "no mask").check()
    expect(status(page)).to_have_text("no mask: 11 of 11 answers can be read.")
    expect(page.get_by_text("p =")).to_have_count(0)


def test_in_jupyterlab_python_knows_what_was_chosen(lab: Callable[..., Page]) -> None:
    page = lab(
        "from leftcontext.widgets import LeftContext\nshown = LeftContext()\nshown",
        "print(shown.mask, shown.position, shown.leaks)",
        "shown.mask = 'none'",
    )
    expect(radio(page, "no mask")).to_be_checked()
    radio(page, "one ahead").check()
    page.get_by_role("radio", name="position 1, after “dogs”").check()
    page.get_by_text("print(shown.mask").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("one_ahead 1 [0, 1, 2, 3]", exact=True)).to_be_visible()


@pytest.mark.parametrize("make", WIDGETS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_a_double_zoom_in_both_themes(
    alone: Alone, make: Callable[[], CourseWidget], scheme: str
) -> None:
    page = alone(make())
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for width in (360, 640):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        parts = page.locator(".lc li, .lc label, .lc td, .lc svg, .lc button").all()
        boxes = [box for part in parts if (box := part.bounding_box())]
        assert boxes and all(box["x"] + box["width"] <= width for box in boxes), "nothing is cut off"


@pytest.mark.parametrize("make", WIDGETS)
def test_focus_is_seen_wherever_tab_leads_and_nothing_moves_for_who_wants_no_motion(
    alone: Alone, make: Callable[[], CourseWidget]
) -> None:
    page = alone(make())
    page.emulate_media(reduced_motion="reduce")
    stops = 0
    for _ in range(12):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count() or not focused.evaluate("e => !!e.closest('.lc')"):
            break
        outlined = "e => getComputedStyle(e.type === 'radio' ? e.nextElementSibling : e).outlineStyle"
        assert focused.evaluate(outlined) == "solid"
        assert focused.evaluate("e => getComputedStyle(e).transitionDuration") == "0s"
        stops += 1
    assert stops >= 2
