"""Heads: several heads side by side over the same tokens, and how their outputs are merged, rightly or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.language.language import SENTENCE
from leftcontext.plots.charts import show_matrices
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.arrays import named, real, sequence
from leftcontext.widgets.shared.base import MAX_TOKENS, CourseWidget, load_view
from leftcontext.widgets.shared.mask_rules import CAUSAL, RULES, RuleData, as_data
from leftcontext.widgets.shared.word_vectors import KEYS, QUERIES, VALUES

MAX_HEADS = 8  # that still fit on a page
HAND = 3.0  # length of the clock's hands; a longer one makes the second head surer
MASK_RULES = {name: RULES[name] for name in ("causal", "none")}
CLASSES = ((0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 0.0))  # is a word a noun, is it a determiner?

Tensor = NDArray[np.float64]


class Heads(CourseWidget):
    """Heads side by side: choose a row and read what every head gives it, and what the merged row holds.

    `Heads()` shows two heads of the course's sentence: one looks for the noun that tells the number, one looks a word
    back. `Heads(Q, K, V, heads=H, tokens=words)` cuts the learner's Q (T, D), K (T, D), V (T, D_v) into H heads of D / H
    columns; `Heads(weights=W)` takes attention weights (H, T, T), a model's own, say. Up to 8 heads and 16 tokens.

    mask: "causal" or "none"; weights that are given come with a mask of their own.
    merge: "side_by_side", or "reshape": the mistake that reshapes (H, T, D_v / H) to (T, D_v) and forgets to swap axes.
    query: the row that is chosen. All three can be read, set and linked.
    weights, mean, outputs, merged, reads, leaks: what follows from them. names: what the heads are called.

    Raises ValueError, in one sentence, where shapes do not fit.
    """

    _esm, _css = load_view("heads")

    tokens = t.List(t.Unicode()).tag(sync=True)
    names = t.List(t.Unicode()).tag(sync=True)
    mask = t.Enum(tuple(MASK_RULES), default_value="causal").tag(sync=True)
    merge = t.Enum(("side_by_side", "reshape"), default_value="side_by_side").tag(sync=True)
    query = t.Int(0).tag(sync=True)
    _rules: t.Dict[str, RuleData] = t.Dict(as_data(MASK_RULES)).tag(sync=True)
    _queries = t.List().tag(sync=True)  # (H, T, D / H), or empty where weights are given
    _keys = t.List().tag(sync=True)  # (H, T, D / H)
    _values = t.List().tag(sync=True)  # (H, T, D_v / H)
    _weights = t.List().tag(sync=True)  # (H, T, T), or empty

    def __init__(
        self,
        Q: ArrayLike | None = None,
        K: ArrayLike | None = None,
        V: ArrayLike | None = None,
        *,
        heads: int = 2,
        weights: ArrayLike | None = None,
        tokens: Sequence[str] | None = None,
        names: Sequence[str] | None = None,
        **chosen: Any,
    ) -> None:
        unknown = set(chosen) - {"mask", "merge", "query"}
        if unknown:
            raise ValueError(f"Heads has no parameter {sorted(unknown)[0]!r}.")
        self.given = None if weights is None else _as_weights(weights)  # (H, T, T)
        if self.given is not None:
            if not (Q is None and K is None and V is None):
                raise ValueError("Heads takes Q, K and V, or weights, but not both.")
            words = named(tokens, self.given.shape[1], "tokens", "positions")
            heads = len(self.given)
            parts: list[list[list[list[float]]]] = [[], [], []]
        else:
            if Q is None and K is None and V is None and heads == 2:
                (Q, K, V), tokens = _of_the_sentence(), tokens or SENTENCE
            *arrays, words = sequence(Q, K, V, tokens, MAX_TOKENS)
            parts = [_split(array, heads, name) for array, name in zip(arrays, "QKV", strict=True)]  # (H, T, width)
        self._parts = [np.array(part) for part in parts]
        super().__init__(
            tokens=words, names=named(names, heads, "names", "heads", "head "), **{"query": len(words) - 1} | chosen,
            _queries=parts[0], _keys=parts[1], _values=parts[2], _weights=[] if self.given is None else self.given.tolist(),
        )  # fmt: skip

    @property
    def weights(self) -> Tensor:
        """Attention weights of every head (H, T, T)."""
        if self.given is not None:
            return self.given
        Q, K, _ = self._parts  # (H, T, width)
        scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])  # (H, T, T)
        scores = np.where(MASK_RULES[self.mask].allowed(scores.shape[-1]), scores, -np.inf)
        e = np.exp(scores - scores.max(-1, keepdims=True))
        weights: Tensor = e / e.sum(-1, keepdims=True)
        return weights

    @property
    def mean(self) -> Tensor:
        """The mean of the heads' weights (T, T): a summary, nothing that the layer computes."""
        return self.weights.mean(0)

    @property
    def outputs(self) -> Tensor | None:
        """What each head gives for each position (H, T, D_v / H); None where only weights are known."""
        return None if self.given is not None else self.weights @ self._parts[2]

    @property
    def merged(self) -> Tensor | None:
        """The heads' outputs in one row for each position (T, D_v), as `merge` makes it."""
        if self.outputs is None:
            return None
        outputs = self.outputs if self.merge == "reshape" else np.swapaxes(self.outputs, 0, 1)
        return outputs.reshape(len(self.tokens), -1)

    @property
    def reads(self) -> Tensor:
        """The weights behind each part of each merged row (T, H, T): in row i, part h, that of token j."""
        weights = self.weights if self.merge == "reshape" else np.swapaxes(self.weights, 0, 1)
        return weights.reshape(len(self.tokens), len(self.names), -1)

    @property
    def leaks(self) -> list[int]:
        """The merged rows in which a token of their future has a weight."""
        return [int(i) for i, parts in enumerate(self.reads) if parts[:, i + 1 :].any()]

    def picture(self) -> Picture:
        shown = dict(zip(self.names, self.weights, strict=True)) | {"mean": self.mean}
        T = len(self.tokens)
        hidden = {name: CAUSAL.allowed(T) | (weights > 0) for name, weights in shown.items()}
        alt = f"{len(self.leaks)} of {T} merged rows read their future." if self.leaks else "No merged row reads its future."
        return show_matrices(shown, self.tokens, self.tokens, limits=(0, 1), allowed=hidden, alt=alt)

    @t.validate("query")
    def _known_query(self, proposal: t.Bunch) -> int:
        T = len(self.tokens)
        if T and not 0 <= proposal.value < T:
            raise ValueError(f"There are {T} queries, so query is 0 to {T - 1}, not {proposal.value}.")
        return int(proposal.value)


