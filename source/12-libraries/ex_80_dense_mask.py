"""### From the function to the table

To see what a `mask_mod` allows, or to give it to `scaled_dot_product_attention`, one writes it out.

Write `dense_mask(mask_mod, B, H, T_q, T_k)`: call `mask_mod(b, h, q, k)` for every text, head, query and key, each \
counted from 0, and return the booleans as an array `(B, H, T_q, T_k)`.

The arguments of `mask_mod` may be arrays that broadcast, so one call is enough. What it returns may be smaller than \
the whole table, where it ignores `b` or `h`.

PyTorch has this as `create_mask`. It counts queries and keys from 0 as well, so a causal function is aligned at the \
**top left**.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="masks as functions",
    answer=Array("bool"),
    hints=(
        "Which shape must b have to stand beside (B, H, T_q, T_k), and which one q?",
        "b (B, 1, 1, 1), h (1, H, 1, 1), q (1, 1, T_q, 1), k (1, 1, 1, T_k); one call, and its answer broadcast "
        "to the table.",
        "b, h, q, k = np.ogrid[:B, :H, :T_q, :T_k], then np.broadcast_to(mask_mod(b, h, q, k), (B, H, T_q, T_k))",
    ),
)


@exercise.solution
def dense_mask(mask_mod, B, H, T_q, T_k):
    """mask_mod(b, h, q, k), sizes -> (B, H, T_q, T_k) bool: what it says of every pair."""
    b, h, q, k = np.ogrid[:B, :H, :T_q, :T_k]  # (B, 1, 1, 1), (1, H, 1, 1), (1, 1, T_q, 1), (1, 1, 1, T_k)
    return np.broadcast_to(mask_mod(b, h, q, k), (B, H, T_q, T_k))


def causal(b, h, q, k):
    return k <= q


def all_four(b, h, q, k):
    """Depends on each of its arguments, and on each in another way."""
    return (k <= q) & ((q - k <= h) | (k == b))


def texts_only(b, h, q, k):
    return b != 1


def queries_only(b, h, q, k):
    return q % 2 == 0


def packed(b, h, q, k):
    document = np.array([[0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 2, 2], [0, 0, 0, 0, 0, 1]])
    return (k <= q) & (document[b, q] == document[b, k])


@exercise.part("Causal", points=1)
def causal_ones(rng):
    yield case(causal, 1, 1, 3, 3)
    yield case(causal, 1, 1, 2, 4, note="two queries, four keys: aligned at the top left")
    yield case(causal, 2, 3, 2, 2, note="the same for every text and head")
    yield case(causal, 1, 1, 1, 1)


@exercise.part("Any function", points=1)
def any_function(rng):
    yield case(all_four, 3, 2, 4, 4)
    yield case(all_four, 2, 3, 5, 7)
    yield case(texts_only, 3, 2, 2, 3, note="it looks at b alone")
    yield case(queries_only, 2, 2, 4, 3, note="it looks at q alone")
    yield case(packed, 3, 2, 6, 6, note="packed documents")
    yield case(packed, 3, 1, 4, 6, note="packed documents, more keys than queries")
    yield case(all_four, 4, 4, 4, 4, note="all sizes equal")
    yield case(causal, 1, 2, 60, 60, note="sixty positions")


@exercise.equivalent
def with_indices(mask_mod, B, H, T_q, T_k):
    return mask_mod(*np.indices((B, H, T_q, T_k)))


@exercise.equivalent
def one_text_and_head_at_a_time(mask_mod, B, H, T_q, T_k):
    allowed = np.zeros((B, H, T_q, T_k), dtype=bool)
    for b in range(B):
        for h in range(H):
            allowed[b, h] = mask_mod(b, h, np.arange(T_q)[:, None], np.arange(T_k))
    return allowed


@exercise.equivalent
def with_nones(mask_mod, B, H, T_q, T_k):
    b, h = np.arange(B)[:, None, None, None], np.arange(H)[:, None, None]
    said = mask_mod(b, h, np.arange(T_q)[:, None], np.arange(T_k))
    return said & np.ones((B, H, T_q, T_k), dtype=bool)


@exercise.mistake("The table was not filled up")
def not_broadcast(mask_mod, B, H, T_q, T_k):
    """What the function returned came back as it is: where it ignores b or h, those axes have size 1.

    - What shape does k <= q have?
    - The table is (B, H, T_q, T_k), whatever the function looks at.
    - np.broadcast_to(..., (B, H, T_q, T_k))
    """
    return mask_mod(*np.ogrid[:B, :H, :T_q, :T_k])


@exercise.mistake("Only the first text and head")
def first_text_and_head(mask_mod, B, H, T_q, T_k):
    """The function was asked for b = 0 and h = 0 only, and its answer given to all.

    - May two texts have different masks?
    - Ask for every b and every h.
    - b is an array of B numbers.
    """
    one = mask_mod(0, 0, np.arange(T_q)[:, None], np.arange(T_k))
    return np.broadcast_to(one, (B, H, T_q, T_k))


@exercise.mistake("Text and head are swapped")
def text_and_head_swapped(mask_mod, B, H, T_q, T_k):
    """The order is (b, h, q, k): the number of the text comes first, then the number of the head.

    - Which argument counts texts?
    - The first one.
    - mask_mod(b, h, q, k)
    """
    b, h, q, k = np.ogrid[:B, :H, :T_q, :T_k]
    return np.broadcast_to(mask_mod(h % B, b % H, q, k), (B, H, T_q, T_k))


@exercise.mistake("Query and key are swapped")
def query_and_key_swapped(mask_mod, B, H, T_q, T_k):
    """The function was given the key where it expects the query: the causal one comes out as its transpose.

    - Which comes first, the query or the key?
    - mask_mod(b, h, q, k)
    - q has the shape (1, 1, T_q, 1).
    """
    b, h, q, k = np.ogrid[:B, :H, :T_q, :T_k]
    return np.broadcast_to(mask_mod(b, h, k, q), (B, H, T_q, T_k))


@exercise.mistake("The axes of queries and keys are swapped")
def axes_swapped(mask_mod, B, H, T_q, T_k):
    """Rows are queries and columns are keys: the shape is (B, H, T_q, T_k).

    - Which axis counts queries?
    - (B, H, T_q, T_k)
    - Swap the last two axes.
    """
    return np.swapaxes(dense_mask(mask_mod, B, H, T_q, T_k), -1, -2)


# What decoding needs, but not what create_mask does: https://github.com/meta-pytorch/attention-gym/issues/97
@exercise.mistake("Aligned at the bottom right")
def aligned_bottom_right(mask_mod, B, H, T_q, T_k):
    """The queries were counted from T_k - T_q. A mask_mod that should know of a cache has to add that itself.

    - Which number has the first query?
    - 0
    - np.arange(T_q)
    """
    b, h, q, k = np.ogrid[:B, :H, :T_q, :T_k]
    return np.broadcast_to(mask_mod(b, h, q + T_k - T_q, k), (B, H, T_q, T_k))


@exercise.mistake("Counted from 1")
def counted_from_one(mask_mod, B, H, T_q, T_k):
    """Queries were counted from 1, so each one also sees the key after its own.

    - Which number has the first query?
    - 0
    - np.arange(T_q)
    """
    b, h, q, k = np.ogrid[:B, :H, :T_q, :T_k]
    return np.broadcast_to(mask_mod(b, h, np.minimum(q + 1, T_k - 1), k), (B, H, T_q, T_k))


@exercise.mistake(mc.INVERTED)
def inverted(mask_mod, B, H, T_q, T_k):
    return ~dense_mask(mask_mod, B, H, T_q, T_k)


@exercise.mistake("Numbers instead of booleans")
def numbers_not_booleans(mask_mod, B, H, T_q, T_k):
    """The table holds 1.0 and 0.0. `scaled_dot_product_attention` would *add* them to the scores, and hide nothing.

    - What does a library do with a mask of floats?
    - It adds them; only booleans allow and forbid.
    - dtype=bool
    """
    return dense_mask(mask_mod, B, H, T_q, T_k).astype(float)
