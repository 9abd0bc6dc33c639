"""The models of real English in the page: the numbers of NumPy, and what a person can do with them."""

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.main_thread import LONG_TASK, main_thread_tasks

from leftcontext.language.english import SYMBOLS, encode, known_words, share_known
from leftcontext.model.english import ENGLISH_MODEL, english_model, write
from leftcontext.model.training import MASKS, allowed_by
from leftcontext.model.transformer import Transformer
from leftcontext.widgets import StoryWriter
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.story_writer.widget import packed_text

CONFIG = asdict(ENGLISH_MODEL)
T = ENGLISH_MODEL.context
PROMPT = "Alice and the Queen "


def exact(mask: str) -> Transformer:
    """The shipped model with its numbers in float64, as JavaScript has them."""
    return english_model(mask, np.float64)


def given(mask: str, use: str, text: str = PROMPT, **more: Any) -> dict[str, Any]:
    tokens = [0, *encode(text).tolist()]
    return {"config": CONFIG, "packed": packed_text(mask), "mask": allowed_by(use, T).tolist(), "tokens": tokens, **more}


@pytest.mark.parametrize("mask", [pytest.param(mask, marks=[pytest.mark.long] * (mask != "causal")) for mask in MASKS])
def test_the_weights_and_the_logits_are_those_of_numpy(modules: Callable[[str, Any], Any], mask: str) -> None:
    body = """
        const { Transformer } = await load("train_and_generate/model");
        const { unpack } = await load("story_writer/packed");
        const { CachedReader } = await load("story_writer/cached_reader");
        const model = new Transformer(given.config, unpack(given.config, given.packed));
        const reader = new CachedReader(model);
        return {
            theta: [...model.theta],
            all: [...model.logits(given.tokens, given.tokens.length, given.mask).data],
            read: given.tokens.map((token) => [...reader.read(token)]),
        };
    """
    model = exact(mask)
    ours = modules(body, given(mask, mask))
    assert np.array_equal(np.array(ours["theta"], dtype=np.float32), english_model(mask).theta)
    tokens = [0, *encode(PROMPT)]
    np.testing.assert_allclose(np.reshape(ours["all"], (len(tokens), -1)), model.logits(tokens), atol=1e-9)
    causal = model.logits(tokens, allowed_by("causal", T))
    np.testing.assert_allclose(ours["read"], causal, atol=1e-9)  # what a cache can compute, whatever the training was


@pytest.mark.parametrize(
    ("mask", "use"),
    [
        ("causal", "causal"),
        pytest.param("causal", "none", marks=pytest.mark.long),
        pytest.param("none", "causal", marks=pytest.mark.long),
        ("one_ahead", "one_ahead"),
    ],
)
def test_the_likeliest_text_is_that_of_python_with_and_without_a_cache(
    modules: Callable[[str, Any], Any], mask: str, use: str
) -> None:
    characters = 130  # beyond the end of a window
    body = """
        const { Transformer } = await load("train_and_generate/model");
        const { unpack } = await load("story_writer/packed");
        const { write } = await load("story_writer/write");
        const model = new Transformer(given.config, unpack(given.config, given.packed));
        return given.caches.map((cached) => {
            const steps = write(model, given.mask, given.tokens, { temperature: 0, cached, random: Math.random });
            return Array.from({ length: given.characters }, () => steps.next().value.token);
        });
    """
    caches = [True, False] if use == "causal" else [False]
    for tokens in modules(body, given(mask, use, characters=characters, caches=caches)):
        assert "".join(SYMBOLS[token] for token in tokens) == write(exact(mask), PROMPT, characters, temperature=0, allowed=use)


def test_multiplications_are_counted_as_by_hand(modules: Callable[[str, Any], Any]) -> None:
    body = """
        const { multiplications } = await load("story_writer/write");
        return given.steps.map((step) => multiplications(given.config, step, given.mask));
    """
    D, F, V, L = (CONFIG[name] for name in ("width", "hidden", "vocab", "layers"))
    cells = sum(L * rows * columns for rows, columns in [(D, 3 * D), (D, D), (D, F), (F, D)]) + D * V
    parameters = len(english_model("causal").theta) - T * D - V * D  # a row of an embedding is looked up
    assert cells == parameters
    for use in ("causal", "none"):
        steps = [{"read": 1, "width": 40}, {"read": 40, "width": 40}]
        seen = allowed_by(use, T)[:40, :40]
        byhand = [step["read"] * cells + 2 * L * D * int(seen[40 - step["read"] :].sum()) for step in steps]
        assert modules(body, given("causal", use, steps=steps)) == byhand


