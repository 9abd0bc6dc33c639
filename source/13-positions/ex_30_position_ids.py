"""### Padding on the left

When sentences of different lengths *generate* together, they are padded on the **left**, so that all end at the same \
column. Their positions must not count the padding.

Write `position_ids(is_token)`: `is_token` is `(B, T)`, True where a real token stands; every row is padding first, \
then tokens; a row may be all padding, or have none. Return `(B, T)` integers: the first real token of a row has
position 0, the next one 1, and so on; padding has 0 as well.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="positions under padding",
    answer=Array("int"),
    hints=(
        "How many real tokens stand at or before the first real one?",
        "position = (number of real tokens so far) - 1, and at least 0.",
        "np.maximum(np.cumsum(is_token, axis=-1) - 1, 0)",
    ),
)


@exercise.solution
def position_ids(is_token):
    """is_token (B, T) bool, padding on the left -> (B, T) int: 0, 1, 2, ... from the first token on; 0 at padding."""
    return np.maximum(np.cumsum(is_token, axis=-1) - 1, 0)


def _rows(T, *lengths):
    return np.array([[column >= T - length for column in range(T)] for length in lengths])


@exercise.part("Three rows", points=1)
def three(rng):
    yield case(_rows(5, 3, 5, 1))
    yield case(_rows(4, 2))


@exercise.part("Any batch", points=1)
def any_batch(rng):
    yield case(_rows(1, 1))
    yield case(_rows(6, 6, 6))
    yield case(_rows(3, 0, 2, 3), note="an empty row")
    for B, T in ((4, 4), (2, 9), (7, 5), (3, 40), (2, 600)):
        yield case(_rows(T, *rng.integers(0, T + 1, size=B)))


@exercise.equivalent
def with_loops(is_token):
    out = []
    for row in is_token:
        seen, ids = 0, []
        for real in row:
            ids.append(seen if real else 0)
            seen += int(real)
        out.append(ids)
    return out


@exercise.equivalent
def from_the_first_token(is_token):
    T = is_token.shape[1]
    padding = T - is_token.sum(axis=1, keepdims=True)
    return np.clip(np.arange(T) - padding, 0, None)


@exercise.equivalent
def count_then_hide(is_token):
    return (is_token.cumsum(1) - is_token) * is_token


@exercise.mistake("Padding was counted")
def padding_counted(is_token):
    """Positions are column numbers; a sentence would mean something else when it is padded.

    - Should padding change what a sentence means?
    - Count real tokens only.
    - cumsum of is_token
    """
    return np.broadcast_to(np.arange(is_token.shape[1]), is_token.shape).copy()


@exercise.mistake("Positions start at 1")
def positions_from_one(is_token):
    """The first real token has position 0.

    - What is cumsum at the first token?
    - 1, so subtract 1.
    - cumsum - 1
    """
    return np.cumsum(is_token, axis=-1)


@exercise.mistake("Padding got -1")
def padding_is_negative(is_token):
    """cumsum - 1 is -1 at the padding; it should be 0 there (-1 would pick the last row of a table).

    - What does table[-1] pick?
    - At least 0.
    - np.maximum(..., 0)
    """
    return np.cumsum(is_token, axis=-1) - 1


@exercise.mistake("Counted down the batch")
def wrong_axis(is_token):
    """cumsum ran over the rows of the batch, not along each sentence.

    - Which axis counts positions?
    - axis=-1
    - np.cumsum(is_token, axis=-1)
    """
    return np.maximum(np.cumsum(is_token, axis=0) - 1, 0)


@exercise.mistake("The padding was taken to be on the right")
def right_padding_assumed(is_token):
    """The row was numbered from its left end and padding set to 0.

    - Where does the first real token stand?
    - Count from there.
    - cumsum, not arange
    """
    return np.arange(is_token.shape[1]) * is_token


@exercise.mistake("Counted from the end")
def counted_backwards(is_token):
    """The last token has position 0; the first one should.

    - Which token is read first?
    - Position 0 is the first token.
    - Count from the left.
    """
    return np.maximum(np.cumsum(is_token[:, ::-1], axis=-1)[:, ::-1] - 1, 0) * is_token


@exercise.mistake("One row for all")
def first_row_for_all(is_token):
    """Every row got the positions of the first.

    - Do the rows have the same padding?
    - Each row counts for itself.
    - cumsum along axis -1 for all rows
    """
    return np.broadcast_to(position_ids(is_token)[:1], is_token.shape).copy()


@exercise.mistake("That is the mask")
def mask_returned(is_token):
    """1 for a token and 0 for padding is no position.

    - What is the position of the third token?
    - 2
    - cumsum - 1
    """
    return is_token.astype(int)


exercise.equivalent_mutant("-1 -> 1", because="axis 1 is the last axis of a (B, T) array")


@exercise.mistake("Padding got position 1")
def padding_is_one(is_token):
    """Some libraries write 1 at the padding, which nobody reads; here it is 0.

    - Which position does padding have here?
    - 0
    - np.maximum(cumsum - 1, 0)
    """
    return np.where(is_token, np.cumsum(is_token, axis=-1) - 1, 1)
