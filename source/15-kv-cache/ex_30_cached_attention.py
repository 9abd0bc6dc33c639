"""### The whole sequence, a chunk at a time

Write `cached_attention(Q, K, V, chunk)`: the same result as causal attention on `Q, K (T, d)` and `V (T, d_v)`, but \
processed
`chunk` positions at a time, as a server does with a long prompt: each step adds the chunk's keys and values to the \
cache, and lets the chunk's
queries attend to all keys so far, causally. `chunk` is at least 1 and may exceed `T`, which need not be a multiple of \
it. Return `(T, d_v)`: only the result is checked, for every `chunk`. Scores may be large.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_cases import hidden_far_above, queries_and_keys
from autograder.exercise.attention_mistakes import FILL_TOO_HIGH, wrong_attentions
from autograder.exercise.attention_probes import attention_kind, attention_probes
from autograder.exercise.attention_variants import huge_at_the_end
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="chunked prefill",
    answer=attention_kind,
    probes=attention_probes(lambda answer: lambda Q, K, V: answer(Q, K, V, 2), batched=False),
    hints=(
        "Which keys may the first query of the second chunk see?",
        "Queries start..stop attend to keys 0..stop, with the rectangular mask aligned bottom right.",
        "for start in range(0, T, chunk): stop = min(start + chunk, T); mask np.tri(stop - start, stop, k=start).",
    ),
)


@exercise.solution
def cached_attention(Q, K, V, chunk):
    """Q, K (T, d), V (T, d_v) -> (T, d_v), `chunk` queries at a time against a growing cache."""
    T, d = Q.shape
    outputs = []
    for start in range(0, T, chunk):
        stop = min(start + chunk, T)
        scores = Q[start:stop] @ K[:stop].T / np.sqrt(d)  # (chunk, stop)
        scores = np.where(np.tri(stop - start, stop, k=start, dtype=bool), scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        outputs.append(weights @ V[:stop] / weights.sum(axis=-1, keepdims=True))
    return np.concatenate(outputs)


def _qkv(rng, T, d, d_v):
    return rng.normal(size=(T, d)), rng.normal(size=(T, d)), rng.normal(size=(T, d_v))


@exercise.part("Four tokens, two at a time", points=1)
def four(rng):
    Q, K, _ = _qkv(rng, 4, 2, 2)
    yield case(np.zeros((4, 2)), K, np.eye(4), 2, note="Q = 0 and V the identity: the output is the pattern of weights")
    yield case(np.round(Q), np.round(K), np.eye(4), 2)


@exercise.part("Any chunk", points=1)
def any_chunk(rng):
    for T, d, d_v, chunk in (
        (5, 4, 3, 1),
        (5, 4, 3, 5),
        (7, 3, 5, 3),
        (8, 3, 3, 4),
        (9, 5, 2, 2),
        (7, 3, 5, 3),
        (4, 6, 3, 2),
        (1, 2, 3, 1),
        (3, 2, 4, 10),
        (80, 3, 4, 7),
        (30, 4, 3, 1),
    ):
        yield case(*_qkv(rng, T, d, d_v), chunk)
    Q, K, V = _qkv(rng, 6, 3, 3)
    yield case(np.abs(Q), np.abs(K) * 600, V, 2, note="large scores, which grow with the keys")
    yield case(*huge_at_the_end(rng, 6, 4, 3), 4, note="the last value is a million times as large")
    Q, K = np.zeros((5, 4)), np.zeros((5, 4))
    Q[:, 1], K[:, 1] = 1.0, [-360000.0, -360512.0, -361024.0, -361536.0, -362048.0]
    yield case(Q, K, rng.normal(size=(5, 3)), 2, note="every score below -100000; the first one is far ahead")
    Q, K = np.zeros((4, 4)), np.zeros((4, 4))
    Q[1:, 2], K[:, 2] = 256.0, [0.0, 13.25, 13.265625, 6.0]
    yield case(Q, K, rng.normal(size=(4, 3)), 2, note="scores of 0 and 1700 in one chunk")
    for scores, note in hidden_far_above(rng):
        yield case(*queries_and_keys(scores), rng.normal(size=(4, 3)), 3, note=note)


@exercise.equivalent
def row_by_row(Q, K, V, chunk):
    out = np.zeros((len(Q), V.shape[1]))
    for i, q in enumerate(Q):
        s = K[: i + 1] @ q / q.size**0.5
        w = np.exp(s - s.max())
        out[i] = (w / w.sum()) @ V[: i + 1]
    return out


@exercise.equivalent
def with_a_real_cache(Q, K, V, chunk):
    cache_K, cache_V, out = np.empty((0, K.shape[1])), np.empty((0, V.shape[1])), []
    while len(out) < len(Q):
        n = len(out)
        cache_K, cache_V = np.vstack([cache_K, K[n : n + chunk]]), np.vstack([cache_V, V[n : n + chunk]])
        s = np.einsum("id,jd->ij", Q[n : n + chunk], cache_K) / np.sqrt(Q.shape[1])
        s = s + np.where(np.arange(len(cache_K)) > np.arange(n, n + len(s))[:, None], -1e30, 0.0)
        w = np.exp(s - s.max(1, keepdims=True))
        out.extend((w / w.sum(1, keepdims=True)) @ cache_V)
    return np.array(out)


@exercise.equivalent
def chunk_and_cache_apart(Q, K, V, chunk):
    T, scale = len(Q), Q.shape[1] ** -0.5
    out = []
    for n in range(0, T, chunk):
        new = slice(n, n + chunk)
        inside = scale * Q[new] @ K[new].T
        inside[np.triu_indices(len(inside), 1)] = -np.inf
        s = np.hstack([scale * Q[new] @ K[:n].T, inside])
        p = np.exp(s - s.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        out.append(p[:, :n] @ V[:n] + p[:, n:] @ V[new])
    return np.vstack(out)


def _row_max(s):
    return s.max(axis=-1, keepdims=True)


def _chunked(Q, K, V, chunk, allowed, first=lambda start: 0, fill=-np.inf, scale=None, top=_row_max, epsilon=0.0):
    """Chunked attention in which `allowed(start, stop)` says what the chunk sees of keys first(start)..stop."""
    T, out = len(Q), []
    for start in range(0, T, chunk):
        stop = min(start + chunk, T)
        keys = slice(first(start), stop)
        s = Q[start:stop] @ K[keys].T / (np.sqrt(Q.shape[1]) if scale is None else scale)
        s = np.where(allowed(start, stop), s, fill)
        w = np.exp(s - top(s))
        out.append(w @ V[keys] / (w.sum(axis=-1, keepdims=True) + epsilon))
    return np.concatenate(out)


def _right(start, stop):
    return np.tri(stop - start, stop, k=start, dtype=bool)


def _one_ahead(start, stop):
    return np.tri(stop - start, stop, k=start + 1, dtype=bool)


@exercise.mistake("Aligned at the top left")
def aligned_top_left(Q, K, V, chunk):
    """From the second chunk on, the queries were taken for the first positions and see too few keys.

    - At which position does the second chunk start?
    - Shift the triangle by start.
    - np.tri(n, stop, k=start)
    """
    return _chunked(Q, K, V, chunk, lambda start, stop: np.tri(stop - start, stop, dtype=bool))


@exercise.mistake("No mask inside a chunk")
def no_mask_inside_chunk(Q, K, V, chunk):
    """Within a chunk every query sees every key, later ones of the chunk too.

    - With chunk = T, what is your function?
    - Query i stops at key i.
    - np.tri(n, stop, k=start)
    """
    return _chunked(Q, K, V, chunk, lambda start, stop: np.ones((stop - start, stop), dtype=bool))


@exercise.mistake("Each chunk starts from scratch")
def cache_forgotten_between_chunks(Q, K, V, chunk):
    """The chunk attends to itself only; the keys before it were forgotten.

    - What is the cache for?
    - Keys 0..stop, not start..stop.
    - K[:stop]
    """
    return _chunked(Q, K, V, chunk, lambda start, stop: np.tri(stop - start, dtype=bool), first=lambda start: start)


@exercise.mistake("The newest keys are missing")
def cache_without_chunk(Q, K, V, chunk):
    """A chunk sees what came before it, but not itself.

    - May a query see its own key?
    - Keys up to its own position.
    - Append the chunk before attending.
    """
    return _chunked(
        Q,
        K,
        V,
        chunk,
        lambda start, stop: np.broadcast_to(
            (np.arange(stop) < start) | (start == 0) & (np.arange(stop) == 0), (stop - start, stop)
        ),
    )


@exercise.mistake(mc.GLOBAL_MAX)
def global_max(Q, K, V, chunk):
    """The largest score of the chunk was subtracted, so a row far below it underflows to 0 / 0."""
    return _chunked(Q, K, V, chunk, _right, top=lambda s: s.max())


@exercise.mistake("The last, shorter chunk is missing")
def last_chunk_dropped(Q, K, V, chunk):
    """T is not a multiple of chunk, and the rest was left out.

    - What happens at T = 7 and chunk = 3?
    - The last chunk may be shorter.
    - stop = min(start + chunk, T)
    """
    return row_by_row(Q, K, V, chunk)[: len(Q) // chunk * chunk]


@exercise.mistake(mc.WINDOW_TOO_SHORT)
def window_too_short(Q, K, V, chunk):
    """The cache was cut to the last chunk: older keys are lost."""
    return _chunked(
        Q,
        K,
        V,
        chunk,
        lambda start, stop: _right(start, stop)[:, max(0, start - chunk) :],
        first=lambda start: max(0, start - chunk),
    )


@exercise.mistake("A softmax for each chunk")
def softmax_per_chunk(Q, K, V, chunk):
    """The weights of each block of keys sum to 1 on their own, and the blocks were averaged; one softmax runs over all
    keys.

    - Over which keys do the weights of a query sum to 1?
    - Over all keys up to its own.
    - Score against the whole cache first.
    """
    T, out = len(Q), np.zeros((len(Q), V.shape[1]))
    for i in range(T):
        blocks = []
        for start in range(0, i + 1, chunk):
            keys = slice(start, min(start + chunk, i + 1))
            s = K[keys] @ Q[i] / np.sqrt(Q.shape[1])
            w = np.exp(s - s.max())
            blocks.append(w @ V[keys] / w.sum())
        out[i] = np.mean(blocks, axis=0)
    return out


exercise.add_mistakes(
    (mc.ONE_AHEAD, lambda Q, K, V, chunk: _chunked(Q, K, V, chunk, _one_ahead)),
    (mc.FILL_ZERO, lambda Q, K, V, chunk: _chunked(Q, K, V, chunk, _right, fill=0.0)),
    (mc.FILL_WEAK, lambda Q, K, V, chunk: _chunked(Q, K, V, chunk, _right, fill=-10.0)),
    (FILL_TOO_HIGH, lambda Q, K, V, chunk: _chunked(Q, K, V, chunk, _right, fill=-1e5)),
)
exercise.add_shared_mistakes(
    wrong_attentions(lambda attention: lambda Q, K, V, chunk: attention(Q, K, V)),
    without=(mc.ONLY_FIRST_IN_BATCH, mc.ONLY_TWO_DIMENSIONS),
)


exercise.equivalent_mutant("-1 -> 1", because="axis 1 is the last axis of a (chunk, stop) array")
exercise.equivalent_mutant("-1 -> 1 #2", because="axis 1 is the last axis of a (chunk, stop) array")
exercise.equivalent_mutant(
    "np.tri(stop - start, stop, k=start, dtype=bool) -> np.tri(stop - start, stop, k=start)",
    because="np.where takes any number but 0 for True",
)
