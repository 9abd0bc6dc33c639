"""### One query, one answer

Everything attention does, it does for one query at a time. Score the query with each key, divide by `sqrt(d)`, turn \
the scores
into weights with softmax, and add up the values, each times its weight.

Write `attend_one(q, K, V)`. `q` is `(d,)`, one query. `K` is `(t, d)` and `V` is `(t, d_v)`: the keys it **may see**, \
and their
values, so no mask is needed. Return the output, `(d_v,)`. `t` may be 1, `d_v` may differ from `d`, scores may be large,
and the inputs stay as they are.
"""

import numpy as np

from autograder.exercise import attention_probes
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.results import Array

EPSILON = mc.EPSILON.with_text(
    "The weights sum to less than 1. After subtracting the maximum the sum is at least 1, so no epsilon is needed."
)


def _as_attention(answer):
    """attend(Q, K, V), row by row, out of an answer to this exercise."""
    return lambda Q, K, V: np.stack([answer(Q[i], K[: i + 1], V[: i + 1]) for i in range(len(Q))])


def _a_little_less(answer):
    """Whether a lone key's value comes back a little smaller in every component."""
    ratio = np.asarray(answer(np.ones(2), np.ones((1, 2)), np.array([[1.0, -2.0, 4.0]]))) / [1.0, -2.0, 4.0]
    return 0.95 < ratio[0] < 1 and np.allclose(ratio, ratio[0], rtol=1e-9)


def _symptom(misconception, shows):
    return Probe(misconception, lambda answer: shows(_as_attention(answer)))


exercise = Exercise(
    topic="one token's output",
    answer=Array(),
    probes=(
        Probe(EPSILON, _a_little_less),
        _symptom(
            attention_probes.ROW_ZERO.with_text(
                "With a single key its weight is 1 and the output is its value, whatever the score.",
                ("What is the softmax of a single number?", "It is 1.", "At t = 1 the output equals V[0]."),
            ),
            attention_probes.first_output_wrong,
        ),
        _symptom(
            attention_probes.FORGETS.with_text(
                "The output did not change although a value that the query sees was changed.",
                ("How many values enter the output?", "All t of them.", "weights @ V"),
            ),
            attention_probes.forgets,
        ),
        _symptom(
            attention_probes.SUMS.with_text(
                hints=("Over what is the softmax normalised?", "The t weights sum to 1.", "weights / weights.sum()")
            ),
            attention_probes.does_not_sum,
        ),
        _symptom(
            attention_probes.NOT_UNIFORM.with_text(
                "With q = 0 all scores are equal, so the output should be the mean of the values, and it is not.",
                ("What is the softmax of equal scores?", "1 / t for each key.", "weights @ V"),
            ),
            attention_probes.not_a_mean,
        ),
        _symptom(
            attention_probes.LARGE.with_text(
                hints=(
                    "What is np.exp(800.0)?",
                    "softmax(x) = softmax(x - max(x)).",
                    "Subtract scores.max() before np.exp.",
                )
            ),
            attention_probes.unstable,
        ),
    ),
    hints=(
        "How many scores are there, and how many weights?",
        "scores = K q / sqrt(d), weights = softmax(scores), output = sum over j of weights[j] V[j]",
        "scores = K @ q / np.sqrt(len(q)); e = np.exp(scores - scores.max()); then e / e.sum() times V, with @.",
    ),
)


@exercise.solution
def attend_one(q, K, V):
    """One query q (d,), the keys K (t, d) it may see and their values V (t, d_v) -> output (d_v,)."""
    scores = K @ q / np.sqrt(len(q))  # (t,)
    weights = np.exp(scores - scores.max())
    weights = weights / weights.sum()
    return weights @ V  # (d_v,)


def _qkv(rng, t, d, d_v):
    return rng.normal(size=d), rng.normal(size=(t, d)), rng.normal(size=(t, d_v))


