"""Leak detector, generation with a cache, blocks and gradients as a person meets them; their numbers against NumPy's."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.page_elements import entries, radio, status
from support.sizes import share

from leftcontext.widgets import BlockTiles, CachedGeneration, GradientPattern, LeakDetector
from leftcontext.widgets.shared.base import CourseWidget

Alone = Callable[[CourseWidget], Page]
RNG = np.random.default_rng(3)
Q, K, V = RNG.normal(size=(3, 5, 2)).round(2)
STRAY = np.tri(5, dtype=bool)
STRAY[1, 3] = True

def test_the_leak_detector_shows_what_numpy_measured(alone: Alone) -> None:
    shown = LeakDetector(STRAY)
    page = alone(shown)
    np.testing.assert_allclose(entries(page), shown.moved, atol=0.00501)
    expect(page.get_by_text("1 of 10 future cells move an output: a leak.")).to_be_visible()
    radio(page, "the").check()
    expect(status(page)).to_have_text("Replacing “the” moves “dogs”, “the”, “cat”. A leak: “dogs” stands to its left.")
    bars = page.get_by_role("table", name="moved by replacing “the”")
    expect(bars.get_by_text("still")).to_have_count(2)


def test_the_leak_detector_by_keyboard(alone: Alone) -> None:
    page = alone(LeakDetector(STRAY))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(radio(page, "the")).to_be_checked()
    page.keyboard.press("Tab")
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "End", "ArrowLeft"):
        page.keyboard.press(key)
    distance = f"{LeakDetector(STRAY).moved[1, 3]:.2f}"
    expect(status(page)).to_have_text(f"Replacing “the” moves the output of “dogs” by {distance} – a leak.")


@pytest.mark.long
def test_in_jupyterlab_the_leak_detector_takes_a_function_and_answers(lab: Callable[..., Page]) -> None:
    page = lab(
        "import numpy as np\nfrom leftcontext.widgets import BlockTiles, CachedGeneration, GradientPattern, LeakDetector\n"
        "def attend(Q, K, V):\n    e = np.exp(Q @ K.T)\n    return np.tril(e / e.sum(-1, keepdims=True)) @ V\n"
        "shown = LeakDetector(attend)\nshown",
        "print('token', shown.token, len(shown.leaks))",
    )
    expect(page.get_by_text("10 of 10 future cells move an output: a leak.")).to_be_visible()
    radio(page, "near").check()
    page.get_by_text("print('token'").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("token 2 10", exact=True)).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("mask", share(["causal", "one ahead", "none"], 3, first=1))
def test_the_gradient_in_the_browser_equals_numpys(alone: Alone, mask: str) -> None:
    shown = GradientPattern(Q, K, V, mask=mask.replace(" ", "_"))
    page = alone(GradientPattern(Q, K, V))
    radio(page, mask).check()
    for loss, name in enumerate(["all outputs", *"01234"], -1):
        shown.loss = loss
        radio(page, name).check()
        for of in ("inputs", "scores"):
            radio(page, of).check()
            expected = getattr(shown, of)
            np.testing.assert_allclose(entries(page), expected, atol=0.00501)
            assert page.locator("td.ruled-out").count() == (expected == 0).sum()
            expect(status(page)).to_have_text(f"{(expected == 0).sum()} of {expected.size} cells are exactly 0.")


def test_the_gradient_by_keyboard(alone: Alone) -> None:
    page = alone(GradientPattern())
    for key in ("Tab", "Tab", "ArrowRight", "ArrowRight", "ArrowRight", "Tab", "ArrowRight", "Tab", "ArrowUp", "End"):
        page.keyboard.press(key)
    expect(radio(page, "near")).to_be_checked()
    expect(status(page)).to_have_text("key of “cat”: largest gradient exactly 0")


def attention_so_far(tiles: BlockTiles, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the queries of the step's tile: the maximum, the sum and the output over the keys that have been met."""
    computed = [(a, b) for a, b, kind in tiles.tiles if kind != "skipped"]
    a, b = computed[step - 1]
    scores = np.where(tiles.allowed, tiles.Q @ tiles.K.T / np.sqrt(tiles.Q.shape[1]), -np.inf)
    met = scores[a : a + tiles.block, : b + tiles.block]
    met = met[:, : len(tiles.Q)]
    top = met.max(-1)
    e = np.exp(met - top[:, None])
    return top, e.sum(-1), e @ tiles.V[: met.shape[1]] / e.sum(-1, keepdims=True)


