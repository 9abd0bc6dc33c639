"""### Write causal attention

Put the pieces together: scores, scale, mask, softmax, and the mixture of values.

| argument | shape | what it holds |
|---|---|---|
| `Q` | `(..., T, d)` | a query for each position |
| `K` | `(..., T, d)` | a key for each position |
| `V` | `(..., T, d_v)` | a value for each position |

Return the outputs, `(..., T, d_v)`. Output `i` may depend on positions `0` to `i` only. The leading axes (batches,
heads) stay in front unchanged, `d_v` may differ from `d`, and scores may be large.
"""

import numpy as np

from autograder.exercise.attention_cases import hidden_far_above, queries_and_keys
from autograder.exercise.attention_mistakes import wrong_attentions
from autograder.exercise.attention_probes import attention_kind, attention_probes
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="causal attention",
    answer=attention_kind,
    probes=attention_probes(),
    hints=(
        "Which five steps lead from Q, K and V to the output?",
        "scores = Q K^T / sqrt(d); then mask, softmax over the keys, weights @ V.",
        "np.where(np.tri(T, dtype=bool), scores, -np.inf), then subtract each row's maximum, exp, divide, @ V.",
    ),
)


@exercise.solution
def causal_attention(Q, K, V):
    """(..., T, d), (..., T, d), (..., T, d_v) -> (..., T, d_v)."""
    T, d = Q.shape[-2:]
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(d)  # (..., T, T)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ V


def _qkv(rng, *lead, T, d, d_v):
    return rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d_v))


@exercise.part("Three tokens by hand", points=1)
def by_hand(rng):
    Q = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    K = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]])
    V = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    yield case(Q, K, V, note="V is the identity, so the output shows the weights")
    yield case(*_qkv(rng, T=5, d=4, d_v=3))


@exercise.part("Any length and width", points=1)
def any_size(rng):
    for T, d, d_v in (
        (2, 6, 5),
        (4, 1, 1),
        (5, 5, 5),
        (9, 3, 4),
        (6, 5, 2),
        (7, 9, 7),
        (12, 4, 6),
        (80, 3, 2),
        (6, 5, 2),
        (1, 3, 2),
    ):
        yield case(*_qkv(rng, T=T, d=d, d_v=d_v))
    Q, K, V = _qkv(rng, T=5, d=4, d_v=6)
    yield case(Q, K, V)
    yield case(Q, K[::-1].copy(), V, note="the queries of the case before, with other keys")
    yield case(0 * Q, K, V, note="all scores are 0")
    Q, K, V = _qkv(rng, T=6, d=4, d_v=3)
    V[-1] *= 1e6
    yield case(Q, K, V, note="the last value is a million times as large")


@exercise.part("In a batch, with heads", points=1)
def in_a_batch(rng):
    yield case(*_qkv(rng, 2, T=4, d=3, d_v=2), note="a batch of 2")
    yield case(*_qkv(rng, 2, 3, T=5, d=4, d_v=6), note="a batch of 2 with 3 heads")
    yield case(*_qkv(rng, 3, 1, 2, T=3, d=5, d_v=4))
    yield case(*_qkv(rng, 1, T=4, d=2, d_v=3), note="a batch of 1")
    yield case(*_qkv(rng, 3, 4, T=4, d=4, d_v=4), note="as many heads as positions")


@exercise.part("Large scores", points=1)
def large_scores(rng):
    Q, K, V = _qkv(rng, T=5, d=4, d_v=3)
    # Halves of even numbers: float32 can hold every one of these scores exactly.
    Q, K = np.zeros((4, 4)), np.zeros((4, 4))
    Q[1:, 1], K[:, 1] = [1.0, 1.0, -1.0], [1700.0, 1700.0, 1702.0, 1698.0]
    yield case(Q, K, V[:4], note="scores of +850 and -850")
    Q, K = np.zeros((4, 4)), np.zeros((4, 4))
    # The best is far ahead: a log-sum-exp in float32 has no digit left for a second one.
    Q[:, 1], K[:, 1] = 1.0, [-360000.0, -360512.0, -361024.0, -361536.0]
    yield case(Q, K, V[:4], note="every score below -100000; the first one is far ahead")
    Q, K = np.zeros((4, 4)), np.zeros((4, 4))
    Q[1:, 2], K[:, 2] = 256.0, [0.0, 13.25, 13.265625, 6.0]
    yield case(Q, K, rng.normal(size=(4, 3)), note="scores of 0 and 1700 in one row")
    Q, K, V = _qkv(rng, 2, T=3, d=4, d_v=3)
    Q, K = np.round(2 * Q) / 2, np.round(2 * K) / 2
    K[..., 0], Q[..., 0] = 40.0, np.array([[40.0], [-40.0]])
    yield case(Q, K, V, note="a batch of 2: scores near +800 in one, near -800 in the other")
    for scores, note in hidden_far_above(rng):
        yield case(*queries_and_keys(scores), rng.normal(size=(4, 3)), note=note)


@exercise.equivalent
def with_loops(Q, K, V):
    lead, (T, d) = Q.shape[:-2], Q.shape[-2:]
    out = np.zeros((*lead, T, V.shape[-1]))
    for index in np.ndindex(*lead):
        for i in range(T):
            s = [float(Q[index][i] @ K[index][j]) / d**0.5 for j in range(i + 1)]
            top = max(s)
            e = [np.exp(x - top) for x in s]
            out[index][i] = sum(w * V[index][j] for j, w in enumerate(e)) / sum(e)
    return out


@exercise.equivalent
def with_einsum_and_additive_mask(Q, K, V):
    T = Q.shape[-2]
    s = np.einsum("...id,...jd->...ij", Q / np.sqrt(Q.shape[-1]), K) + np.triu(np.full((T, T), -1e9), k=1)
    w = np.exp(s - s.max(-1, keepdims=True))
    return np.einsum("...ij,...jv->...iv", w / w.sum(-1, keepdims=True), V)


@exercise.equivalent
def masked_after_exp(Q, K, V):
    s = Q @ K.swapaxes(-1, -2) / Q.shape[-1] ** 0.5
    allowed = np.tri(Q.shape[-2], dtype=bool)
    top = s.max(-1, keepdims=True, where=allowed, initial=-np.inf)
    w = np.exp(np.minimum(s - top, 0.0)) * allowed
    return (w / w.sum(-1, keepdims=True)) @ V


@exercise.equivalent
def keys_centred_over_time(Q, K, V):
    return causal_attention(Q, K - K.mean(axis=-2, keepdims=True), V)


@exercise.equivalent
def normalised_last(Q, K, V):
    T, d = Q.shape[-2:]
    s = np.where(np.tri(T), Q @ K.swapaxes(-1, -2) / np.sqrt(d), -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    return (w @ V) / w.sum(-1, keepdims=True)


@exercise.equivalent
def in_float32(Q, K, V):
    low = np.float32
    return causal_attention(Q.astype(low), K.astype(low), V.astype(low)).astype(low)


exercise.add_shared_mistakes(wrong_attentions())


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
