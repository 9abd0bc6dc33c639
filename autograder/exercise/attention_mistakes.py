"""Wrong causal attentions: what every exercise with an attention in it has to tell from the right one.

Attention makes scores of queries and keys, weights of scores, and outputs of weights and values. A mistake lies in one
of the steps: `WRONG_MASKS` and `WRONG_SOFTMAXES` go from scores (..., T_q, T_k) to weights of the same shape,
`WRONG_SCORES` and `WRONG_OUTPUTS` from Q (..., T_q, d), K (..., T_k, d), V (..., T_k, d_v) to outputs (..., T_q, d_v).
Where there are more keys than queries, the last query stands at the last key, as when decoding with a cache.

An exercise adds them after its own mistakes, and says how an attention becomes an answer of its shape::

    exercise.add_shared_mistakes(wrong_attentions(_as_layer), without=[mc.SCALE_BY_VALUE_WIDTH])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Function, Misconception

Weights = Callable[[Any], Any]
Attention = Callable[[Any, Any, Any], Any]

BATCH_MAXIMUM = mc.GLOBAL_MAX.with_text(
    "One maximum was subtracted for the whole batch, so a sequence with scores far below another's underflows to 0 / 0."
)
FILL_ADDED = mc.FILL_WEAK.with_text(
    "A number was added to the hidden scores. It lowers them, but a hidden score that is far above the others wins all the "
    "same."
)
EPSILON_AFTERWARDS = mc.EPSILON.with_text(
    "The allowed weights were divided by their sum and a small number. Where a hidden score is far above the others, that "
    "sum is smaller still, so the future changes the output.",
    (
        "How small can the sum of the allowed weights be, if the softmax ran over all keys?",
        "Mask first: then the largest allowed score contributes exp(0) = 1.",
        "softmax(np.where(allowed, scores, -np.inf)), and divide by the plain sum.",
    ),
)
FILL_TOO_HIGH = mc.FILL_WEAK.with_text(
    "The number over the hidden scores looks low, but real scores can be lower still; then hidden keys win."
)


def causal(scores: Any, k: int = 0) -> Any:
    """(T_q, T_k) bool: each query may see the keys up to its own position + k."""
    T_q, T_k = np.shape(scores)[-2:]
    return np.tri(T_q, T_k, k=T_k - T_q + k, dtype=bool)


def softmax(scores: Any, axis: Any = -1) -> Any:
    """Softmax along an axis, or along several at once."""
    return normalised(np.exp(scores - scores.max(axis=axis, keepdims=True)), axis)


def normalised(exponentials: Any, axis: Any = -1, epsilon: float = 0.0) -> Any:
    """Divided by their sum."""
    return exponentials / (exponentials.sum(axis=axis, keepdims=True) + epsilon)


def masked(scores: Any) -> Any:
    """The scores with -inf over the future."""
    return np.where(causal(scores), scores, -np.inf)


def weights(scores: Any, allowed: Any = None, fill: float = -np.inf, axis: Any = -1) -> Any:
    """The right weights, or with one thing changed."""
    return softmax(np.where(causal(scores) if allowed is None else allowed, scores, fill), axis)


def attention_scores(Q: Any, K: Any, scale: Any = None) -> Any:
    """Dot products of queries and keys over sqrt(d), or over another number."""
    return Q @ np.swapaxes(K, -1, -2) / (np.sqrt(Q.shape[-1]) if scale is None else scale)


def attend(Q: Any, K: Any, V: Any, weights: Weights = weights, scale: Any = None) -> Any:
    """Causal attention, or with other weights or another scale."""
    return weights(attention_scores(Q, K, scale)) @ V


# The wrong weights that take more than a line.


def first_row_patched(scores: Any, k: int) -> Any:
    """causal(scores, k) but for row 0, which is right."""
    allowed = causal(scores, k)
    allowed[0] = causal(scores)[0]
    return allowed


def right_for_four(scores: Any) -> Any:
    """A causal corner of 4 x 4; beyond it every key is allowed."""
    allowed = np.ones(scores.shape[-2:], dtype=bool)
    allowed[:4, :4] = causal(scores)[:4, :4]
    return allowed


def zero_taken_for_hidden(scores: Any) -> Any:
    """Multiplies by the mask, then hides every 0, an honest one too."""
    kept = scores * causal(scores)
    return softmax(np.where(kept == 0, -np.inf, kept))


def first_of_the_batch_masked(scores: Any) -> Any:
    """Right for the first of the batch; the others see everything."""
    out = softmax(scores)
    first = (0,) * (scores.ndim - 2)
    out[first] = weights(scores[first])
    return out


def mean_subtracted(scores: Any) -> Any:
    """The mean of the allowed scores in place of their maximum."""
    allowed = causal(scores)
    mean = np.where(allowed, scores, 0.0).sum(axis=-1, keepdims=True) / allowed.sum(axis=-1, keepdims=True)
    return normalised(np.exp(np.where(allowed, scores - mean, -np.inf)))


def with_maximum(maximum: Callable[[Any], Any], epsilon: float = 0.0) -> Weights:
    """Weights for which `maximum(masked scores)` is subtracted."""
    return lambda scores: normalised(np.exp(masked(scores) - maximum(masked(scores))), epsilon=epsilon)


def row_maximum(scores: Any) -> Any:
    """The right one."""
    return scores.max(axis=-1, keepdims=True)


WRONG_MASKS: tuple[tuple[Misconception, Weights], ...] = (
    (mc.TRANSPOSED, lambda s: weights(s, causal(s).T)),
    (mc.NO_MASK, softmax),
    (mc.OWN_POSITION_EXCLUDED, lambda s: weights(s, causal(s, -1))),
    (mc.NAN_HIDDEN, lambda s: np.nan_to_num(weights(s, causal(s, -1)))),
    (mc.ONE_AHEAD, lambda s: weights(s, causal(s, 1))),
    (mc.ONE_AHEAD_PATCHED, lambda s: weights(s, first_row_patched(s, 1))),
    (mc.INVERTED, lambda s: weights(s, ~causal(s))),
    (mc.ANTI_DIAGONAL, lambda s: weights(s, np.fliplr(causal(s)))),
    (mc.WINDOW_TOO_SHORT, lambda s: weights(s, causal(s) & ~causal(s, -2))),
    (mc.ONE_SIZE, lambda s: weights(s, right_for_four(s))),
    (mc.ONLY_FIRST_IN_BATCH, first_of_the_batch_masked),
    (mc.FILL_ZERO, lambda s: weights(s, fill=0.0)),
    (mc.FILL_WEAK, lambda s: weights(s, fill=-10.0)),
    (mc.FILL_WEAK, lambda s: weights(s, fill=-100.0)),
    (FILL_TOO_HIGH, lambda s: weights(s, fill=-1e5)),
    (FILL_ADDED, lambda s: softmax(s - 30.0 * ~causal(s))),
    (FILL_ADDED, lambda s: softmax(s - 100.0 * ~causal(s))),
    (FILL_ADDED, lambda s: softmax(s - 1e4 * ~causal(s))),
    (mc.FILL_PLUS_INF, lambda s: weights(s, fill=np.inf)),
    (mc.ZERO_TIMES_INF, lambda s: softmax(s + ~causal(s) * -np.inf)),
    (mc.BOOLEAN_ADDED, lambda s: softmax(s + causal(s))),
    (mc.ZERO_AS_SENTINEL, zero_taken_for_hidden),
    (mc.MASK_AFTER_SOFTMAX, lambda s: softmax(s) * causal(s)),
    (mc.MAX_BEFORE_MASK, lambda s: normalised(softmax(s) * causal(s))),
    (EPSILON_AFTERWARDS, lambda s: normalised(softmax(s) * causal(s), epsilon=1e-9)),
    (EPSILON_AFTERWARDS, lambda s: softmax(s) * causal(s) / np.maximum((softmax(s) * causal(s)).sum(-1, keepdims=True), 1e-6)),
)
WRONG_SOFTMAXES: tuple[tuple[Misconception, Weights], ...] = (
    (mc.WRONG_AXIS, lambda s: weights(s, axis=-2)),
    (mc.WHOLE_MATRIX, lambda s: weights(s, axis=(-1, -2))),
    (mc.NO_MAX, with_maximum(lambda s: 0.0)),
    (mc.NO_MAX, lambda s: np.nan_to_num(normalised(np.exp(masked(s))))),
    (mc.GLOBAL_MAX, with_maximum(np.max)),
    (BATCH_MAXIMUM, with_maximum(lambda s: s.max(axis=(*range(s.ndim - 2), -1), keepdims=True))),
    (mc.MEAN_SUBTRACTED, mean_subtracted),
    (mc.MAX_AT_LEAST_ZERO, with_maximum(lambda s: np.maximum(row_maximum(s), 0.0))),
    (mc.CLIPPED, lambda s: weights(np.clip(s, -100, 100))),
    (mc.EPSILON, with_maximum(row_maximum, epsilon=1e-2)),
    (mc.EPSILON, with_maximum(row_maximum, epsilon=1e-6)),
    (mc.UNIFORM_MEAN, lambda s: weights(np.zeros_like(s))),
    (mc.HARD_ARGMAX, lambda s: np.eye(s.shape[-1])[masked(s).argmax(axis=-1)]),
    (mc.INTEGERS_INSIDE, lambda s: weights(s.astype(int))),
)


def changes_queries(Q: Any, K: Any, V: Any) -> Any:
    """Scales the queries in place."""
    Q /= np.sqrt(Q.shape[-1])
    return attend(Q, K, V, scale=1.0)


def transposed_whole(Q: Any, K: Any, V: Any) -> Any:
    """K.T turns all the axes over."""
    return weights(Q @ K.T / np.sqrt(Q.shape[-1])) @ V


WRONG_SCORES: tuple[tuple[Misconception, Attention], ...] = (
    (mc.NO_SCALE, lambda Q, K, V: attend(Q, K, V, scale=1.0)),
    (mc.SCALE_BY_D, lambda Q, K, V: attend(Q, K, V, scale=Q.shape[-1])),
    (mc.SCALE_MULTIPLIED, lambda Q, K, V: attend(Q, K, V, scale=Q.shape[-1] ** -0.5)),
    (mc.SCALE_BY_T, lambda Q, K, V: attend(Q, K, V, scale=K.shape[-2] ** 0.5)),
    (mc.SCALE_BY_VALUE_WIDTH, lambda Q, K, V: attend(Q, K, V, scale=V.shape[-1] ** 0.5)),
    (mc.KEYS_AND_QUERIES_SWAPPED, lambda Q, K, V: attend(K, Q, V)),
    (mc.QUERIES_TWICE, lambda Q, K, V: attend(Q, Q, V)),
    (mc.ONLY_TWO_DIMENSIONS, transposed_whole),
    (mc.CHANGES_INPUTS, changes_queries),
    (mc.FLOAT16, lambda *arrays: attend(*(array.astype(np.float16) for array in arrays))),
)
WRONG_OUTPUTS: tuple[tuple[Misconception, Attention], ...] = (
    (mc.SCALE_AFTER_SOFTMAX, lambda Q, K, V: attend(Q, K, V, scale=1.0) / np.sqrt(Q.shape[-1])),
    (mc.KEYS_AS_VALUES, lambda Q, K, V: attend(Q, K, K)),
    (mc.RETURNS_VALUES, lambda Q, K, V: V),
    (mc.LAST_ROW_ONLY, lambda Q, K, V: np.broadcast_to(attend(Q, K, V)[..., -1:, :], V.shape)),
    (mc.WEIGHTS_TRANSPOSED, lambda Q, K, V: np.swapaxes(weights(attention_scores(Q, K)), -1, -2) @ V),
)


OF_SEVERAL_QUERIES = (  # a single query, which may see all its keys, can't go wrong like this
    *(misconception for misconception, _ in WRONG_MASKS),
    *(mc.WRONG_AXIS, mc.WHOLE_MATRIX, mc.GLOBAL_MAX, BATCH_MAXIMUM, mc.KEYS_AND_QUERIES_SWAPPED, mc.QUERIES_TWICE),
    *(mc.ONLY_TWO_DIMENSIONS, mc.RETURNS_VALUES, mc.LAST_ROW_ONLY, mc.WEIGHTS_TRANSPOSED),
)


def wrong_attentions(
    adapt: Callable[[Attention], Function] = lambda attention: attention, *, one_query: bool = False
) -> Iterator[tuple[Misconception, Function]]:
    """Every wrong attention, or those of `one_query` that may see all its keys, made into an answer by `adapt`."""
    mixed = ((misconception, _attention(wrong)) for misconception, wrong in (*WRONG_MASKS, *WRONG_SOFTMAXES))
    for misconception, attention in (*mixed, *WRONG_SCORES, *WRONG_OUTPUTS):
        if not (one_query and misconception in OF_SEVERAL_QUERIES):
            yield misconception, adapt(attention)


def _attention(weights: Weights) -> Attention:
    return lambda Q, K, V: attend(Q, K, V, weights)
