"""### Several heads at once

`x` holds a vector of width `D` for each position. Each projection matrix is `(D, D)` and is used as `x @ W`.

1. queries `x @ Wq`, keys `x @ Wk`, values `x @ Wv`, each split into `n_heads` heads;
2. causal attention in every head, scaled by the width of *one head*;
3. the heads merged, then `@ Wo`.

Write `multi_head_causal_attention(x, Wq, Wk, Wv, Wo, n_heads)`: `(..., T, D)` → `(..., T, D)`. The leading axes come \
along, and
scores may be large. You may call what you wrote above.
"""

import numpy as np

from autograder.exercise.attention_cases import all_far_below, hidden_far_above, queries_and_keys
from autograder.exercise.attention_mistakes import attention_scores
from autograder.exercise.attention_probes import ROW_ZERO_OF_HEADS, SEVEN_DIGITS, attention_probes
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array


def _kind(x, *_matrices_and_heads):
    """With one position every weight is 1, and what comes out is x Wv Wo: of whole numbers, exact in float32 too."""
    return Array(rtol=SEVEN_DIGITS, atol=1e-9) if x.shape[-2] == 1 else Array()


def _as_attention(answer):
    """attend(Q, K, V) out of an answer: x carries all three, the matrices pick them, and both heads do the same."""

    def attend(Q, K, V):
        x = np.concatenate([Q, K, V], axis=-1)
        width = x.shape[-1]
        picks, start = [], 0
        for part in (Q, K, V):
            n = part.shape[-1]
            pick = np.zeros((width, 2 * width))
            pick[start + np.arange(n), np.arange(n)] = pick[start + np.arange(n), width + np.arange(n)] = 1.0
            picks.append(np.vstack([pick, np.zeros_like(pick)]))  # (2 width, 2 width)
            start += n
        x = np.concatenate([x, np.zeros_like(x)], axis=-1)
        return np.asarray(answer(x, *picks, np.eye(2 * width), 2))[..., : V.shape[-1]]

    return attend


exercise = Exercise(
    topic="multi-head attention",
    answer=_kind,
    probes=attention_probes(_as_attention, row_zero=ROW_ZERO_OF_HEADS),
    hints=(
        "Which of the steps run in each head, and which on the whole width D?",
        (
            "heads = attention(split(x Wq), split(x Wk), split(x Wv)); result = merge(heads) Wo; scores / sqrt(D / "
            "n_heads)."
        ),
        (
            "x @ Wq, reshape to (..., T, n_heads, D / n_heads), swap to (..., n_heads, T, D / n_heads); after "
            "attention the way back, then @ Wo."
        ),
    ),
)


@exercise.solution
def multi_head_causal_attention(x, Wq, Wk, Wv, Wo, n_heads):
    """x (..., T, D), each W (D, D), used as x @ W -> (..., T, D)."""
    T, D = x.shape[-2:]

    def split(y):  # (..., T, D) -> (..., H, T, D / H)
        return np.swapaxes(y.reshape(*y.shape[:-1], n_heads, D // n_heads), -2, -3)

    Q, K, V = split(x @ Wq), split(x @ Wk), split(x @ Wv)
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])  # (..., H, T, T)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return np.swapaxes(weights @ V, -2, -3).reshape(x.shape) @ Wo


def _layer(rng, *lead, T, D):
    return (rng.normal(size=(*lead, T, D)), *rng.normal(size=(4, D, D)) / np.sqrt(D))


@exercise.part("Three positions, two heads", points=1)
def by_hand(rng):
    x = np.array([[1.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 2.0], [1.0, 1.0, -1.0, 1.0]])
    yield case(x, *[np.eye(4)] * 4, 2, note="every matrix is the identity")
    Wv, Wo = np.diag([1.0, 2.0, 3.0, 4.0]), np.array([[1.0, 0, 0, 0], [1.0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]])
    yield case(x, np.eye(4), np.diag([2.0, 1.0, 1.0, -1.0]), Wv, Wo, 2)


@exercise.part("Any length, width and number of heads", points=1)
def any_size(rng):
    for T, D, n_heads in (
        (5, 6, 2),
        (6, 4, 1),
        (4, 6, 6),
        (3, 12, 3),
        (12, 8, 4),
        (4, 4, 2),
        (80, 6, 3),
        (5, 6, 2),
        (6, 9, 9),
    ):
        yield case(*_layer(rng, T=T, D=D), n_heads)
    yield case(*(np.round(3 * a) for a in _layer(rng, T=1, D=6)), 3, note="one position: its weight is 1")
    x, Wq, *rest = _layer(rng, T=5, D=6)
    yield case(x, 0 * Wq, *rest, 2, note="all queries, and so all scores, are 0")
    x, Wq, Wk, Wv, Wo = _layer(rng, T=5, D=6)
    Wq[0], Wk[0], x[-1, 0] = 0.0, 0.0, 1e6
    yield case(x, Wq, Wk, Wv, np.eye(6), 2, note="the last values are a million times as large")


