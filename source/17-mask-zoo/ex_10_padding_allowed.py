"""### Padding on the right

Sentences of different lengths go into one batch of width `T`; the rest of each row is filled with padding, on the \
right.
No query may attend to padding. (Under a causal mask no real query can see padding on the right anyway; a model \
that reads both ways needs this mask.)

Write `padding_allowed(lengths, T)`: `lengths` is `(B,)`, integers from 0 to T. Return booleans of shape `(B, 1, \
T)`: True where the *key*
is a real token. The axis of size 1 stands for the queries: it broadcasts, since every query of a row sees the same \
keys.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="padding",
    answer=Array("bool"),
    hints=(
        "Which positions of a row of length 3 are real?",
        "Key j is real where j < length.",
        "np.arange(T) < lengths[:, None] has shape (B, T); one more axis is missing.",
    ),
)


@exercise.solution
def padding_allowed(lengths, T):
    """lengths (B,) int, T -> (B, 1, T) bool: True where key j of row b is a real token."""
    return np.arange(T) < lengths[:, None, None]


@exercise.part("Three rows", points=1)
def three_rows(rng):
    yield case(np.array([2, 4, 1]), 4)
    yield case(np.array([3]), 5)


@exercise.part("Any batch", points=1)
def any_batch(rng):
    for B, T in ((4, 4), (2, 7), (7, 2), (1, 1), (5, 9)):
        yield case(rng.integers(0, T + 1, size=B), T)
    yield case(np.array([0, 3]), 3, note="an empty row and a full one")
    yield case(rng.integers(10, 41, size=3), 40, note="forty columns")
    yield case(np.array([270, 300]), 300, note="three hundred columns")


@exercise.equivalent
def with_loops(lengths, T):
    return [[[j < length for j in range(T)]] for length in lengths]


@exercise.equivalent
def filled_row_by_row(lengths, T):
    out = np.zeros((len(lengths), 1, T), dtype=bool)
    for row, length in zip(out, lengths, strict=True):
        row[0, :length] = True
    return out


@exercise.equivalent
def with_less_outer(lengths, T):
    return np.expand_dims(np.less.outer(np.arange(T), lengths).T, 1)


@exercise.mistake(mc.INVERTED)
def inverted(lengths, T):
    """True marks the padding; it should mark the real tokens."""
    return np.arange(T) >= lengths[:, None, None]


@exercise.mistake("The queries were masked, not the keys")
def padding_masks_queries(lengths, T):
    """The padding runs along the query axis, so every query still sees the padded keys.

    - Which axis counts keys?
    - The last one: (B, 1, T).
    - lengths[:, None, None], not [..., None] at the end.
    """
    return (np.arange(T) < lengths[:, None])[:, :, None]


@exercise.mistake("One padded position is allowed")
def one_token_too_many(lengths, T):
    """j <= length lets the first padding through: a row of length 3 has positions 0, 1, 2.

    - Which is the last real position of a row of length 3?
    - j < length
    - < instead of <=
    """
    return np.arange(T) <= lengths[:, None, None]


@exercise.mistake("The last real token is hidden")
def one_token_too_few(lengths, T):
    """j < length - 1 hides one real token.

    - How many positions of a row of length 3 are real?
    - j < length
    - Leave out the -1.
    """
    return np.arange(T) < lengths[:, None, None] - 1


@exercise.mistake("The padding is on the left")
def padding_on_the_left(lengths, T):
    """The last positions were marked real; here the real tokens come first.

    - Where does a row start?
    - Real tokens are 0 .. length-1.
    - Compare arange(T) itself with length.
    """
    return np.arange(T) >= T - lengths[:, None, None]


@exercise.mistake("The query axis is missing")
def query_axis_missing(lengths, T):
    """The shape is (B, T). Broadcast against (B, T_q, T_k) scores, it would be read as (T_q, T_k).

    - What happens when B equals T?
    - (B, 1, T)
    - One more None (or keepdims).
    """
    return np.arange(T) < lengths[:, None]


@exercise.mistake("Padded queries were hidden too")
def both_axes_padded(lengths, T):
    """A full (B, T, T) mask came back that also empties the rows of padded queries; only keys are asked for.

    - What is softmax of a row with nothing allowed?
    - Only keys count here: (B, 1, T).
    - Leave the queries alone.
    """
    return (np.arange(T) < lengths[:, None, None]) & (np.arange(T)[:, None] < lengths[:, None, None])


@exercise.mistake("The causal mask came along")
def causal_came_along(lengths, T):
    """Padding alone is asked for; `combine` will add causality.

    - Is this function asked about the future?
    - Only j < length.
    - Leave out the triangle.
    """
    return (np.arange(T) < lengths[:, None, None]) & np.tri(T, dtype=bool)


@exercise.mistake("One length for all rows")
def first_length_for_all(lengths, T):
    """Every row got the length of the first.

    - Do the rows differ?
    - Row b uses lengths[b].
    - Give lengths two more axes.
    """
    return np.broadcast_to(np.arange(T) < lengths[0], (len(lengths), 1, T))


@exercise.mistake("Every row is as long as the longest")
def longest_for_all(lengths, T):
    """Shorter rows got the length of the longest one, so their padding is allowed.

    - Do the rows differ?
    - Row b uses lengths[b].
    - Give lengths two more axes; no max.
    """
    return np.broadcast_to(np.arange(T) < lengths.max(), (len(lengths), 1, T))