@pytest.mark.parametrize(("block", "tiles", "skipped"), share([(1, 15, 10), (2, 6, 3), (3, 3, 1), (4, 3, 1)], 3))
def test_each_tile_leaves_the_running_state_that_numpy_finds(
    alone: Alone, block: int, tiles: int, skipped: int
) -> None:
    shown = BlockTiles(Q, K, V, block=block)
    page = alone(BlockTiles(Q, K, V))
    radio(page, str(block)).check()
    for step in range(1, tiles + 1):
        page.get_by_role("button", name="Next step").click()
        rows = page.get_by_role("table", name="running state").get_by_role("row").all()[1:]
        texts = [row.get_by_role("cell").all_inner_texts() for row in rows]
        read = np.array([[float(text.replace("−", "-")) for text in row] for row in texts])
        top, total, output = attention_so_far(shown, step)
        np.testing.assert_allclose(read, np.column_stack([top, total, output]), atol=0.00501)
    expect(status(page)).to_have_text(
        f"Done: {tiles} of {tiles + skipped} tiles computed, {skipped} skipped. The output is that of attention all at once."
    )
    hidden = [(a, b) for a, b, kind in shown.tiles if kind == "skipped"]
    side = [(min(block, 5 - a), min(block, 5 - b)) for a, b in hidden]
    expect(page.get_by_text("skip", exact=True)).to_have_count(sum(height * width for height, width in side))
    expect(page.get_by_role("button", name="Next step")).to_have_attribute("aria-disabled", "true")


def test_the_tiles_by_keyboard(alone: Alone) -> None:
    page = alone(BlockTiles())
    for key in ("Tab", "ArrowRight", "Tab", "ArrowRight", "Tab", "Tab", "End", "Tab", "Tab", "Home"):
        page.keyboard.press(key)
    expect(radio(page, "window of 3")).to_be_checked()
    expect(radio(page, "3")).to_be_checked()
    expect(page.get_by_text("tile 5")).to_be_visible()
    expect(status(page)).to_have_text("query 7, key 0: skipped, never computed")


@pytest.mark.parametrize("way", ["with a cache", "without"])
def test_each_step_of_generation_equals_numpys(alone: Alone, way: str) -> None:
    shown = CachedGeneration(Q, K, V, cached=way == "with a cache")
    page = alone(CachedGeneration(Q, K, V))
    radio(page, way).check()
    for n in range(1, 6):
        page.get_by_role("button", name="Next step").click()
        shown.step = n
        np.testing.assert_array_equal(np.nan_to_num(entries(page)), shown.times)
        output = ", ".join(f"{k}: {x:.2f}".replace("-", "−") for k, x in enumerate(shown.outputs[-1]))
        expect(page.get_by_text(f"Output of “{n - 1}”: {output}, the same both ways.")).to_be_visible()
        bill = page.get_by_role("table", name="work so far").get_by_role("row", name="scores")
        both = [str(CachedGeneration(Q, K, V, step=n, cached=cached).times.sum()) for cached in (True, False)]
        assert bill.get_by_role("cell").all_inner_texts() == both
        total = shown.times.sum()
        expect(status(page)).to_contain_text(f"{total} so far.")
    cache = page.get_by_role("table", name="rows").get_by_role("row")
    expect(cache).to_have_count(6)


def test_the_generation_by_keyboard(alone: Alone) -> None:
    page = alone(CachedGeneration())
    for key in ("Tab", "ArrowRight", "Tab", "Tab", "Tab", "Enter", "Space", "Enter", "Tab", "Control+Home"):
        page.keyboard.press(key)
    expect(radio(page, "without")).to_be_checked()
    expect(status(page)).to_have_text("score of query “these” and key “these”: computed 3 times")


@pytest.mark.long
def test_in_jupyterlab_a_painted_mask_is_trained_and_the_leak_test_sees_the_stray_cell(
    lab: Callable[..., Page],
) -> None:
    page = lab(
        "import numpy as np\nfrom leftcontext.widgets import TrainAndGenerate\ntraining = TrainAndGenerate()\ntraining",
        "painted = np.tri(6, dtype=bool)\npainted[1, 3] = True\ntraining.allowed = painted",
    )
    radio(page, "your mask").check()  # offered as soon as there is one
    page.get_by_role("button", name="Train").click()
    expect(status(page)).to_contain_text(re.compile(r"The leak test .*in [1-9]\d* of 120 pairs"))
    cell = page.get_by_role("grid").get_by_role("row").nth(2).get_by_role("gridcell").nth(3)
    expect(cell).to_have_class("leak")
