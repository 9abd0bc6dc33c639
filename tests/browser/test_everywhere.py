"""What every widget owes to everyone: it fits, every control is reached by keyboard, nothing moves; kept as pictures."""

from collections.abc import Callable

import numpy as np
import pytest
from conftest import picture
from playwright.sync_api import Page, expect
from support.sizes import share

from leftcontext import widgets
from leftcontext.widgets import gallery
from leftcontext.widgets.shared.base import CourseWidget

Alone = Callable[[CourseWidget], Page]
LONG = ["a", "long", "text", "of", "twelve", "words", "that", "is", "read", "on", "its", "side"]
SIXTEEN = np.random.default_rng(5).normal(size=(3, 16, 8))
FOUR_HEADS = np.tri(6) / np.arange(1, 7)[:, None] * np.ones((4, 1, 1))
SHOWN: dict[str, Callable[[], CourseWidget]] = {name: getattr(widgets, name) for name in widgets.__all__} | {
    "GradientPattern of 16": lambda: widgets.GradientPattern(*SIXTEEN, mask="one_ahead"),
    "Heads of a model": lambda: widgets.Heads(weights=FOUR_HEADS),
    "LeakDetector of 16": lambda: widgets.LeakDetector(np.tri(16, k=1, dtype=bool)),
    "LeftContext, long": lambda: widgets.LeftContext(LONG),
    "MaskPainter of 16": lambda: widgets.MaskPainter(np.tri(16, dtype=bool)),
    "MaskZoo, ALiBi": lambda: widgets.MaskZoo("alibi"),
}
PARTS = ".lc :is(li, label, td, th, svg, button, input, summary):not(.lc-unseen, .lc-unseen *)"
# Of what stands side by side, the pairs in which something of one lies over something of the other.
OVERLAPS = """() => [...document.querySelectorAll(".lc-columns")].flatMap((row) => {
  const boxes = [...row.children].map((child) => [child, ...child.querySelectorAll("*")].map((e) => e.getBoundingClientRect()));
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return boxes.flatMap((all, k) => boxes.slice(k + 1).filter((others) => all.some((a) => others.some((b) => over(a, b)))));
}).length"""
STOPS = ".lc :is(fieldset, button:enabled, input[type=range], input[type=text], summary, [role=grid])"


@pytest.mark.parametrize(
    ("name", "scheme"),
    [*((name, "light") for name in share(SHOWN, 24)), *((name, "dark") for name in share(SHOWN, 24, first=12))],
)
def test_it_fits_a_screen_a_double_zoom_and_a_phone(alone: Alone, name: str, scheme: str) -> None:
    page = alone(SHOWN[name]())
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for width in (1280, 760, 640, 360):  # 640: a screen of 1280 at 200 %; 760: a notebook beside its files
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        right = page.locator(PARTS).evaluate_all("all => Math.max(...all.map((e) => e.getBoundingClientRect().right))")
        assert 0 < right <= width, "nothing is cut off"
        assert page.evaluate(OVERLAPS) == 0, "nothing lies over another"
        page.screenshot(path=picture(f"{name} {scheme} {width}"), full_page=True)


@pytest.mark.parametrize("name", share(SHOWN, 9, first=1))
def test_every_control_is_reached_by_tab_and_the_focus_is_seen(alone: Alone, name: str) -> None:
    page = alone(SHOWN[name]())
    page.emulate_media(reduced_motion="reduce")
    expected = page.locator(STOPS).count()
    stops = []
    for _ in range(expected + 1):
        page.keyboard.press("Tab")
        stops += page.evaluate(
            """() => {
              const e = document.activeElement, seen = e.type === "radio" ? e.nextElementSibling : e;
              if (!e.closest(".lc")) return [];
              const { outlineStyle, outlineWidth } = getComputedStyle(seen);
              return [[outlineStyle, parseFloat(outlineWidth) >= 2, (e.closest("fieldset, [role=grid]") ?? e).outerHTML]];
            }"""
        )
    assert len(stops) == len({what for *_, what in stops}) == expected >= 2
    assert all(style == "solid" and wide for style, wide, _ in stops)


# Where everything in a widget stands, seen from the widget's own corner.
PLACES = """() => {
  const corner = document.querySelector(".lc").getBoundingClientRect();
  const box = (e) => (({ x, y, width, height }) => [x - corner.x, y - corner.y, width, height])(e.getBoundingClientRect());
  return [...document.querySelectorAll(".lc *")].filter((e) => e.getClientRects().length).map((e) => box(e).map(Math.round));
}"""


@pytest.mark.parametrize("name", share(SHOWN, 9, first=2))
def test_a_page_that_runs_from_right_to_left_does_not_turn_it_round(alone: Alone, name: str) -> None:
    """A page that is translated into Arabic: mirrored cells over a drawing that is not would say the opposite."""
    page = alone(SHOWN[name]())
    before = page.evaluate(PLACES)
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert len(before) > 30 and page.evaluate(PLACES) == before


def test_choices_of_many_widgets_on_one_page_do_not_mix(page: Page) -> None:
    page.goto(gallery.PAGE.as_uri())
    expect(page.locator(".lc")).to_have_count(len(widgets.__all__))
    choices = page.locator(".lc:not([aria-label='Mask painter']) fieldset").all()  # a painted mask may have no name
    assert len(choices) > 15
    assert all(choice.locator("input:checked").count() == 1 for choice in choices)
    names = page.locator(".lc fieldset").evaluate_all("all => all.map((choice) => choice.querySelector('input').name)")
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", share(SHOWN, 9, first=3))
def test_nothing_moves_by_itself(alone: Alone, name: str) -> None:
    page = alone(SHOWN[name]())
    page.locator(STOPS).first.press("ArrowRight")
    moving = "document.getAnimations().filter((a) => a.effect.getTiming().duration > 1).length"
    assert page.evaluate(moving) == 0
    slow = "all => all.map((e) => getComputedStyle(e).transitionDuration).filter((times) => parseFloat(times) > 0.001)"
    assert page.locator(".lc, .lc *").evaluate_all(slow) == []
    expect(page.locator(".lc")).to_be_visible()
