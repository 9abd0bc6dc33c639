"""The random-token audit: train on noise, and whoever gets better than chance has seen the answer.

Each token is drawn uniformly from V and says nothing about the next, so no honest model can expect less than ln V nats.
A model that is shown the answer at all but n of its T positions settles at n/T · ln V: its loss counts the honest ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.model.evaluation import position_losses
from leftcontext.model.training import Draw, Progress, Schedule, train
from leftcontext.model.transformer import Config, Transformer


@dataclass(frozen=True, eq=False)
class Audit:
    """What a model made of random tokens; losses in nats."""

    vocab: int
    training: NDArray[np.float64]  # (steps,) the loss of each step
    positions: NDArray[np.float64]  # (T,) the loss at each position, on rows not seen before

    @property
    def loss(self) -> float:
        """The mean over positions."""
        return float(self.positions.mean())

    @property
    def floor(self) -> float:
        """Chance: ln V, the lowest loss an honest model can expect."""
        return float(np.log(self.vocab))

    @property
    def honest_positions(self) -> int:
        """How many positions had nothing to copy: T for an honest model."""
        return round(self.loss / self.floor * len(self.positions))


def random_rows(vocab: int) -> Draw:
    """Draws rows (B, T + 1) of uniform random tokens."""
    return lambda texts, length, rng: rng.integers(vocab, size=(texts, length + 1))


def audit(
    allowed: ArrayLike,
    *,
    vocab: int = 16,
    context: int = 16,
    steps: int = 600,
    seed: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> Audit:
    """Train a model under this mask on random tokens, for half a second, and measure it."""
    model = Transformer(Config(vocab=vocab, context=context), allowed=allowed, seed=seed)
    draw = random_rows(vocab)
    losses = []
    for progress in train(model, draw, Schedule(steps=steps), seed=seed):
        losses.append(progress.loss)
        if on_progress:
            on_progress(progress)
    fresh = draw(512, context, np.random.default_rng([seed, 512]))  # (B, T + 1)
    return Audit(vocab, np.array(losses), position_losses(model, fresh))
