"""### All the scores at once

One query and one key give one score. Now all of them: entry `[i, j]` of the result is the score of query `i` with key `j`,
`Q Kᵀ / sqrt(d)`. Rows are queries, columns are keys.

Write `attention_scores(Q, K)`. `Q` is `(..., T_q, d)`, `K` is `(..., T_k, d)`; `...` stands for any number of leading axes
(batch, heads), the same for both, and they come along unchanged. `T_q` and `T_k` may differ, and each may be 1. Return
`(..., T_q, T_k)`. No mask and no softmax yet; `Q` and `K` stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_probes import BATCH, differs_in_a_batch
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Array

ONE_WIDTH = Misconception(
    "one_width_only", "Right for one width only", "The square root belongs to a width written in the code; d differs from call to call.",
    ("What does your code do at d = 5?", "d is the last axis of Q.", "np.sqrt(Q.shape[-1])"),
)  # fmt: skip


def _same_divisor(answer):
    """Whether the dot products are divided by the same number at every width."""
    at_3, at_7 = (d / np.asarray(answer(np.ones((2, d)), np.ones((2, d)))) for d in (3, 7))
    return np.allclose(at_3, at_7[0, 0]) and not np.isclose(at_7[0, 0], 1)


exercise = Exercise(
    topic="query-key scores",
    answer=Array(),
    probes=(
        Probe(ONE_WIDTH, _same_divisor),
        Probe(BATCH, lambda answer: differs_in_a_batch(lambda Q, K, V: answer(Q, K))),
    ),
    hints=(
        "Which two axes does the dot product of row i of Q with row j of K leave?",
        "scores = Q K^T / sqrt(d), where ^T swaps the last two axes only",
        "Q @ np.swapaxes(K, -1, -2), divided by np.sqrt(Q.shape[-1])",
    ),
)


@exercise.solution
def attention_scores(Q, K):
    """Q (..., T_q, d), K (..., T_k, d) -> scaled scores (..., T_q, T_k)."""
    d = Q.shape[-1]
    return Q @ np.swapaxes(K, -1, -2) / np.sqrt(d)  # (..., T_q, T_k)


def _qk(rng, *lead, T_q, T_k, d):
    return rng.normal(size=(*lead, T_q, d)), rng.normal(size=(*lead, T_k, d))


@exercise.part("By hand", points=1)
def by_hand(rng):
    Q = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [1.0, 1.0, 0.0, 2.0]])
    K = np.array([[2.0, 4.0, 0.0, 0.0], [0.0, -2.0, 6.0, 0.0], [8.0, 0.0, 0.0, 1.0]])
    yield case(Q, K, note="the square root of d = 4 is 2")
    yield case(*_qk(rng, T_q=5, T_k=5, d=3))


@exercise.part("Any length and width", points=1)
def any_size(rng):
    for T_q, T_k, d in ((2, 3, 5), (5, 2, 3), (6, 6, 6), (3, 9, 9), (9, 9, 4), (1, 4, 2), (4, 1, 3), (1, 1, 7)):
        yield case(*_qk(rng, T_q=T_q, T_k=T_k, d=d))
    # All digits count: float32 holds these numbers, their products and the quotients exactly.
    yield case(np.array([[1.5], [-2.0]]), np.array([[2.0], [0.25], [-3.0]]), note="width 1", answer=Array(rtol=2e-7, atol=1e-9))
    Q, K = _qk(rng, T_q=4, T_k=3, d=5)
    yield case(2000 * np.abs(Q), 2000 * np.abs(K), note="long vectors")


@exercise.part("In a batch, with heads", points=1)
def in_a_batch(rng):
    yield case(*_qk(rng, 2, T_q=3, T_k=3, d=4), note="a batch of 2")
    yield case(*_qk(rng, 4, T_q=4, T_k=4, d=4), note="a batch of 4 sequences of 4 tokens of width 4")
    yield case(*_qk(rng, 2, 3, T_q=2, T_k=5, d=6), note="a batch of 2 with 3 heads")
    yield case(*_qk(rng, 2, 1, 3, T_q=3, T_k=2, d=3), note="three leading axes")


@exercise.equivalent
def with_loops(Q, K):
    out = np.zeros((*Q.shape[:-1], K.shape[-2]))
    for index in np.ndindex(out.shape):
        *lead, i, j = index
        out[index] = sum(Q[(*lead, i)] * K[(*lead, j)]) / Q.shape[-1] ** 0.5
    return out


@exercise.equivalent
def with_einsum(Q, K):
    return np.einsum("...id,...jd->...ij", Q, K) / np.sqrt(K.shape[-1])


@exercise.equivalent
def by_broadcasting(Q, K):
    return (Q[..., :, None, :] * K[..., None, :, :]).sum(-1) / np.sqrt(Q.shape[-1])


@exercise.equivalent
def as_nested_lists(Q, K):
    def scores(Q, K):
        if isinstance(Q[0][0], list):
            return [scores(q, k) for q, k in zip(Q, K, strict=True)]
        return [[sum(a * b for a, b in zip(q, k, strict=True)) / len(q) ** 0.5 for k in K] for q in Q]

    return scores(Q.tolist(), K.tolist())


@exercise.equivalent
def keys_first_then_turned(Q, K):
    return (K @ Q.mT).mT / np.sqrt(Q.shape[-1])


@exercise.equivalent
def in_float32(Q, K):
    Q, K = Q.astype(np.float32), K.astype(np.float32)
    return Q @ K.mT / np.float32(np.sqrt(Q.shape[-1]))


def _raw(Q, K):
    return Q @ K.swapaxes(-1, -2)


exercise.mistake(mc.NO_SCALE)(_raw)
exercise.mistake(mc.SCALE_BY_D, message="The scores were divided by d instead of by its square root: they are too small.")(
    lambda Q, K: _raw(Q, K) / Q.shape[-1]
)
exercise.mistake(mc.SCALE_MULTIPLIED, message="The scores were multiplied by sqrt(d): they grew instead of shrinking.")(
    lambda Q, K: _raw(Q, K) * np.sqrt(Q.shape[-1])
)
exercise.mistake(mc.SCALE_BY_T)(lambda Q, K: _raw(Q, K) / np.sqrt(K.shape[-2]))
exercise.mistake(mc.SCALE_BY_T, message="The scores were divided by the square root of the number of queries; the width d counts.")(
    lambda Q, K: _raw(Q, K) / np.sqrt(Q.shape[-2])
)
exercise.mistake(
    Misconception("axis_counted_from_the_front", "An axis counted from the front", "Q.shape[1] is the width of a matrix, but in a batch it is something else.",
                  ("Which axis of a (2, 3, T, d) array has index 1?", "The width is always the last axis.", "Q.shape[-1]"))
)(lambda Q, K: _raw(Q, K) / np.sqrt(Q.shape[1]))  # fmt: skip
exercise.mistake(
    mc.SCALED_TWICE, message="Queries and keys were scaled, and then the scores once more.",
)(lambda Q, K: _raw(Q, K) / Q.shape[-1] ** 1.5)  # fmt: skip
exercise.mistake(mc.KEYS_AND_QUERIES_SWAPPED)(lambda Q, K: _raw(K, Q) / np.sqrt(Q.shape[-1]))
exercise.mistake(mc.QUERIES_TWICE)(lambda Q, K: _raw(Q, Q) / np.sqrt(Q.shape[-1]))
exercise.mistake(
    Misconception("keys_used_as_queries", "Keys used as queries", "K K^T was computed, so the queries play no part.",
                  ("Where does Q enter your scores?", "scores = Q K^T / sqrt(d)", "Q on the left, K turned on the right."))
)(lambda Q, K: _raw(K, K) / np.sqrt(Q.shape[-1]))  # fmt: skip
exercise.mistake(mc.ONLY_TWO_DIMENSIONS)(lambda Q, K: Q @ K.T / np.sqrt(Q.shape[-1]))
exercise.mistake(
    Misconception("reshaped_not_transposed", "Reshaped, not transposed", "reshape keeps the numbers in their order and only breaks the rows elsewhere; the axes have to be swapped.",
                  ("Try np.arange(6).reshape(3, 2): is .reshape(2, 3) the same as .T?", "Column j of K^T is row j of K.", "np.swapaxes(K, -1, -2)"))
)(lambda Q, K: Q @ K.reshape(*K.shape[:-2], K.shape[-1], K.shape[-2]) / np.sqrt(Q.shape[-1]))  # fmt: skip
exercise.mistake(
    Misconception("softmax_already", "The softmax came too early", "These are weights that sum to 1 in each row; the scores before the softmax are wanted.",
                  ("Can your entries be negative?", "scores = Q K^T / sqrt(d)", "Stop before exp."))
)(lambda Q, K: _softmax(_raw(Q, K) / np.sqrt(Q.shape[-1])))  # fmt: skip
exercise.mistake(
    Misconception("masked_already", "The mask came too early", "The future is already -inf; here every query is compared with every key. The mask is the next unit's step.",
                  ("What does the score of query 0 with key 1 say?", "Every pair has a score.", "Leave out the mask."))
)(lambda Q, K: np.where(np.tri(Q.shape[-2], K.shape[-2]), _raw(Q, K) / np.sqrt(Q.shape[-1]), -np.inf))  # fmt: skip
exercise.mistake(
    Misconception("lower_triangle_kept", "Half of the scores became 0", "np.tril wrote 0 above the diagonal; every pair has a score, and 0 would be a score too.",
                  ("Does a score of 0 mean 'hidden'?", "Every pair has a score.", "Leave out np.tril."))
)(lambda Q, K: np.tril(_raw(Q, K) / np.sqrt(Q.shape[-1])))  # fmt: skip
exercise.mistake(
    Misconception("cosine_similarity", "Cosines, not scores", "The vectors were cut to length 1 first; in attention, long vectors give large scores.",
                  ("By which number is each dot product divided?", "By sqrt(d), the same for every pair.", "Leave out np.linalg.norm."))
)(lambda Q, K: _raw(_unit(Q), _unit(K)))  # fmt: skip
exercise.mistake(
    Misconception("negative_scores_cut", "Negative scores became 0", "Scores below 0 were raised to 0; a negative score says 'rather not', and 0 does not.",
                  ("What is the dot product of (1, 0) and (-1, 0)?", "It is -1.", "Leave out np.maximum."))
)(lambda Q, K: np.maximum(0, _raw(Q, K) / np.sqrt(Q.shape[-1])))  # fmt: skip
exercise.mistake(mc.INTEGERS_INSIDE)(lambda Q, K: (_raw(Q, K) / np.sqrt(Q.shape[-1])).astype(int))
exercise.mistake(mc.FLOAT16)(lambda Q, K: attention_scores(Q.astype(np.float16), K.astype(np.float16)))
exercise.mistake(ONE_WIDTH)(lambda Q, K: _raw(Q, K) / 2)
exercise.mistake(ONE_WIDTH)(lambda Q, K: _raw(Q, K) / 8)
exercise.mistake(
    mc.EPSILON,
    "A small number was added to sqrt(d), so every score is a little too small; d is at least 1, and there is nothing to guard against.",
    ("Can sqrt(d) be 0?", "Q K^T / sqrt(d), to the last digit", "Divide by the plain square root."),
)(lambda Q, K: _raw(Q, K) / (np.sqrt(Q.shape[-1]) + 1e-6))


@exercise.mistake(
    Misconception("features_compared", "Summed over the wrong axis", "Q^T K was computed: it adds up over positions and compares components, not tokens.",
                  ("What is the shape of your result at T = 9, d = 4?", "scores[i, j] = q_i . k_j: add up over d.", "Turn K, not Q."))
)  # fmt: skip
def compares_features(Q, K):
    return Q.swapaxes(-1, -2) @ K / np.sqrt(Q.shape[-1])


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH, hints=(
    "Is anything in your code indexed with [0]?", "Each batch and head has scores of its own.", "@ works on the last two axes and takes the others along."
))  # fmt: skip
def only_first(Q, K):
    out = np.zeros((*Q.shape[:-1], K.shape[-2]))
    first = (0,) * (Q.ndim - 2)
    out[first] = attention_scores(Q[first], K[first])
    return out


@exercise.mistake(
    Misconception("last_of_batch_for_all", "The last of the batch for all", "Every sequence of the batch got the scores of one of them: a loop overwrote its result.",
                  ("Where does your loop put each result?", "Each batch and head has scores of its own.", "@ needs no loop over the leading axes."))
)  # fmt: skip
def last_for_all(Q, K):
    last = (-1,) * (Q.ndim - 2)
    return np.broadcast_to(attention_scores(Q[last], K[last]), (*Q.shape[:-1], K.shape[-2]))


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(Q, K):
    Q /= np.sqrt(Q.shape[-1])
    return _raw(Q, K)


def _softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@exercise.warning(
    "Right. One weakness: with whole numbers in Q and K the scores come out rounded, because the result's dtype was taken from them."
)
def whole_numbers(rng):
    yield case(rng.integers(-3, 4, size=(4, 2)), rng.integers(-3, 4, size=(3, 2)))
