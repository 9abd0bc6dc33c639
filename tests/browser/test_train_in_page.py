"""The little model in JavaScript against the one in Python, module by module, and as a person meets it in a page."""

import itertools
import json
import re
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, expect
from support.main_thread import LONG_TASK, main_thread_tasks

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.evaluation import held_out_loss, influence
from leftcontext.model.generation import generate_texts, share_legal
from leftcontext.model.training import MASKS, Schedule, allowed_by, train
from leftcontext.model.transformer import Transformer
from leftcontext.widgets import TrainAndGenerate
from leftcontext.widgets.shared.base import CourseWidget
from leftcontext.widgets.train_and_generate.in_page import grammar, page_training

PLAN = page_training(Schedule.steps, 0)
ENTROPY = LITTLE_LANGUAGE.entropy(16)
STEPS = 50


def masks() -> dict[str, NDArray[np.bool_]]:
    """The masks by name, and a painted one: stray cells, holes, and a query that sees nothing."""
    painted = np.tri(16, dtype=bool)
    painted[0, 1] = painted[3, 9] = True
    painted[7, :5] = painted[11] = False
    return {name: allowed_by(name, 16) for name in MASKS} | {"painted": painted}


def flat(tokens: NDArray[np.integer]) -> list[int]:
    return [int(token) for token in tokens.ravel()]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name in ("causal", "one_ahead"))) for name in masks()]
)
def test_the_losses_are_those_of_numpy_step_by_step(modules: Callable[[str, Any], Any], name: str) -> None:
    mask, schedule = masks()[name], Schedule()  # that of the course; its first steps
    rows = LITTLE_LANGUAGE.rows(STEPS * schedule.batch, 16, np.random.default_rng(5))  # (STEPS · B, 17)
    exact, usual = (Transformer(allowed=mask, seed=3, dtype=dtype) for dtype in (np.float64, np.float32))
    exact.theta[:] = usual.theta
    body = """
        const { Transformer, train } = await load("train_and_generate/model");
        const model = new Transformer(given.config, Float64Array.from(given.theta));
        const losses = [];
        const rows = given.rows[Symbol.iterator]();
        for (const loss of train(model, given.mask, () => rows.next().value, given.schedule)) {
            losses.push(loss);
            if (losses.length === given.rows.length) break;
        }
        return { losses, theta: [...model.theta] };
    """
    steps = rows.reshape(STEPS, schedule.batch, 17)
    given = {
        "config": PLAN["config"], "theta": exact.theta.tolist(), "mask": mask.tolist(),
        "schedule": PLAN["schedule"],
        "rows": [{"inputs": flat(step[:, :-1]), "targets": flat(step[:, 1:])} for step in steps],
    }  # fmt: skip
    ours = modules(body, given)
    for model, tolerance in ((exact, 1e-9), (usual, 1e-4)):
        course = train(model, lambda *_: rows, schedule)  # the first draw has the rows of a hundred steps
        theirs = [progress.loss for progress in itertools.islice(course, STEPS)]
        np.testing.assert_allclose(ours["losses"], theirs, rtol=0, atol=tolerance)
        assert theirs[-1] < theirs[0] - 1
    np.testing.assert_allclose(ours["theta"], exact.theta, rtol=0, atol=1e-7)


