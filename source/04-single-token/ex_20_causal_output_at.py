"""### The output of token i

`Q`, `K` and `V` hold a query, a key and a value for every position of a text. The output of position `i` mixes what \
position
`i` may see: positions `0` to `i`, its own included, and nothing after.

Write `causal_output_at(Q, K, V, i)`. `Q` and `K` are `(T, d)`, `V` is `(T, d_v)`, and `0 <= i < T`. Return the output \
of
position `i`, `(d_v,)`, computed from positions `0..i` only. `T` may be 1, scores may be large, and the inputs stay as \
they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_cases import hidden_far_above, queries_and_keys
from autograder.exercise.attention_probes import attention_probes
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.results import Array


def _as_attention(answer):
    """attend(Q, K, V), row by row, out of an answer to this exercise."""
    return lambda Q, K, V: np.stack([answer(Q, K, V, i) for i in range(len(Q))])


def _a_little_less(answer):
    """Whether the first value comes back a little smaller in every component."""
    ratio = np.asarray(answer(np.ones((2, 2)), np.ones((2, 2)), np.array([[1.0, -2.0, 4.0]] * 2), 0)) / [1.0, -2.0, 4.0]
    return 0.95 < ratio[0] < 1 and np.allclose(ratio, ratio[0], rtol=1e-9)


exercise = Exercise(
    topic="one token's output",
    answer=Array(),
    probes=(Probe(mc.EPSILON, _a_little_less), *attention_probes(_as_attention, batched=False)),
    hints=(
        "Which rows of Q, of K and of V does position i need?",
        "The query is Q[i]; keys and values are rows 0 to i. Then it is attention for one query.",
        "scores = K[: i + 1] @ Q[i] / np.sqrt(d); softmax; then weights @ V[: i + 1].",
    ),
)


@exercise.solution
def causal_output_at(Q, K, V, i):
    """Q, K (T, d), V (T, d_v), position i -> the causal attention output of position i, (d_v,)."""
    seen = slice(i + 1)  # positions 0 to i
    scores = K[seen] @ Q[i] / np.sqrt(Q.shape[1])  # (i + 1,)
    weights = np.exp(scores - scores.max())
    return weights @ V[seen] / weights.sum()  # (d_v,)


def _qkv(rng, T, d, d_v):
    return rng.normal(size=(T, d)), rng.normal(size=(T, d)), rng.normal(size=(T, d_v))


@exercise.part("Three tokens by hand", points=1)
def by_hand(rng):
    Q = np.zeros((3, 4))
    Q[0, 0], Q[1, 1], Q[2, 0] = 1.0, 1.0, 2 * np.log(2.0)
    K = np.array([[0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 5.0, 0.0], [0.0, 3.0, 0.0, 2.0]])
    V = 4 * np.eye(3)
    yield case(Q, K, V, 0, note="V is 4 times the identity, so the output shows the weights")
    yield case(Q, K, V, 1, note="query 1 scores its two keys alike")
    yield case(Q, K, V, 2, note="the weights are 1/4, 1/2 and 1/4")


@exercise.part("Every position", points=1)
def every_position(rng):
    Q, K, V = _qkv(rng, 6, 4, 3)
    for i in range(6):
        yield case(Q, K, V, i)


@exercise.part("Any length and width", points=1)
def any_size(rng):
    for T, d, d_v, i in (
        (5, 3, 5, 2),
        (9, 2, 4, 7),
        (4, 4, 4, 3),
        (12, 5, 2, 4),
        (7, 6, 3, 0),
        (2, 1, 2, 1),
        (1, 3, 2, 0),
        (6, 3, 1, 2),
        (70, 4, 2, 68),
    ):
        yield case(*_qkv(rng, T, d, d_v), i)
    # What is hidden may be huge. All digits count: the weight of a lone key is 1, and float32 holds its value exactly.
    Q, K, V = _qkv(rng, 5, 4, 3)
    V[0], V[3:] = [1.5, -2.0, 0.25], 1e7
    yield case(Q, K, V, 0, note="the last two values are huge", answer=Array(rtol=2e-7, atol=1e-9))
    yield case(Q, K, V, 2, note="the last two values are huge")
    Q = np.tile([1.0, 1.0, 0.0, 0.0], (4, 1))
    K = np.array([[0.0, 1700.0, 0.0, 0.0], [1.0, 1700.0, 0.0, 0.0], [-1.0, 1700.0, 0.0, 0.0], [0.0, 1701.0, 0.0, 0.0]])
    V = rng.normal(size=(4, 3))
    yield case(Q, K, V, 2, note="scores near +850")
    yield case(Q * [1.0, -200.0, 0.0, 0.0], K, V, 2, note="scores far below -100000")
    K[1] *= -1
    yield case(Q, K, V, 2, note="scores of +850 and -850 side by side")
    K[0] *= -1
    yield case(Q, K, V, 2, note="one score far above the others")
    for scores, note in hidden_far_above(rng):
        yield case(*queries_and_keys(scores), rng.normal(size=(4, 3)), 1, note=note)


@exercise.equivalent
def with_a_loop(Q, K, V, i):
    scores = [sum(Q[i] * K[j]) / Q.shape[1] ** 0.5 for j in range(i + 1)]
    e = [np.exp(s - max(scores)) for s in scores]
    return sum(e[j] * V[j] for j in range(i + 1)) / sum(e)


@exercise.equivalent
def a_row_of_the_whole(Q, K, V, i):
    s = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    return (w / w.sum(-1, keepdims=True) @ V)[i]


@exercise.equivalent
def masked_with_a_large_negative_number(Q, K, V, i):
    s = K @ Q[i] / np.sqrt(Q.shape[1]) + np.where(np.arange(len(K)) > i, -1e9, 0.0)
    w = np.exp(s - s.max())
    return np.einsum("t,tv->v", w / w.sum(), V)


@exercise.equivalent
def masked_after_exp(Q, K, V, i):
    s = K @ Q[i] / np.sqrt(Q.shape[1])
    w = np.exp(np.minimum(s - s[: i + 1].max(), 0.0))
    w = w * (np.arange(len(K)) <= i)
    return (w / w.sum() @ V).tolist()


@exercise.equivalent
def as_a_running_average(Q, K, V, i):
    top, total, out = -np.inf, 0.0, np.zeros(V.shape[1])
    for j in range(i + 1):
        s = K[j] @ Q[i] / np.sqrt(Q.shape[1])
        new = max(top, s)
        total, out = total * np.exp(top - new) + np.exp(s - new), out * np.exp(top - new) + np.exp(s - new) * V[j]
        top = new
    return out / total


@exercise.equivalent
def in_float32(Q, K, V, i):
    return causal_output_at(Q.astype(np.float32), K.astype(np.float32), V.astype(np.float32), i).astype(np.float32)


@exercise.warning(
    "Right. One weakness: your code also reads positions after i. With NaN there (nothing has been written yet, say) "
    "the output becomes NaN. Cut K and V to i + 1 rows, and the future cannot matter."
)
def future_not_written(rng):
    Q, K, V = _qkv(rng, 5, 3, 2)
    for x in (Q, K, V):
        x[3:] = np.nan
    yield case(Q, K, V, 2)
