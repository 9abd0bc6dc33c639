"""Whole little models with a broken attention inside: trained under the bug, then examined.

`attention_bugs` has the attentions as functions of one text. A model is trained on whole batches and needs gradients as
well, so each has a second form here, a `BuggyAttention` with a backward pass; the tests hold both equal. What is examined
after the training runs through the function itself.

Axis letters: B texts, T positions, H heads, D width, N = B·T rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import DTypeLike, NDArray

from leftcontext.bugs import attention_bugs
from leftcontext.bugs.attention_bugs import Attend
from leftcontext.model import layers
from leftcontext.model.layers import Array
from leftcontext.model.training import Schedule, train
from leftcontext.model.transformer import Config, Transformer

SIZE = Config(layers=1, heads=1)  # one layer: the bug and nothing else; `attend` gets the whole width
T = SIZE.context
SCHEDULE = Schedule(steps=500)
Bool = NDArray[np.bool_]
Back = Callable[[Array], tuple[Array, Array, Array]]  # gradient of the output → gradients of Q, K, V

CAUSAL: Bool = np.tri(T, dtype=bool)
ONE_AHEAD: Bool = np.tri(T, k=1, dtype=bool)


@dataclass(frozen=True, eq=False)
class BuggyAttention:
    """An attention over a batch, forward and backward, with whatever may be wrong in it."""

    allowed: Bool  # (T, T)
    fill: float = -np.inf  # stands over the scores that are not allowed
    axis: int = -1  # of the softmax: -1 the keys, -2 the queries
    kept: Bool | None = None  # (T, T) what is left of the weights, after the softmax
    centred: bool = False  # the mean over time is taken from the values
    heads: int = 1  # more than 1: merged without a transpose

    def __call__(self, Q: Array, K: Array, V: Array) -> tuple[Array, Back]:
        """Q, K, V (B, T, D) → output (B, T, D), and the backward pass from its gradient."""
        q, k, v = (self._split(x) for x in (Q, K, V))
        scale = q.dtype.type(q.shape[-1] ** -0.5)
        if self.centred:
            v = v - v.mean(axis=1, keepdims=True)
        scores = np.where(self.allowed, q @ k.mT * scale, q.dtype.type(self.fill))  # (B·H, T, T)
        scores -= scores.max(axis=self.axis, keepdims=True)
        p = np.exp(scores, out=scores)
        p /= p.sum(axis=self.axis, keepdims=True)
        weights = p if self.kept is None else p * self.kept

        def back(gradient: Array) -> tuple[Array, Array, Array]:
            g = gradient.reshape(v.shape)
            dv = weights.mT @ g
            if self.centred:
                dv -= dv.mean(axis=1, keepdims=True)
            dp = g @ v.mT  # (B·H, T, T)
            if self.kept is not None:
                dp *= self.kept
            dp -= (dp * p).sum(axis=self.axis, keepdims=True)
            dp *= p
            dp *= self.allowed * scale  # where something was filled in, the scores don't count
            return self._merge(dp @ k), self._merge(dp.mT @ q), self._merge(dv)

        return (weights @ v).reshape(V.shape), back

    def _split(self, x: Array) -> Array:
        """(B, T, D) → (B·H, T, D / H)."""
        B, T, D = x.shape
        return x.reshape(B, T, self.heads, -1).swapaxes(1, 2).reshape(-1, T, D // self.heads)

    def _merge(self, x: Array) -> Array:
        """(B·H, T, D / H) → (B, T, D), as it should be: the gradients of the inputs go back where those came from."""
        return x.reshape(-1, self.heads, *x.shape[1:]).swapaxes(1, 2).reshape(-1, x.shape[1], self.heads * x.shape[2])


def _row_0_right() -> Bool:
    allowed = ONE_AHEAD.copy()
    allowed[0] = CAUSAL[0]
    return allowed


def _hole() -> Bool:
    allowed = CAUSAL.copy()
    allowed[1, -1] = True
    return allowed


BUGGY_ATTENTIONS: dict[Attend, BuggyAttention] = {
    attention_bugs.causal: BuggyAttention(CAUSAL),
    attention_bugs.no_mask: BuggyAttention(np.ones((T, T), dtype=bool)),
    attention_bugs.one_ahead: BuggyAttention(ONE_AHEAD),
    attention_bugs.one_ahead_but_row_0: BuggyAttention(_row_0_right()),
    attention_bugs.mask_transposed: BuggyAttention(CAUSAL.T),
    attention_bugs.masked_after_softmax: BuggyAttention(np.ones((T, T), dtype=bool), kept=CAUSAL),
    attention_bugs.softmax_over_queries: BuggyAttention(CAUSAL, axis=-2),
    attention_bugs.zero_fill: BuggyAttention(CAUSAL, fill=0.0),
    attention_bugs.values_centred_over_time: BuggyAttention(CAUSAL, centred=True),
    attention_bugs.heads_merged_without_transpose: BuggyAttention(CAUSAL, heads=2),
    attention_bugs.only_at_one_position: BuggyAttention(_hole()),
    attention_bugs.window_of_two: BuggyAttention(CAUSAL & ~np.tri(T, k=-2, dtype=bool)),
}


@cache
def behind_a_mean(attend: Attend) -> Attend:
    """`attend` on values whose mean over time was subtracted: one bug behind another."""

    def both(Q: attention_bugs.Array, K: attention_bugs.Array, V: attention_bugs.Array) -> attention_bugs.Array:
        return attend(Q, K, V - V.mean(axis=0))

    return both


BUGGY_ATTENTIONS |= {
    behind_a_mean(attend): replace(bug, centred=True) for attend, bug in BUGGY_ATTENTIONS.items() if not bug.centred
}


# Attentions behind a projection that starts at 0, and the one that works there as soon as the projection has moved.
STARTS_AT_ZERO: dict[Attend, Attend] = {attention_bugs.no_mask_behind_zeros: attention_bugs.no_mask}


class TrainableAttention(layers.Attention):
    """A `BuggyAttention` in the place of a model's attention: it can be trained, at the full length."""

    def __init__(self, bug: BuggyAttention, place: layers.Attention) -> None:
        super().__init__(place.qkv, place.merge, place.d_qkv, place.d_merge, place.heads)
        self.bug = bug

    def forward(self, x: Array, mask: Array) -> Array:
        """Rows x (N, D) → (N, D); of the mask only its length counts."""
        self.x, shape = x, (-1, len(mask), 3, x.shape[1])
        o, self.back = self.bug(*np.moveaxis((x @ self.qkv).reshape(shape), 2, 0))
        self.o = o.reshape(x.shape)  # (N, D)
        return self.o @ self.merge

    def backward(self, dy: Array) -> Array:
        """Gradient of the output (N, D) → of x (N, D)."""
        np.matmul(self.o.T, dy, out=self.d_merge)
        do = (dy @ self.merge.T).reshape(-1, T, dy.shape[1])  # (B, T, D)
        dqkv = np.stack(self.back(do), axis=2).reshape(len(dy), -1)  # (N, 3 D)
        np.matmul(self.x.T, dqkv, out=self.d_qkv)
        return dqkv @ self.qkv.T


