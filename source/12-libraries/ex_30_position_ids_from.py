"""### Positions for the newest columns

A model that gets an `attention_mask` needs positions that fit it: the first real token of a text has position 0, \
wherever it stands. While it generates, it needs them for the newest columns only; the mask still covers the whole \
text, the cache included.

Write `position_ids_from(attention_mask, T_q=None)`: `attention_mask` is `(B, T_k)` of 1 and 0. Return the positions \
of its last `T_q` columns, `(B, T_q)` integers; of all columns where `T_q` is None. Real tokens are counted from 0 in \
each text; padding, on either side, gets 0.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="positions in a library",
    answer=Array("int"),
    hints=(
        "How many real tokens stand at or before a real token at position p?",
        "Position = (number of real tokens so far) - 1; count over all columns first, and cut afterwards.",
        "np.where(attention_mask == 1, np.cumsum(attention_mask, axis=-1) - 1, 0)[:, -T_q:]",
    ),
)


@exercise.solution
def position_ids_from(attention_mask, T_q=None):
    """attention_mask (B, T_k) int, T_q -> (B, T_q) int: the positions of the last T_q columns, of all if T_q is
    None."""
    seen = np.cumsum(attention_mask, axis=-1)  # (B, T_k) real tokens so far, this one included
    position = np.where(attention_mask == 1, seen - 1, 0)
    return position if T_q is None else position[:, -T_q:]


def _batch(T, *lengths, left=True, dtype=int):
    """Rows of `lengths` real tokens, padded to T."""
    column = np.arange(T)
    return np.array([column >= T - n if left else column < n for n in lengths]).astype(dtype)


@exercise.part("All columns", points=1)
def all_columns(rng):
    yield case(np.array([[0, 0, 1, 1, 1]]), note="padding on the left")
    yield case(np.array([[1, 1, 1, 0], [1, 1, 1, 1]]), note="padding on the right")
    yield case(np.array([[1]]))
    yield case(np.array([[0, 0], [1, 1], [0, 1]]), note="a text of padding only")
    for T in (4, 9):
        yield case(_batch(T, *rng.integers(0, T + 1, size=3), dtype=np.int8))
    yield case(_batch(300, 300, 170), note="three hundred columns")
    yield case(_batch(7, 7, 2, left=False, dtype=np.int32))


@exercise.part("The newest columns", points=1)
def newest_columns(rng):
    yield case(np.array([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]), 1, note="one new token in each text")
    yield case(np.array([[0, 1, 1, 1]]), 2, note="two new tokens, two columns in the cache")
    yield case(np.array([[0, 0, 0, 1]]), 3, note="the text begins within the new columns")
    yield case(_batch(5, 5, 3), 5, note="as many new columns as there are")
    for T_q, T_k in ((2, 6), (1, 9), (4, 7)):
        yield case(_batch(T_k, *rng.integers(1, T_k + 1, size=4)), T_q)
    yield case(_batch(300, 299, 40, dtype=np.int8), 2, note="three hundred columns, int8")


@exercise.equivalent
def with_loops(attention_mask, T_q=None):
    rows = []
    for row in attention_mask.tolist():
        ids, seen = [], 0
        for real in row:
            ids.append(seen if real else 0)
            seen += real
        rows.append(ids[len(ids) - (T_q or len(ids)) :])
    return rows


@exercise.equivalent
def product(attention_mask, T_q=None):
    cut = slice(None) if T_q is None else slice(attention_mask.shape[1] - T_q, None)
    return ((attention_mask.astype(int).cumsum(axis=1) - 1) * attention_mask)[:, cut]


@exercise.equivalent
def with_a_triangle(attention_mask, T_q=None):
    T_k = attention_mask.shape[1]
    before = attention_mask.astype(int) @ np.triu(np.ones((T_k, T_k), dtype=int), k=1)
    return (before * attention_mask)[:, T_k - (T_k if T_q is None else T_q) :]


# https://github.com/unslothai/unsloth/pull/3795, https://github.com/ndif-team/nnsight/pull/673
@exercise.mistake("Padding was counted")
def padding_counted(attention_mask, T_q=None):
    """Positions are column numbers, the same in each text, so a padded text begins at a position other than 0.

    - Should the same text get other positions in another batch?
    - Count real tokens only.
    - np.cumsum(attention_mask, axis=-1) - 1
    """
    T_k = attention_mask.shape[1]
    column = np.arange(T_k - (T_q or T_k), T_k)
    return np.where(attention_mask[:, -len(column) :] == 1, column, 0)


exercise.add_mistakes(
    (padding_counted, lambda mask, T_q=None: np.tile(np.arange(mask.shape[1]), (len(mask), 1))[:, -(T_q or 0) :]),
)


@exercise.mistake("The cache was not counted")
def cache_not_counted(attention_mask, T_q=None):
    """The mask was cut to the newest columns before counting, so every new token begins at position 0 again.

    - How many real tokens stand in the cache?
    - Count over all columns, then cut.
    - np.cumsum(attention_mask, axis=-1)[:, -T_q:]
    """
    return position_ids_from(attention_mask if T_q is None else attention_mask[:, -T_q:])


@exercise.mistake("The oldest columns, not the newest")
def oldest_columns(attention_mask, T_q=None):
    """The first T_q columns were returned; the new tokens stand at the end.

    - Where do new tokens stand?
    - In the last T_q columns.
    - [:, -T_q:]
    """
    return position_ids_from(attention_mask)[:, :T_q]


@exercise.mistake("T_q was not used")
def all_returned(attention_mask, T_q=None):
    """The positions of all columns came back; with a cache the model reads the last T_q tokens only.

    - How many tokens does the model read in this step?
    - T_q of them.
    - [:, -T_q:]
    """
    return position_ids_from(attention_mask)


@exercise.mistake("Positions start at 1")
def positions_from_one(attention_mask, T_q=None):
    """The first real token has position 0.

    - What is cumsum at the first real token?
    - 1, so subtract 1.
    - cumsum - 1
    """
    return (np.cumsum(attention_mask, axis=-1) * attention_mask)[:, -(T_q or 0) :]


@exercise.mistake("Padding got -1")
def padding_is_negative(attention_mask, T_q=None):
    """cumsum - 1 is -1 at the padding on the left; it should be 0 there (-1 picks the last row of a table).

    - Which row of a table does -1 pick?
    - Padding gets 0.
    - np.where(attention_mask == 1, ..., 0)
    """
    return (np.cumsum(attention_mask.astype(int), axis=-1) - 1)[:, -(T_q or 0) :]


# transformers up to version 4 wrote `position_ids.masked_fill_(attention_mask == 0, 1)`.
@exercise.mistake("Padding got 1")
def padding_is_one(attention_mask, T_q=None):
    """Padding got position 1, as older versions of transformers had it; here it gets 0.

    - What is asked for at padding?
    - 0
    - np.where(attention_mask == 1, ..., 0)
    """
    return np.where(attention_mask == 1, position_ids_from(attention_mask), 1)[:, -(T_q or 0) :]


@exercise.mistake("Padding on the right was counted on")
def right_padding_repeats(attention_mask, T_q=None):
    """Padding on the right got the position of the last real token; padding gets 0 on either side.

    - What does cumsum do after the last real token?
    - It stays the same, so padding has to be set to 0.
    - np.where(attention_mask == 1, ..., 0)
    """
    return np.maximum(np.cumsum(attention_mask.astype(int), axis=-1) - 1, 0)[:, -(T_q or 0) :]


@exercise.mistake("Padding is expected on the left only")
def left_padding_expected(attention_mask, T_q=None):
    """Every column after the first real token got the next number, padding on the right too; padding gets 0.

    - What stands after the last real token of a text with padding on the right?
    - Count real tokens only, and set padding to 0 on either side.
    - np.where(attention_mask == 1, np.cumsum(attention_mask, axis=-1) - 1, 0)
    """
    first = np.argmax(attention_mask, axis=1)[:, None]
    return np.maximum(np.arange(attention_mask.shape[1]) - first, 0)[:, -(T_q or 0) :]


@exercise.mistake("Counted down the batch")
def wrong_axis(attention_mask, T_q=None):
    """cumsum ran over the texts of the batch, not along each text.

    - Which axis counts positions?
    - axis=-1
    - np.cumsum(attention_mask, axis=-1)
    """
    seen = np.cumsum(attention_mask.astype(int), axis=0)
    return np.where(attention_mask == 1, seen - 1, 0)[:, -(T_q or 0) :]


@exercise.mistake("One row for all")
def first_row_for_all(attention_mask, T_q=None):
    """Every text got the positions of the first.

    - Do the texts have the same padding?
    - Each text counts for itself.
    - cumsum along axis -1 for all rows
    """
    return np.repeat(position_ids_from(attention_mask[:1], T_q), len(attention_mask), axis=0)


exercise.equivalent_mutant("-1 -> 1", because="axis 1 is the last axis of a (B, T_k) array")
