"""Training a little model.

Adam (Kingma and Ba 2015) on fresh rows of a language: no row is seen twice, so nothing can be learned by heart.
`train` is a plain generator that yields after every step; whoever calls it shows the progress and may stop at any step.

Axis letters: B texts, T positions.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from leftcontext.language.language import LITTLE_LANGUAGE
from leftcontext.model.layers import Array
from leftcontext.model.transformer import Transformer

Draw = Callable[[int, int, np.random.Generator], NDArray[np.intp]]  # (rows, T, rng) → rows (B, T + 1)
Targets = Callable[[NDArray[np.intp]], NDArray[np.integer]]  # rows (B, T + 1) → targets (B, T), IGNORED where none
AHEAD: dict[str, int | None] = {"causal": 0, "one_ahead": 1, "none": None}  # how many later tokens a query sees; None: all
MASKS = tuple(AHEAD)


@dataclass(frozen=True)
class Schedule:
    """How long and how fast; the defaults train the course's model in about a second."""

    steps: int = 1200
    batch: int = 16
    rate: float = 1.2e-2  # the highest learning rate, after the warm-up; from there it falls to 0 in a straight line
    warm_up: int = 100
    beta1: float = 0.9
    beta2: float = 0.95
    clip: float = 1.0  # the longest gradient

    def rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, ..."""
        rise = (step + 1) / (self.warm_up + 1)
        fall = (self.steps - step) / max(1, self.steps - self.warm_up)
        return self.rate * min(rise, fall, 1.0)


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a training after a step; `step` counts from 1 to `steps`."""

    step: int
    steps: int
    loss: float  # nats per token on this step's rows, before the step
    smooth: float  # the mean loss of the last 100 steps


def allowed_by(name: str, T: int) -> NDArray[np.bool_]:
    """A mask by name (T, T), True where a query (row) may attend to a key (column).

    "causal" sees itself and the past, "one_ahead" also the next token, "none" everything.
    """
    if name not in MASKS:
        raise ValueError(f"no mask is called {name!r}; there are {', '.join(MASKS)}")
    ahead = AHEAD[name]
    return np.tri(T, k=T if ahead is None else ahead, dtype=bool)


def next_tokens(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows (B, T + 1) → the next token of each position (B, T)."""
    return rows[:, 1:]


def train(
    model: Transformer,
    draw: Draw = LITTLE_LANGUAGE.rows,
    schedule: Schedule | None = None,
    seed: int = 0,
    targets: Targets = next_tokens,
) -> Generator[Progress, None, None]:
    """Train `model` in place, under its own `allowed`; yields after each step. The same seed gives the same model.

    `targets` says what is to be predicted at each position of the drawn rows, and where nothing is.
    """
    s = schedule or Schedule()
    rng = np.random.default_rng(seed)
    adam = Adam(model.theta, s)
    losses: list[float] = []
    with threadpool_limits(limits=1, user_api="blas"):  # on matrices this small, two threads wait for each other
        for step in range(s.steps):
            if step % 100 == 0:
                drawn = draw(100 * s.batch, model.config.context, rng)  # many at once: a draw costs calls, not rows
            rows = drawn[step % 100 * s.batch :][: s.batch]  # (B, T + 1)
            losses.append(model.loss_and_gradient(rows[:, :-1], targets(rows)))
            adam.step(model.theta, model.gradient, s.rate_at(step))
            yield Progress(step + 1, s.steps, losses[-1], float(np.mean(losses[-100:])))


class Adam:
    """Adam on one flat vector, in place."""

    def __init__(self, theta: Array, schedule: Schedule) -> None:
        self.s = schedule
        self.mean, self.square = np.zeros_like(theta), np.zeros_like(theta)
        self.a, self.b = np.empty_like(theta), np.empty_like(theta)  # scratch
        self.steps = 0

    def step(self, theta: Array, gradient: Array, rate: float) -> None:
        """Change `theta` against `gradient`, which is clipped in place."""
        s, a, b = self.s, self.a, self.b
        self.steps += 1
        length = float(np.sqrt(gradient @ gradient))
        if length > s.clip:
            gradient *= s.clip / length
        self.mean *= s.beta1
        self.mean += np.multiply(gradient, 1 - s.beta1, out=a)
        self.square *= s.beta2
        a *= gradient
        self.square += np.multiply(a, (1 - s.beta2) / (1 - s.beta1), out=a)
        np.sqrt(np.multiply(self.square, 1 / (1 - s.beta2**self.steps), out=b), out=b)
        b += 1e-8
        np.divide(self.mean, b, out=a)
        a *= rate / (1 - s.beta1**self.steps)
        theta -= a