def test_words_are_those_of_python(modules: Callable[[str, Any], Any]) -> None:
    text = "\"Don't!\" said--'Alice', zzxq the Queen's qqq, 'tis o'clock."
    body = """
        const { shareKnown } = await load("story_writer/texts");
        return shareKnown(given.text, new Set(given.words));
    """
    assert modules(body, {"text": text, "words": sorted(known_words())}) == pytest.approx(share_known(text))


# As a person meets it.


def radio(page: Page, group: str, name: str) -> Locator:
    return page.get_by_role("group", name=group).get_by_role("radio", name=name, exact=True)


def idle(page: Page) -> Locator:
    return page.get_by_role("button", name="▶ Write")


def bill(page: Page) -> float:
    """Millions of multiplications a character."""
    text = page.get_by_text("multiplications a character").inner_text()
    return float(text.split(" million")[0])


def test_a_model_writes_from_the_keyboard_and_its_cache_saves_work(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(StoryWriter(characters=120, temperature=0))
    status = page.get_by_role("status")
    idle(page).focus()
    page.keyboard.press("Enter")
    expect(status).to_contain_text(re.compile(r"\d+ % of the words are words of the books"))
    text = page.locator(".lc-sample.now .lc-prose")
    first, cost = text.inner_text(), bill(page)
    assert first == "The Queen said to Alice" + write(exact("causal"), "The Queen said to Alice", 120, temperature=0)
    radio(page, "cache", "off").check()
    idle(page).click()
    expect(page.get_by_text("without a cache")).to_be_visible()
    expect(idle(page)).to_be_visible()
    expect(text).to_have_text(first)
    assert bill(page) > 20 * cost


def test_the_unmasked_model_has_no_cache_and_writes_no_english(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(StoryWriter(characters=60))
    radio(page, "trained with", "none").check()
    expect(page.get_by_text("No cache: under this mask")).to_be_visible()
    expect(radio(page, "cache", "on")).to_be_disabled()
    idle(page).click()
    sample = page.locator(".lc-sample.now")
    expect(sample).to_contain_text("trained with none, written with none")
    expect(idle(page)).to_be_visible()
    expect(page.get_by_text(re.compile("to the next token, which is to be predicted"))).to_be_visible()
    radio(page, "written with", "causal").check()
    expect(radio(page, "cache", "on")).to_be_enabled()
    idle(page).click()
    expect(sample).to_contain_text("trained with none, written with causal")


def test_what_is_typed_is_read_by_the_heads_or_refused_in_a_sentence(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(StoryWriter())
    field = page.get_by_label("beginning")
    field.fill("Toto—he")
    grid = page.get_by_role("grid", name=re.compile("attention of layer"))
    expect(grid).to_have_attribute("aria-rowcount", "10")  # the head, ¶, and the eight characters of “Toto--he”
    field.fill("Toto é")
    expect(page.get_by_text("The books have no “é”.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("a" * 61)
    expect(page.get_by_text("At most 60 characters, not 61.")).to_be_visible()
    field.fill("")
    expect(grid).to_have_attribute("aria-rowcount", "2")


def test_a_head_is_chosen_among_the_sinks_from_the_keyboard(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(StoryWriter(prompt="Alice"))
    sinks = page.get_by_role("grid", name=re.compile("first token"))
    sinks.get_by_role("gridcell").first.click()
    weights = english_model("causal").attention_weights([0, *encode("Alice")])  # (layers, H, T, T)
    shares = weights[:, :, 1:, 0].mean(-1)  # (layers, H)
    for layer, head in ((0, 0), (0, 1)):
        expect(page.get_by_role("status")).to_contain_text(
            f"layer {layer + 1}, head {head + 1}: {round(100 * float(shares[layer, head]))}\u00a0% of its attention"
        )
        page.keyboard.press("ArrowRight")


def test_a_text_can_be_stopped(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(StoryWriter("none", characters=100_000))
    idle(page).click()
    page.get_by_role("button", name="■ Stop").click()
    expect(idle(page)).to_be_visible()
    stood = page.locator(".lc-sample.now .lc-prose").inner_text()
    page.wait_for_timeout(300)
    assert page.locator(".lc-sample.now .lc-prose").inner_text() == stood


@pytest.mark.long
@pytest.mark.parametrize("mask", ["causal", "none"])  # with a cache, and without one
def test_the_page_has_no_long_task_while_a_model_writes_and_heads_are_looked_at(
    alone: Callable[[CourseWidget], Page], browser: Browser, mask: str
) -> None:
    page = alone(StoryWriter(mask))
    with main_thread_tasks(browser, page) as tasks:
        idle(page).click()
        page.get_by_label("beginning").fill("Dorothy and the Scarecrow walked along the yellow road")
        radio(page, "written with", "one ahead").check()
        expect(idle(page)).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("of the words are words of the books")
    assert len(tasks) > 50
    assert max(tasks) < LONG_TASK