@exercise.part("By hand", points=1)
def by_hand(rng):
    K = np.array([[2.0, 0.0], [0.0, 2.0]])
    V = np.array([[4.0, 0.0, 0.0], [0.0, 4.0, 8.0]])
    yield case(np.array([0.0, 0.0]), K, V, note="both scores are 0: half of each value")
    K = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 5.0, 0.0, 0.0], [0.0, 2.0, 3.0, 1.0]])
    q = np.array([2 * np.log(2.0), 0.0, 0.0, 0.0])
    yield case(q, K, 4 * np.eye(3), note="the weights are 1/4, 1/2 and 1/4")


@exercise.part("Any length and width", points=1)
def any_size(rng):
    for t, d, d_v in ((2, 3, 5), (5, 2, 3), (4, 4, 4), (9, 6, 2), (3, 8, 3), (6, 1, 4), (7, 5, 1), (1, 3, 2)):
        yield case(*_qkv(rng, t, d, d_v))
    q, K, V = _qkv(rng, 12, 4, 3)
    yield case(3 * q, K, V, note="12 keys")
    yield case(*_qkv(rng, 70, 5, 2), note="70 keys")
    # All digits count: the weight of a lone key is 1, and float32 holds these values exactly.
    yield case(
        np.array([0.5, 1.0]),
        np.array([[1.0, -2.0]]),
        np.array([[1.5, -2.0, 100.0]]),
        note="one key",
        answer=Array(rtol=2e-7, atol=1e-9),
    )


@exercise.part("Large scores", points=1)
def large_scores(rng):
    K = np.array([[0.0, 1700.0, 0.0, 0.0], [1.0, 1700.0, 0.0, 0.0], [-1.0, 1700.0, 0.0, 0.0]])
    V = rng.normal(size=(3, 2))
    yield case(np.array([1.0, 1.0, 0.0, 0.0]), K, V, note="scores near +850")
    yield case(np.array([1.0, -1.0, 0.0, 0.0]), K, V, note="scores near -850")
    yield case(np.array([1.0, -60.0, 0.0, 0.0]), K, V, note="scores far below -10000")
    K[2] = [0.0, -1700.0, 0.0, 0.0]
    yield case(np.array([1.0, 1.0, 0.0, 0.0]), K, V, note="scores of +850 and -850 side by side")
    K[1] = [0.0, -1700.0, 0.0, 0.0]
    yield case(np.array([1.0, 1.0, 0.0, 0.0]), K, V, note="one score far above the others")


@exercise.equivalent
def with_loops(q, K, V):
    scores = [sum(a * b for a, b in zip(q, k, strict=True)) / len(q) ** 0.5 for k in K]
    e = [np.exp(s - max(scores)) for s in scores]
    return [sum(e[j] * V[j][c] for j in range(len(V))) / sum(e) for c in range(V.shape[1])]


@exercise.equivalent
def as_matrices(q, K, V):
    s = q[None] @ K.T / np.sqrt(K.shape[-1])
    w = np.exp(s - s.max(axis=-1, keepdims=True))
    return (w @ V / w.sum(axis=-1, keepdims=True))[0]


@exercise.equivalent
def with_einsum_and_logaddexp(q, K, V):
    s = np.einsum("td,d->t", K, q / np.sqrt(q.size))
    return np.einsum("t,tv->v", np.exp(s - np.logaddexp.reduce(s)), V)


@exercise.equivalent
def as_a_running_average(q, K, V):
    top, total, out = -np.inf, 0.0, np.zeros(V.shape[1])
    for k, v in zip(K, V, strict=True):
        s = k @ q / np.sqrt(q.size)
        new = max(top, s)
        total, out = total * np.exp(top - new) + np.exp(s - new), out * np.exp(top - new) + np.exp(s - new) * v
        top = new
    return out / total


@exercise.equivalent
def in_float32(q, K, V):
    return attend_one(q.astype(np.float32), K.astype(np.float32), V.astype(np.float32)).astype(np.float32)
