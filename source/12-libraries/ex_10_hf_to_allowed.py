"""### From (B, T) to (B, 1, T, T)

A Hugging Face tokenizer returns an `attention_mask` of integers, one number for each *key*: 1 for a real token, 0 for \
padding. It says nothing about queries, and nothing about the future. The model has to make the whole mask out of it.

Write `hf_to_allowed(attention_mask, T_q)`: `attention_mask` is `(B, T_k)`, integers of any size. The queries are the \
**last** `T_q` of the `T_k` positions, `1 <= T_q <= T_k`: all of them in training, the newest ones when a cache holds \
the others.

Return booleans of shape `(B, 1, T_q, T_k)`, True where the query may attend: to real tokens only, and to none after \
its own position. The axis of size 1 stands for the heads. Padding may stand on the left or on the right. A query that \
stands on padding follows the same rule, so its row may be empty.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="masks of Hugging Face",
    answer=Array("bool"),
    hints=(
        "Which of the two conditions needs the position of the query, and which does not?",
        "Query i stands at position T_k - T_q + i. Key j is allowed where j <= that position and "
        "attention_mask[b, j] is 1.",
        "Combine a (T_q, T_k) triangle with attention_mask[:, None, None, :] == 1.",
    ),
)


@exercise.solution
def hf_to_allowed(attention_mask, T_q):
    """attention_mask (B, T_k) int, T_q -> (B, 1, T_q, T_k) bool: causal, and real keys only."""
    T_k = attention_mask.shape[1]
    position = np.arange(T_k - T_q, T_k)  # (T_q,) where the queries stand
    causal = np.arange(T_k) <= position[:, None]  # (T_q, T_k)
    return causal & (attention_mask[:, None, None, :] != 0)


def _batch(T, *lengths, left=True, dtype=int):
    """Rows of `lengths` real tokens, padded to T."""
    column = np.arange(T)
    rows = [column >= T - length if left else column < length for length in lengths]
    return np.array(rows).astype(dtype)


@exercise.part("All positions", points=1)
def all_positions(rng):
    yield case(np.array([[0, 1, 1]]), 3, note="padding on the left; the row of the padded query is empty")
    yield case(np.array([[1, 1, 0], [1, 1, 1]]), 3, note="padding on the right")
    for T in (1, 2, 6):
        yield case(_batch(T, *rng.integers(0, T + 1, size=3)), T)
    yield case(_batch(9, 4, 9, 1, 6, dtype=np.int8), 9, note="int8")
    yield case(_batch(40, 31, 40, left=False), 40, note="forty columns, padding on the right")


@exercise.part("The newest ones", points=1)
def newest(rng):
    yield case(np.array([[1, 1, 1, 1]]), 2, note="two new tokens, two in the cache")
    yield case(np.array([[0, 0, 1, 1], [1, 1, 1, 1]]), 1, note="one new token in each row")
    for T_q, T_k in ((2, 5), (3, 4), (1, 7), (5, 9)):
        yield case(_batch(T_k, *rng.integers(1, T_k + 1, size=2)), T_q)
    yield case(rng.integers(0, 2, size=(3, 8)), 4, note="any columns hidden")
    yield case(_batch(300, 200, 300, dtype=np.uint8), 3, note="three hundred columns, uint8")


@exercise.equivalent
def triangle_and_keys(attention_mask, T_q):
    T_k = attention_mask.shape[-1]
    return np.tri(T_q, T_k, k=T_k - T_q, dtype=bool)[None, None] & attention_mask.astype(bool)[:, None, None]


@exercise.equivalent
def with_loops(attention_mask, T_q):
    past = attention_mask.shape[1] - T_q
    return [
        [[[bool(real) and j <= past + i for j, real in enumerate(row)] for i in range(T_q)]] for row in attention_mask
    ]


@exercise.equivalent
def last_rows_of_the_square(attention_mask, T_q):
    square = np.tril(np.repeat(attention_mask[:, None, None, :] > 0, attention_mask.shape[1], axis=2))
    return square[:, :, -T_q:]


def _causal(T_q, T_k, shift=0):
    return np.tri(T_q, T_k, k=T_k - T_q + shift, dtype=bool)


def _keys(attention_mask):
    return attention_mask[:, None, None, :] != 0


# https://github.com/pytorch/pytorch/issues/103082, https://github.com/pytorch/pytorch/issues/144858
@exercise.mistake("Aligned at the top left")
def aligned_top_left(attention_mask, T_q):
    """The queries were taken for the *first* positions, so a new token does not see what stands before it.

    - Which positions do the queries stand at?
    - Query 0 stands at T_k - T_q.
    - np.tri(T_q, T_k, k=T_k - T_q, dtype=bool)
    """
    return np.tri(T_q, attention_mask.shape[1], dtype=bool) & _keys(attention_mask)


# https://github.com/huggingface/transformers/issues/48745
@exercise.mistake("Only the padding was hidden")
def padding_only(attention_mask, T_q):
    """Every query sees all real keys, the future included: the (B, T) mask says nothing about the future.

    - Does `attention_mask` know where a query stands?
    - A key has to be real *and* not in the future.
    - Combine it with a triangle by &.
    """
    return np.broadcast_to(_keys(attention_mask), (len(attention_mask), 1, T_q, attention_mask.shape[1]))


@exercise.mistake("The padding is visible")
def padding_visible(attention_mask, T_q):
    """That is the causal mask alone; the keys that hold padding are allowed.

    - What do the zeros of `attention_mask` stand for?
    - A key has to be real *and* not in the future.
    - Combine the triangle with attention_mask[:, None, None, :] == 1.
    """
    B, T_k = attention_mask.shape
    return np.broadcast_to(_causal(T_q, T_k), (B, 1, T_q, T_k))


# https://github.com/pytorch/pytorch/issues/136196
@exercise.mistake("The queries were masked, not the keys")
def padding_masks_queries(attention_mask, T_q):
    """The padding runs along the query axis, so real queries still see padded keys.

    - Which axis counts keys?
    - The last one.
    - attention_mask[:, None, None, :]
    """
    return _causal(T_q, attention_mask.shape[1]) & (attention_mask[:, None, -T_q:, None] != 0)


@exercise.mistake("Padded queries were hidden too")
def both_axes_padded(attention_mask, T_q):
    """The rows of queries that stand on padding were emptied as well; only keys are asked for.

    - Does the rule say anything about the token of the query?
    - A key has to be real *and* not in the future.
    - Use attention_mask for the last axis only.
    """
    return hf_to_allowed(attention_mask, T_q) & (attention_mask[:, None, -T_q:, None] != 0)


# https://github.com/rasbt/LLMs-from-scratch/issues/1061, https://github.com/huggingface/transformers/issues/38094
@exercise.mistake(mc.INVERTED)
def inverted(attention_mask, T_q):
    """True marks what is hidden, as in `nn.MultiheadAttention`; here True means that the query may attend."""
    return ~hf_to_allowed(attention_mask, T_q)


@exercise.mistake("The zeros were taken for the real tokens")
def zeros_are_real(attention_mask, T_q):
    """In `attention_mask` a 1 is a real token and a 0 is padding; here the padding was allowed.

    - What does a tokenizer write at a real token?
    - A 1.
    - attention_mask == 1
    """
    return _causal(T_q, attention_mask.shape[1]) & (attention_mask[:, None, None, :] == 0)


@exercise.mistake("The axis of the heads is missing")
def head_axis_missing(attention_mask, T_q):
    """The shape is (B, T_q, T_k). Beside scores (B, H, T_q, T_k) it would be read as one mask for each head.

    - What is the shape of the scores?
    - (B, H, T_q, T_k), so the mask is (B, 1, T_q, T_k).
    - attention_mask[:, None, None, :]
    """
    return hf_to_allowed(attention_mask, T_q)[:, 0]


@exercise.mistake("One row for all")
def first_row_for_all(attention_mask, T_q):
    """Every text got the padding of the first one.

    - Do the texts have the same padding?
    - Row b uses attention_mask[b].
    - Keep the axis of the batch.
    """
    return np.repeat(hf_to_allowed(attention_mask[:1], T_q), len(attention_mask), axis=0)


exercise.add_mistakes(
    (mc.ONE_AHEAD, lambda mask, T_q: _causal(T_q, mask.shape[1], 1) & _keys(mask)),
    (mc.OWN_POSITION_EXCLUDED, lambda mask, T_q: _causal(T_q, mask.shape[1], -1) & _keys(mask)),
    (mc.TRANSPOSED, lambda mask, T_q: np.tri(mask.shape[1], T_q, k=0, dtype=bool).T & _keys(mask)),
)
