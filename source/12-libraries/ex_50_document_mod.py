"""### Documents as a function

Several documents are packed into each row of a batch, one after the other. `document_ids` is `(B, T)`, integers: \
which document each position of each row belongs to.

Write `document_mod(document_ids)`, which returns a `mask_mod(b, h, q, k)`: causal, and only within one document. \
Equal ids in a row mean one document, wherever they stand; a number may come again in another row, where it means \
another document.

All four arguments may be integers, or arrays that broadcast. Indexing does this for you: `document_ids[b, q]` is the \
document of each query, whatever the shapes of `b` and `q`.
"""

import numpy as np

from autograder.exercise import mask_mods
from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="masks as functions",
    answer=mask_mods.ANSWER,
    hints=(
        "Which document does the query belong to, and which the key?",
        "document_ids[b, q] == document_ids[b, k], and k <= q.",
        "return lambda b, h, q, k: (k <= q) & (document_ids[b, q] == document_ids[b, k])",
    ),
)


@exercise.solution
def document_mod(document_ids):
    """document_ids (B, T) int -> mask_mod(b, h, q, k) -> bool: causal within a document, nothing across documents."""

    def mask_mod(b, h, q, k):
        return (k <= q) & (document_ids[b, q] == document_ids[b, k])

    return mask_mod


@exercise.adapt
def as_a_table(answer, document_ids):
    """What the function says for every row, query and key, (B, T, T), and for b = 0, q = 2, k = 1."""
    B, T = document_ids.shape
    mask, one_pair = mask_mods.read(answer(document_ids), B, 3, T)
    return mask[:, 1], one_pair


@exercise.part("Two documents", points=1)
def two(rng):
    yield case(np.array([[0, 0, 1, 1]]))
    yield case(np.array([[0, 0, 1], [0, 1, 1]]), note="two rows with other borders")


@exercise.part("Any documents", points=1)
def any_documents(rng):
    yield case(np.array([[7, 7, 7, 7]]), note="one document")
    yield case(np.array([[2, 0, 1], [5, 5, 5]]), note="documents of one token")
    yield case(np.array([[3, 3, 1, 3, 1, 1]]), note="a document in two pieces")
    yield case(np.array([[4, 4, -1, -1], [-1, 0, 0, 0]]), note="an id may be negative")
    for B, T in ((2, 6), (4, 4), (3, 9)):
        yield case(np.sort(rng.integers(0, 4, size=(B, T)), axis=-1))
    yield case(np.cumsum(rng.random((2, 40)) < 0.1, axis=-1), note="forty positions")


@exercise.equivalent
def difference_is_zero(document_ids):
    return lambda b, h, q, k: (q >= k) & (document_ids[b, q] - document_ids[b, k] == 0)


@exercise.equivalent
def from_a_table(document_ids):
    same = np.tril(document_ids[:, :, None] == document_ids[:, None, :])  # (B, T, T)
    return lambda b, h, q, k: same[b, q, k]


@exercise.equivalent
def with_take(document_ids):
    T = document_ids.shape[1]
    flat = np.ravel(document_ids)

    def mask_mod(b, h, q, k):
        return np.equal(flat.take(b * T + q), flat.take(b * T + k)) & np.less_equal(k, q)

    return mask_mod


# https://github.com/huggingface/trl/issues/784, https://github.com/karpathy/nanoGPT/issues/280
@exercise.mistake("Documents see each other")
def documents_ignored(document_ids):
    """That is the plain causal mask_mod: a document sees those packed before it.

    - Which document does key k belong to?
    - It has to be the query's.
    - document_ids[b, q] == document_ids[b, k]
    """
    return lambda b, h, q, k: k <= q


@exercise.mistake(mc.NO_MASK)
def no_mask(document_ids):
    """Within a document every query sees every key, the future included: a mask_mod is not causal by itself."""
    return lambda b, h, q, k: document_ids[b, q] == document_ids[b, k]


# https://github.com/axonn-ai/yalis/pull/53: the mask was made without its axis of texts.
@exercise.mistake("The first row for all")
def first_row_for_all(document_ids):
    """Every row got the documents of row 0; `b` says which row is meant.

    - What is the argument b for?
    - Each row of the batch has borders of its own.
    - document_ids[b, q]
    """
    return lambda b, h, q, k: (k <= q) & (document_ids[0, q] == document_ids[0, k])


@exercise.mistake("The head was taken for the row")
def head_as_row(document_ids):
    """The order is (b, h, q, k): `h` counts heads, and all heads of a text have the same documents.

    - Which of the four arguments counts texts?
    - b, the first one.
    - document_ids[b, q]
    """
    return lambda b, h, q, k: (
        (k <= q) & (document_ids[h % len(document_ids), q] == document_ids[h % len(document_ids), k])
    )


@exercise.mistake("Query and key are swapped")
def query_and_key_swapped(document_ids):
    """Within its document each query sees itself and the keys *after* it: the order is (b, h, q, k).

    - Which comes first, the query or the key?
    - k <= q
    - Swap the two in the comparison.
    """
    return lambda b, h, q, k: (q <= k) & (document_ids[b, q] == document_ids[b, k])


@exercise.mistake("Either is enough")
def any_instead_of_all(document_ids):
    """A key is allowed if it is in the past *or* in the document; it has to be both.

    - May a query see a later key of its own document?
    - and, not or
    - & instead of |
    """
    return lambda b, h, q, k: (k <= q) | (document_ids[b, q] == document_ids[b, k])


# https://github.com/meta-pytorch/attention-gym/issues/110
@exercise.mistake("Python's `and` instead of &")
def python_and(document_ids):
    """`and`, `or`, `not` and `if` need one truth value, but the arguments may be arrays: nothing says which cell
    counts.

    - What is the truth value of an array of four booleans?
    - & works on each cell for itself.
    - (k <= q) & (...), with the brackets
    """
    return lambda b, h, q, k: k <= q and document_ids[b, q] == document_ids[b, k]


@exercise.mistake("Earlier documents stay visible")
def earlier_documents_visible(document_ids):
    """A document with a smaller id was allowed too; only the query's own document is.

    - May document 1 see document 0?
    - The ids have to be equal.
    - == instead of >=
    """
    return lambda b, h, q, k: (k <= q) & (document_ids[b, q] >= document_ids[b, k])


@exercise.mistake(mc.INVERTED)
def inverted(document_ids):
    return lambda b, h, q, k: (k > q) | (document_ids[b, q] != document_ids[b, k])


@exercise.mistake("A table instead of a function")
def table_returned(document_ids):
    """A mask came back, and a function is asked for: it is given b, q and k, and says yes or no.

    - What does FlexAttention call?
    - A function of (b, h, q, k).
    - def mask_mod(b, h, q, k): ... and then return mask_mod
    """
    return np.tril(document_ids[:, :, None] == document_ids[:, None, :])
