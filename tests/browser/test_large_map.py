"""AttentionMap with more tokens than there is room for numbers: a canvas, walked through cell by cell."""

import itertools
import re
from collections.abc import Callable

import matplotlib
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.sizes import share

from leftcontext.widgets import AttentionMap
from leftcontext.widgets.shared.base import CourseWidget

Alone = Callable[[CourseWidget], Page]
T = 64
RNG = np.random.default_rng(7)
Q, K, V = RNG.normal(size=(3, T, 8))
OWN = (RNG.random((T, T)) < 0.5) | np.eye(T, dtype=bool)
MASKS = {
    "causal": np.tri(T, dtype=bool),
    "one ahead": np.tri(T, k=1, dtype=bool),
    "none": np.ones((T, T), dtype=bool),
    "your mask": OWN,
}
CELL = (
    "import numpy as np\nfrom leftcontext.widgets import AttentionMap\n"
    f"shown = AttentionMap(*np.random.default_rng(7).normal(size=(3, {T}, 8)))\nshown"
)


def expected(allowed: np.ndarray) -> dict[str, np.ndarray]:
    scores = Q @ K.T
    masked = np.where(allowed, scores / np.sqrt(8), -np.inf)
    weights = np.exp(masked) / np.exp(masked).sum(-1, keepdims=True)
    return {
        "scores": scores,
        "scaled": scores / np.sqrt(8),
        "masked": masked,
        "weights": weights,
        "output": weights @ V,
    }