@exercise.part("In a batch", points=1)
def in_a_batch(rng):
    yield case(*_layer(rng, 2, T=3, D=4), 2, note="a batch of 2")
    yield case(*_layer(rng, 3, T=5, D=6), 3)
    yield case(*_layer(rng, 2, 3, T=4, D=6), 2, note="two leading axes")
    yield case(*_layer(rng, 4, T=4, D=4), 4, note="batch, heads, T and D are all 4")
    yield case(*_layer(rng, 1, T=4, D=6), 2, note="a batch of 1")


@exercise.part("Large scores", points=1)
def large_scores(rng):
    # float32 can hold each of these scores exactly.
    x, Wq, Wk, Wv, Wo = _layer(rng, T=4, D=8)
    x[:, 0], x[:, 1], x[:, 2] = 1.0, [0.0, 1.0, -1.0, 2.0], [0.0, 1.0, 2.0, 3.0]
    Wq[:], Wk[:] = 0.0, 0.0
    Wq[0, [0, 4]] = 32.0
    Wk[0, [0, 4]], Wk[1, [0, 4]] = [50.0, -50.0], 1 / 32
    yield case(x, Wq, Wk, Wv, Wo, 2, note="scores near +800 in head 0, near -800 in head 1")
    Wk = Wk.copy()
    Wk[0, [0, 4]] = -50.0
    yield case(x, Wq, Wk, Wv, Wo, 2, note="scores near -800 in both heads")
    # The best is far ahead: a log-sum-exp in float32 has no digit left for a second one.
    Wq, Wk = 16 * Wq, Wk.copy()
    Wk[0, [0, 4]], Wk[1, [0, 4]], Wk[2, [0, 4]] = -1024.0, 0.0, -1.0
    yield case(x, Wq, Wk, Wv, Wo, 2, note="every score below -200000; the first one is far ahead")
    x, Wq, Wk, Wv, Wo = _layer(rng, 2, T=3, D=8)
    x, Wq, Wk = np.round(x), np.round(2 * Wq) / 2, np.round(2 * Wk) / 2
    Wq[:, 0], Wk[:, 0], Wq[0, 0], Wk[1, 0] = 0.0, 0.0, 32.0, 50.0
    x[..., 0], x[..., 1] = np.array([[1.0], [-1.0]]), 1.0
    yield case(x, Wq, Wk, Wv, Wo, 2, note="a batch of 2: scores near +800 in one, near -800 in the other")
    Wv, Wo = rng.normal(size=(2, 4, 4))
    for scores, note in (*hidden_far_above(rng), all_far_below(rng)):
        yield case(np.eye(4), *queries_and_keys(scores), Wv, Wo, 1, note=note)


@exercise.equivalent
def head_by_head(x, Wq, Wk, Wv, Wo, n_heads):
    width = x.shape[-1] // n_heads
    outs = []
    for h in range(n_heads):
        mine = slice(h * width, (h + 1) * width)
        Q, K, V = x @ Wq[:, mine], x @ Wk[:, mine], x @ Wv[:, mine]
        s = Q @ K.mT / width**0.5 + np.triu(np.full((x.shape[-2],) * 2, -1e9), k=1)
        w = np.exp(s - s.max(-1, keepdims=True))
        outs.append(w / w.sum(-1, keepdims=True) @ V)
    return np.concatenate(outs, axis=-1) @ Wo


@exercise.equivalent
def sum_over_heads(x, Wq, Wk, Wv, Wo, n_heads):
    """Merging and Wo in one: each head has its own rows of Wo, and the results add up."""
    D = x.shape[-1]
    q, k, v = (np.einsum("...td,dhc->...htc", x, W.reshape(D, n_heads, -1)) for W in (Wq, Wk, Wv))
    s = np.einsum("...hic,...hjc->...hij", q, k) * (D / n_heads) ** -0.5
    s[..., ~np.tri(x.shape[-2], dtype=bool)] = -np.inf
    w = np.exp(s - s.max(-1, keepdims=True))
    w /= w.sum(-1, keepdims=True)
    return np.einsum("...hij,...hjc,hcd->...id", w, v, Wo.reshape(n_heads, -1, D))


