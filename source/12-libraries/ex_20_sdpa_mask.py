"""### Which arguments?

Without a written mask, `scaled_dot_product_attention` may choose a faster implementation. So a model passes none \
where it may, and a right one where it must.

Write `sdpa_mask(attention_mask, T_q)`: `attention_mask` is `(B, T_k)` of 1 and 0, the queries are the last `T_q` of \
the `T_k` positions. Return the two arguments `(attn_mask, is_causal)`:

- `(None, False)`, if no token is padding and there is one query: it may see every key;
- `(None, True)`, if no token is padding and there are as many queries as keys, more than one: the triangle of \
`is_causal` is right;
- otherwise `(allowed, False)`, with booleans `allowed` of shape `(B, 1, T_q, T_k)`: real keys only, and none after \
the query's own position. A row in which nothing would be allowed gets the query's **own** key, and no other, so that \
no implementation divides 0 by 0.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Boolean, OrNone, Tuple

exercise = Exercise(
    topic="arguments of attention functions",
    answer=Tuple(attn_mask=OrNone(Array("bool")), is_causal=Boolean()),
    hints=(
        "In which two situations is no written mask needed? At which corner does is_causal begin?",
        "is_causal=True is right only where T_q == T_k. With one query and no padding, nothing has to be hidden.",
        "allowed = causal & real_keys, then allowed | (own_key & ~allowed.any(axis=-1, keepdims=True)).",
    ),
)


@exercise.solution
def sdpa_mask(attention_mask, T_q):
    """attention_mask (B, T_k) int, T_q -> (attn_mask, is_causal): None or (B, 1, T_q, T_k) bool, and a bool."""
    T_k = attention_mask.shape[1]
    if attention_mask.all() and T_q in (1, T_k):
        return None, T_q > 1
    position, key = np.arange(T_k - T_q, T_k)[:, None], np.arange(T_k)
    allowed = (key <= position) & (attention_mask[:, None, None, :] != 0)  # (B, 1, T_q, T_k)
    empty = ~allowed.any(axis=-1, keepdims=True)  # (B, 1, T_q, 1)
    return allowed | (empty & (key == position)), False


def _batch(T, *lengths, left=True, dtype=int):
    """Rows of `lengths` real tokens, padded to T."""
    column = np.arange(T)
    return np.array([column >= T - n if left else column < n for n in lengths]).astype(dtype)


@exercise.part("No padding", points=1)
def no_padding(rng):
    yield case(np.ones((1, 3), dtype=int), 3, note="as many queries as keys")
    yield case(np.ones((1, 4), dtype=int), 1, note="one new token, three in the cache")
    yield case(np.ones((1, 4), dtype=int), 2, note="two new tokens, two in the cache")
    yield case(np.ones((2, 1), dtype=int), 1, note="a text of one token")
    for T_q, T_k in ((2, 2), (6, 6), (1, 9), (3, 8), (7, 8)):
        yield case(np.ones((int(rng.integers(1, 4)), T_k), dtype=np.int8), T_q)


@exercise.part("Padding", points=1)
def padding(rng):
    yield case(np.array([[1, 1, 0]]), 3, note="padding on the right")
    yield case(np.array([[1, 1, 1], [1, 1, 0]]), 3, note="only the second text is padded")
    yield case(np.array([[0, 1, 1]]), 1, note="one new token, and the cache begins with padding")
    for T_q, T_k in ((2, 6), (5, 5), (1, 30)):
        yield case(_batch(T_k, T_k, *rng.integers(1, T_k, size=2)), T_q)


@exercise.part("Rows with nothing allowed", points=1)
def empty_rows(rng):
    yield case(np.array([[0, 1, 1]]), 3, note="query 0 stands on padding")
    yield case(np.array([[0, 0, 0, 1]]), 3, note="the first two queries stand on padding")
    yield case(np.array([[0, 0]]), 2, note="nothing but padding")
    yield case(_batch(7, 7, 3, 5), 7)
    yield case(_batch(20, 2, 11, dtype=np.uint8), 20, note="twenty columns, uint8")


@exercise.equivalent
def by_situation(attention_mask, T_q):
    T_k = attention_mask.shape[-1]
    if (attention_mask == 1).all():
        if T_q == 1:
            return None, False
        if T_q == T_k:
            return None, True
    square = np.tri(T_k, dtype=bool) & (attention_mask == 1)[:, None, None]
    square |= np.eye(T_k, dtype=bool) & (square.sum(axis=-1, keepdims=True) == 0)
    return square[:, :, T_k - T_q :], False


@exercise.equivalent
def with_loops(attention_mask, T_q):
    T_k = len(attention_mask[0])
    if min(attention_mask.ravel()) == 1 and (T_q == 1 or T_q == T_k):
        return [None, T_q != 1]
    texts = []
    for row in attention_mask:
        rows = [[bool(row[j]) and j <= i for j in range(T_k)] for i in range(T_k - T_q, T_k)]
        for i, cells in enumerate(rows):
            if not any(cells):
                cells[T_k - T_q + i] = True
        texts.append([rows])
    return texts, False


@exercise.equivalent
def own_key_where_padding_began(attention_mask, T_q):
    T_k = attention_mask.shape[1]
    if not (attention_mask == 0).any() and T_q in {1, T_k}:
        return None, bool(T_q - 1)
    seen = np.cumsum(attention_mask, axis=-1)[:, None, T_k - T_q :, None]  # how many real keys a query sees
    own = np.eye(T_q, T_k, k=T_k - T_q, dtype=bool)
    causal = np.tri(T_q, T_k, k=T_k - T_q, dtype=bool)
    return np.where(seen == 0, own, causal & (attention_mask[:, None, None] == 1)), False


def _written(attention_mask, T_q, shift=0):
    """The mask with its empty rows left empty."""
    T_k = attention_mask.shape[1]
    return np.tri(T_q, T_k, k=T_k - T_q + shift, dtype=bool) & (attention_mask[:, None, None, :] != 0)


def _padded(attention_mask, T_q):
    """Where a mask has to be written, what the solution writes; None elsewhere."""
    return sdpa_mask(attention_mask, T_q)[0]


# https://github.com/pytorch/pytorch/issues/103082
@exercise.mistake("is_causal with one query")
def causal_single_query(attention_mask, T_q):
    """`is_causal=True` begins at the top left: one query with a cache would see key 0 only.

    - What does row 0 of a triangle allow?
    - One query and no padding: nothing has to be hidden.
    - (None, False) where T_q == 1
    """
    if attention_mask.all() and T_q in (1, attention_mask.shape[1]):
        return None, True
    return sdpa_mask(attention_mask, T_q)


# https://github.com/pytorch/pytorch/issues/144858
@exercise.mistake("is_causal with a cache")
def causal_with_cache(attention_mask, T_q):
    """`is_causal=True` begins at the top left, so new queries behind a cache would be taken for the first positions.

    - At which corner does the triangle of is_causal begin?
    - It is right only where T_q == T_k.
    - Write the mask where 1 < T_q < T_k.
    """
    return (None, T_q > 1) if attention_mask.all() else sdpa_mask(attention_mask, T_q)


# https://github.com/Mikyx-1/TinyLLM/issues/18
@exercise.mistake("No mask for several new tokens")
def nothing_with_cache(attention_mask, T_q):
    """Behind a cache, several new tokens were given no mask at all, so each of them sees those after it.

    - Which of two new tokens may see the other?
    - Only with one query is there nothing to hide.
    - Write the mask where 1 < T_q < T_k.
    """
    if attention_mask.all():
        return None, T_q == attention_mask.shape[1] > 1
    return sdpa_mask(attention_mask, T_q)


# https://github.com/pytorch/pytorch/issues/103749, https://github.com/huggingface/transformers/issues/38690
@exercise.mistake("Rows with nothing allowed were left empty")
def rows_left_empty(attention_mask, T_q):
    """A query on padding at the left may see nothing, and its row stayed empty: some implementations make NaN of it.

    - What does softmax make of a row of -inf?
    - Such a row gets the query's own key.
    - allowed | (own_key & ~allowed.any(axis=-1, keepdims=True))
    """
    attn_mask, is_causal = sdpa_mask(attention_mask, T_q)
    return (attn_mask if attn_mask is None else _written(attention_mask, T_q)), is_causal


# transformers 4.57 did so for PyTorch before 2.5: https://github.com/unslothai/unsloth/pull/9848
@exercise.mistake("An empty row was opened altogether")
def empty_rows_opened(attention_mask, T_q):
    """A row with nothing allowed was opened to every key, the future included; it gets the query's own key alone.

    - May a query on padding see what comes after it?
    - Its own key, and no other.
    - key == position
    """
    if _padded(attention_mask, T_q) is None:
        return sdpa_mask(attention_mask, T_q)
    allowed = _written(attention_mask, T_q)
    return allowed | ~allowed.any(axis=-1, keepdims=True), False


@exercise.mistake("Every query sees its own padding")
def own_key_always(attention_mask, T_q):
    """Every query got its own key, even where it sees real keys; a padded query on the right then sees padding.

    - Which rows need help?
    - Only those in which nothing would be allowed.
    - own_key & ~allowed.any(axis=-1, keepdims=True)
    """
    if _padded(attention_mask, T_q) is None:
        return sdpa_mask(attention_mask, T_q)
    T_k = attention_mask.shape[1]
    return _written(attention_mask, T_q) | np.eye(T_q, T_k, k=T_k - T_q, dtype=bool), False


# PyTorch 2.13 refuses both in one implementation and combines them in another.
@exercise.mistake("A mask and is_causal together")
def mask_and_is_causal(attention_mask, T_q):
    """Both arguments were given. PyTorch's documentation forbids that; a written mask holds the triangle already.

    - What is left for is_causal to hide?
    - is_causal is False wherever a mask is passed.
    - return allowed, False
    """
    attn_mask, is_causal = sdpa_mask(attention_mask, T_q)
    return attn_mask, is_causal or attn_mask is not None


@exercise.mistake("The padding was forgotten")
def padding_forgotten(attention_mask, T_q):
    """No mask was written although some tokens are padding, so the padding is visible.

    - What hides the padding from a later query?
    - Without a mask, no token may be padding.
    - Ask for attention_mask.all() first.
    """
    return sdpa_mask(np.ones_like(attention_mask), T_q)


@exercise.mistake("Only the first text was asked")
def first_text_asked(attention_mask, T_q):
    """The first text has no padding, and the others were not looked at.

    - Which text of the batch may be padded?
    - Any of them.
    - attention_mask.all(), not attention_mask[0].all()
    """
    return sdpa_mask(np.ones_like(attention_mask) if attention_mask[0].all() else attention_mask, T_q)


@exercise.mistake("Only the padding was hidden")
def padding_only(attention_mask, T_q):
    """The written mask hides the padding, but not the future: with a mask, `is_causal` is False and hides nothing.

    - Where does the future get hidden, if is_causal is False?
    - The mask has to be causal as well.
    - causal & real_keys
    """
    if _padded(attention_mask, T_q) is None:
        return sdpa_mask(attention_mask, T_q)
    allowed = np.repeat(attention_mask[:, None, None, :] != 0, T_q, axis=2)
    own = np.eye(T_q, attention_mask.shape[1], k=attention_mask.shape[1] - T_q, dtype=bool)
    return allowed | (own & ~allowed.any(axis=-1, keepdims=True)), False


@exercise.mistake("A mask was written where none is needed")
def always_written(attention_mask, T_q):
    """The mask is right, but with no padding, and a square or a single query, none has to be passed.

    - What is attn_mask where nothing has to be written?
    - None, where no token is padding and T_q is 1 or T_k.
    - Begin with that case.
    """
    padded = np.concatenate([attention_mask, np.zeros_like(attention_mask[:1])])
    return sdpa_mask(padded, T_q)[0][:-1], False


# https://github.com/rasbt/LLMs-from-scratch/issues/1061
@exercise.mistake(mc.INVERTED)
def inverted(attention_mask, T_q):
    """True marks what is hidden, as in `nn.MultiheadAttention`; in `scaled_dot_product_attention` True may attend."""
    attn_mask, is_causal = sdpa_mask(attention_mask, T_q)
    return (attn_mask if attn_mask is None else ~attn_mask), is_causal
