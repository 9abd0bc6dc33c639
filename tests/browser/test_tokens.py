"""Widgets about a few tokens as a person meets them: what they show against what NumPy says."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.page_elements import numbers, radio, status
from support.sizes import share

from leftcontext.language.language import SENTENCE
from leftcontext.widgets import Heads, LeftContext, SingleToken
from leftcontext.widgets.shared.base import CourseWidget

Alone = Callable[[CourseWidget], Page]
RNG = np.random.default_rng(3)
Q, K = RNG.normal(size=(2, 5, 3)).round(2)
V = RNG.normal(size=(5, 2)).round(2)
FOUR = np.tri(6) / np.arange(1, 7)[:, None] * np.ones((4, 1, 1))
LONG = ["a", "long", "text", "of", "twelve", "words", "that", "is", "read", "on", "its", "side"]


def inputs(page: Page) -> list[str]:
    return page.get_by_role("list", name="inputs").get_by_role("listitem").all_inner_texts()


@pytest.mark.long
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
    expect(status(page)).to_have_text(f"causal: none of 4 targets can be read; the best loss is {honest} nats per token.")
    for label in ("one ahead", "no mask"):
        radio(page, label).check()
        expect(status(page)).to_have_text(
            f"{label}: 4 of 4 targets can be read; the best loss falls from {honest} to 0.00 nats per token."
        )


def test_a_left_context_by_keyboard(alone: Alone) -> None:
    page = alone(LeftContext(position=0))
    for key in ("Tab", "ArrowRight", "Tab", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(status(page)).to_have_text("position 2, “near”: reads 4 of 5 tokens, predicts “the”, and can read it: a leak.")
    expect(page.get_by_text("A leak: “the” is the target, and it can be read.")).to_be_visible()
    expect(page.get_by_text("Hidden: “cat” comes later still")).to_be_visible()
    for key in ("Shift+Tab", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.get_by_text("Hidden: “the”, because it is the target.")).to_be_visible()


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
    expect(status(page)).to_have_text("no mask: 11 of 11 targets can be read.")
    expect(page.get_by_text("p =")).to_have_count(0)


@pytest.mark.long
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


def compare_with_numpy(page: Page, shown: SingleToken) -> None:
    """Every number on the page: the table, the sum, and where the drawn sum ends."""
    seen = shown.query + 1
    rows = page.get_by_role("table", name="the keys that").get_by_role("row").all()[1:]
    read = [numbers(row.inner_text()) for row in rows[:seen]]
    expected = np.stack([shown.scores, shown.scaled, shown.weights], axis=-1)
    np.testing.assert_allclose(read, expected, atol=0.00501)
    expect(page.get_by_text("not read yet")).to_have_count(len(shown.tokens) - seen)
    total = page.locator(".lc-sum").inner_text().split("=")[1]
    np.testing.assert_allclose(numbers(total), shown.output, atol=0.00501)
    drawn = page.get_by_role("img", name="The weighted sum ends at").get_attribute("aria-label")
    np.testing.assert_allclose(numbers(drawn or "")[:2], shown.output[:2], atol=0.00501)


def test_each_query_shows_what_numpy_computes(alone: Alone) -> None:
    page = alone(SingleToken(Q, K, V, tokens=SENTENCE))
    for i, word in enumerate(SENTENCE):
        radio(page, word).check()
        compare_with_numpy(page, SingleToken(Q, K, V, tokens=SENTENCE, query=i))
        expect(status(page)).to_contain_text(f"“{word}”, query")


def moved_to(page: Page, i: int) -> SingleToken:
    """What Python computes for the query as the sliders show it."""
    moved = Q.copy()
    moved[i, :2] = [numbers(text)[0] for text in page.locator(".lc-controls label span").all_inner_texts()]
    return SingleToken(moved, K, V, tokens=SENTENCE, query=i)


def test_a_query_is_dragged_and_everything_follows(alone: Alone) -> None:
    page = alone(SingleToken(Q, K, V, tokens=SENTENCE))
    plane = page.get_by_role("img", name="The query of “cat”").bounding_box()
    tip = page.locator(".handle").bounding_box()
    assert plane and tip
    page.mouse.move(tip["x"] + tip["width"] / 2, tip["y"] + tip["height"] / 2)
    page.mouse.down()
    for x, y in ((0.5, 0.5), (0.7, 0.25), (0.4, 0.3)):
        page.mouse.move(plane["x"] + x * plane["width"], plane["y"] + y * plane["height"], steps=4)
        shown = moved_to(page, 4)
        assert np.sign(shown.Q[4, :2]).tolist() == [np.sign(round(x - 0.5, 2)), np.sign(round(0.5 - y, 2))]
        compare_with_numpy(page, shown)
    page.mouse.up()
    held = moved_to(page, 4).Q
    page.mouse.move(plane["x"] + 20, plane["y"] + 20)  # let go: it stays
    np.testing.assert_array_equal(moved_to(page, 4).Q, held)
    page.mouse.click(plane["x"] + 0.8 * plane["width"], plane["y"] + 0.5 * plane["height"])
    compare_with_numpy(page, moved_to(page, 4))
    assert moved_to(page, 4).Q[4, 0] > 0 == moved_to(page, 4).Q[4, 1]
    page.get_by_role("button", name="Reset").click()
    compare_with_numpy(page, SingleToken(Q, K, V, tokens=SENTENCE))


def test_a_query_is_nudged_from_the_keyboard(alone: Alone) -> None:
    page = alone(SingleToken(Q, K, V, tokens=SENTENCE))
    for key in ("Tab", "ArrowLeft", "Tab", "ArrowRight", "ArrowRight", "Tab", "Home"):
        page.keyboard.press(key)
    shown = moved_to(page, 3)
    assert abs(shown.Q[3, 0] - Q[3, 0] - 0.2) < 0.051 and shown.Q[3, 1] < Q[:, 1].min()
    compare_with_numpy(page, shown)
    expect(status(page)).to_contain_text("“the”, query")
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    compare_with_numpy(page, SingleToken(Q, K, V, tokens=SENTENCE, query=3))


def test_the_output_never_leaves_the_area_of_the_values(alone: Alone) -> None:
    """The claim of the lesson for the sentence: no length of the given query makes it singular, but another way does."""
    page = alone(SingleToken())
    for first, second in ((0.2, 0.1), (1.8, 0.9), (2.4, 1.2), (0.3, -2.0)):
        page.get_by_role("slider", name="query, component 0").fill(str(first))
        page.get_by_role("slider", name="query, component 1").fill(str(second))
        plural, singular = numbers(page.locator(".lc-sum").inner_text().split("=")[1])
        assert (singular > plural) == (second < 0)
        assert plural >= 0 and singular >= 0 and plural + singular <= 2


@pytest.mark.long
def test_in_jupyterlab_python_reads_the_query_that_was_moved(lab: Callable[..., Page]) -> None:
    page = lab(
        "from leftcontext.widgets import SingleToken\nshown = SingleToken()\nshown",
        "print(shown.query, shown.Q[3].tolist(), shown.weights.round(2).tolist())",
        "shown.query = 3",
    )
    expect(radio(page, "the")).to_be_checked()
    page.get_by_role("slider", name="query, component 1").focus()
    page.keyboard.press("ArrowUp")
    expect(status(page)).to_contain_text("query (0.50, 0.40)")
    page.get_by_text("print(shown.query").click()
    page.keyboard.press("Control+Enter")
    given = SingleToken(query=3)
    given.Q = np.where(np.arange(5)[:, None] == 3, [0.5, 0.4], given.Q)
    expect(page.get_by_text(f"3 [0.5, 0.4] {given.weights.round(2).tolist()}", exact=True)).to_be_visible()


def map_of(page: Page, name: str) -> np.ndarray:
    """The weights of a small map: they are the names of its cells."""
    rows = page.get_by_role("grid", name=f"weights of {name}: ").get_by_role("row").all()[1:]
    texts = [[cell.get_attribute("aria-label") or "" for cell in row.get_by_role("gridcell").all()] for row in rows]
    return np.array([[numbers(text)[0] for text in row] for row in texts])


def read_row(page: Page, word: str) -> np.ndarray:
    """The table of what the merged row of a word reads (H + 1, T)."""
    rows = page.get_by_role("table", name=f"what the merged row of “{word}” reads").get_by_role("row").all()[1:]
    return np.array([numbers(row.inner_text()) for row in rows]).T


HEADS = {"side by side": "side_by_side", "reshape alone": "reshape"}


@pytest.mark.long
@pytest.mark.parametrize("mask", share(["causal", "none"], 2, first=1))
@pytest.mark.parametrize("merge", share(HEADS, 2))
def test_heads_and_every_merged_row_equal_numpys(alone: Alone, mask: str, merge: str) -> None:
    arrays = np.random.default_rng(8).normal(size=(3, 5, 6)).round(2)
    page = alone(Heads(*arrays, heads=3, tokens=SENTENCE))
    radio(page, mask).check()
    radio(page, merge).check()
    shown = Heads(*arrays, heads=3, tokens=SENTENCE, mask=mask, merge=HEADS[merge])
    for name, weights in [*zip(shown.names, shown.weights, strict=True), ("mean", shown.mean)]:
        np.testing.assert_allclose(map_of(page, name), weights, atol=0.00501)
    expect(status(page)).to_contain_text(f"{len(shown.leaks)} of 5 merged rows read" if shown.leaks else "No merged row")
    merged = page.get_by_role("grid", name="merged rows")
    for i, word in enumerate(SENTENCE):
        merged.get_by_role("rowheader", name=word, exact=True).click()
        np.testing.assert_allclose(read_row(page, word), [*shown.reads[i], shown.reads[i].mean(0)], atol=0.00501)
        for part in range(3):
            merged.get_by_role("row").nth(i + 1).get_by_role("gridcell").nth(part).click()
            output = re.search(r"\((.*)\)", status(page).inner_text())
            assert shown.merged is not None and output
            np.testing.assert_allclose(numbers(output[1]), shown.merged[i, 2 * part : 2 * part + 2], atol=0.00501)
            leaks = shown.reads[i, part, i + 1 :].any()
            assert ("a leak" in status(page).inner_text()) == leaks


def test_heads_by_keyboard(alone: Alone) -> None:
    page = alone(Heads())
    for key in ("Tab", "Tab", "ArrowUp", "End"):  # the mask, then into head 0 at its last row
        page.keyboard.press(key)
    expect(status(page)).to_have_text("head 0: “the” attends to “cat”: weight 0.000 – hidden by the mask")
    assert read_row(page, "the").shape == (3, 5)
    for key in ("Tab", "Tab", "Tab", "ArrowRight"):
        page.keyboard.press(key)
    expect(status(page)).to_have_text(
        "3 of 5 merged rows read their future, “these”, “dogs”, “near”: a leak, though every head is causal."
    )
    for key in ("Tab", "Control+Home", "ArrowRight"):
        page.keyboard.press(key)
    expect(status(page)).to_contain_text("row “these”, part 1: the output of head 0 at “dogs”")
    expect(status(page)).to_contain_text("a leak")


def test_heads_of_a_model_have_no_mask_to_switch(alone: Alone) -> None:
    page = alone(Heads(weights=FOUR))
    expect(radio(page, "causal")).to_have_count(0)
    np.testing.assert_allclose(map_of(page, "head 3"), FOUR[3], atol=0.00501)
    radio(page, "reshape alone").check()
    shown = Heads(weights=FOUR, merge="reshape")
    expect(status(page)).to_contain_text(f"{len(shown.leaks)} of 6 merged rows")


@pytest.mark.long
def test_in_jupyterlab_python_knows_how_heads_are_merged(lab: Callable[..., Page]) -> None:
    page = lab(
        "from leftcontext.widgets import Heads\nshown = Heads()\nshown",
        "print(shown.merge, shown.query, shown.leaks)",
        "shown.mask = 'none'",
    )
    expect(radio(page, "none")).to_be_checked()
    radio(page, "causal").check()
    radio(page, "reshape alone").check()
    page.get_by_role("grid", name="weights of mean").get_by_role("rowheader", name="near").click()
    page.get_by_text("print(shown.merge").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("reshape 2 [0, 1, 2]", exact=True)).to_be_visible()
