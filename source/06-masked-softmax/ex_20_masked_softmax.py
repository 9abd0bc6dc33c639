"""### Any mask, and rows with nothing in them

Write `masked_softmax(scores, allowed)`: a softmax along the last axis over the allowed keys only. `scores` is `(..., \
T_q, T_k)`; `allowed` is boolean and broadcasts to it in any way: `(T_q, T_k)`, `(T_k,)`, `(B, 1, 1, T_k)` ...

A row in which **nothing** is allowed (for example because the query is a token of padding) gives zeros, never \
NaN. Every other row sums to 1, and its hidden keys get exactly 0. Neither a huge score at a hidden key nor large \
allowed scores may disturb the result. The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_cases import hidden_far_above
from autograder.exercise.attention_probes import BATCH
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.results import Array

FILL_WEAK = mc.FILL_WEAK.with_text(
    "A hidden score was set to a number that real scores can come near, so hidden keys get some weight."
)


def _lone_key_below_one(answer):
    return 0.95 < np.asarray(answer(np.zeros((1, 2)), np.array([[True, False]])))[0, 0] < 1


def _hidden_key_seen(answer):
    """A hidden key gets a little weight, or one whose row sinks gets all."""
    low = np.array([[-2e5, 0.0]])
    return any(0 < np.asarray(answer(scores, np.array([[True, False]])))[0, 1] <= 1 for scores in (0 * low, low))


def _another_in_a_batch(answer):
    scores = np.arange(24.0).reshape(2, 3, 4) % 5
    together = np.asarray(answer(scores, np.tri(3, 4, dtype=bool)))
    return together.shape != scores.shape or not np.allclose(together[1], answer(scores[1], np.tri(3, 4, dtype=bool)))


exercise = Exercise(
    topic="masked softmax",
    answer=Array(exact_zeros=True),
    probes=(
        Probe(FILL_WEAK, _hidden_key_seen),
        Probe(mc.EPSILON, _lone_key_below_one),
        Probe(BATCH, _another_in_a_batch),
    ),
    hints=(
        "What is the maximum of a row of -inf, and what is -inf - (-inf)?",
        "Mask, subtract a finite maximum, exp, and divide only where the sum is not 0.",
        (
            "top = masked.max(-1, keepdims=True); top = np.where(np.isfinite(top), top, 0); total = e.sum(...); e "
            "/ np.where(total > 0, total, 1)"
        ),
    ),
)


@exercise.solution
def masked_softmax(scores, allowed):
    """scores (..., T_q, T_k), allowed broadcasts to it -> weights; a row with nothing allowed is all zeros."""
    masked = np.where(allowed, scores, -np.inf)
    top = masked.max(axis=-1, keepdims=True)
    e = np.exp(masked - np.where(np.isfinite(top), top, 0.0))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total > 0, total, 1.0)


@exercise.part("Two and three queries", points=1)
def by_hand(rng):
    yield case(
        np.log([[1.0, 3.0, 4.0], [1.0, 2.0, 5.0]]),
        np.array([[True, True, False], [True, True, True]]),
        note="logarithms: row 0 is 1/4, 3/4, 0",
    )
    yield case(
        np.log([[1.0, 3.0, 4.0], [2.0, 1.0, 2.0], [1.0, 2.0, 5.0]]),
        np.array([[True] * 3, [False] * 3, [False, True, True]]),
        note="row 1 has nothing",
    )


@exercise.part("Any mask that broadcasts", points=1)
def broadcasts(rng):
    yield case(rng.normal(size=(4, 4)), np.tri(4, dtype=bool))
    yield case(rng.normal(size=(3, 5)), np.array([True, False, True, True, False]), note="one mask for all queries")
    yield case(
        rng.normal(size=(4, 4)), np.array([True, False, True, True]), note="one mask for all queries, as many as keys"
    )
    yield case(rng.normal(size=(3, 5)), np.array([[False, True, True, False, True]]), note="a mask of shape (1, T_k)")
    yield case(
        rng.normal(size=(3, 3, 3)),
        np.array([[True, True, False], [True, False, False], [True, True, True]])[:, None],
        note="as many in the batch as queries",
    )
    yield case(rng.normal(size=(2, 3, 5, 5)), np.tri(5, dtype=bool))
    lengths = np.array([2, 4])
    yield case(
        rng.normal(size=(2, 3, 4, 4)), np.arange(4) < lengths[:, None, None, None], note="padding: (B, 1, 1, T_k)"
    )
    yield case(rng.normal(size=(2, 4, 4)), (np.arange(4) < lengths[:, None, None]) & np.tri(4, dtype=bool))
    yield case(rng.normal(size=(2, 5)), np.tri(2, 5, k=3, dtype=bool), note="fewer queries than keys")
    yield case(rng.normal(size=(1, 1)), np.array([[True]]))
    yield case(rng.integers(-1, 2, size=(4, 5)).astype(float), rng.random((4, 5)) < 0.6)
    yield case(rng.normal(size=(3, 70)), rng.random((3, 70)) < 0.8, note="70 keys")


@exercise.part("Empty rows and extreme scores", points=1)
def extremes(rng):
    # Quarters: float32 holds every one of these scores exactly.
    s, causal = rng.integers(-8, 9, size=(4, 4)) / 4, np.tri(4, dtype=bool)
    yield case(s, np.zeros((4, 4), dtype=bool), note="nothing allowed anywhere")
    yield case(rng.normal(size=(2, 3, 3)), np.array([[[True] * 3, [False] * 3, [True, False, True]]] * 2))
    yield case(s + 3000.0 * ~causal, causal, note="huge scores at hidden keys")
    for scores, note in hidden_far_above(rng):
        yield case(scores, causal, note=note)
    yield case(s - 40.0, causal, note="all scores near -40")
    yield case(np.array([[1000.0, 900.0, 0.0]]), np.array([[True, True, False]]), note="900 and 1000 side by side")
    yield case(s + np.array([[900.0], [-900.0], [0.0], [30000.0]]), causal, note="rows at very different levels")
    yield case(
        np.array([[800.0, -800.0, 0.0], [-200000.0, -200001.0, 5.0]]),
        np.array([[True, True, False]] * 2),
        note="allowed scores far below -100000",
    )


@exercise.equivalent
def row_by_row(scores, allowed):
    allowed = np.broadcast_to(allowed, scores.shape)
    out = np.zeros(scores.shape)
    for index in np.ndindex(*scores.shape[:-1]):
        keys = np.flatnonzero(allowed[index])
        if keys.size:
            e = np.exp(scores[index][keys] - scores[index][keys].max())
            out[index][keys] = e / e.sum()
    return out


@exercise.equivalent
def with_initial_and_where(scores, allowed):
    keep = np.broadcast_to(allowed, scores.shape)
    top = np.max(scores, axis=-1, keepdims=True, where=keep, initial=-1e300)
    e = np.exp(scores - top, where=keep, out=np.zeros(scores.shape))
    total = e.sum(-1, keepdims=True)
    return np.divide(e, total, out=np.zeros(scores.shape), where=total > 0)


@exercise.equivalent
def finite_fill_then_zeroed(scores, allowed):
    s = np.where(allowed, scores, -1e300)
    e = np.exp(s - s.max(-1, keepdims=True)) * allowed
    return e / np.maximum(e.sum(-1, keepdims=True), 1e-300)


@exercise.equivalent
def logsumexp_and_nan_to_num(scores, allowed):
    s = np.where(allowed, scores, -np.inf)
    return (
        np.nan_to_num(np.exp(s - np.logaddexp.reduce(s, axis=-1, keepdims=True)), nan=0.0).astype(np.float32).tolist()
    )


exercise.equivalent_mutant("0 -> 1", because="after subtracting the maximum a row's sum is at least 1, or 0")
exercise.equivalent_mutant("0.0 -> 1.0", because="any finite number does for a row that is all -inf")
exercise.equivalent_mutant("1.0 -> 2.0", because="0 divided by anything is 0")
