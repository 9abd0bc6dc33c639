"""Causal attentions that are wrong, written apart from the exercise file. None may score full.

`named` is the misconception that the judge has to find in it, where it has a name.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from support.right_attentions import RIGHT, hidden, scores_of, softmax

Attention = Callable[..., Any]
WRONG: dict[str, tuple[Attention, str | None]] = {}
true_attention = RIGHT["log_sum_exp"]


def wrong(named: str | None = None, name: str | None = None) -> Callable[[Attention], Attention]:
    def add(attend: Attention) -> Attention:
        WRONG[name or attend.__name__] = (attend, named)
        return attend

    return add


def weights_of(Q, K):
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K)))


# Which pairs are hidden.

HIDES = {
    "the past": ("mask_transposed", lambda i, j: j < i),
    "nothing": ("no_mask", lambda i, j: j < 0),
    "the own position": ("own_position_excluded", lambda i, j: j >= i),
    "the own position but in row 0": (None, lambda i, j: (j >= i) & (i + j > 0)),
    "from two ahead": ("one_ahead", lambda i, j: j > i + 1),
    "from three ahead": (None, lambda i, j: j > i + 2),
    "from two ahead but in row 0": ("one_ahead_except_first_row", lambda i, j: (j > i + 1) | ((i == 0) & (j > 0))),
    "what may be seen": ("mask_inverted", lambda i, j: j <= i),
    "what is left of the anti-diagonal": ("anti_diagonal", lambda i, j: i + j < i.size - 1),
    "all but two": ("forgets_the_past", lambda i, j: (j > i) | (j < i - 1)),
    "what is more than eight back": (None, lambda i, j: (j > i) | (j < i - 8)),
    "what is more than thirty back": (None, lambda i, j: (j > i) | (j < i - 30)),
    "the first key from the last query": (None, lambda i, j: (j > i) | ((i == i.size - 1) & (j == 0) & (i > 0))),
    "the future but from row 1": (None, lambda i, j: (j > i) & (i != 1)),
    "the future but for the last key": (None, lambda i, j: (j > i) & (j < i.size - 1)),
    "the future of even rows": (None, lambda i, j: (j > i) & (i % 2 == 0)),
    "the future of the first half": (None, lambda i, j: (j > i) & (i <= i.size // 2)),
    "later blocks of four": (None, lambda i, j: j // 4 > i // 4),
    "later blocks of 32": (None, lambda i, j: (j > i) & ((j // 32 > i // 32) | (i < 32))),
    "both sides of a window": (None, lambda i, j: abs(i - j) > 2),
    "all but itself": (None, lambda i, j: i != j),
}
for what, (idea, hides) in HIDES.items():

    def hides_it(Q, K, V, hides=hides):
        n = np.arange(Q.shape[-2])
        return softmax(np.where(hides(n[:, None], n), -np.inf, scores_of(Q, K))) @ V

    wrong(idea, f"hides {what}")(hides_it)

# What is written over a hidden score, or added to it.

for fill, idea in ((0.0, "zero_instead_of_inf"), (-10.0, "fill_too_weak"), (-1.0, None), (-30.0, None), (-100.0, None),
                   (-1e4, None), (-1e5, "fill_too_weak"), (-65504.0, None), (-1e-9, "zero_instead_of_inf"),
                   (1e9, None), (np.inf, "plus_inf"), (np.nan, None)):  # fmt: skip
    wrong(idea, f"fills {fill:g}")(
        lambda Q, K, V, fill=fill: softmax(np.where(hidden(Q.shape[-2]), fill, scores_of(Q, K))) @ V
    )
for shift, idea in ((-1.0, "boolean_added"), (-10.0, None), (1.0, None), (-np.inf, "zero_times_inf")):
    wrong(idea, f"adds {shift:g} times the mask")(
        lambda Q, K, V, shift=shift: softmax(scores_of(Q, K) + hidden(Q.shape[-2]) * shift) @ V
    )


@wrong("boolean_added")
def adds_booleans(Q, K, V):
    return softmax(scores_of(Q, K) + ~hidden(Q.shape[-2])) @ V


@wrong("mask_inverted")
def reads_an_additive_mask_as_booleans(Q, K, V):
    additive = np.where(hidden(Q.shape[-2]), -np.inf, 0.0)
    return softmax(np.where(additive.astype(bool), scores_of(Q, K), -np.inf)) @ V


@wrong("zero_as_sentinel")
def zero_means_hidden(Q, K, V):
    s = np.tril(scores_of(Q, K))
    s[s == 0] = -np.inf
    return softmax(s) @ V


@wrong("own_position_excluded")
def hides_where_not_positive(Q, K, V):
    T = Q.shape[-2]
    return softmax(np.where(np.arange(T)[:, None] - np.arange(T) > 0, scores_of(Q, K), -np.inf)) @ V


@wrong("no_mask")
def throws_the_filled_scores_away(Q, K, V):
    s = scores_of(Q, K)
    np.where(hidden(Q.shape[-2]), -np.inf, s)
    return softmax(s) @ V


@wrong("nan_to_num")
def paints_nan_over(Q, K, V):
    T = Q.shape[-2]
    return np.nan_to_num(softmax(np.where(np.tri(T, k=-1, dtype=bool), scores_of(Q, K), -np.inf))) @ V


@wrong()
def masks_queries(Q, K, V):
    s = scores_of(Q, K)
    s[..., -1:, :] = -np.inf
    return np.nan_to_num(softmax(s)) @ V


@wrong()
def masks_values(Q, K, V):
    return np.einsum("...ij,...jv->...iv", softmax(scores_of(Q, K)), np.tril(np.ones(V.shape)) * V)


# The softmax.


@wrong("masked_after_softmax")
def zeroes_weights_afterwards(Q, K, V):
    return np.tril(softmax(scores_of(Q, K))) @ V


@wrong("softmax_over_queries")
def columns_sum_to_one(Q, K, V):
    s = np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))
    return np.swapaxes(softmax(np.swapaxes(s, -1, -2)), -1, -2) @ V


@wrong("normalised_over_whole_matrix")
def the_matrix_sums_to_one(Q, K, V):
    s = np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))
    return softmax(s.reshape(*s.shape[:-2], -1)).reshape(s.shape) @ V


@wrong()
def everything_sums_to_one(Q, K, V):
    e = np.exp(np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K)))
    return e / e.sum() @ V


def by_exponentials(shift_of, extra=0.0, base=np.exp, bounds=(-np.inf, np.inf)):
    """Attention that subtracts something else than each row's maximum, or divides by something else than the sum."""

    def attend(Q, K, V):
        s = np.clip(scores_of(Q, K), *bounds)
        s = np.where(hidden(Q.shape[-2]), -np.inf, s)
        e = base(s - shift_of(s))
        return e / (e.sum(axis=-1, keepdims=True) + extra) @ V

    return attend


