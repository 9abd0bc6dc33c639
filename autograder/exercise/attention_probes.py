"""Symptoms of an attention that resembles no known mistake. Each probe isolates one mechanism.

A probe looks at `attend(Q, K, V)`; an exercise of another shape says how its answer becomes one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograder.exercise.exercise import Function, Misconception, Probe
from autograder.exercise.results import Array, ResultType

Adapter = Callable[[Function], Function]

LEAKS = Misconception(
    "future_leaks",
    "The future leaks in",
    "An output changed when only later keys and values were changed.",
    ("Which rows of K and V may output i depend on?", "Only rows 0 to i.",
     "Change the last row of K and V yourself, and see which outputs move."),
)  # fmt: skip
FORGETS = Misconception(
    "past_is_ignored",
    "Part of the past is ignored",
    "An output did not change although a key and value that it may see were changed.",
    ("Which rows may output i depend on?", "Every row 0 to i, its own included.", "The allowed triangle is j <= i."),
)
ROW_ZERO = Misconception(
    "first_output_wrong",
    "The first output is not the first value",
    "The first query sees one key only, so its weight is 1 and its output is V[0], whatever the scores.",
    ("How many keys does query 0 see?", "softmax of a single number is 1.", "output[0] has to equal V[0]."),
)
ROW_ZERO_OF_HEADS = Misconception(
    "first_output_wrong",
    "The first output is wrong",
    "In every head the first query sees one key only, with weight 1, so output 0 is x[0] @ Wv @ Wo, whatever the scores.",
    ("What is each head's output at position 0?", "Its own part of x[0] @ Wv.", "Look at split, merge, Wo and softmax."),
)
SUMS = Misconception(
    "rows_do_not_sum_to_one",
    "The weights of a row don't sum to 1",
    "With all values equal to 1 every output should be 1, and it is not.",
    ("Over what is the softmax normalised?", "Each row of weights sums to 1.", "Mask first, then softmax over axis -1."),
)
BATCH = Misconception(
    "differs_in_a_batch",
    "Right alone, wrong in a batch",
    "A sequence gives another result in a batch than alone.",
    ("Do .T, [0] or an axis number in your code count from the front?", "Leading axes only come along.",
     "Count axes from the end: -1 and -2."),
)  # fmt: skip
LARGE = Misconception(
    "unstable_for_large_scores",
    "Breaks for large scores",
    "With large scores the result is not finite.",
    ("What is np.exp(800.0)?", "softmax(x) = softmax(x - max(x)).", "Subtract each row's maximum before np.exp."),
)
NOT_UNIFORM = Misconception(
    "zero_scores_not_a_mean",
    "Equal scores should give a plain mean",
    "With Q = 0 all scores are equal, so output i should be the mean of V[0] to V[i], and it is not.",
    ("What is the softmax of equal scores?", "1 / (i + 1) for each allowed key.", "Mind what you mask and how."),
)

_RNG_SEED = 5
LENGTHS = (5, 12, 72)
COARSE = 0.01  # what half precision may be off by: that is no symptom of another mechanism
SEVEN_DIGITS = 3e-7  # what float32 can promise where nothing is added up


def attention_kind(_Q: Any, K: Any, *_more: Any) -> ResultType:
    """The kind of an attention's output. A single position has a weight of exactly 1, whatever the numbers' precision."""
    return Array(rtol=SEVEN_DIGITS, atol=1e-9) if np.shape(K)[-2] == 1 else Array()


def _inputs(*lead: int, T: int = 5, d: int = 4, d_v: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(_RNG_SEED)
    return rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d_v))


def leaks(attend: Function) -> bool:
    """Outputs up to i move when the rows after i do, in a short sequence or in a long one."""
    for T in LENGTHS:
        Q, K, V = _inputs(T=T)
        before = np.asarray(attend(Q, K, V))
        for i in range(0, T - 1, 1 + T // 12):
            K2, V2 = K.copy(), V.copy()
            K2[i + 1 :], V2[i + 1 :] = K2[i + 1 :] + 1, V2[i + 1 :] - 2
            if not np.allclose(np.asarray(attend(Q, K2, V2))[: i + 1], before[: i + 1], rtol=1e-7, atol=1e-9, equal_nan=True):
                return True
    return False


def forgets(attend: Function) -> bool:
    """A value moves, and an output that may use it does not."""
    for T in LENGTHS:
        Q, K, V = _inputs(T=T)
        before = np.asarray(attend(Q, K, V))
        for j in range(0, T, 1 + T // 12):
            V2 = V.copy()
            V2[j] += 10
            if np.isclose(np.asarray(attend(Q, K, V2))[j:], before[j:], rtol=1e-9, atol=1e-12).all(axis=-1).any():
                return True
    return False


def first_output_wrong(attend: Function) -> bool:
    """Position 0 sees itself alone, so its output is its own value."""
    Q, K, V = _inputs()
    return not np.allclose(np.asarray(attend(Q, K, V))[0], V[0], atol=COARSE)


def does_not_sum(attend: Function) -> bool:
    """Values that are all 1 give outputs of 1 if the weights sum to 1."""
    Q, K, V = _inputs()
    return not np.allclose(attend(Q, K, np.ones_like(V)), 1.0, atol=COARSE)


def not_a_mean(attend: Function) -> bool:
    """With queries of zero, every allowed weight is the same: a mean over the past."""
    Q, K, V = _inputs()
    mean = np.cumsum(V, axis=0) / np.arange(1, len(V) + 1)[:, None]
    return not np.allclose(attend(np.zeros_like(Q), K, V), mean, atol=COARSE)


def differs_in_a_batch(attend: Function) -> bool:
    """A batch with heads gives something else than its members one by one."""
    Q, K, V = _inputs(2, 3)
    try:
        together = np.asarray(attend(Q, K, V))
    except Exception:
        return True
    alone = np.stack([np.stack([attend(Q[b, h], K[b, h], V[b, h]) for h in range(3)]) for b in range(2)])
    return together.shape != alone.shape or not np.allclose(together, alone, atol=1e-5)


def unstable(attend: Function) -> bool:
    """Large scores give NaN or infinity."""
    Q, K, V = _inputs()
    return not np.isfinite(attend(40 * Q, 40 * K, V)).all()


def attention_probes(
    adapter: Adapter = lambda answer: answer, batched: bool = True, row_zero: Misconception = ROW_ZERO
) -> tuple[Probe, ...]:
    """The probes for an answer that `adapter` turns into `attend(Q, K, V)`, the most telling symptom first.

    `row_zero` is how a wrong first output is told where there is no V among the arguments.
    """
    table: list[tuple[Misconception, Function]] = [
        (LEAKS, leaks),
        (row_zero, first_output_wrong),
        (FORGETS, forgets),
        (SUMS, does_not_sum),
        (NOT_UNIFORM, not_a_mean),
    ]
    table += [(BATCH, differs_in_a_batch)] if batched else []
    table += [(LARGE, unstable)]
    return tuple(Probe(idea, partial(_shows, shows, adapter)) for idea, shows in table)


def _shows(shows: Function, adapter: Adapter, answer: Function) -> bool:
    return bool(shows(adapter(answer)))
