"""### Several heads at once

`x` holds a vector of width `D` for each position. Each projection matrix is `(D, D)` and is used as `x @ W`.

1. queries `x @ Wq`, keys `x @ Wk`, values `x @ Wv`, each split into `n_heads` heads;
2. causal attention in every head, scaled by the width of *one head*;
3. the heads merged, then `@ Wo`.

Write `multi_head_causal_attention(x, Wq, Wk, Wv, Wo, n_heads)`: `(..., T, D)` → `(..., T, D)`. The leading axes come along, and
scores may be large. You may call what you wrote above.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_probes import SEVEN_DIGITS, attention_probes
from autograder.exercise.exercise import Exercise, Misconception, case
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
    probes=attention_probes(_as_attention),
    hints=(
        "Which of the steps run in each head, and which on the whole width D?",
        "heads = attention(split(x Wq), split(x Wk), split(x Wv)); result = merge(heads) Wo; scores / sqrt(D / n_heads).",
        "x @ Wq, reshape to (..., T, n_heads, D / n_heads), swap to (..., n_heads, T, D / n_heads); after attention the way back, then @ Wo.",
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
    for T, D, n_heads in ((5, 6, 2), (6, 4, 1), (4, 6, 6), (3, 12, 3), (12, 8, 4), (4, 4, 2), (80, 6, 3), (5, 6, 2), (6, 9, 9)):
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
    # float32 can hold each of these scores exactly, and no hidden one is far above the allowed ones of its row.
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
                np.split(Q[i], n_heads), np.split(K, n_heads, 1), np.split(V, n_heads, 1), np.split(np.arange(x.shape[-1]), n_heads)
            ):
                s = k[: i + 1] @ q / len(q) ** 0.5
                e = np.exp(s - s.max())
                out[at][i, place] = e @ v[: i + 1] / e.sum()
    return (out @ Wo).tolist()


@exercise.equivalent
def masked_after_softmax_and_renormalised(x, Wq, Wk, Wv, Wo, n_heads):
    Q, K, V = (_split(x @ W, n_heads) for W in (Wq, Wk, Wv))
    w = np.tril(_softmax(_scores(Q, K)))
    return _merge(w / w.sum(-1, keepdims=True) @ V) @ Wo


@exercise.equivalent
def in_float32(x, Wq, Wk, Wv, Wo, n_heads):
    return multi_head_causal_attention(*(a.astype(np.float32) for a in (x, Wq, Wk, Wv, Wo)), n_heads)


def _split(y, n_heads):
    return np.swapaxes(y.reshape(*y.shape[:-1], n_heads, y.shape[-1] // n_heads), -2, -3)


def _merge(y):
    y = np.swapaxes(y, -2, -3)
    return y.reshape(*y.shape[:-2], -1)


def _interleaved_split(y, n_heads):
    return np.moveaxis(y.reshape(*y.shape[:-1], y.shape[-1] // n_heads, n_heads), -1, -3)


def _interleaved_merge(y):
    return np.moveaxis(y, -3, -1).reshape(*y.shape[:-3], y.shape[-2], -1)


def _reshaped_split(y, n_heads):
    return y.reshape(*y.shape[:-2], n_heads, y.shape[-2], y.shape[-1] // n_heads)


def _reshaped_merge(y):
    return y.reshape(*y.shape[:-3], y.shape[-2], y.shape[-3] * y.shape[-1])


def _softmax(s, axis=-1):
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _scores(Q, K, scale=None):
    return Q @ np.swapaxes(K, -1, -2) / (np.sqrt(Q.shape[-1]) if scale is None else scale)


def _attend(Q, K, V, allowed=None, fill=-np.inf, scale=None, axis=-1):
    """Causal attention of (..., H, T, width) with one thing changed."""
    allowed = _causal(Q) if allowed is None else allowed
    return _softmax(np.where(allowed, _scores(Q, K, scale), fill), axis) @ V


def _causal(Q, k=0):
    return np.tri(Q.shape[-2], k=k, dtype=bool)


def _with(attend=_attend, split=_split, merge=_merge):
    """The whole layer with one part replaced; the part may also ask for D, the width of all heads."""

    def layer(x, Wq, Wk, Wv, Wo, n_heads):
        Q, K, V = (split(x @ W, n_heads) for W in (Wq, Wk, Wv))
        return merge(attend(Q, K, V)) @ Wo

    return layer


SPLIT_RESHAPED = Misconception(
    "heads_split_without_transpose",
    "Heads split without a transpose",
    "reshape alone mixes positions: a head got pieces of the same position as if they were later positions.",
    ("Which position does each row of your head 0 come from?", "Cut into (..., T, n_heads, width), then swap the axes of T and heads.",
     "np.swapaxes(y.reshape(*y.shape[:-1], n_heads, -1), -2, -3)"),
)  # fmt: skip
MERGED_RESHAPED = Misconception(
    "heads_merged_without_transpose",
    "Heads merged without a transpose",
    "reshape alone puts several positions of one head into one row, so early rows hold outputs of later positions: a leak.",
    ("Which positions do the numbers of your first row come from?", "Swap the axes of the heads and of T before the reshape.",
     "np.swapaxes(out, -2, -3).reshape(*x.shape)"),
)  # fmt: skip
BOTH_RESHAPED = Misconception(
    "heads_split_and_merged_without_transpose",
    "Heads split and merged without a transpose",
    "Both ways were a plain reshape. The shapes fit and the numbers find their place again, but in between the heads mixed positions and components.",
    ("Which position does each row of your head 0 come from?", "(..., T, n_heads, width) first, then swap two axes; and the same on the way back.",
     "np.swapaxes(..., -2, -3), twice"),
)  # fmt: skip
SCALE_BY_MODEL_WIDTH = Misconception(
    "scaled_by_model_width",
    "Scaled by D instead of the width of a head",
    "The scores were divided by sqrt(D). A head's dot product runs over D / n_heads components only.",
    ("Over how many components does the dot product of one head sum?", "sqrt(D / n_heads)", "np.sqrt(Q.shape[-1]) after splitting."),
)
FIRST_HEAD_MASKED = Misconception(
    "mask_on_first_head_only",
    "Only the first head is masked",
    "Head 0 is causal; the others see the future. One leaky head is enough for the whole layer to leak.",
    ("Is anything in your code indexed with [0]?", "A (T, T) mask broadcasts over all heads.", "np.where(allowed, scores, -np.inf) on all of the scores."),
)
NO_WO = Misconception(
    "output_projection_missing",
    "Wo was not used",
    "The merged heads came back as they are; the last step mixes them with Wo.",
    ("Which of the four matrices is not used?", "result = merge(heads) Wo", "... @ Wo at the end."),
)
PROJECTED_TRANSPOSED = Misconception(
    "projected_with_transposed_matrices",
    "The matrices were transposed",
    "x @ W.T was computed. Here a projection is x @ W (torch.nn.Linear stores W the other way round).",
    ("Which axis of W meets the components of x?", "x W, with W of shape (D, D_out)", "x @ Wq"),
)
WO_TRANSPOSED = Misconception(
    "output_projection_transposed",
    "Wo was transposed",
    "The last step used Wo.T.",
    ("How are the other three matrices used?", "merge(heads) Wo", "... @ Wo"),
)
ONE_HEAD = Misconception(
    "number_of_heads_ignored",
    "One big head",
    "n_heads was not used: there is one head of width D.",
    ("Where does n_heads enter your code?", "n_heads heads of width D / n_heads, each with a softmax of its own.", "Split the last axis before the scores."),
)
ALWAYS_TWO = Misconception(
    "always_two_heads",
    "Always two heads",
    "There are two heads whatever n_heads says.",
    ("Where does n_heads enter your code?", "(..., n_heads, T, D / n_heads)", "Replace the 2 by n_heads."),
)
INTERLEAVED = Misconception(
    "heads_interleaved",
    "The heads are interleaved",
    "Head 0 got every n_heads-th component; it should get the first D / n_heads ones.",
    ("Which columns belong to head 0?", "Columns 0 to D / n_heads - 1.", "reshape(..., n_heads, width), not (..., width, n_heads)."),
)
ACROSS_HEADS = Misconception(
    "softmax_across_heads",
    "Softmax across the heads",
    "The heads share a weight of 1 for each pair; each head should spread its own weight of 1 over the keys.",
    ("What should sum to 1?", "In each head, each row over its keys: axis -1.", "axis=-1, with keepdims=True"),
)
POSITIONS_AS_HEADS = Misconception(
    "attention_between_heads",
    "Attention between heads, not positions",
    "The axes of heads and positions were not swapped, so at each position the heads attended to each other.",
    ("What is the shape of your scores?", "(..., n_heads, T, T)", "np.swapaxes(..., -2, -3) after cutting the last axis."),
)
NO_PROJECTIONS = Misconception(
    "projections_missing",
    "x itself was split",
    "Queries, keys and values are all x; Wq, Wk and Wv were not used.",
    ("Which matrices are not used?", "Q = x Wq, K = x Wk, V = x Wv", "x @ Wq before splitting."),
)
VALUES_NOT_PROJECTED = Misconception(
    "values_not_projected",
    "The values were not projected",
    "Wv was not used: the weights mix x itself.",
    ("Which of the four matrices is not used?", "V = x Wv", "x @ Wv"),
)
HEADS_AVERAGED = Misconception(
    "heads_averaged",
    "The heads were averaged",
    "Every head's columns hold the mean of all heads; merging puts the heads side by side, each with its own.",
    ("What becomes of head 1's numbers?", "Concatenate: D = n_heads * width.", "np.concatenate over the last axis."),
)
RESIDUAL = Misconception(
    "residual_added",
    "x was added",
    "x + ... belongs to the transformer block around this layer, not to the layer.",
    ("What are the steps of this layer?", "merge(heads) Wo, and nothing else.", "Leave out the x +."),
)
FIRST_PROJECTION_FOR_ALL = Misconception(
    "one_projection_for_all",
    "One matrix for queries, keys and values",
    "Wq was used three times.",
    ("How many of the matrices appear in your code?", "Q = x Wq, K = x Wk, V = x Wv", "x @ Wk, x @ Wv"),
)
KEYS_AND_VALUES_SWAPPED = Misconception(
    "keys_and_values_swapped",
    "Wk and Wv are exchanged",
    "The keys were made by Wv, and the values by Wk.",
    ("Which matrix makes the keys?", "K = x Wk, V = x Wv", "Mind the order: Wq, Wk, Wv."),
)


def _first_head_masked(Q, K, V):
    allowed = np.ones((Q.shape[-3], Q.shape[-2], Q.shape[-2]), dtype=bool)
    allowed[0] = _causal(Q)
    return _attend(Q, K, V, allowed)


def _softmax_of(exponents_of):
    """Attention whose weights are made by `exponents_of(masked scores)`."""

    def attend(Q, K, V):
        e = exponents_of(np.where(_causal(Q), _scores(Q, K), -np.inf))
        return e / e.sum(-1, keepdims=True) @ V

    return attend


def _with_epsilon(Q, K, V):
    s = np.where(_causal(Q), _scores(Q, K), -np.inf)
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / (e.sum(-1, keepdims=True) + 1e-6) @ V


def _one_size(Q, K, V):
    n = min(Q.shape[-2], 4)
    allowed = np.ones((Q.shape[-2],) * 2, dtype=bool)
    allowed[:n, :n] = np.tri(n, dtype=bool)
    return _attend(Q, K, V, allowed)


exercise.mistake(mc.NO_MASK)(_with(lambda Q, K, V: _softmax(_scores(Q, K)) @ V))
exercise.mistake(MERGED_RESHAPED)(_with(merge=_reshaped_merge))
exercise.mistake(SPLIT_RESHAPED)(_with(split=_reshaped_split))
exercise.mistake(BOTH_RESHAPED)(_with(split=_reshaped_split, merge=_reshaped_merge))
exercise.mistake(SCALE_BY_MODEL_WIDTH)(_with(lambda Q, K, V: _attend(Q, K, V, scale=(Q.shape[-1] * Q.shape[-3]) ** 0.5)))
exercise.mistake(mc.NO_SCALE, message="The dot products were not divided by the square root of a head's width.", hints=(
    "What happens to the spread of q . k as a head gets wider?", "scores / sqrt(D / n_heads)", "Divide by np.sqrt(Q.shape[-1]) after splitting."
))(_with(lambda Q, K, V: _attend(Q, K, V, scale=1.0)))  # fmt: skip
exercise.mistake(FIRST_HEAD_MASKED)(_with(_first_head_masked))
exercise.mistake(NO_WO)(lambda x, Wq, Wk, Wv, Wo, n_heads: multi_head_causal_attention(x, Wq, Wk, Wv, np.eye(len(Wo)), n_heads))
exercise.mistake(PROJECTED_TRANSPOSED)(
    lambda x, Wq, Wk, Wv, Wo, n_heads: multi_head_causal_attention(x, Wq.T, Wk.T, Wv.T, Wo.T, n_heads)
)
exercise.mistake(WO_TRANSPOSED)(lambda x, Wq, Wk, Wv, Wo, n_heads: multi_head_causal_attention(x, Wq, Wk, Wv, Wo.T, n_heads))
exercise.mistake(ONE_HEAD)(lambda x, Wq, Wk, Wv, Wo, n_heads: multi_head_causal_attention(x, Wq, Wk, Wv, Wo, 1))
exercise.mistake(ALWAYS_TWO)(lambda x, Wq, Wk, Wv, Wo, n_heads: multi_head_causal_attention(x, Wq, Wk, Wv, Wo, 2))
exercise.mistake(INTERLEAVED)(_with(split=_interleaved_split, merge=_interleaved_merge))
exercise.mistake(mc.TRANSPOSED)(_with(lambda Q, K, V: _attend(Q, K, V, _causal(Q).T)))
exercise.mistake(mc.ONE_AHEAD)(_with(lambda Q, K, V: _attend(Q, K, V, _causal(Q, 1))))
exercise.mistake(mc.OWN_POSITION_EXCLUDED)(_with(lambda Q, K, V: _attend(Q, K, V, _causal(Q, -1))))
exercise.mistake(mc.INVERTED)(_with(lambda Q, K, V: _attend(Q, K, V, ~_causal(Q))))
exercise.mistake(mc.FILL_ZERO)(_with(lambda Q, K, V: _attend(Q, K, V, fill=0.0)))
exercise.mistake(mc.FILL_WEAK)(_with(lambda Q, K, V: _attend(Q, K, V, fill=-10.0)))
exercise.mistake(mc.FILL_WEAK, message="The number over the hidden scores looks low, but real scores can be lower still; then hidden keys win.")(
    _with(lambda Q, K, V: _attend(Q, K, V, fill=-1e5))
)
exercise.mistake(mc.FILL_WEAK)(_with(lambda Q, K, V: _attend(Q, K, V, fill=-100.0)))
exercise.mistake(mc.MASK_AFTER_SOFTMAX)(_with(lambda Q, K, V: np.tril(_softmax(_scores(Q, K))) @ V))
exercise.mistake(mc.WRONG_AXIS)(_with(lambda Q, K, V: _attend(Q, K, V, axis=-2)))
exercise.mistake(ACROSS_HEADS)(_with(lambda Q, K, V: np.nan_to_num(_attend(Q, K, V, axis=-3))))
exercise.mistake(mc.WHOLE_MATRIX)(_with(lambda Q, K, V: _attend(Q, K, V, axis=(-1, -2))))
exercise.mistake(POSITIONS_AS_HEADS)(
    _with(split=lambda y, n: y.reshape(*y.shape[:-1], n, -1), merge=lambda y: y.reshape(*y.shape[:-2], -1))
)
exercise.mistake(mc.SCALE_BY_D, message="The scores were divided by the width of a head; its square root is wanted.")(
    _with(lambda Q, K, V: _attend(Q, K, V, scale=Q.shape[-1]))
)
exercise.mistake(
    Misconception("scaled_by_number_of_heads", "Scaled by the number of heads", "The scores were divided by sqrt(n_heads); the width of a head counts.",
                  ("Over how many components does the dot product of one head sum?", "sqrt(D / n_heads)", "np.sqrt(Q.shape[-1]) after splitting."))
)(_with(lambda Q, K, V: _attend(Q, K, V, scale=Q.shape[-3] ** 0.5)))  # fmt: skip
exercise.mistake(mc.SCALE_BY_T)(_with(lambda Q, K, V: _attend(Q, K, V, scale=Q.shape[-2] ** 0.5)))
exercise.mistake(mc.KEYS_AND_QUERIES_SWAPPED)(_with(lambda Q, K, V: _attend(K, Q, V)))
exercise.mistake(mc.KEYS_AS_VALUES)(_with(lambda Q, K, V: _attend(Q, K, K)))
exercise.mistake(NO_PROJECTIONS)(lambda x, Wq, Wk, Wv, Wo, n_heads: _with()(x, *[np.eye(len(Wq))] * 3, Wo, n_heads))
exercise.mistake(VALUES_NOT_PROJECTED)(lambda x, Wq, Wk, Wv, Wo, n_heads: _with()(x, Wq, Wk, np.eye(len(Wv)), Wo, n_heads))
exercise.mistake(FIRST_PROJECTION_FOR_ALL)(lambda x, Wq, Wk, Wv, Wo, n_heads: _with()(x, Wq, Wq, Wq, Wo, n_heads))
exercise.mistake(KEYS_AND_VALUES_SWAPPED)(lambda x, Wq, Wk, Wv, Wo, n_heads: _with()(x, Wq, Wv, Wk, Wo, n_heads))
exercise.mistake(HEADS_AVERAGED)(_with(lambda Q, K, V: np.broadcast_to(_attend(Q, K, V).mean(axis=-3, keepdims=True), V.shape)))
exercise.mistake(RESIDUAL)(lambda x, *W: x + multi_head_causal_attention(x, *W))
exercise.mistake(mc.NO_MAX)(_with(_softmax_of(np.exp)))
exercise.mistake(mc.GLOBAL_MAX, message="The largest score of all heads was subtracted, so a head far below it underflows to 0 / 0.")(
    _with(_softmax_of(lambda s: np.exp(s - s.max())))
)
exercise.mistake(mc.GLOBAL_MAX, message="One maximum was subtracted for the whole batch, so a sequence with scores far below another's underflows to 0 / 0.")(
    _with(_softmax_of(lambda s: np.exp(s - s.max(axis=(*range(s.ndim - 3), -1), keepdims=True))))
)
exercise.mistake(mc.CLIPPED)(_with(_softmax_of(lambda s: np.where(np.isneginf(s), 0.0, np.exp(np.clip(s, -100, 100))))))
exercise.mistake(mc.EPSILON)(_with(_with_epsilon))
exercise.mistake(mc.ONE_SIZE)(_with(_one_size))
exercise.mistake(mc.FLOAT16)(lambda x, Wq, Wk, Wv, Wo, n: multi_head_causal_attention(*(a.astype(np.float16) for a in (x, Wq, Wk, Wv, Wo)), n))


@exercise.mistake(mc.ONLY_TWO_DIMENSIONS, message="With leading axes it breaks: .T turns all the axes over; only the last two may be swapped.")
def dot_T(x, Wq, Wk, Wv, Wo, n_heads):
    width, outs = x.shape[-1] // n_heads, []
    for h in range(n_heads):
        mine = slice(h * width, (h + 1) * width)
        s = (x @ Wq[:, mine]) @ (x @ Wk[:, mine]).T / np.sqrt(width)
        outs.append(_softmax(np.where(_causal(x), s, -np.inf)) @ x @ Wv[:, mine])
    return np.concatenate(outs, axis=-1) @ Wo


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH, message="The first of the batch is right; the others are not.")
def only_first(x, *W):
    out = np.empty(x.shape)
    out[...] = multi_head_causal_attention(x[(0,) * (x.ndim - 2)], *W)
    return out


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(x, Wq, Wk, Wv, Wo, n_heads):
    Wq /= np.sqrt(len(Wq) / n_heads)
    return _with(lambda Q, K, V: _attend(Q, K, V, scale=1.0))(x, Wq, Wk, Wv, Wo, n_heads)


@exercise.warning(
    "Right. One weakness: a huge score at a hidden key still changes the output. "
    "Write -inf over the hidden scores before you take the maximum, and none of them can matter."
)
def huge_hidden_score(rng):
    x, Wq, Wk, Wv, Wo = _layer(rng, T=4, D=4)
    Wk = Wq  # so that every position scores itself highest
    x[0] /= np.linalg.norm(x[0])
    x[-1] = 1e5 * x[0]
    yield case(x, Wq, Wk, Wv, Wo, 2)


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