def row_max(s):
    return s.max(axis=-1, keepdims=True)


def row_mean(s):
    seen = np.isfinite(s)
    return np.where(seen, s, 0.0).sum(-1, keepdims=True) / seen.sum(-1, keepdims=True)


SHIFTS = {
    "subtracts nothing": ("no_max_subtracted", lambda s: 0.0),
    "subtracts the maximum of all": ("global_maximum", np.max),
    "subtracts the maximum of each matrix": (None, lambda s: s.max(axis=(-1, -2), keepdims=True)),
    "subtracts the column's maximum": (None, lambda s: s.max(axis=-2, keepdims=True)),
    "subtracts the row's mean": (None, row_mean),
    "subtracts the row's first score": (None, lambda s: s[..., :1]),
    "subtracts the row's own score": (None, lambda s: np.diagonal(s, axis1=-2, axis2=-1)[..., None]),
    "subtracts the row's minimum": (None, lambda s: np.where(np.isfinite(s), s, np.inf).min(axis=-1, keepdims=True)),
    "subtracts the maximum of the last row": (None, lambda s: s[..., -1:, :].max(axis=-1, keepdims=True)),
    "subtracts 100": (None, lambda s: 100.0),
    "forgets keepdims in the maximum": (None, lambda s: s.max(axis=-1)),
}
for what, (idea, shift_of) in SHIFTS.items():
    wrong(idea, what)(by_exponentials(shift_of))