def _of_the_sentence() -> tuple[Tensor, Tensor, Tensor]:
    """Q, K, V (T, 4): the queries, keys and values of the course's sentence, and a head that looks one word back."""
    angle = np.arange(len(SENTENCE)) * np.pi / len(SENTENCE)  # (T,)
    hands = [HAND * np.stack([np.cos(a), np.sin(a)], axis=-1) for a in (angle - angle[1], angle)]  # (T, 2) each
    return np.hstack([QUERIES, hands[0]]), np.hstack([KEYS, hands[1]]), np.hstack([VALUES, CLASSES])


def _split(array: Tensor, heads: int, name: str) -> list[list[list[float]]]:
    """(T, D) → (H, T, D / H)."""
    if not 1 <= heads <= MAX_HEADS:
        raise ValueError(f"1 to {MAX_HEADS} heads fit on a page, not {heads}.")
    T, width = array.shape
    if width % heads:
        raise ValueError(f"{name} has {width} columns, which {heads} heads can't share out evenly.")
    split: list[list[list[float]]] = np.swapaxes(array.reshape(T, heads, -1), 0, 1).tolist()
    return split


def _as_weights(values: ArrayLike) -> Tensor:
    weights = real(values, "weights")
    if weights.ndim != 3 or weights.shape[1] != weights.shape[2] or not 0 < len(weights) <= MAX_HEADS:
        raise ValueError(f"weights have the shape (H, T, T) with H up to {MAX_HEADS}, not {weights.shape}.")
    if weights.shape[-1] > MAX_TOKENS:
        raise ValueError(f"Up to {MAX_TOKENS} tokens fit on a page, but the weights have the shape {weights.shape}.")
    total = weights.sum(-1)  # (H, T)
    if not (weights >= 0).all() or not (np.isclose(total, 1, atol=1e-2) | (total == 0)).all():
        raise ValueError("The weights of a query are not negative and sum to 1; yours don't.")
    return weights
