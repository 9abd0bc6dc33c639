"""The numbers that tell an honest model from one that cheats.

Axis letters: B texts, T positions, V vocabulary. Losses are natural-log cross-entropies, in nats.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.model.layers import Array
from leftcontext.model.transformer import Transformer


def position_losses(
    model: Transformer, rows: NDArray[np.integer], *, hide_future: bool = False, allowed: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Rows (B, T + 1) → the mean loss at each position (T,).

    Teacher-forced in one pass under the model's mask, or with the future truly hidden: the logits of position i then
    come from a call that is given tokens 0..i only, as at generation. `allowed` replaces the model's mask.
    """
    inputs, targets = rows[:, :-1], rows[:, 1:]  # (B, T) each
    if hide_future:
        prefixes = (inputs[:, : i + 1] for i in range(inputs.shape[1]))
        logits = np.stack([model.logits(p, allowed)[:, -1] for p in prefixes], axis=1)  # (B, T, V)
    else:
        logits = model.logits(inputs, allowed)  # (B, T, V)
    return cross_entropies(logits, targets).mean(0)


def held_out_loss(
    model: Transformer, rows: NDArray[np.integer], *, hide_future: bool = False, allowed: ArrayLike | None = None
) -> float:
    """Rows (B, T + 1) → the mean of `position_losses`, in nats per token."""
    return float(position_losses(model, rows, hide_future=hide_future, allowed=allowed).mean())


def cross_entropies(logits: Array, targets: NDArray[np.integer]) -> NDArray[np.float64]:
    """Logits (..., V), targets (...) → -log p(target) of each (...)."""
    logits = logits.astype(np.float64)
    logits -= logits.max(-1, keepdims=True)
    right = np.take_along_axis(logits, targets[..., None], -1)[..., 0]  # (...)
    return np.log(np.exp(logits).sum(-1)) - right


def influence(
    model: Transformer, *, texts: int = 8, seed: int = 0, allowed: ArrayLike | None = None
) -> NDArray[np.float64]:
    """How far the logits at i (rows) move at most when the token at j (columns) is replaced (T, T).

    Random tokens, so that no habit of the language hides a path. An honest model has exact zeros above the diagonal.
    """
    rng = np.random.default_rng(seed)
    T, V = model.config.context, model.config.vocab
    tokens = rng.integers(V, size=(texts, T))  # (B, T)
    before = model.logits(tokens, allowed)  # (B, T, V)
    moved = np.empty((T, T))
    for j in range(T):
        changed = tokens.copy()
        changed[:, j] = (tokens[:, j] + rng.integers(1, V, size=texts)) % V  # always another token
        moved[:, j] = np.abs(model.logits(changed, allowed) - before).max((0, 2))
    return moved


def leak(model: Transformer, *, seed: int = 0, allowed: ArrayLike | None = None) -> float:
    """The largest influence of a token on an earlier position: exactly 0 for an honest model."""
    return float(np.triu(influence(model, seed=seed, allowed=allowed), 1).max())


def is_honest(logits_fn: Callable[[NDArray[np.integer]], Array], vocab: int, T: int, tolerance: float = 1e-9) -> bool:
    """Whether no logits of tokens (T,) → (T, vocab) move when a later token is replaced."""
    tokens = np.arange(T) % vocab
    before = np.array(logits_fn(tokens))  # (T, vocab)
    for j in range(1, T):
        changed = np.where(np.arange(T) == j, (tokens + 1) % vocab, tokens)
        if np.abs(np.array(logits_fn(changed)) - before)[:j].max() > tolerance:
            return False
    return True
