"""### Causal attention in blocks

Write `blockwise_causal_attention(Q, K, V, block)`: the same result as causal attention for `Q, K (..., T, d)` and `V \
(..., T, d_v)`, but work on blocks of `block` queries against blocks of `block`
keys, and never hold more than `(block, block)` scores for each head. Blocks that lie wholly in the future are not \
computed at all. `T` need not be a multiple of `block`. Return `(..., T, d_v)`. Scores may be large.

One part measures memory on a long sequence: neither a `T × T` array may exist, nor strips of `block` rows and `T` \
columns.
"""

import numpy as np

from autograder.exercise.attention_cases import all_far_below, hidden_far_above, queries_and_keys
from autograder.exercise.attention_probes import attention_probes
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Boolean, Tuple
from autograder.judge.guarded_call import measure_peak_memory

LONG = 512  # so many blocks that a few of them weigh nothing beside a strip, and a copy of Q, K and V little

exercise = Exercise(
    topic="blockwise attention",
    answer=Tuple(output=Array(), memory_stays_small=Boolean()),
    probes=attention_probes(lambda answer: lambda Q, K, V: answer(Q, K, V, 2)),
    seconds=20.0,
    hints=(
        "Which key blocks does the first query block need?",
        "For each query block carry (m, l, acc) over the key blocks up to its own; mask only the diagonal block.",
        (
            "for a in range(0, T, block): for b in range(0, a + 1, block): rescale by exp(m - new_m), add, and "
            "divide by l at the end."
        ),
    ),
)


@exercise.solution
def blockwise_causal_attention(Q, K, V, block):
    """Q, K (..., T, d), V (..., T, d_v) -> (..., T, d_v), with (block, block) scores at a time."""
    T, d = Q.shape[-2:]
    out = np.empty((*Q.shape[:-1], V.shape[-1]))
    for a in range(0, T, block):
        q = Q[..., a : a + block, :] / np.sqrt(d)
        m, l, acc = np.full((*q.shape[:-1], 1), -np.inf), 0.0, 0.0
        for b in range(0, a + 1, block):  # key blocks after the query's own lie in the future
            s = q @ np.swapaxes(K[..., b : b + block, :], -1, -2)  # (..., block, block)
            if b == a:
                s = np.where(np.tri(s.shape[-1], dtype=bool), s, -np.inf)
            new_m = np.maximum(m, s.max(axis=-1, keepdims=True))
            shrink, e = np.exp(m - new_m), np.exp(s - new_m)
            l = l * shrink + e.sum(axis=-1, keepdims=True)
            acc = acc * shrink + e @ V[..., b : b + block, :]
            m = new_m
        out[..., a : a + block, :] = acc / l
    return out


@exercise.adapt
def with_memory(answer, Q, K, V, block):
    """The result and, for a long sequence, whether the peak of memory stayed below what a (block, T) strip needs.

    Of keys that are NaN only the rows before them are compared: these may not have touched any later block.
    """
    T = Q.shape[-2]
    if np.isnan(K).any():
        return np.asarray(answer(Q, K, V, block))[..., : int(np.isnan(K).any(axis=-1).argmax()), :], True
    if T < LONG:
        return answer(Q, K, V, block), True
    out, peak = measure_peak_memory(answer, Q, K, V, block)
    return out, peak < 1.25 * block * T * 8  # a strip is held twice at least: its scores and their exponentials


def _qkv(rng, *lead, T, d, d_v):
    return rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d)), rng.normal(size=(*lead, T, d_v))


@exercise.part("Four tokens, blocks of two", points=1)
def four(rng):
    Q, K, _ = _qkv(rng, T=4, d=2, d_v=4)
    yield case(0 * Q, K, np.eye(4), 2, note="Q = 0 and V the identity: the output is the pattern of weights")
    yield case(np.round(2 * Q), np.round(2 * K), np.eye(4), 2)


@exercise.part("Any length, any block", points=1)
def any_block(rng):
    for T, d, d_v, block in (
        (5, 4, 3, 2),
        (6, 3, 5, 6),
        (7, 5, 2, 3),
        (4, 3, 3, 9),
        (8, 2, 4, 1),
        (1, 2, 3, 1),
        (9, 3, 2, 4),
    ):
        yield case(*_qkv(rng, T=T, d=d, d_v=d_v), block)
    yield case(*_qkv(rng, 2, 4, T=5, d=4, d_v=3), 3, note="a batch of 2 with 4 heads")
    Q, K, V = _qkv(rng, T=6, d=3, d_v=2)
    K[4:], V[4:] = np.nan, np.nan
    yield case(Q, K, V, 2, note="the last block of keys is NaN; the first four rows are compared")
    Q, K, V = _qkv(
        rng, T=12, d=3, d_v=2
    )  # a block of another size than 1 that begins before the last row ends behind it
    K[11:], V[11:] = np.nan, np.nan
    yield case(Q, K, V, 1, note="blocks of one key, and the last one is NaN; the first eleven rows are compared")