class Examined(layers.Attention):
    """Any `attend` in the place of a model's attention, text by text: for examinations, not for training."""

    def __init__(self, attend: Attend, place: layers.Attention) -> None:
        super().__init__(place.qkv, place.merge, place.d_qkv, place.d_merge, place.heads)
        self.attend = attend

    def forward(self, x: Array, mask: Array) -> Array:
        """Rows x (N, D) → (N, D); of the mask only its length counts."""
        texts = (x @ self.qkv).reshape(-1, len(mask), 3, x.shape[1]).swapaxes(1, 2)  # (B, 3, T, D)
        return np.concatenate([self.attend(*qkv) for qkv in texts]) @ self.merge  # (N, D)


def model_around(attention: Attend | BuggyAttention, seed: int = 0, dtype: DTypeLike = np.float32) -> Transformer:
    """A fresh little model with this attention: a `BuggyAttention` can be trained, a function can only be examined."""
    model = Transformer(SIZE, seed=seed, dtype=dtype)
    (place,) = model.attention
    if isinstance(attention, BuggyAttention):
        model.attention = [TrainableAttention(attention, place)]
    else:
        model.attention = [Examined(attention, place)]
    return model


def untrained_model(attend: Attend, seed: int = 0) -> Transformer:
    """The model with this attention inside as it is built, ready to be trained.

    Raises ValueError for a function that has no backward pass here.
    """
    working = STARTS_AT_ZERO.get(attend, attend)
    if working not in BUGGY_ATTENTIONS:
        name = getattr(attend, "__name__", attend)
        raise ValueError(f"{name} can be examined, but not trained: its backward pass is not known.")
    model = model_around(BUGGY_ATTENTIONS[working], seed)
    if attend in STARTS_AT_ZERO:
        model.params["0.merge"][:] = 0
    return model


@cache
def learned_under(attend: Attend, seed: int) -> Array:
    """The parameters (one vector) of a model trained with this attention inside; half a second, the first time.

    Raises ValueError for a function that has no backward pass here.
    """
    model = untrained_model(attend, seed)
    for _ in train(model, schedule=SCHEDULE, seed=seed):
        pass
    return model.theta