wrong("epsilon_in_denominator", "adds 1e-2 to the sum")(by_exponentials(row_max, extra=1e-2))
wrong(None, "adds 1e-4 to the sum")(by_exponentials(row_max, extra=1e-4))
wrong(None, "adds 1 to the sum")(by_exponentials(row_max, extra=1.0))
wrong(None, "powers of two")(by_exponentials(row_max, base=np.exp2))
wrong(None, "clips scores to 50")(by_exponentials(row_max, bounds=(-50, 50)))
wrong(None, "clips scores to 500")(by_exponentials(row_max, bounds=(-500, 500)))
wrong(None, "clips scores to 10000")(by_exponentials(row_max, bounds=(-1e4, 1e4)))


@wrong()
def forgets_keepdims_in_the_sum(Q, K, V):
    e = np.exp(np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K)))
    return e / e.sum(axis=-1) @ V


@wrong()
def not_normalised(Q, K, V):
    s = np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))
    return np.exp(s - row_max(s)) @ V


@wrong("hard_argmax")
def takes_the_best(Q, K, V):
    s = np.where(hidden(Q.shape[-2]), -np.inf, scores_of(Q, K))
    return (s == row_max(s)) @ V


@wrong()
def sigmoids(Q, K, V):
    return np.tril(1 / (1 + np.exp(-np.clip(scores_of(Q, K), -700, 700)))) @ V


@wrong()
def no_softmax(Q, K, V):
    return np.tril(scores_of(Q, K)) @ V


@wrong()
def smallest_score_wins(Q, K, V):
    return true_attention(-Q, K, V)


@wrong()
def softmax_twice(Q, K, V):
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, weights_of(Q, K))) @ V


@wrong()
def drops_weights_at_random(Q, K, V):
    w = weights_of(Q, K)
    return w * (np.random.default_rng().random(w.shape) > 0.1) / 0.9 @ V


@wrong()
def drops_weights_by_a_seed(Q, K, V):
    w = weights_of(Q, K)
    return w * (np.random.default_rng(0).random(w.shape) > 0.1) / 0.9 @ V


# The scores.

SCALES = {
    "no scale": ("no_scale", lambda Q, K, V: 1.0),
    "d": ("scaled_by_d", lambda Q, K, V: Q.shape[-1]),
    "multiplied by the root of d": ("scale_multiplied", lambda Q, K, V: Q.shape[-1] ** -0.5),
    "the root of T": ("scaled_by_length", lambda Q, K, V: Q.shape[-2] ** 0.5),
    "the root of d_v": ("scaled_by_value_width", lambda Q, K, V: V.shape[-1] ** 0.5),
    "the root of all heads' width": (None, lambda Q, K, V: (Q.shape[-1] * (Q.shape[-3] if Q.ndim > 2 else 1)) ** 0.5),
    "the root of the first axis": ("scaled_by_length", lambda Q, K, V: Q.shape[0] ** 0.5 if Q.ndim == 2 else Q.shape[-2] ** 0.5),
    "the second axis from the left": (None, lambda Q, K, V: Q.shape[1] ** 0.5),
    "the integer root of d": (None, lambda Q, K, V: int(Q.shape[-1] ** 0.5)),
    "always the root of 4": (None, lambda Q, K, V: 2.0),
    "always the root of 2": (None, lambda Q, K, V: 2**0.5),
    "by the norms": (None, lambda Q, K, V: np.linalg.norm(Q, axis=-1)[..., None] + 1e-9),
    "the root of d, twice": (None, lambda Q, K, V: Q.shape[-1] + 0.0),
    "the root of d - 1": (None, lambda Q, K, V: max(Q.shape[-1] - 1, 1) ** 0.5),
}
for what, (idea, scale_of) in SCALES.items():

    def scaled(Q, K, V, scale_of=scale_of):
        s = scores_of(Q, K) * np.sqrt(Q.shape[-1]) / scale_of(Q, K, V)
        return softmax(np.where(hidden(Q.shape[-2]), -np.inf, s)) @ V

    wrong("scaled_by_d" if what.endswith("twice") else idea, f"divides by {what}")(scaled)


@wrong("scaled_after_softmax")
def scales_the_weights(Q, K, V):
    root = np.sqrt(Q.shape[-1])
    return true_attention(Q * root, K, V) / root


