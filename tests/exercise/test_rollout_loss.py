"""rollout_loss: every way to read its prompt that is right passes, whatever it draws with; what is close to right does not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sizes import share

from autograder.bank import catalog
from autograder.judge.judge import judge

Answer = Callable[..., Any]


def rollout(
    draw: Callable[[np.ndarray, np.random.Generator], int],
    as_given: Callable[[list[int]], Any] = np.array,
    draws_the_last: bool = True,
    result: Callable[[list[float]], Any] = np.mean,
) -> Answer:
    """A right answer, but for the parts that are handed in."""

    def answer(logits_fn: Any, tokens: Any, prompt: int, rng: np.random.Generator) -> Any:
        text, losses = [int(token) for token in tokens[:prompt]], []
        for i in range(prompt, len(tokens)):
            row = np.asarray(logits_fn(as_given(text)), dtype=float)[-1]
            losses.append(float(np.logaddexp.reduce(row) - row[tokens[i]]))
            if draws_the_last or i + 1 < len(tokens):
                text.append(draw(row, rng))
        return result(losses)

    return answer


def softmax(row: np.ndarray) -> np.ndarray:
    p = np.exp(row - row.max())
    return p / p.sum()


def by_choice(row: np.ndarray, rng: np.random.Generator) -> int:
    return int(rng.choice(len(row), p=softmax(row)))


def by_choice_of_objects(row: np.ndarray, rng: np.random.Generator) -> int:
    return int(rng.choice(np.arange(len(row)), size=1, p=softmax(row))[0])


def from_the_largest(row: np.ndarray, rng: np.random.Generator) -> int:
    order = np.argsort(-row)
    return int(order[np.searchsorted(np.cumsum(softmax(row)[order]), rng.random())])


def by_exponential_clocks(row: np.ndarray, rng: np.random.Generator) -> int:
    with np.errstate(divide="ignore"):
        return int((rng.exponential(size=len(row)) / np.maximum(softmax(row), 1e-300)).argmin())


def by_rejection(row: np.ndarray, rng: np.random.Generator) -> int:
    p = np.exp(row - row.max())
    while True:
        token = int(rng.integers(len(row)))
        if rng.random() < p[token]:
            return token


RIGHT = {
    "choice": rollout(by_choice),
    "choice of one of many": rollout(by_choice_of_objects),
    "inverse of the cdf, likeliest first": rollout(from_the_largest),
    "exponential clocks": rollout(by_exponential_clocks),
    "rejection": rollout(by_rejection),
    "the text as a list": rollout(by_choice, as_given=list),
    "the text in int32": rollout(by_choice, as_given=lambda text: np.array(text, dtype=np.int32)),
    "no draw that is not read": rollout(by_choice, draws_the_last=False),
    "a NumPy scalar": rollout(by_choice, result=lambda losses: np.float64(sum(losses) / len(losses))),
    "an array without axes": rollout(by_choice, result=lambda losses: np.array(np.mean(losses))),
}
CLOSE = {
    "the true token fed back now and then": lambda f, t, p, rng: (
        rollout(by_choice)(f, t, p, rng) + catalog.find("stepwise_loss").load().reference(f, t)
    )
    / 2,
    "a temperature of 0.5": rollout(lambda row, rng: by_choice(row / 0.5, rng)),
    "the last draw scored too": rollout(by_choice, result=lambda losses: np.mean([*losses, losses[-1]])),
    "the median": rollout(by_choice, result=lambda losses: float(np.median(losses))),
    "a loss for each position": rollout(by_choice, result=np.array),
}


@pytest.mark.parametrize("name", share(RIGHT, 3))
@pytest.mark.parametrize("seed", share([0, 1], 2))
def test_what_the_prompt_allows_is_right(name: str, seed: int) -> None:
    verdict = judge(catalog.find("rollout_loss").load(), RIGHT[name], seed)
    assert verdict.passed, verdict.finding and verdict.finding.message


@pytest.mark.long
@pytest.mark.parametrize("name", share(CLOSE, 3))
def test_what_is_only_close_is_wrong(name: str) -> None:
    assert not judge(catalog.find("rollout_loss").load(), CLOSE[name]).passed


def test_the_loss_of_a_long_prompt_is_the_last_stepwise_one_and_only_drift_adds_to_it() -> None:
    rollout_loss, stepwise = (catalog.find(id).load().reference for id in ("rollout_loss", "stepwise_loss"))
    rng = np.random.default_rng(0)
    table = rng.normal(size=(5, 5))

    def model(tokens: np.ndarray) -> np.ndarray:
        return table[np.asarray(tokens)]

    tokens = rng.integers(0, 5, size=8)
    last = float(np.logaddexp.reduce(table[tokens[-2]]) - table[tokens[-2], tokens[-1]])
    assert rollout_loss(model, tokens, 7, rng) == pytest.approx(last)
    # A model that does not look at its input can't drift.
    flat = np.tile(rng.normal(size=5), (5, 1))
    assert rollout_loss(lambda t: flat[np.asarray(t)], tokens, 1, rng) == pytest.approx(
        stepwise(lambda t: flat[np.asarray(t)], tokens)
    )