@exercise.part("Large scores", points=1)
def large(rng):
    Q, K, V = _qkv(rng, T=6, d=2, d_v=3)
    K[:, 0] = np.arange(6) * 400.0
    yield case(np.abs(Q) + 0.5, K, V, 2, note="scores that rise from block to block")
    yield case(np.abs(Q) + 0.5, K[::-1].copy(), V, 2, note="scores that fall from block to block")
    Q, K, V = np.ones((6, 4)), np.zeros((6, 4)), rng.normal(size=(6, 3))  # scores that float32 holds exactly
    K[:, 0] = -2048.0 - np.arange(6)
    yield case(Q, K, V, 3, note="all scores far below 0")
    Q, K, V = np.stack([Q, Q]), np.stack([K, -K]), rng.normal(size=(2, 6, 3))
    yield case(Q, K, V, 2, note="scores far below 0 beside others far above, in a batch")
    for scores, note in (*hidden_far_above(rng), all_far_below(rng)):
        yield case(*queries_and_keys(scores), rng.normal(size=(4, 3)), 3, note=note)


@exercise.part("Memory", points=1)
def memory(rng):
    yield case(*_qkv(rng, T=LONG, d=2, d_v=1), 64, note="512 tokens, blocks of 64; peak memory is measured")


@exercise.equivalent
def row_of_blocks(Q, K, V, block):
    # Two passes over the key blocks: first the maximum, then the sums.
    T, d = Q.shape[-2:]
    rows = []
    for a in range(0, T, block):
        stop = min(a + block, T)
        starts = range(0, stop, block)

        def scores(b, a=a, stop=stop):
            s = Q[..., a:stop, :] @ np.swapaxes(K[..., b : min(b + block, stop), :], -1, -2) / np.sqrt(d)
            late = np.arange(b, b + s.shape[-1]) > np.arange(a, stop)[:, None]
            return np.where(late, -1e30, s)

        top = np.max([scores(b).max(-1) for b in starts], axis=0)[..., None]
        total = sum(np.exp(scores(b) - top).sum(-1, keepdims=True) for b in starts)
        rows.append(sum(np.exp(scores(b) - top) @ V[..., b : min(b + block, stop), :] for b in starts) / total)
    return np.concatenate(rows, axis=-2)


@exercise.equivalent
def one_query_at_a_time(Q, K, V, block):
    out = np.zeros((*Q.shape[:-1], V.shape[-1]))
    for i in range(Q.shape[-2]):
        s = np.einsum("...d,...jd->...j", Q[..., i, :], K[..., : i + 1, :]) / Q.shape[-1] ** 0.5
        w = np.exp(s - s.max(-1, keepdims=True))
        out[..., i, :] = np.einsum("...j,...jv->...v", w / w.sum(-1, keepdims=True), V[..., : i + 1, :])
    return out


@exercise.equivalent
def key_by_key(Q, K, V, block):
    T, d = Q.shape[-2:]
    m = np.full((*Q.shape[:-1], 1), -np.inf)
    l, acc = np.zeros_like(m), np.zeros((*Q.shape[:-1], V.shape[-1]))
    for j in range(T):  # each key serves the queries from its own position on
        s = (Q[..., j:, :] * K[..., j : j + 1, :]).sum(-1, keepdims=True) / np.sqrt(d)
        top = np.maximum(m[..., j:, :], s)
        old, new = np.exp(m[..., j:, :] - top), np.exp(s - top)
        l[..., j:, :] = l[..., j:, :] * old + new
        acc[..., j:, :] = acc[..., j:, :] * old + new * V[..., j : j + 1, :]
        m[..., j:, :] = top
    return acc / l


exercise.equivalent_mutant("0.0 -> 1.0", because="exp(-inf) = 0 removes whatever the sum starts with")
exercise.equivalent_mutant("0.0 -> 1.0 #2", because="exp(-inf) = 0 removes whatever the sum starts with")
exercise.equivalent_mutant("1 -> 0 #9", because="a single -inf broadcasts to every row")
exercise.equivalent_mutant("1 -> 2 #8", because="the diagonal block is square")
exercise.equivalent_mutant(
    "np.tri(s.shape[-1], dtype=bool) -> np.tri(s.shape[-1])", because="np.where takes any number but 0 for True"
)