def read(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


def last_number(text: str) -> float:
    return read(re.findall(r"−?(?:∞|\d+\.\d+)", text)[-1])


def cell(page: Page) -> tuple[int, int, float]:
    """Where the one cell in the page stands, and what it says."""
    row, column, text = page.get_by_role("gridcell").evaluate(
        "e => [e.parentNode.ariaRowIndex, e.ariaColIndex, e.ariaLabel]"
    )
    return int(row) - 2, int(column) - 2, read(text)  # counted from 1, after the names


def pixels(page: Page) -> np.ndarray:
    """What the canvas holds (T_q, columns, 4)."""
    data, width = page.locator(".lc-plane canvas").evaluate(
        "e => [Array.from(e.getContext('2d').getImageData(0, 0, e.width, e.height).data), e.width]"
    )
    return np.reshape(data, (-1, width, 4))


def point_at(page: Page, i: int, j: int, columns: int = T) -> tuple[float, float]:
    box = page.locator(".lc-plane canvas").bounding_box()
    assert box is not None
    return box["x"] + (j + 0.5) * box["width"] / columns, box["y"] + (i + 0.5) * box["height"] / T


def choose(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).check()


@pytest.mark.long
@pytest.mark.parametrize("mask", share(MASKS, 4))
def test_every_stage_equals_numpy_where_the_keys_lead_and_where_the_pointer_is(alone: Alone, mask: str) -> None:
    page = alone(AttentionMap(Q, K, V, mask=OWN))
    choose(page, mask)
    for stage, matrix in expected(MASKS[mask]).items():
        choose(page, stage)
        page.get_by_role("gridcell").focus()
        for key in ("Control+Home", "PageDown", "End", "ArrowDown", "ArrowLeft", "ArrowUp", "Home", "ArrowRight"):
            page.keyboard.press(key)
            i, j, shown = cell(page)
            assert shown == pytest.approx(matrix[i, j], abs=0.00501), (stage, i, j)
            assert last_number(page.get_by_role("status").inner_text().split(" –")[0]) == pytest.approx(
                matrix[i, j], abs=0.000501
            )
        assert (i, j) == (8, 1)
        for i, j in ((0, 1), (31, 7), (63, 0), (40, matrix.shape[1] - 1)):
            page.mouse.move(*point_at(page, i, j, matrix.shape[1]))
            told = page.locator(".lc-tip").inner_text()
            assert last_number(told.split(" –")[0]) == pytest.approx(matrix[i, j], abs=0.000501), told
            assert f"“{i}”" in told and (f"“{j}”" in told or f", {j}:" in told)


@pytest.mark.parametrize("mask", share(MASKS, 4, first=1))
def test_the_canvas_shows_each_weight_what_is_hidden_and_what_leaks(alone: Alone, mask: str) -> None:
    page = alone(AttentionMap(Q, K, V, mask=OWN))
    choose(page, mask)
    painted, weights = pixels(page), expected(MASKS[mask])["weights"]
    assert np.array_equal(painted[..., 3] > 0, MASKS[mask])
    cividis = matplotlib.colormaps["cividis"](np.sqrt(weights), bytes=True)
    assert np.abs(painted[MASKS[mask]] - cividis[MASKS[mask]].astype(int)).max() <= 16  # ten of its colours stand for all
    box = page.locator(".lc-plane canvas").bounding_box()
    assert box is not None
    ringed = page.evaluate(  # the ring's layer is cut to the cells that leak, for the pointer as for the eye
        """([x, y, side, T]) => Array.from({ length: T * T }, (_, k) => {
          const at = [x + ((k % T) + 0.5) * side / T, y + (Math.floor(k / T) + 0.5) * side / T];
          return document.elementsFromPoint(...at).some((e) => e.className === "lc-leaks");
        })""",
        [box["x"], box["y"], box["width"], T],
    )
    assert np.array_equal(np.reshape(ringed, (T, T)), np.triu(MASKS[mask], 1))
    verdict = f"{np.triu(MASKS[mask], 1).sum()} of {T * (T - 1) // 2} future cells" if mask != "causal" else "No query"
    expect(page.get_by_role("status")).to_contain_text(verdict)


def test_a_click_moves_the_focus_and_tells_the_row_in_numbers(alone: Alone) -> None:
    page = alone(AttentionMap(Q, K, V))
    page.mouse.click(*point_at(page, 20, 33))
    grid, focused = page.get_by_role("grid"), page.get_by_role("gridcell").and_(page.locator(":focus"))
    expect(focused).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text("query “20” attends to key “33”: weight 0.000 – hidden by the mask")
    assert cell(page)[:2] == (20, 33) and focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    assert grid.evaluate("e => [e.ariaRowCount, e.ariaColCount]") == [str(T + 1)] * 2
    expect(page.get_by_role("rowheader", name="20")).to_have_count(1)
    expect(page.get_by_role("columnheader", name="33", exact=True)).to_have_count(1)

    weights = expected(MASKS["causal"])["weights"][20]
    bars = page.get_by_role("table", name="weights of query “20”: the 8 largest of 64")
    rows = [row.locator("th, td").all_inner_texts()[:2] for row in bars.get_by_role("row").all()[1:9]]
    heaviest = sorted(np.argsort(-weights)[:8])
    assert [int(name) for name, _ in rows] == heaviest
    np.testing.assert_allclose([read(x) for _, x in rows], weights[heaviest], atol=0.00501)
    expect(bars.get_by_text(f"all others together: {1 - weights[heaviest].sum():.2f}")).to_be_visible()

    page.keyboard.press("Escape")
    expect(page.locator(".lc-tip")).to_be_hidden()


def test_words_that_stand_there_twice_are_told_apart(alone: Alone) -> None:
    words = ["these", "dogs", "near", "the"] * (T // 4)
    page = alone(AttentionMap(Q, K, V, tokens=words))
    page.mouse.click(*point_at(page, 21, 8))
    expect(page.get_by_role("status")).to_contain_text("query “dogs 21” attends to key “these 8”")


@pytest.mark.long
@pytest.mark.parametrize(("scheme", "tokens"), share(itertools.product(["light", "dark"], [11, 16, 64]), 6, first=5))
def test_it_fits_a_phone_and_a_double_zoom_in_both_themes(alone: Alone, scheme: str, tokens: int) -> None:
    page = alone(AttentionMap(Q[:tokens], K[:tokens], V[:tokens], mask="none"))
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for width in (360, 640, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        expect(page.locator(".lc-plane")).to_be_visible()
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.locator(".lc-plane canvas").bounding_box()
        assert box is not None and box["x"] + box["width"] <= width
        assert box["width"] >= 0.5 * min(width, 600), "the map takes the room that there is"
        names = [name.bounding_box() for name in page.locator(".lc-names:not(.lc-top) span:visible").all()]
        tops = [name["y"] + name["height"] / 2 for name in names if name]
        assert min(np.diff(tops)) >= 12, "names do not touch"


def test_a_cell_has_whole_pixels_of_the_device(page: Page, alone: Alone) -> None:
    assert page.context.browser is not None
    widget = AttentionMap(Q, K, V)
    address = alone(widget).url
    context = page.context.browser.new_context(device_scale_factor=1.5, viewport={"width": 700, "height": 800})
    sharp = context.new_page()
    sharp.goto(address)
    box = sharp.locator(".lc-plane canvas").bounding_box()
    assert box is not None
    side = 1.5 * box["width"] / T
    assert side > 4 and side == pytest.approx(round(side), abs=0.01)
    context.close()


@pytest.mark.long
def test_in_jupyterlab_it_is_walked_by_keyboard_and_python_knows_the_query(lab: Callable[..., Page]) -> None:
    page = lab(CELL, "print('query', shown.query, repr(shown.mask))")
    page.get_by_role("radio", name="causal", exact=True).focus()
    for key in ("ArrowRight", "Tab", "Tab", "PageUp", "End"):
        page.keyboard.press(key)
    weight = expected(MASKS["one ahead"])["weights"][23, 63]
    expect(page.get_by_role("status")).to_have_text(
        f"query “23” attends to key “63”: weight {weight:.3f} – hidden by the mask"
    )
    page.get_by_text("print('query'").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("query 23 'one_ahead'")).to_be_visible()
