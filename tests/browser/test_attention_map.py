"""AttentionMap as a person meets it: by mouse, by keyboard, by reading; its numbers against NumPy's."""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.page_elements import entries, radio
from support.sizes import share

from leftcontext.widgets import AttentionMap
from leftcontext.widgets.shared.base import CourseWidget

Alone = Callable[[CourseWidget], Page]
RNG = np.random.default_rng(3)
Q, K, V = RNG.normal(size=(5, 2)).round(2), RNG.normal(size=(5, 2)).round(2), RNG.normal(size=(5, 3)).round(2)
WORDS = ["these", "dogs", "near", "the", "cat"]
CELL = f"""
from leftcontext.widgets import AttentionMap
shown = AttentionMap({Q.tolist()}, {K.tolist()}, {V.tolist()}, tokens={WORDS})
shown
"""


def expected(mask: str) -> dict[str, np.ndarray]:
    scores = Q @ K.T
    hidden = np.triu(np.ones((5, 5), dtype=bool), {"causal": 1, "one ahead": 2, "none": 5, "0 instead of −∞": 1}[mask])
    masked = np.where(hidden, 0.0 if mask.startswith("0") else -np.inf, scores / np.sqrt(2))
    weights = np.exp(masked) / np.exp(masked).sum(-1, keepdims=True)
    return {
        "scores": scores,
        "scaled": scores / np.sqrt(2),
        "masked": masked,
        "weights": weights,
        "output": weights @ V,
    }


@pytest.mark.long
def test_in_jupyterlab_the_mask_is_flipped_by_mouse_and_python_knows(lab: Callable[..., Page]) -> None:
    page = lab(CELL, "print(shown.mask, shown.query, shown.weights.round(3).tolist()[1])", "shown.mask = 'none'")
    expect(radio(page, "none")).to_be_checked()  # set by the last cell
    radio(page, "one ahead").check()
    expect(page.get_by_role("status")).to_have_text("mask one ahead: 4 of 10 future cells can be seen: a leak.")
    np.testing.assert_allclose(entries(page), expected("one ahead")["weights"], atol=0.00501)
    page.get_by_role("rowheader", name="dogs").first.click()
    run_the_second_cell(page)
    told = f"one_ahead 1 {expected('one ahead')['weights'].round(3).tolist()[1]}"
    expect(page.get_by_text(told, exact=True)).to_be_visible()


def run_the_second_cell(page: Page) -> None:
    page.get_by_text("print(shown.mask").click()
    page.keyboard.press("Control+Enter")


