"""### Multi-head causal attention

`x` is `(..., T, D)`; `Wq`, `Wk`, `Wv` and `Wo` are `(D, D)`, used as `x @ W`. Write `multi_head_causal_attention(x, Wq, Wk, Wv, Wo, n_heads)`:

1. queries `x @ Wq`, keys `x @ Wk`, values `x @ Wv`, each split into `n_heads` heads of width `d = D / n_heads` (neighbouring columns);
2. causal attention in every head, scaled by `sqrt(d)`;
3. the heads side by side again, then `@ Wo`.

Return `(..., T, D)`. Scores may be large.
"""

import numpy as np

from autograder import misconceptions as idea
from autograder.answers import Array
from autograder.authoring import Exercise, Misconception, case

exercise = Exercise(
    topic="multi-head attention",
    answer=Array(),
    hints=(
        "Which of your earlier functions does each of the three steps need?",
        "merge_heads(causal_attention(split(x Wq), split(x Wk), split(x Wv))) @ Wo",
        "x @ Wq is (..., T, D); reshape to (..., T, n_heads, d) and swap axes -2 and -3 before the scores.",
    ),
)


@exercise.solution
def multi_head_causal_attention(x, Wq, Wk, Wv, Wo, n_heads):
    """x (..., T, D), W (D, D), used as x @ W -> (..., T, D)."""
    *lead, T, D = x.shape

    def heads(y):
        return np.swapaxes(y.reshape(*lead, T, n_heads, D // n_heads), -2, -3)

    q, k, v = heads(x @ Wq), heads(x @ Wk), heads(x @ Wv)  # (..., n_heads, T, d)
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(D // n_heads)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)  # (..., n_heads, T, T)
    return np.swapaxes(weights @ v, -2, -3).reshape(*lead, T, D) @ Wo


def _inputs(rng, *lead, T, D, n_heads, size=0.7):
    W = size * rng.normal(size=(4, D, D))
    return (rng.normal(size=(*lead, T, D)), *W, n_heads)


@exercise.part("One head, by hand", points=1)
def one_head(rng):
    x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    eye = np.eye(2)
    yield case(x, eye, eye, eye, eye, 1, note="all four matrices are the identity")
    yield case(x, eye, np.array([[0.0, 1.0], [2.0, 0.0]]), np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [3.0, 1.0]]), 1)


@exercise.part("Several heads", points=2)
def several(rng):
    for T, D, n_heads in ((4, 4, 2), (5, 6, 3), (3, 8, 8), (7, 6, 2), (1, 4, 2), (6, 9, 3)):
        yield case(*_inputs(rng, T=T, D=D, n_heads=n_heads))
    x, *W, n_heads = _inputs(rng, T=5, D=4, n_heads=2)
    yield case(x, 40 * np.eye(4), 40 * np.eye(4), *W[2:], n_heads, note="large scores")


@exercise.part("In a batch", points=1)
def batch(rng):
    yield case(*_inputs(rng, 2, T=3, D=4, n_heads=2))
    yield case(*_inputs(rng, 2, 3, T=4, D=6, n_heads=3))
    yield case(*_inputs(rng, 4, T=4, D=4, n_heads=4), note="batch, length, width and heads all 4")


@exercise.equivalent
def head_by_head(x, Wq, Wk, Wv, Wo, n_heads):
    D, T = x.shape[-1], x.shape[-2]
    d, out = D // n_heads, 0.0
    for h in range(n_heads):
        part = slice(h * d, (h + 1) * d)
        q, k, v = x @ Wq[:, part], x @ Wk[:, part], x @ Wv[:, part]
        s = q @ k.swapaxes(-1, -2) / d**0.5 + np.triu(np.full((T, T), -1e9), 1)
        e = np.exp(s - s.max(-1, keepdims=True))
        out = out + (e / e.sum(-1, keepdims=True)) @ v @ Wo[part]
    return out


@exercise.equivalent
def with_einsum(x, Wq, Wk, Wv, Wo, n_heads):
    D = x.shape[-1]
    q, k, v = (np.einsum("...tc,chd->...htd", x, W.reshape(D, n_heads, -1)) for W in (Wq, Wk, Wv))
    s = np.einsum("...id,...jd->...ij", q, k) / np.sqrt(q.shape[-1])
    s = np.where(np.arange(s.shape[-1]) > np.arange(s.shape[-2])[:, None], -np.inf, s)
    w = np.exp(s - np.logaddexp.reduce(s, axis=-1, keepdims=True))
    return np.einsum("...hij,...hjd,hdc->...ic", w, v, Wo.reshape(n_heads, -1, D))


@exercise.equivalent
def position_by_position(x, Wq, Wk, Wv, Wo, n_heads):
    out, d = np.zeros(x.shape), x.shape[-1] // n_heads
    for lead in np.ndindex(*x.shape[:-2]):
        q, k, v = x[lead] @ Wq, x[lead] @ Wk, x[lead] @ Wv
        for i in range(len(q)):
            pieces = []
            for h in range(n_heads):
                c = slice(h * d, h * d + d)
                s = k[: i + 1, c] @ q[i, c] / np.sqrt(d)
                w = np.exp(s - s.max())
                pieces.append(w @ v[: i + 1, c] / w.sum())
            out[lead][i] = np.concatenate(pieces) @ Wo
    return out


@exercise.equivalent
def keys_centred_over_time(x, Wq, Wk, Wv, Wo, n_heads):
    D = x.shape[-1]
    split = [np.moveaxis((x @ W).reshape(*x.shape[:-1], n_heads, -1), -2, -3) for W in (Wq, Wk, Wv)]
    q, k, v = split[0], split[1] - split[1].mean(-2, keepdims=True), split[2]
    s = np.where(np.tri(x.shape[-2]), q @ k.swapaxes(-1, -2) / np.sqrt(D / n_heads), -np.inf)
    e = np.exp(s - s.max(-1, keepdims=True))
    return np.concatenate(list(np.moveaxis((e / e.sum(-1, keepdims=True)) @ v, -3, 0)), axis=-1) @ Wo


def _attend(x, Wq, Wk, Wv, Wo, n_heads, *, split=None, merge=None, mask=0, scale=None, axis=-1, fill=-np.inf, last=True):
    """Multi-head causal attention with one thing changed."""
    T, D = x.shape[-2:]
    d = D // n_heads
    split = split or (lambda y: np.swapaxes(y.reshape(*y.shape[:-1], n_heads, d), -2, -3))
    merge = merge or (lambda y: np.swapaxes(y, -2, -3).reshape(*y.shape[:-3], T, D))
    q, k, v = split(x @ Wq), split(x @ Wk), split(x @ Wv)
    s = q @ np.swapaxes(k, -1, -2) / (np.sqrt(d) if scale is None else scale)
    if mask is not None:
        allowed = np.tri(T, k=mask, dtype=bool) if isinstance(mask, int) else mask
        s = np.where(allowed, s, fill)
    w = np.exp(s - s.max(axis=axis, keepdims=True))
    w = w / w.sum(axis=axis, keepdims=True)
    y = merge(w @ v)
    return y @ Wo if last else y


exercise.mistake(
    Misconception("heads_split_without_transpose", "Heads split without swapping the axes", "reshape alone hands whole positions to a head; heads and positions are mixed, so the mask hides the wrong things.",
                  ("Which positions does head 0 see?", "(..., T, n_heads, d), then swap T and the heads.", "np.swapaxes(..., -2, -3) after the reshape"))
)(lambda x, Wq, Wk, Wv, Wo, n_heads: _attend(x, Wq, Wk, Wv, Wo, n_heads, split=lambda y: y.reshape(*y.shape[:-2], n_heads, y.shape[-2], -1), merge=lambda y: y.reshape(x.shape)))  # fmt: skip
exercise.mistake(
    Misconception("heads_merged_without_transpose", "Heads merged without swapping back", "reshape alone mixes positions in a row: later tokens get into earlier outputs, a leak past the mask.",
                  ("Which positions stand in row 0 of the result?", "Swap T and the heads back first.", "np.swapaxes(y, -2, -3) before the reshape"))
)(lambda x, Wq, Wk, Wv, Wo, n_heads: _attend(x, Wq, Wk, Wv, Wo, n_heads, merge=lambda y: y.reshape(x.shape)))  # fmt: skip
exercise.mistake(
    Misconception("scaled_by_model_width", "Scaled by the whole width", "sqrt(D) was used; the dot product of a head has only d = D / n_heads terms.",
                  ("How many products does one score add up?", "sqrt(D / n_heads)", "The width of a head."))
)(lambda x, Wq, Wk, Wv, Wo, n_heads: _attend(x, Wq, Wk, Wv, Wo, n_heads, scale=np.sqrt(x.shape[-1])))  # fmt: skip
exercise.mistake(idea.NO_MASK)(lambda *a: _attend(*a, mask=None))
exercise.mistake(idea.ONE_AHEAD)(lambda *a: _attend(*a, mask=1))
exercise.mistake(idea.OWN_POSITION_EXCLUDED)(lambda *a: _attend(*a, mask=-1))
exercise.mistake(idea.TRANSPOSED)(lambda *a: _attend(*a, mask=np.tri(a[0].shape[-2], dtype=bool).T))
exercise.mistake(idea.FILL_ZERO)(lambda *a: _attend(*a, fill=0.0))
exercise.mistake(idea.WRONG_AXIS)(lambda *a: _attend(*a, axis=-2))
exercise.mistake(
    Misconception("softmax_over_heads", "Softmax across the heads", "The weights of one pair sum to 1 over the heads; each head makes its own choice over the keys.",
                  ("Over what does a query spread its weight?", "Over its keys, axis -1.", "axis=-1"))
)(lambda *a: np.nan_to_num(_attend(*a, axis=-3, fill=-1e30)))  # fmt: skip
exercise.mistake(idea.NO_SCALE)(lambda *a: _attend(*a, scale=1.0))
exercise.mistake(idea.SCALE_BY_D)(lambda *a: _attend(*a, scale=a[0].shape[-1] // a[-1]))
exercise.mistake(
    Misconception("one_head_for_all", "n_heads is ignored", "One head as wide as the model; several narrow heads give another result.",
                  ("Where does n_heads enter?", "Split before the scores.", "(..., n_heads, T, d)"))
)(lambda x, Wq, Wk, Wv, Wo, n_heads: _attend(x, Wq, Wk, Wv, Wo, 1))  # fmt: skip
exercise.mistake(
    Misconception("output_matrix_forgotten", "Wo is missing", "The heads stand side by side, but were not mixed by Wo.",
                  ("Where is Wo used?", "... @ Wo at the end", "Multiply by Wo after merging."))
)(lambda *a: _attend(*a, last=False))  # fmt: skip
exercise.mistake(
    Misconception("matrices_transposed", "x @ W.T instead of x @ W", "PyTorch's Linear computes x @ W.T; here the matrices are used as x @ W.",
                  ("Which axis of W is summed over?", "The first: x @ W.", "Leave out the .T"))
)(lambda x, Wq, Wk, Wv, Wo, n_heads: _attend(x, Wq.T, Wk.T, Wv.T, Wo.T, n_heads))  # fmt: skip
exercise.mistake(
    Misconception("heads_interleaved", "Every n-th column went to a head", "A head holds neighbouring columns: 0 to d - 1 for head 0.",
                  ("Which columns belong to head 0?", "0 to d - 1", "reshape(..., n_heads, d), not (..., d, n_heads)"))
)(lambda x, Wq, Wk, Wv, Wo, n_heads: _attend(x, Wq, Wk, Wv, Wo, n_heads, split=lambda y: np.moveaxis(y.reshape(*y.shape[:-1], -1, n_heads), -1, -3)))  # fmt: skip
exercise.mistake(idea.KEYS_AND_QUERIES_SWAPPED)(lambda x, Wq, Wk, Wv, Wo, n_heads: _attend(x, Wk, Wq, Wv, Wo, n_heads))
exercise.mistake(idea.KEYS_AS_VALUES)(lambda x, Wq, Wk, Wv, Wo, n_heads: _attend(x, Wq, Wk, Wk, Wo, n_heads))
exercise.mistake(
    Misconception("projections_forgotten", "x itself was used as queries, keys and values", "Wq, Wk and Wv play no part.",
                  ("What are the queries?", "x @ Wq", "Project before splitting."))
)(lambda x, Wq, Wk, Wv, Wo, n_heads: (lambda I: _attend(x, I, I, I, Wo, n_heads))(np.eye(x.shape[-1])))  # fmt: skip


@exercise.mistake(
    Misconception("first_head_masked_only", "Only the first head is masked", "One open head is enough for a total leak.",
                  ("Does the mask hold for every head?", "A (T, T) mask broadcasts over heads.", "np.where(np.tri(T), scores, -np.inf)"))
)  # fmt: skip
def first_head_only(x, Wq, Wk, Wv, Wo, n_heads):
    T = x.shape[-2]
    allowed = np.ones((n_heads, T, T), dtype=bool)
    allowed[0] = np.tri(T, dtype=bool)
    return _attend(x, Wq, Wk, Wv, Wo, n_heads, mask=allowed)


@exercise.mistake(idea.NO_MAX)
def no_max(x, Wq, Wk, Wv, Wo, n_heads):
    D, T = x.shape[-1], x.shape[-2]
    q, k, v = (np.swapaxes((x @ W).reshape(*x.shape[:-1], n_heads, -1), -2, -3) for W in (Wq, Wk, Wv))
    e = np.exp(q @ k.swapaxes(-1, -2) / np.sqrt(D // n_heads)) * np.tri(T)
    return np.swapaxes(e @ v / e.sum(-1, keepdims=True), -2, -3).reshape(x.shape) @ Wo


@exercise.mistake(idea.MASK_AFTER_SOFTMAX)
def after_softmax(x, Wq, Wk, Wv, Wo, n_heads):
    q, k, v = (np.swapaxes((x @ W).reshape(*x.shape[:-1], n_heads, -1), -2, -3) for W in (Wq, Wk, Wv))
    s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    e = np.exp(s - s.max(-1, keepdims=True))
    w = np.tril(e / e.sum(-1, keepdims=True))
    return np.swapaxes(w @ v, -2, -3).reshape(x.shape) @ Wo


@exercise.mistake(
    Misconception("only_first_in_batch", "Right only for the first of the batch", "The mask was laid over the batch axis instead of the positions.",
                  ("Which axes does the mask belong to?", "The last two of the scores.", "A plain (T, T) mask broadcasts."))
)  # fmt: skip
def first_of_batch(x, *rest):
    out = _attend(x, *rest, mask=None)
    first = (0,) * (x.ndim - 2)
    out[first] = _attend(x[first], *rest)
    return out


exercise.survives("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
exercise.survives("D // n_heads -> D / n_heads #2", because="n_heads divides D")