@exercise.equivalent
def position_by_position(x, Wq, Wk, Wv, Wo, n_heads):
    out = np.zeros(x.shape)
    for at in np.ndindex(*x.shape[:-2]):
        Q, K, V = x[at] @ Wq, x[at] @ Wk, x[at] @ Wv
        for i in range(x.shape[-2]):
            for q, k, v, place in zip(
                np.split(Q[i], n_heads),
                np.split(K, n_heads, 1),
                np.split(V, n_heads, 1),
                np.split(np.arange(x.shape[-1]), n_heads),
            ):
                s = k[: i + 1] @ q / len(q) ** 0.5
                e = np.exp(s - s.max())
                out[at][i, place] = e @ v[: i + 1] / e.sum()
    return (out @ Wo).tolist()


@exercise.equivalent
def masked_after_exp(x, Wq, Wk, Wv, Wo, n_heads):
    Q, K, V = (_split(x @ W, n_heads) for W in (Wq, Wk, Wv))
    s, allowed = attention_scores(Q, K), np.tri(x.shape[-2], dtype=bool)
    w = np.exp(np.minimum(s - s.max(-1, keepdims=True, where=allowed, initial=-np.inf), 0.0)) * allowed
    return _merge(w / w.sum(-1, keepdims=True) @ V) @ Wo


@exercise.equivalent
def in_float32(x, Wq, Wk, Wv, Wo, n_heads):
    return multi_head_causal_attention(*(a.astype(np.float32) for a in (x, Wq, Wk, Wv, Wo)), n_heads)


def _split(y, n_heads):
    return np.swapaxes(y.reshape(*y.shape[:-1], n_heads, y.shape[-1] // n_heads), -2, -3)


def _merge(y):
    y = np.swapaxes(y, -2, -3)
    return y.reshape(*y.shape[:-2], -1)


@exercise.mistake("Wo was not used")
def output_projection_missing(x, Wq, Wk, Wv, Wo, n_heads):
    """The merged heads came back as they are; the last step mixes them with Wo.

    - Which of the four matrices is not used?
    - result = merge(heads) Wo
    - ... @ Wo at the end.
    """
    return multi_head_causal_attention(x, Wq, Wk, Wv, np.eye(len(Wo)), n_heads)


@exercise.mistake("The matrices were transposed")
def projected_with_transposed_matrices(x, Wq, Wk, Wv, Wo, n_heads):
    """x @ W.T was computed. Here a projection is x @ W (torch.nn.Linear stores W the other way round).

    - Which axis of W meets the components of x?
    - x W, with W of shape (D, D_out)
    - x @ Wq
    """
    return multi_head_causal_attention(x, Wq.T, Wk.T, Wv.T, Wo.T, n_heads)


@exercise.mistake("Wo was transposed")
def output_projection_transposed(x, Wq, Wk, Wv, Wo, n_heads):
    """The last step used Wo.T.

    - How are the other three matrices used?
    - merge(heads) Wo
    - ... @ Wo
    """
    return multi_head_causal_attention(x, Wq, Wk, Wv, Wo.T, n_heads)


@exercise.mistake("x itself was split")
def projections_missing(x, Wq, Wk, Wv, Wo, n_heads):
    """Queries, keys and values are all x; Wq, Wk and Wv were not used.

    - Which matrices are not used?
    - Q = x Wq, K = x Wk, V = x Wv
    - x @ Wq before splitting.
    """
    return multi_head_causal_attention(x, *[np.eye(len(Wq))] * 3, Wo, n_heads)


@exercise.mistake("The values were not projected")
def values_not_projected(x, Wq, Wk, Wv, Wo, n_heads):
    """Wv was not used: the weights mix x itself.

    - Which of the four matrices is not used?
    - V = x Wv
    - x @ Wv
    """
    return multi_head_causal_attention(x, Wq, Wk, np.eye(len(Wv)), Wo, n_heads)


@exercise.mistake("One matrix for queries, keys and values")
def one_projection_for_all(x, Wq, Wk, Wv, Wo, n_heads):
    """Wq was used three times.

    - How many of the matrices appear in your code?
    - Q = x Wq, K = x Wk, V = x Wv
    - x @ Wk, x @ Wv
    """
    return multi_head_causal_attention(x, Wq, Wq, Wq, Wo, n_heads)


@exercise.mistake("Wk and Wv are exchanged")
def keys_and_values_swapped(x, Wq, Wk, Wv, Wo, n_heads):
    """The keys were made by Wv, and the values by Wk.

    - Which matrix makes the keys?
    - K = x Wk, V = x Wv
    - Mind the order: Wq, Wk, Wv.
    """
    return multi_head_causal_attention(x, Wq, Wv, Wk, Wo, n_heads)


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