def test_the_learning_rate_is_that_of_python(modules: Callable[[str, Any], Any]) -> None:
    for schedule in (Schedule(), Schedule(steps=60), Schedule(steps=1)):
        given = page_training(schedule.steps, 0)["schedule"]
        body = """
            const { rateAt } = await load("train_and_generate/model");
            return Array.from({ length: given.steps }, (_, k) => rateAt(given, k));
        """
        np.testing.assert_allclose(modules(body, given), [schedule.rate_at(k) for k in range(schedule.steps)], rtol=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("name", masks())
def test_what_is_written_and_measured_is_that_of_python_on_the_same_weights(
    modules: Callable[[str, Any], Any], name: str
) -> None:
    mask, texts = masks()[name], 30
    model = Transformer(allowed=mask, seed=1, dtype=np.float64)
    for _ in train(model, schedule=Schedule(steps=60), seed=1):
        pass
    rows = LITTLE_LANGUAGE.rows(24, 16, np.random.default_rng(2))
    sentence = LITTLE_LANGUAGE.encode([".", "these", "dogs", "near", "the", "cat"])
    given = {
        "config": PLAN["config"], "theta": model.theta.tolist(), "mask": mask.tolist(), "texts": texts,
        "language": PLAN["language"], "uniform": np.random.default_rng(7).random(texts * 16 * 48).tolist(),
        "rows": {"inputs": flat(rows[:, :-1]), "targets": flat(rows[:, 1:])}, "sentence": flat(sentence),
    }  # fmt: skip
    body = """
        const { Transformer } = await load("train_and_generate/model");
        const { Language } = await load("train_and_generate/language");
        const { generator } = await load("train_and_generate/random");
        const { shareLegal } = await load("train_and_generate/worker");
        const writing = await load("train_and_generate/writing");
        const model = new Transformer(given.config, Float64Array.from(given.theta));
        const uniform = given.uniform[Symbol.iterator]();
        const texts = writing.generateTexts(model, given.mask, given.texts, () => uniform.next().value);
        return {
            texts,
            share: shareLegal(new Language(given.language), texts),
            loss: writing.heldOutLoss(model, given.mask, given.rows),
            leaks: writing.countLeaks(model, given.mask, generator(4)),
            weights: writing.attentionWeights(model, given.mask, given.sentence, 12),
        };
    """
    ours = modules(body, given)
    theirs = generate_texts(model, texts, rng=np.random.default_rng(7))
    assert ours["texts"] == theirs.tolist()
    assert ours["share"] == share_legal(LITTLE_LANGUAGE, theirs)
    assert ours["loss"] == pytest.approx(held_out_loss(model, rows), abs=1e-9)
    assert ours["leaks"] == (np.triu(influence(model), 1) > 0).sum()
    assert (ours["leaks"] == 0) == (name == "causal")
    np.testing.assert_allclose(ours["weights"], model.attention_weights(sentence), atol=1e-9)


def test_the_language_is_that_of_python(modules: Callable[[str, Any], Any]) -> None:
    uniform = np.random.default_rng(0).random(16 * 300)
    noise = np.random.default_rng(1).integers(48, size=(200, 16))
    body = """
        const { Language } = await load("train_and_generate/language");
        const language = new Language(given.language);
        const numbers = given.uniform[Symbol.iterator]();
        const { inputs, targets } = language.rows(300, 16, () => numbers.next().value);
        const legal = given.texts.map((text) => language.legalTokens(text));
        return { inputs, targets, legal, words: language.words([0, 13, 47]) };
    """
    rows = LITTLE_LANGUAGE.rows(300, 16, np.random.default_rng(0))
    spoiled = np.where(np.random.default_rng(2).random((300, 16)) < 0.05, 0, rows[:, 1:])
    texts = np.concatenate([noise, rows[:, 1:], spoiled])
    ours = modules(body, {"language": PLAN["language"], "uniform": uniform.tolist(), "texts": texts.tolist()})
    assert ours["inputs"] == flat(rows[:, :-1]) and ours["targets"] == flat(rows[:, 1:])
    assert ours["legal"] == LITTLE_LANGUAGE.legal_tokens(texts).tolist()
    assert ours["words"] == LITTLE_LANGUAGE.words([0, 13, 47])


def test_the_grammar_that_a_page_is_given_is_the_whole_language() -> None:
    given = json.loads(json.dumps(grammar(LITTLE_LANGUAGE)))
    assert tuple(given["symbols"]) == LITTLE_LANGUAGE.symbols
    p, successor = np.zeros_like(LITTLE_LANGUAGE.probability), np.full_like(LITTLE_LANGUAGE.successor, -1)
    for state, choices in enumerate(given["states"]):
        for share, tokens, then in choices:
            p[state, tokens], successor[state, tokens] = share, then
    assert np.array_equal(p, LITTLE_LANGUAGE.probability) and np.array_equal(successor, LITTLE_LANGUAGE.successor)


def test_a_fresh_model_has_the_spread_of_python_s(modules: Callable[[str, Any], Any]) -> None:
    body = """
        const { draw } = await load("train_and_generate/model");
        const { generator } = await load("train_and_generate/random");
        return [...draw(given, generator(11))];
    """
    model = Transformer(seed=4)
    ours = model.views(np.array(modules(body, PLAN["config"])))
    assert list(ours) == list(model.params)
    for name, theirs in model.params.items():
        assert ours[name].std() == pytest.approx(theirs.std(), rel=0.08), name
        assert abs(ours[name].mean()) < 0.1 * ours[name].std()


def sfc32(seed: int, stream: int) -> Iterator[float]:
    """The generator of random.js, in Python's whole numbers."""
    word = 2**32 - 1
    a, b, c, counter = seed & word, stream & word, 0x9E3779B9, 1
    while True:
        total = (a + b + counter) & word
        a, b, counter = b ^ (b >> 9), (c + (c << 3)) & word, (counter + 1) & word
        c = ((((c << 21) & word) | (c >> 11)) + total) & word
        yield total / 2**32


def test_random_numbers_are_repeated_by_a_seed_and_even(modules: Callable[[str, Any], Any]) -> None:
    body = """
        const { generator, normal, integer } = await load("train_and_generate/random");
        const list = (seed, stream, n, f) => {
            const random = generator(seed, stream);
            return Array.from({ length: n }, () => f(random));
        };
        const plain = (random) => random();
        return {
            first: list(7, 3, 100, plain), again: list(7, 3, 100, plain), other: list(7, 4, 100, plain),
            many: list(1, 1, 20000, plain), normal: list(2, 1, 20000, normal),
            integers: list(3, 1, 20000, (random) => integer(random, 6)),
        };
    """
    drawn = modules(body, None)
    known = sfc32(7, 3)
    for _ in range(20):
        next(known)
    assert drawn["first"] == [next(known) for _ in range(100)] == drawn["again"]
    assert not set(drawn["first"]) & set(drawn["other"])
    many = np.sort(drawn["many"])
    assert np.abs(many - np.linspace(0, 1, len(many))).max() < 0.015  # Kolmogorov and Smirnov
    assert abs(np.mean(drawn["normal"])) < 0.03 and abs(statistics.stdev(drawn["normal"]) - 1) < 0.02
    assert np.bincount(drawn["integers"], minlength=6).min() > 3000 and max(drawn["integers"]) == 5


# As a person meets it.


def radio(page: Page, group: str, name: str) -> Locator:
    return page.get_by_role("group", name=group).get_by_role("radio", name=name)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def test_a_training_in_the_page_is_started_stopped_and_started_again_from_the_keyboard(
    alone: Callable[[CourseWidget], Page],
) -> None:
    page = alone(TrainAndGenerate(steps=2000))
    status = page.get_by_role("status")
    expect(page.get_by_text("Python does not answer")).to_be_visible()
    expect(status).to_have_text("Choose a mask to train with and press Train.")
    radio(page, "trained with", "causal").focus()
    for key in ("ArrowRight", "ArrowRight", "Tab", "Tab", "Enter"):  # none, past "used with"
        page.keyboard.press(key)
    expect(status).to_have_text("Training with mask none …")
    expect(page.get_by_text(re.compile("^step [1-9]"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(status).to_contain_text("none: stopped at loss")
    stood = page.get_by_text(re.compile("^step ")).inner_text()
    page.wait_for_timeout(500)
    expect(page.get_by_text(stood, exact=True)).to_be_visible()
    expect(button(page, "▶ Train again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text(stood, exact=True)).to_have_count(0)
    expect(page.get_by_text(re.compile("^step [1-9]"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(button(page, "▶ Train again")).to_be_focused()


@pytest.mark.long
def test_a_training_in_the_page_ends_with_everything_that_one_in_python_has(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(TrainAndGenerate("none", steps=40))
    button(page, "▶ Train").click()
    table = page.get_by_role("table", name="Share of 200 texts")
    expect(table.get_by_text("–", exact=True)).to_have_count(2)  # those of the causal one, which was not trained
    status = page.get_by_role("status")
    expect(status).to_contain_text("The leak test")
    expect(status).to_contain_text("a later token moves an earlier output in 120 of 120 pairs")
    expect(page.get_by_text("none, after 40 steps", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"Of 200 texts, 0\s% are legal"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Training loss.*none"))).to_be_visible()
    cells = page.get_by_role("row").last.get_by_role("gridcell").all_inner_texts()
    assert abs(sum(map(float, cells)) - 1) < 0.04
    radio(page, "used with", "causal").check()
    expect(status).to_contain_text("Trained with none, used with causal: 0")
    expect(page.get_by_text("none, after 40 steps, used with causal")).to_be_visible()
    radio(page, "used with", "as trained").check()
    radio(page, "trained with", "causal").check()
    button(page, "▶ Train").click()
    expect(status).to_contain_text("The leak test finds none")
    expect(table.get_by_text("–", exact=True)).to_have_count(0)


@pytest.mark.long
def test_a_painted_mask_is_trained_with_from_the_keyboard(alone: Callable[[CourseWidget], Page]) -> None:
    page = alone(TrainAndGenerate(steps=20))
    radio(page, "trained with", "causal").focus()
    page.keyboard.press("ArrowLeft")  # round to the last
    expect(radio(page, "trained with", "your mask")).to_be_checked()
    grid = page.get_by_role("grid", name="your mask")
    grid.get_by_role("gridcell").first.click()  # a click hides it: now the first query sees nothing
    expect(page.get_by_text("Query “.” sees no key at all; let it see at least itself.")).to_be_visible()
    expect(button(page, "▶ Train")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_have_text("query “.”, key “these”: may be seen – a leak.")
    expect(button(page, "▶ Train")).to_be_enabled()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The leak test")
    expect(page.get_by_role("status")).to_contain_text("of 120 pairs")
    expect(page.get_by_text("your mask, after 20 steps", exact=True)).to_be_visible()
    grid.get_by_role("gridcell").nth(2).click()  # what was trained before is no longer that of the mask
    expect(page.get_by_text("your mask, after", exact=False)).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.long
def test_the_leak_shows_early_and_the_page_has_no_long_task(alone: Callable[[CourseWidget], Page], browser: Browser) -> None:
    page = alone(TrainAndGenerate("none"))
    with main_thread_tasks(browser, page) as tasks:
        button(page, "▶ Train again").click()
        expect(page.get_by_role("status")).to_contain_text("the loss is below the entropy: it sees the answers.")
        [step] = re.findall(r"none: after (\d+) steps", page.get_by_role("status").inner_text())
        assert int(step) <= 200
        button(page, "■ Stop").click()
    assert len(tasks) > 50
    assert max(tasks) < LONG_TASK


def test_where_no_worker_may_start_the_page_says_so(page: Page, alone: Callable[[CourseWidget], Page]) -> None:
    page.add_init_script("window.Worker = class { constructor() { throw new Error('not here'); } };")
    shown = alone(TrainAndGenerate())
    button(shown, "▶ Train again").click()
    expect(shown.get_by_text("The page can’t train either")).to_be_visible()
    expect(button(shown, "▶ Train again")).to_be_disabled()
    expect(shown.get_by_text("recorded when the course was made")).to_be_visible()
