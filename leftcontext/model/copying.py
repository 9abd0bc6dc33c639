"""Texts that repeat themselves, and small models that learn to copy them: attention alone, without MLPs.

A text is a block of letters, drawn at random without repetition, over and over. Its length differs from text to text, so
no fixed distance leads to the right letter: the model must find where the letter stood before. The first copy can't be
predicted, every later one can.

Axis letters: N texts, T positions, D width.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.model.evaluation import cross_entropies
from leftcontext.model.layers import Array
from leftcontext.model.training import Schedule, allowed_by, train
from leftcontext.model.transformer import Config, Transformer

LETTERS = "abcdefghijklmnopqrstuvwx"
CONTEXT = 24
SHORTEST, LONGEST = 4, 12  # the lengths of a block
COPYING = Schedule(steps=400, rate=1e-2)


def repeated_rows(rows: int, T: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows for training (rows, T + 1): each repeats a block of 4 to 12 different letters."""
    return _repeat(rng.integers(SHORTEST, LONGEST + 1, size=(rows, 1)), T, rng)


def copy_test(rows: int, period: int, rng: np.random.Generator, T: int = CONTEXT) -> NDArray[np.intp]:
    """Rows (rows, T + 1) whose blocks all have `period` letters, so that the copies begin at the same position."""
    return _repeat(np.full((rows, 1), period), T, rng)


def spell(tokens: ArrayLike) -> list[str]:
    """Tokens (T,) as letters."""
    return [LETTERS[token] for token in np.asarray(tokens)]


def copy_model(layers: int, seed: int = 0) -> Transformer:
    """An untrained causal model with two heads in each layer and no MLP, for texts of up to 24 letters.

    The vectors of its positions begin as waves that are orthogonal to one another, so that a head can tell neighbours apart
    from the start; they are trained like all other parameters.
    """
    config = Config(vocab=len(LETTERS), context=CONTEXT, width=48, heads=2, layers=layers, hidden=0)
    model = Transformer(config, allowed_by("causal", CONTEXT), seed)
    model.params["position"][:] = 0.5 * waves(CONTEXT, config.width)
    return model


def waves(T: int, D: int) -> Array:
    """Sines and cosines (T, D) of D/2 equally spaced frequencies; the rows are orthogonal where T <= D."""
    frequencies = np.pi * (np.arange(D // 2) + 0.5) / (D // 2)  # (D/2,)
    angles = np.arange(T)[:, None] * frequencies  # (T, D/2)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def copy_losses(logits: ArrayLike, rows: NDArray[np.intp]) -> Array:
    """Logits (N, T, vocab) of rows[:, :-1], and the rows (N, T + 1) → the mean loss at each position (T,), in nats."""
    losses: Array = cross_entropies(np.asarray(logits), rows[:, 1:]).mean(axis=0)  # (T,)
    return losses


def train_beside(
    models: Mapping[str, Transformer], seed: int = 0, every: int = 5
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train the models in place, on the same rows; yields the step and the loss of each model, every few steps.

    The loss is that of the repeated half of new texts with two copies of 12 letters, in nats. The same seed gives the same
    models.
    """
    test = copy_test(32, LONGEST, np.random.default_rng(seed + 1000))
    with ExitStack() as stack:  # each training holds a limit on threads: they end in the opposite order
        trainings = [stack.enter_context(closing(train(m, repeated_rows, COPYING, seed))) for m in models.values()]
        for step in range(COPYING.steps):
            for training in trainings:
                next(training)
            if step % every == 0 or step == COPYING.steps - 1:
                yield step + 1, {name: repeated_loss(model, test) for name, model in models.items()}


def repeated_loss(model: Transformer, rows: NDArray[np.intp], period: int = LONGEST) -> float:
    """The mean loss of the letters after the first copy, in nats: rows (N, T + 1) of blocks of `period` letters."""
    return float(copy_losses(model.logits(rows[:, :-1]), rows)[period:].mean())


def _repeat(period: NDArray[np.integer], T: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Periods (N, 1) → rows (N, T + 1)."""
    block = rng.random((len(period), len(LETTERS))).argsort(axis=1)  # (N, letters)
    return np.take_along_axis(block, np.arange(T + 1) % period, axis=1)
