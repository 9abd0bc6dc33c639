"""### Attention with fewer key heads

Write `grouped_query_attention(Q, K, V)`, causal: `Q` is `(..., H, T, d)`, `K` and `V` are `(..., G, T, d)`, and `H` \
is a multiple of `G`. Query head `h` reads key-value head `h // (H // G)`. Return `(..., H, T, d)`.

`G = H` is ordinary multi-head attention, and `G = 1` is multi-query attention. The leading axes stay in front \
unchanged, and scores may be large.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_cases import hidden_far_above, queries_and_keys
from autograder.exercise.attention_mistakes import attend, wrong_attentions
from autograder.exercise.attention_probes import attention_kind, attention_probes
from autograder.exercise.exercise import Exercise, case


def _one_head(answer):
    """The answer as an attention of one head."""
    return lambda *QKV: answer(*(x[..., None, :, :] for x in QKV))[..., 0, :, :]


exercise = Exercise(
    topic="grouped-query attention",
    answer=attention_kind,
    probes=attention_probes(_one_head),
    hints=(
        "How many query heads share one key-value head?",
        "H // G of them, and they are neighbours. With the key-value heads repeated it is ordinary causal attention.",
        "np.repeat(K, H // G, axis=-3), the same for V; then scores / sqrt(d), mask, softmax, @ V.",
    ),
)


@exercise.solution
def grouped_query_attention(Q, K, V):
    """Q (..., H, T, d), K, V (..., G, T, d) -> (..., H, T, d), causal."""
    (H, T, d), G = Q.shape[-3:], K.shape[-3]
    K, V = (np.repeat(x, H // G, axis=-3) for x in (K, V))  # (..., H, T, d)
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(d)  # (..., H, T, T)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True) @ V


def _qkv(rng, *lead, H, G, T, d):
    return (
        rng.normal(size=(*lead, H, T, d)),
        rng.normal(size=(*lead, G, T, d)),
        rng.normal(size=(*lead, G, T, d)),
    )


@exercise.part("Two heads share", points=1)
def two_share(rng):
    V = np.arange(4.0).reshape(2, 2, 1)
    yield case(
        np.zeros((4, 2, 1)), np.zeros((2, 2, 1)), V, note="Q = 0: heads 0 and 1 take the mean of the first values"
    )
    yield case(*(np.round(x, 1) for x in _qkv(rng, H=2, G=1, T=3, d=2)))


@exercise.part("Any number of groups", points=1)
def any_groups(rng):
    for H, G, T, d in (
        (4, 2, 5, 3),
        (6, 2, 4, 5),
        (6, 3, 4, 2),
        (4, 4, 5, 3),
        (5, 1, 6, 4),
        (8, 2, 1, 3),
        (1, 1, 7, 2),
    ):
        yield case(*_qkv(rng, H=H, G=G, T=T, d=d))
    yield case(*_qkv(rng, H=4, G=2, T=40, d=9))


@exercise.part("In a batch, and with large scores", points=1)
def batch_and_large(rng):
    yield case(*_qkv(rng, 2, H=4, G=2, T=3, d=5), note="a batch of 2")
    yield case(*_qkv(rng, 2, 3, H=6, G=2, T=4, d=3), note="two leading axes")
    yield case(*_qkv(rng, 4, H=4, G=4, T=4, d=4), note="every axis has the same length")
    Q, K, V = _qkv(rng, H=4, G=2, T=5, d=4)
    Q[:, :, 0], K[:, :, 0] = 40.0, 40.0
    yield case(Q, K, V, note="scores near +800")
    Q, K = np.zeros((2, 4, 4)), np.zeros((1, 4, 4))
    Q[..., 1], K[..., 1] = 1.0, [-360000.0, -360512.0, -361024.0, -361536.0]
    yield case(Q, K, rng.normal(size=(1, 4, 4)), note="every score below -100000; the first one is far ahead")
    Q, K = np.zeros((1, 4, 4)), np.zeros((1, 4, 4))
    Q[:, 1:, 2], K[..., 2] = 256.0, [0.0, 13.25, 13.265625, 6.0]
    yield case(Q, K, rng.normal(size=(1, 4, 4)), note="scores of 0 and 1700 in one row")
    Q, K, V = _qkv(rng, 2, H=2, G=1, T=3, d=4)
    Q, K = np.round(2 * Q) / 2, np.round(2 * K) / 2
    K[..., 0], Q[..., 0] = 40.0, np.array([[[40.0]], [[-40.0]]])
    yield case(Q, K, V, note="a batch of 2: scores near +800 in one, near -800 in the other")
    Q, K, V = _qkv(rng, H=2, G=1, T=6, d=4)
    V[..., -1, :] *= 1e6
    yield case(Q, K, V, note="the last value is a million times as large")
    for scores, note in hidden_far_above(rng):
        q, k = queries_and_keys(scores)
        yield case(q[None], k[None], rng.normal(size=(1, *k.shape)), note=note)


@exercise.equivalent
def a_loop_over_heads(Q, K, V):
    groups = Q.shape[-3] // K.shape[-3]
    heads = [attend(Q[..., h, :, :], K[..., h // groups, :, :], V[..., h // groups, :, :]) for h in range(Q.shape[-3])]
    return np.stack(heads, axis=-3)


@exercise.equivalent
def queries_in_groups(Q, K, V):
    *lead, H, T, d = Q.shape
    G = K.shape[-3]
    grouped = Q.reshape(*lead, G, H // G, T, d)
    return attend(grouped, K[..., :, None, :, :], V[..., :, None, :, :]).reshape(*lead, H, T, d)


@exercise.equivalent
def with_einsum(Q, K, V):
    *lead, H, T, d = Q.shape
    G = K.shape[-3]
    s = np.einsum("...grid,...gjd->...grij", Q.reshape(*lead, G, H // G, T, d), K) / d**0.5
    s = s + np.triu(np.full((T, T), -1e30), k=1)
    w = np.exp(s - s.max(-1, keepdims=True))
    return np.einsum("...grij,...gjd->...grid", w / w.sum(-1, keepdims=True), V).reshape(Q.shape)


def _repeated(x, Q):
    return np.repeat(x, Q.shape[-3] // x.shape[-3], axis=-3)


def _with(attention):
    """An attention of as many key heads as query heads, with the key-value heads repeated as they should be."""
    return lambda Q, K, V: attention(Q, _repeated(K, Q), _repeated(V, Q))


# https://github.com/onnx/onnx/pull/7274
@exercise.mistake("The heads take turns")
def heads_take_turns(Q, K, V):
    """Query head h reads key-value head h % G; neighbours should share one.

    - Which key-value head does query head 1 read, if H is 4 and G is 2?
    - Head h reads head h // (H // G).
    - Repeat each head, not the whole list: np.repeat instead of np.tile.
    """
    groups = Q.shape[-3] // K.shape[-3]
    return attend(Q, *(np.concatenate([x] * groups, axis=-3) for x in (K, V)))


@exercise.mistake("The values take turns")
def values_take_turns(Q, K, V):
    """The keys were shared rightly, but the values belong to another head.

    - Which value belongs to a key?
    - The one of the same head and position.
    - Repeat V in the same way as K.
    """
    groups = Q.shape[-3] // K.shape[-3]
    return attend(Q, _repeated(K, Q), np.concatenate([V] * groups, axis=-3))


@exercise.mistake("Every query head reads the first key head")
def first_key_head_only(Q, K, V):
    """The other key-value heads play no part.

    - How many key-value heads are there?
    - Head h reads head h // (H // G).
    - Repeat every head of K and V.
    """
    return attend(Q, K[..., :1, :, :], V[..., :1, :, :])


@exercise.mistake("The key-value heads were averaged")
def key_heads_averaged(Q, K, V):
    """All query heads read a mean of the key-value heads; each should read one of them.

    - Does query head 0 ever read key-value head 1?
    - Head h reads head h // (H // G) alone.
    - Repeat, don't average.
    """
    return attend(Q, K.mean(axis=-3, keepdims=True), V.mean(axis=-3, keepdims=True))


@exercise.mistake("The query heads were averaged")
def query_heads_averaged(Q, K, V):
    """The queries of a group were merged; they share keys, but each has its own weights.

    - How many outputs does a group have?
    - One for each query head.
    - Keep all H query heads.
    """
    *lead, H, T, d = Q.shape
    G = K.shape[-3]
    return _repeated(attend(Q.reshape(*lead, G, H // G, T, d).mean(axis=-3), K, V), Q)


@exercise.mistake("One output for each key-value head")
def one_output_a_group(Q, K, V):
    """Only one query head of each group was used.

    - How many heads does the output have?
    - As many as Q.
    - Repeat K and V; don't shorten Q.
    """
    return attend(Q[..., :: Q.shape[-3] // K.shape[-3], :, :], K, V)


exercise.add_shared_mistakes(wrong_attentions(_with), without=[mc.SCALE_BY_VALUE_WIDTH])


exercise.equivalent_mutant("H // G -> H / G", because="H is a multiple of G, and np.repeat takes 2.0 for 2")
exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
