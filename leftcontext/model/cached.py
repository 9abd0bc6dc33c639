"""A trained model behind a cache: what a server runs.

Axis letters: t tokens of a piece, n tokens in the cache, L layers, H heads, d width of a head, D width, V vocabulary.
"""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.model.layers import Array, attention_weights, rms_norm
from leftcontext.model.transformer import SHARPNESS, Transformer


class CachedReader:
    """Reads a text piece by piece with a trained model, and keeps the keys and values of all that it has read.

    It computes what `model.logits` computes for the whole text, up to rounding. What is in the cache is never changed,
    only replaced, so that a `fork` shares the memory of its past.
    """

    def __init__(self, model: Transformer) -> None:
        c = model.config
        empty = np.empty((c.heads, 0, c.width // c.heads), model.theta.dtype)
        self.model = model
        self.keys: list[Array] = [empty] * c.layers  # L arrays (H, n, d)
        self.values: list[Array] = [empty] * c.layers

    def __len__(self) -> int:
        """How many tokens the cache holds."""
        return self.keys[0].shape[1]

    @property
    def nbytes(self) -> int:
        """The bytes of all keys and values."""
        return sum(array.nbytes for array in (*self.keys, *self.values))

    def read(
        self, tokens: ArrayLike, positions: ArrayLike | None = None, allowed: ArrayLike | None = None
    ) -> NDArray[np.floating]:
        """Tokens (t,) → logits (t, V), and their keys and values into the cache.

        `positions` (t,) default to those that follow the cache, `allowed` (t, n + t) to the causal rectangle, aligned at
        the bottom right.
        """
        tokens = np.asarray(tokens)
        t, n, p = len(tokens), len(self), self.model.params
        where = np.arange(n, n + t) if positions is None else np.asarray(positions)
        mask = np.tri(t, n + t, k=n, dtype=bool) if allowed is None else np.asarray(allowed)
        x = p["token"][tokens] + p["position"][where]  # (t, D)
        for layer in range(self.model.config.layers):
            x = x + self._attend(layer, rms_norm(x), mask)
            x = x + np.maximum(rms_norm(x) @ p[f"{layer}.up"], 0) @ p[f"{layer}.down"]
        return SHARPNESS * rms_norm(x) @ p["head"]

    def keep(self, rows: slice | ArrayLike) -> None:
        """Keep only these rows of the cache, in this order; the others are evicted."""
        index = rows if isinstance(rows, slice) else np.asarray(rows)
        self.keys = [array[:, index] for array in self.keys]
        self.values = [array[:, index] for array in self.values]

    def fork(self) -> CachedReader:
        """Another reader with the same past."""
        other = copy.copy(self)
        other.keys, other.values = list(self.keys), list(self.values)
        return other

    def _attend(self, layer: int, h: Array, allowed: NDArray[np.bool_]) -> Array:
        heads, p = self.model.config.heads, self.model.params
        t, D = h.shape
        q, k, v = (h @ p[f"{layer}.qkv"]).reshape(t, 3, heads, D // heads).transpose(1, 2, 0, 3)  # (H, t, d) each
        K = self.keys[layer] = np.concatenate([self.keys[layer], k], axis=1)  # (H, n + t, d)
        V = self.values[layer] = np.concatenate([self.values[layer], v], axis=1)
        weights = attention_weights(q, K, allowed)  # (H, t, n + t)
        return (weights @ V).swapaxes(0, 1).reshape(t, D) @ p[f"{layer}.merge"]