@pytest.mark.long
def test_in_jupyterlab_everything_works_from_the_keyboard(lab: Callable[..., Page]) -> None:
    page = lab(CELL)
    radio(page, "causal").focus()
    page.keyboard.press("ArrowRight")
    expect(radio(page, "one ahead")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status")).to_have_text("mask none: 10 of 10 future cells can be seen: a leak.")
    page.keyboard.press("Tab")  # to the stage
    page.keyboard.press("Tab")  # into the matrix, where the query's row is
    expect(page.get_by_role("gridcell").and_(page.locator(":focus"))).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    weight = f"{expected('none')['weights'][3, 4]:.3f}"
    sentence = f"query “the” attends to key “cat”: weight {weight} – a leak: this key lies in the future"
    expect(page.get_by_role("status")).to_have_text(sentence)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    weight = f"{expected('none')['weights'][4, 0]:.3f}"
    expect(page.get_by_role("status")).to_have_text(f"query “cat” attends to key “these”: weight {weight}")


@pytest.mark.parametrize("mask", share(["causal", "one ahead", "none", "0 instead of −∞"], 2))
def test_without_a_kernel_every_stage_equals_numpy(alone: Alone, mask: str) -> None:
    page = alone(AttentionMap(Q, K, V, tokens=WORDS, masks=["none", "causal", "one_ahead", "zero"], mask="none"))
    radio(page, mask).check()
    for stage, matrix in expected(mask).items():
        radio(page, stage).check()
        np.testing.assert_allclose(entries(page), matrix, atol=0.00501, err_msg=stage)


def test_under_zero_instead_of_minus_infinity_the_caption_promises_no_zero_weight(alone: Alone) -> None:
    page = alone(AttentionMap(mask="zero"))
    expect(page.get_by_text("a score of 0 still gets a weight")).to_be_visible()
    radio(page, "causal").check()
    expect(page.get_by_text("−∞ has become exactly 0")).to_be_visible()


def test_the_selected_row_is_told_in_numbers(alone: Alone) -> None:
    page = alone(AttentionMap(Q, K, V, tokens=WORDS))
    page.get_by_role("rowheader", name="near").first.click()
    bars = page.get_by_role("table", name="weights of query “near”")
    shown = [row.get_by_role("cell").first.inner_text() for row in bars.get_by_role("row").all()[1:6]]
    np.testing.assert_allclose([float(x) for x in shown], expected("causal")["weights"][2], atol=0.00501)
    expect(bars.get_by_text("hidden")).to_have_count(2)
    output = ", ".join(f"{x:.2f}".replace("-", "−") for x in expected("causal")["output"][2])
    expect(bars.get_by_text(f"output: {output}")).to_be_visible()


def test_a_query_that_sees_nothing_has_zero_weights(alone: Alone) -> None:
    allowed = np.tril(np.ones((5, 5), dtype=bool), -1)
    page = alone(AttentionMap(Q, K, V, tokens=WORDS, mask=allowed))
    assert not entries(page)[0].any()
    np.testing.assert_allclose(entries(page)[1:].sum(-1), 1, atol=0.03)


@pytest.mark.long
def test_a_sentence_of_ones_own_is_typed_and_every_stage_equals_numpy(alone: Alone) -> None:
    page = alone(AttentionMap())
    field = page.get_by_role("textbox", name="sentence")
    for sentence in ("the cat near the dogs", "a queen sleeps", "these"):
        field.fill(sentence)
        shown = AttentionMap(sentence=sentence)
        for stage in ("scores", "scaled", "masked", "weights", "output"):
            radio(page, stage).check()
            np.testing.assert_allclose(entries(page), getattr(shown, stage), atol=0.00501, err_msg=f"{sentence}, {stage}")
    field.fill("the cat near the dogs")
    radio(page, "weights").check()
    page.get_by_role("gridcell").last.click()
    expect(page.get_by_role("status")).to_contain_text("query “dogs” attends to key “dogs”: weight")
    page.get_by_role("gridcell").nth(13).click()
    expect(page.get_by_role("status")).to_contain_text("query “near” attends to key “the 3”: weight 0.000 – hidden")
    field.fill("these dogs near the cat " * 3)  # more than there is room for as numbers
    expect(page.locator(".lc-plane canvas")).to_be_visible()
    expect(page.get_by_role("table", name="weights of query “near")).to_be_visible()  # the row in the middle


def test_a_word_that_is_not_known_is_said_and_changes_nothing(alone: Alone) -> None:
    page = alone(AttentionMap())
    for key in ("Tab", "Control+a", "t", "h", "e"):
        page.keyboard.press(key)
    expect(page.get_by_role("gridcell")).to_have_count(1)
    page.keyboard.type(" dog barks")
    expect(page.get_by_role("alert")).to_have_count(0)  # who is typing has not finished
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_have_text("“barks” is not a word of the little language.")
    expect(page.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("gridcell")).to_have_count(4)  # "the dog" still
    page.keyboard.press("Enter")
    expect(page.get_by_text("wizards")).to_be_visible()  # the list of words


@pytest.mark.long
def test_in_jupyterlab_python_reads_the_sentence_and_sets_another(lab: Callable[..., Page]) -> None:
    page = lab(
        "from leftcontext.widgets import AttentionMap\nshown = AttentionMap()\nshown",
        "print(shown.tokens, shown.query, shown.output[-1].round(2).tolist())",
        "shown.sentence = 'every bird sings'",
    )
    field = page.get_by_role("textbox", name="sentence")
    expect(field).to_have_value("every bird sings")
    field.fill("many foxes wait")
    page.get_by_text("print(shown.tokens").click()
    page.keyboard.press("Control+Enter")
    output = AttentionMap(sentence="many foxes wait").output[-1].round(2).tolist()
    expect(page.get_by_text(f"['many', 'foxes', 'wait'] 1 {output}", exact=True)).to_be_visible()
    np.testing.assert_allclose(entries(page), AttentionMap(sentence="many foxes wait").weights, atol=0.00501)


@pytest.fixture
def dark_theme(page: Page, lab_address: str) -> Iterator[None]:
    address = f"{lab_address}/lab/api/settings/@jupyterlab/apputils-extension:themes"

    def choose(theme: str) -> None:
        page.goto(f"{lab_address}/lab")
        token = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "_xsrf")
        page.request.put(address, data={"raw": json.dumps({"theme": theme})}, headers={"X-XSRFToken": token})

    choose("JupyterLab Dark")
    yield
    choose("JupyterLab Light")


@pytest.mark.long
def test_in_jupyterlab_it_is_dark_where_the_theme_is_dark(dark_theme: None, lab: Callable[..., Page]) -> None:
    page = lab(CELL)
    page.get_by_role("rowheader", name="cat").first.wait_for()
    ink = page.get_by_role("status").evaluate("e => getComputedStyle(e).color.match(/\\d+/g).slice(0, 3).map(Number)")
    assert min(ink) > 180, f"light text on a dark ground, not {ink}"
    hidden = page.get_by_role("gridcell").nth(4).evaluate("e => getComputedStyle(e).color.match(/\\d+/g).map(Number)")
    assert min(hidden) > 180, f"also where a key is hidden, not {hidden}"
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Theme").first.click()
    page.locator(".lm-Menu-item", has_text="JupyterLab Light").first.click()
    expect(page.locator(".lc-dark")).to_have_count(0)
    ink = page.get_by_role("status").evaluate("e => getComputedStyle(e).color.match(/\\d+/g).slice(0, 3).map(Number)")
    assert max(ink) < 80, f"dark text again, not {ink}"