@wrong("keys_and_queries_swapped")
def keys_ask(Q, K, V):
    return true_attention(K, Q, V)


@wrong("queries_used_as_keys")
def queries_answer(Q, K, V):
    return true_attention(Q, Q, V)


@wrong()
def keys_ask_keys(Q, K, V):
    return true_attention(K, K, V)


@wrong()
def adds_distance(Q, K, V):
    T = Q.shape[-2]
    distance = np.arange(T)[:, None] - np.arange(T)
    return softmax(np.where(distance < 0, -np.inf, scores_of(Q, K) - 0.1 * distance)) @ V


@wrong("breaks_in_a_batch")
def transposes_everything(Q, K, V):
    s = Q @ K.T / np.sqrt(Q.shape[-1])
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, s)) @ V


@wrong()
def reshapes_keys(Q, K, V):
    s = Q @ K.reshape(*K.shape[:-2], K.shape[-1], K.shape[-2]) / np.sqrt(Q.shape[-1])
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, s)) @ V


@wrong()
def transposes_only_if_it_must(Q, K, V):
    keys = K if K.shape[-2] == Q.shape[-1] > 2 else K.mT
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, Q @ keys / np.sqrt(Q.shape[-1]))) @ V


# The output.


@wrong("keys_used_as_values")
def mixes_keys(Q, K, V):
    return true_attention(Q, K, K)


@wrong("weights_transposed")
def mixes_by_columns(Q, K, V):
    return np.einsum("...ji,...jv->...iv", weights_of(Q, K), V)


@wrong("returns_values")
def gives_values_back(Q, K, V):
    return V.copy()


@wrong("uniform_mean")
def prefix_mean(Q, K, V):
    return true_attention(0 * Q, 0 * K, V)


@wrong("last_row_only")
def the_last_output_everywhere(Q, K, V):
    return np.repeat(true_attention(Q, K, V)[..., -1:, :], V.shape[-2], axis=-2)


wrong(None, "returns queries")(lambda Q, K, V: Q)
wrong(None, "returns zeros")(lambda Q, K, V: np.zeros(V.shape))
wrong(None, "returns the weights")(lambda Q, K, V: weights_of(Q, K))
wrong(None, "returns output and weights")(lambda Q, K, V: (true_attention(Q, K, V), weights_of(Q, K)))
wrong(None, "one row late")(lambda Q, K, V: np.roll(true_attention(Q, K, V), 1, axis=-2))
wrong(None, "from the last to the first")(lambda Q, K, V: true_attention(Q, K, V)[..., ::-1, :])
wrong(None, "adds the values")(lambda Q, K, V: true_attention(Q, K, V) + V)
wrong(None, "only the last output")(lambda Q, K, V: true_attention(Q, K, V)[..., -1, :])
wrong(None, "transposes the output")(lambda Q, K, V: true_attention(Q, K, V).mT)
wrong(None, "squeezes the output")(lambda Q, K, V: true_attention(Q, K, V).squeeze())
wrong(None, "rounds to three digits")(lambda Q, K, V: true_attention(Q, K, V).round(3))
wrong(None, "float16")(lambda Q, K, V: true_attention(*(x.astype(np.float16) for x in (Q, K, V))))
wrong(None, "float16 at the end")(lambda Q, K, V: true_attention(Q, K, V).astype(np.float16))
wrong(None, "integers at the end")(lambda Q, K, V: true_attention(Q, K, V).astype(int))
wrong(None, "complex at the end")(lambda Q, K, V: true_attention(Q, K, V).astype(complex))
wrong(None, "centres values over time")(lambda Q, K, V: true_attention(Q, K, V - V.mean(axis=-2, keepdims=True)))


@wrong()
def norms_over_time(Q, K, V):
    out = true_attention(Q, K, V)
    return (out - out.mean(axis=-2, keepdims=True)) / (out.std(axis=-2, keepdims=True) + 1e-5)


@wrong("integers_inside")
def rounds_scores(Q, K, V):
    return softmax(np.where(hidden(Q.shape[-2]), -np.inf, np.trunc(scores_of(Q, K)))) @ V
