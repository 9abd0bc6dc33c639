"""Masks one can touch, as a person meets them; what the page says against what NumPy says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.page_elements import cell, radio, status
from support.sizes import share

from leftcontext.widgets import MaskPainter, MaskZoo
from leftcontext.widgets.shared import mask_rules
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.shared.mask_rules import MaskRule, named_rules

Alone = Callable[[CourseWidget], Page]
SEGMENT = np.array([0, 0, 1, 1, 1])
I, J = np.arange(5)[:, None], np.arange(5)
MASKS = [
    *(J <= I, J < 9 + 0 * I, J > 9 + 0 * I, J == I, J >= I, J > I, J < I, J <= I + 1, J <= I + 2),
    *((J <= I) & (I - J < 3), abs(I - J) < 3, (J <= I) | (J < 3)),
    *((SEGMENT[:, None] == SEGMENT) & (J <= I), SEGMENT[:, None] == SEGMENT, (J <= I) & ((I != 3) | (J != 1))),
]


# A rule's mask as the page reads it, from the source of mask_rules.js alone.
READ = """async ([source, rules]) => {
  const { sees } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const positions = (T) => Array.from({ length: T }, (_, i) => i);
  return rules.map(([rule, T]) => positions(T).map((i) => positions(T).map((j) => sees(rule)(i, j))));
}"""


def random_rule(rng: np.random.Generator) -> tuple[MaskRule, int]:
    """A rule in which each limit is set half of the time, and a number of positions."""
    T = int(rng.integers(1, 10))
    parents = tuple(int(rng.integers(-1, node)) if node else -1 for node in range(T))
    starts = (0, *(int(k) for k in range(1, T) if rng.random() < 0.4))
    numbers = [int(k) for k in (*rng.integers(-T, T, size=2), *rng.integers(0, T, endpoint=True, size=2))]
    limits = [limit if rng.random() < 0.5 else None for limit in (*numbers, starts, parents)]
    return MaskRule("any", *limits), T


def test_the_page_reads_a_rule_as_python_does(page: Page) -> None:
    rng = np.random.default_rng(3)
    rules = [random_rule(rng) for _ in range(300)] + [(rule, T) for T in (1, 5, 16) for rule in named_rules(T)]
    source = Path(mask_rules.__file__).with_suffix(".js").read_text(encoding="utf-8")
    page.set_content("<!doctype html><title>Rules</title>")
    read = page.evaluate(READ, [source, [[rule.data(), T] for rule, T in rules]])
    for (rule, T), cells in zip(rules, read, strict=True):
        np.testing.assert_array_equal(np.array(cells), rule.allowed(T), err_msg=str(rule))


def ticks(page: Page) -> np.ndarray:
    rows = page.get_by_role("grid").get_by_role("row").all()[1:]
    return np.array([[text == "✓" for text in row.get_by_role("gridcell").all_inner_texts()] for row in rows])


@pytest.mark.parametrize("mask", share(MASKS, 4), ids=lambda mask: MaskPainter(value=mask).pattern)
def test_the_painter_names_leaks_and_patterns_as_python_does(alone: Alone, mask: np.ndarray) -> None:
    shown = MaskPainter(value=mask)
    page = alone(shown)
    np.testing.assert_array_equal(ticks(page), mask)
    pattern = page.get_by_text("Pattern: ").first
    expect(pattern).to_contain_text(shown.pattern if mask is not MASKS[-1] else "1 missing")
    verdict = f"{len(shown.leaks)} of 10 future cells can be seen" if shown.leaks else "No query sees its future."
    expect(page.locator(".lc-verdict")).to_contain_text(verdict)
    assert page.locator("td.leak").count() == len(shown.leaks)
    reach = (mask | np.eye(5, dtype=bool)).astype(int)
    deep = np.triu(reach @ reach > 0, 1).sum()
    if shown.leaks:
        expect(page.locator(".lc-verdict")).to_contain_text(f"after two layers {deep} of 10 pairs leak")
    expect(page.get_by_text("a softmax over nothing")).to_have_count(1 if shown.blind else 0)


def test_a_mask_is_painted_by_dragging(alone: Alone) -> None:
    page = alone(MaskPainter())
    start, end = cell(page, 3, 0).bounding_box(), cell(page, 3, 2).bounding_box()
    assert start and end
    middle = start["y"] + start["height"] / 2
    page.mouse.move(start["x"] + 5, middle)
    page.mouse.down()
    page.mouse.move(end["x"] + 5, middle, steps=20)
    page.mouse.up()
    page.mouse.move(end["x"] + 60, middle - 80, steps=5)  # the stroke is over
    expected = np.eye(5, dtype=bool)
    expected[3, :3] = True
    np.testing.assert_array_equal(ticks(page), expected)
    cell(page, 0, 4).click()
    expect(status(page)).to_contain_text("query “these”, key “cat”: may be seen – a leak.")
    expect(page.get_by_text("“these” sees “cat”.")).to_be_visible()
    cell(page, 0, 4).click()
    expect(status(page)).to_contain_text("query “these”, key “cat”: hidden.")


def test_a_mask_is_painted_from_the_keyboard(alone: Alone) -> None:
    page = alone(MaskPainter())
    for key in ("Tab", "ArrowRight", "Tab"):  # the preset "causal", then into the mask, at its last row
        page.keyboard.press(key)
    expect(radio(page, "causal")).to_be_checked()
    for key in ("Control+Home", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(status(page)).to_contain_text("key “dogs”: may be seen – a leak.")
    expect(page.locator(".lc-verdict")).to_contain_text("Pattern: prefix of 2.")
    expect(page.locator(".lc-choice input:checked")).to_have_count(0)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    expected = np.tri(5, dtype=bool)
    expected[0, :], expected[:, 4] = True, True
    np.testing.assert_array_equal(ticks(page), expected)


def test_the_presets_are_those_of_their_names(alone: Alone) -> None:
    page = alone(MaskPainter())
    presets = {"itself": J == I, "causal": J <= I, "one ahead": J <= I + 1, "transposed": J >= I}
    for name, mask in presets.items():
        radio(page, name).check()
        np.testing.assert_array_equal(ticks(page), mask)
    radio(page, "no mask").check()
    assert ticks(page).all()
    radio(page, "nothing").check()
    assert not ticks(page).any()


@pytest.mark.long
def test_in_jupyterlab_python_reads_what_was_painted_and_paints_what_python_sets(lab: Callable[..., Page]) -> None:
    page = lab(
        "import numpy as np\nfrom leftcontext.widgets import MaskPainter\n"
        "painter = MaskPainter(value=np.tri(5, dtype=bool))\npainter",
        "print('leaks', painter.leaks, painter.pattern, painter.allowed.sum())",
        "painter.allowed = np.tri(5, k=1, dtype=bool)",
    )
    expect(page.get_by_text("Pattern: one ahead").first).to_be_visible()
    for i in range(4):
        cell(page, i, i + 1).click()
    page.get_by_text("print('leaks'").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("leaks [] causal 15", exact=True)).to_be_visible()


ZOO = {
    "padding": ("real words", "length", [1, 2, 3, 4, 5]),
    "window": ("window", "window", [1, 2, 3, 4, 5]),
    "prefix": ("prefix", "prefix", [0, 1, 2, 3, 4, 5]),
    "packed": ("words of text 1", "cut", [1, 2, 3, 4, 5]),
    "ALiBi": ("slope", "slope", [0, 0.25, 1, 2]),
    "tree": ("trunk", "trunk", [1, 2, 3, 4]),
}


@pytest.mark.long
@pytest.mark.parametrize("label", share(ZOO, 10, first=5))
def test_every_place_of_every_slider_shows_numpys_mask_and_weights(alone: Alone, label: str) -> None:
    name, trait, places = ZOO[label]
    page = alone(MaskZoo())
    radio(page, label).check()
    for place in places:
        page.get_by_role("slider", name=name).fill(str(place))
        shown = MaskZoo(label.lower(), **{trait: place})
        texts = [cell.inner_text() for cell in page.get_by_role("gridcell").all()]
        assert [text != "·" for text in texts] == shown.allowed.ravel().tolist()
        if label == "ALiBi":
            read = [float(text.replace("−", "-").replace("·", "-inf")) for text in texts]
            np.testing.assert_allclose(read, shown.bias.ravel(), atol=0.00501)
        for i in (2, 4):
            cell(page, i, 0).click()
            rows = page.get_by_role("table", name="weights of query").get_by_role("row").all()[1:6]
            weights = [float(row.get_by_role("cell").first.inner_text()) for row in rows]
            np.testing.assert_allclose(weights, shown.weights[i], atol=0.00501)
        plain = (shown.bias == np.where(J <= I, 0, -np.inf)).all()
        assert page.locator("td.now").count() == np.triu(shown.allowed, 1).sum()
        radio(page, "window" if label != "window" else "tree").check()  # to and fro: the place is kept
        radio(page, label).check()
        assert ("the plain causal mask." in status(page).inner_text()) == plain


def test_the_zoo_by_keyboard(alone: Alone) -> None:
    page = alone(MaskZoo())
    for key in ("Tab", "ArrowRight", "Tab", "ArrowLeft"):
        page.keyboard.press(key)
    expect(radio(page, "prefix")).to_be_checked()
    expect(status(page)).to_have_text("16 cells of 25; the causal mask has 15. 1 of them look ahead, on purpose.")
    for key in ("Tab", "Control+Home", "ArrowRight"):
        page.keyboard.press(key)
    expect(status(page)).to_have_text("query “these”, key “dogs”: may be seen, weight 0.500 if all scores are equal")


def test_what_is_said_of_a_cell_stays_true_under_every_preset(alone: Alone) -> None:
    page = alone(MaskPainter())
    cell(page, 2, 4).click()
    expect(status(page)).to_have_text("query “near”, key “cat”: may be seen – a leak.")
    for preset, seen in (("causal", "hidden"), ("no mask", "may be seen – a leak"), ("itself", "hidden")):
        radio(page, preset).check()
        expect(status(page)).to_have_text(f"query “near”, key “cat”: {seen}.")
    cell(page, 0, 0).click()
    expect(status(page)).to_have_text("query “these”, key “these”: hidden.")
    for preset in ("causal", "nothing", "transposed"):
        radio(page, preset).check()
        expect(status(page)).to_have_text(f"query “these”, key “these”: {'hidden' if preset == 'nothing' else 'may be seen'}.")
