"""Attentions to try a leak detector on: leaky ones, one bug each, and honest ones that look suspicious.

Every specimen is `attend(Q, K, V)` for Q, K (T, d) and V (T, d_v), and says in its name what it does.
Axis letters: T position, d width, H head.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Attend = Callable[[Array, Array, Array], Array]


def softmax(scores: Array) -> Array:
    """Scores (..., T) → weights that sum to 1 over the last axis."""
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attend_under(allowed: ArrayLike, Q: Array, K: Array, V: Array, fill: float = -np.inf) -> Array:
    """Attention where `allowed` (T, T) is True; `fill` stands over the rest."""
    scores = Q @ K.T / Q.shape[-1] ** 0.5  # (T, T), in the precision of Q: NumPy's own root would be a float64
    return softmax(np.where(allowed, scores, fill)) @ V


def influence(attend: Attend, Q: Array, K: Array, V: Array) -> Array:
    """How far output i (rows) moves at most when 1 is added to row j (columns) of K and V (T, T)."""
    columns = []
    for step in np.eye(len(Q), dtype=K.dtype)[:, :, None]:  # (T, 1)
        moved = attend(Q, K + step, V + step) - attend(Q, K, V)  # (T, d_v)
        columns.append(np.abs(moved).max(axis=1))
    return np.array(columns).T


# Honest ones.


def causal(Q: Array, K: Array, V: Array) -> Array:
    """What all the others are compared with."""
    return attend_under(np.tri(len(Q), dtype=bool), Q, K, V)


def keys_centred_over_time(Q: Array, K: Array, V: Array) -> Array:
    """Shifts all scores of a row alike, which softmax does not see; only rounding is left of it."""
    return causal(Q, K - K.mean(axis=0), V)


def filled_with_minus_1e9(Q: Array, K: Array, V: Array) -> Array:
    """Finite, and low enough: exp(-1e9) is exactly 0."""
    return attend_under(np.tri(len(Q), dtype=bool), Q, K, V, fill=-1e9)


def with_float_noise(Q: Array, K: Array, V: Array) -> Array:
    """Rounding of 1e-12 that depends on everything."""
    return causal(Q, K, V) + 1e-12 * np.tanh(K.sum() + V.sum())


def window_of_two(Q: Array, K: Array, V: Array) -> Array:
    """Itself and the one before."""
    here = np.arange(len(Q))
    back = here[:, None] - here
    return attend_under((back >= 0) & (back < 2), Q, K, V)


def strictly_before(Q: Array, K: Array, V: Array) -> Array:
    """Everything before, without itself; the first output is 0."""
    allowed = np.tri(len(Q), k=-1, dtype=bool)
    allowed[0, 0] = True
    return attend_under(allowed, Q, K, V) * (np.arange(len(Q)) > 0)[:, None]


# Leaky ones.


def no_mask(Q: Array, K: Array, V: Array) -> Array:
    """Everybody sees everything."""
    return attend_under(True, Q, K, V)


def one_ahead(Q: Array, K: Array, V: Array) -> Array:
    """Each query sees the next key as well."""
    return attend_under(np.tri(len(Q), k=1, dtype=bool), Q, K, V)


def one_ahead_but_row_0(Q: Array, K: Array, V: Array) -> Array:
    """As `one_ahead`, with a first row that looks right."""
    allowed = np.tri(len(Q), k=1, dtype=bool)
    allowed[0] = np.arange(len(Q)) == 0
    return attend_under(allowed, Q, K, V)


def only_at_one_position(Q: Array, K: Array, V: Array) -> Array:
    """The second query sees the last key; all the rest is right."""
    allowed = np.tri(len(Q), dtype=bool)
    allowed[min(1, len(Q) - 1), -1] = True
    return attend_under(allowed, Q, K, V)


def mask_transposed(Q: Array, K: Array, V: Array) -> Array:
    """Sees itself and the future."""
    return attend_under(np.tri(len(Q), dtype=bool).T, Q, K, V)


def zero_fill(Q: Array, K: Array, V: Array) -> Array:
    """0 in place of -inf: exp(0) is 1."""
    return attend_under(np.tri(len(Q), dtype=bool), Q, K, V, fill=0.0)


def softmax_over_queries(Q: Array, K: Array, V: Array) -> Array:
    """Columns sum to 1. No key or value of the future gets through; later *queries* do, in the denominators."""
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[-1]), -np.inf)  # (T, T)
    return softmax(scores.T).T @ V


def masked_after_softmax(Q: Array, K: Array, V: Array) -> Array:
    """No value of the future gets through; its keys do, in the denominator."""
    weights = softmax(Q @ K.T / np.sqrt(Q.shape[-1]))  # (T, T)
    return np.tril(weights) @ V


def values_normalised_over_time(Q: Array, K: Array, V: Array) -> Array:
    """Divides by a spread that counts the future."""
    return causal(Q, K, V / (1 + V.std(axis=0)))


def values_centred_over_time(Q: Array, K: Array, V: Array) -> Array:
    """Subtracts a mean that counts the future."""
    return causal(Q, K, V - V.mean(axis=0))


def heads_merged_without_transpose(Q: Array, K: Array, V: Array) -> Array:
    """Two heads, (H, T, d_v / 2), reshaped straight to (T, d_v): rows of other positions land in a row. Even widths."""
    T = len(Q)
    q, k, v = (x.reshape(T, 2, -1).swapaxes(0, 1) for x in (Q, K, V))  # (H, T, d / H) each
    heads = np.stack([causal(q[h], k[h], v[h]) for h in (0, 1)])
    return heads.reshape(T, -1)


def no_mask_behind_zeros(Q: Array, K: Array, V: Array) -> Array:
    """No mask, and a projection after it that starts at 0: as it is built nothing arrives, so no test sees the leak yet."""
    return 0.0 * no_mask(Q, K, V)


def mask_lost_after_first_layer(Q: Array, K: Array, V: Array) -> Array:
    """Two layers; only the first has a mask."""
    x = causal(Q, K, V)  # (T, d_v)
    return no_mask(x, x, x)


def _next(x: Array) -> Array:
    """Each row gets the one after it; the last gets nothing."""
    return np.vstack([x[1:], 0 * x[:1]])


def leaks_by_a_millionth(Q: Array, K: Array, V: Array) -> Array:
    """A millionth of the next value is added."""
    return causal(Q, K, V) + 1e-6 * _next(V)


def a_millionth_beside_a_hundred(Q: Array, K: Array, V: Array) -> Array:
    """At most a millionth leaks, into outputs near 100: a relative tolerance swallows it."""
    return 100 + causal(Q, K, V) + 1e-6 * np.tanh(_next(V))


def up_and_down(Q: Array, K: Array, V: Array) -> Array:
    """The next value pushes the first number of an output up and the last one down; their sum stays. At least two numbers."""
    push = np.tanh(_next(V)[:, 0])
    out = causal(Q, K, V)
    out[:, 0] += push
    out[:, -1] -= push
    return out


def last_component_only(Q: Array, K: Array, V: Array) -> Array:
    """Only the last number of each output sees the next value."""
    out = causal(Q, K, V)
    out[:, -1] += _next(V)[:, -1]
    return out


class LeaksFromTheSecondCall:
    """Right in the first call (training), without a mask in every later one (evaluation)."""

    def __init__(self) -> None:
        self.__name__ = "leaks_from_the_second_call"
        self.called = False

    def __call__(self, Q: Array, K: Array, V: Array) -> Array:
        """The mask is a thing of the first call only."""
        attend = no_mask if self.called else causal
        self.called = True
        return attend(Q, K, V)


HONEST: tuple[Attend, ...] = (
    causal,
    keys_centred_over_time,
    filled_with_minus_1e9,
    with_float_noise,
    window_of_two,
    strictly_before,
)
LEAKY: tuple[Attend, ...] = (
    no_mask,
    one_ahead,
    one_ahead_but_row_0,
    only_at_one_position,
    masked_after_softmax,
    values_normalised_over_time,
    values_centred_over_time,
    heads_merged_without_transpose,
    mask_lost_after_first_layer,
    leaks_by_a_millionth,
    a_millionth_beside_a_hundred,
    up_and_down,
    last_component_only,
)
