"""### All the scores at once

One query and one key give one score. Now all of them: entry `[i, j]` of the result is the score of query `i` with key \
`j`, `Q Kᵀ / sqrt(d)`. Rows are queries, columns are keys.

Write `attention_scores(Q, K)`. `Q` is `(..., T_q, d)`, `K` is `(..., T_k, d)`; `...` stands for any number of leading \
axes (batch, heads), the same for both, and they stay unchanged in front. `T_q` and `T_k` may differ, and each may be \
1. Return `(..., T_q, T_k)`. No mask and no softmax yet; `Q` and `K` stay as they are.
"""

import numpy as np

from autograder.exercise.attention_probes import BATCH, differs_in_a_batch
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Array

ONE_WIDTH = Misconception(
    "one_width_only",
    "Right for one width only",
    "The square root belongs to a width written in the code; d differs from call to call.",
    ("What does your code do at d = 5?", "d is the last axis of Q.", "np.sqrt(Q.shape[-1])"),
)


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
    yield case(
        np.array([[1.5], [-2.0]]), np.array([[2.0], [0.25], [-3.0]]), note="width 1", answer=Array(rtol=2e-7, atol=1e-9)
    )
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


@exercise.warning(
    "Right. One weakness: with integers in Q and K the scores come out rounded, because the result's "
    "dtype was taken from them."
)
def whole_numbers(rng):
    yield case(rng.integers(-3, 4, size=(4, 2)), rng.integers(-3, 4, size=(3, 2)))
