"""What the probes feed to a model: contexts, and the same contexts with other inputs where a model must not look.

An input is tokens (T,) or rows of numbers (T, ...). Changes come in kinds, because a leak may answer to one kind alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from leftcontext.audit.libraries import Inputs

Bool = NDArray[np.bool_]
# What is changed: everything that may be, or one of its positions. And what is put there.
ALL, FIRST, LAST, ONE = "all", "first", "last", "one"
KINDS = (
    (ALL, "fresh"),
    (FIRST, "fresh"),
    (ALL, "repeated"),
    (LAST, "fresh"),
    (ALL, "constant"),
    (ONE, "fresh"),
    (ALL, "shifted"),
)

# Where few questions can be asked: the next input is always changed, and mostly everything after it too.
WIDE = (KINDS[0], KINDS[2], KINDS[0], KINDS[4], KINDS[0], KINDS[6], KINDS[1], KINDS[0])
LATEST = KINDS[3]


class Draws(Protocol):
    """Where inputs come from."""

    longest: int | None  # how many positions there are at most; None where as many as one likes

    def contexts(self, rows: int, T: int) -> Inputs: ...

    def change(self, base: Inputs, where: Bool, content: str) -> Inputs: ...

    def describe_untried(self) -> list[str]: ...


def choose_places(where: Bool, what: str, seed: list[int]) -> Bool:
    """Of the positions (T,) that may be changed: all, the first, the last, or a random one."""
    places = np.flatnonzero(where)
    chosen = {ALL: places, FIRST: places[:1], LAST: places[-1:]}.get(what)
    if chosen is None:
        chosen = np.random.default_rng(seed).permutation(places)[:1]
    out = np.zeros_like(where)
    out[chosen] = True
    return out


class TokenDraws:
    """Token ids. Changes walk through the whole vocabulary, so that a leak of one token alone is met early."""

    longest: int | None = None

    def __init__(self, vocab: int, seed: int = 0) -> None:
        self.vocab = vocab
        self.rng = np.random.default_rng([seed, vocab])
        self.walk = self.rng.permutation(vocab)
        self.steps = 0
        self.constants = 0

    def contexts(self, rows: int, T: int) -> Inputs:
        """Random tokens (rows, T); every second row repeats itself."""
        tokens = self.rng.integers(self.vocab, size=(rows, T))
        half = -(-T // 2)
        tokens[1::2, half:] = tokens[1::2, : T - half]
        return tokens.astype(np.int64)

    def change(self, base: Inputs, where: Bool, content: str) -> Inputs:
        """One text (T,) with other tokens at each position of `where` (T,)."""
        out, count = base.copy(), int(where.sum())
        if content == "fresh":
            out[where] = self._next(count)
        elif content == "constant":
            extremes = (0, self.vocab - 1, 1, self.vocab - 2, 2, self.vocab // 2)
            out[where] = extremes[self.constants % len(extremes)] % self.vocab
            self.constants += 1
        elif content == "repeated":
            kept = base[~where]
            out[where] = np.resize(kept if kept.size else base, count)
        else:
            out[where] = np.roll(base[where], 1)
        same = where & (out == base)
        out[same] = (out[same] + 1 + self.steps % max(self.vocab - 1, 1)) % self.vocab
        still = where & (out == base)
        out[still] = (out[still] + 1) % self.vocab
        return out

    def _next(self, count: int) -> Inputs:
        places = (self.steps + np.arange(count)) % len(self.walk)
        self.steps += count
        return self.walk[places]

    @contextmanager
    def only(self, ids: Inputs) -> Iterator[None]:
        """Within, fresh tokens are these alone: those that a leak was found to need."""
        before, self.walk = self.walk, ids
        try:
            yield
        finally:
            self.walk = before

    def describe_untried(self) -> list[str]:
        """Which share of the vocabulary never stood at a changed position."""
        left = 1 - self.steps / self.vocab
        return [f"{left:.0%} of the vocabulary as a later token"] if left > 0 else []


class NumberDraws:
    """Rows of numbers like those of x (T, ...): the contexts are x and variations of it."""

    def __init__(self, x: Inputs, seed: int = 0) -> None:
        self.x = x  # (B, T, ...)
        self.longest: int | None = x.shape[1]
        self.rng = np.random.default_rng([seed, x.shape[1]])
        self.whole = np.issubdtype(x.dtype, np.integer)
        spread = x.std(axis=(0, 1), keepdims=True)[0, 0]
        self.spread = np.where(spread > 0, spread, np.maximum(np.abs(x).mean(), 0) or 1.0)  # (...)
        self.positive = bool(x.size and (np.nanmin(x.real) >= 0))
        self.times = 0

    def contexts(self, rows: int, T: int) -> Inputs:
        """The first T rows of x, as they are and varied: (rows, T, ...)."""
        base = np.resize(self.x[:, :T], (rows, T, *self.x.shape[2:])).copy()
        fresh = self._fresh(base[len(self.x) :])
        base[len(self.x) :] = fresh
        return base

    def change(self, base: Inputs, where: Bool, content: str) -> Inputs:
        """One text (T, ...) with other rows at each position of `where` (T,)."""
        out = base.copy()
        if content == "fresh":
            out[where] = self._fresh(base[where])
        elif content == "constant":
            self.times += 1
            out[where] = (0 * base[where], 5 * self._fresh(base[where]))[self.times % 2]
        elif content == "repeated":
            kept = base[~where]
            out[where] = np.resize(kept if kept.size else base, base[where].shape)
        else:
            out[where] = base[where] + self._typed(self.spread)
        same = where & np.all((out == base).reshape(len(base), -1), axis=1)
        out[same] = base[same] + self._typed(self.spread)
        return out

    def _fresh(self, rows: Inputs) -> Inputs:
        """Rows of the same kind: of the same spread around those given, and not negative where x is not."""
        if self.whole:
            return np.asarray(self.rng.permuted(np.resize(self.x, rows.shape), axis=0))
        drawn = rows + self.spread * self.rng.normal(size=rows.shape)
        return (np.abs(drawn) if self.positive else drawn).astype(rows.dtype)

    def _typed(self, values: Inputs) -> Inputs:
        return np.maximum(values, 1).astype(self.x.dtype) if self.whole else np.asarray(values).astype(self.x.dtype)

    def describe_untried(self) -> list[str]:
        """Longer inputs than x."""
        return [f"more than {self.longest} positions, the length of x"]
