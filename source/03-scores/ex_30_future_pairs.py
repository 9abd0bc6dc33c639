"""### List the pairs that look ahead

A score compares query `i` with key `j`. Where `j > i`, the key lies in the query's **future**, and a causal model \
must not
use that score.

Write `future_pairs(T)`: all pairs `(i, j)` of a query `i` and a key `j` with `j > i`, positions counted from 0 to `T \
- 1`.
Return an array of integers with a row for each pair, shape `(T(T-1)/2, 2)`, in the order in which one reads a \
matrix:
row by row, each row from left to right. One token has no future: at `T = 1` the shape is `(0, 2)`, and any \
dtype will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array


class Pairs(Array):
    """Rows of two integers; an empty list or tuple will do, for it can't say how wide its rows would be."""

    def parse(self, raw):
        if isinstance(raw, list | tuple) and not raw:
            return np.empty((0, 2), dtype=int)
        return super().parse(raw)


exercise = Exercise(
    topic="the future in the score matrix",
    answer=Pairs("int"),
    hints=(
        "Which keys lie in the future of query 0, and which in that of the last query?",
        "For each i from 0 to T - 1: every j from i + 1 to T - 1.",
        "np.argwhere lists the places of the True entries row by row; which matrix is True above its diagonal?",
    ),
)


@exercise.solution
def future_pairs(T):
    """T -> all (query i, key j) with j > i, (T(T-1)/2, 2) int, row by row."""
    position = np.arange(T)
    return np.argwhere(position > position[:, None])


@exercise.part("Small sizes", points=1)
def small_sizes(rng):
    yield case(3)
    yield case(4)
    yield case(2)


@exercise.part("Any size", points=1)
def any_size(rng):
    for T in (5, 7, 12, 33, 70, 150):
        yield case(T)
    yield case(1, note="one token has no future")


@exercise.equivalent
def with_loops(T):
    return [[i, j] for i in range(T) for j in range(i + 1, T)]


@exercise.equivalent
def from_triu_indices(T):
    return np.stack(np.triu_indices(T, k=1), axis=-1)


@exercise.equivalent
def cut_from_all_pairs(T):
    pairs = np.indices((T, T)).reshape(2, -1).T
    return pairs[pairs[:, 1] > pairs[:, 0]].astype(np.int32)


@exercise.equivalent
def with_itertools(T):
    from itertools import combinations

    return np.array(list(combinations(range(T), 2)), dtype=int).reshape(-1, 2)


@exercise.equivalent
def by_repeating(T):
    counts = np.arange(T)[::-1]
    i = np.repeat(np.arange(T), counts)
    j = np.concatenate([np.arange(start, T) for start in range(1, T + 1)])
    return np.column_stack([i, j]).astype(np.uint16)


def _where(pattern):
    return np.argwhere(pattern)


@exercise.mistake("That is the past")
def past_pairs(T):
    """These pairs have j < i: the key comes before the query. The future is j > i.

    - Which comes later in the sentence, position 0 or 3?
    - Future: j > i, above the diagonal.
    - np.triu, not np.tril; or turn the comparison round.
    """
    return _where(np.tri(T, k=-1))


@exercise.mistake("The diagonal is no future")
def diagonal_counted_as_future(T):
    """Pairs with j = i came along; a token's own position is not in its future.

    - May the prediction at position i depend on token i?
    - Future is j > i, not j >= i.
    - Mind the k of np.triu, or the start of the inner range.
    """
    return _where(np.tri(T, dtype=bool).T)


@exercise.mistake("The very next key is missing")
def next_key_left_out(T):
    """j = i + 1 is the future too, and the worst of it: it is the token to be predicted.

    - Is position 1 in the future of position 0?
    - Future is j >= i + 1.
    - Mind the k of np.triu, or the start of the inner range.
    """
    return _where(~np.tri(T, k=1, dtype=bool))


@exercise.mistake("Allowed and future are swapped")
def allowed_pairs(T):
    """These are the pairs that a causal model may use; the other ones are wanted.

    - Which pairs must a causal model not use?
    - Those with j > i.
    - Turn the comparison round.
    """
    return _where(np.tri(T))


@exercise.mistake("Key and query are swapped")
def query_and_key_swapped(T):
    """Each row is (key, query); the query comes first, as the row does in a matrix.

    - In a pair (i, j), which index is the query?
    - (i, j) with j > i: the second number is larger.
    - Swap the two columns.
    """
    return future_pairs(T)[:, ::-1]


@exercise.mistake("Column by column")
def column_by_column(T):
    """The right pairs in another order: they are sorted by key; sort them by query.

    - Which pair comes after (0, 1)?
    - First every pair of query 0, then those of query 1.
    - Let the query be the outer loop.
    """
    return np.array([(i, j) for j in range(T) for i in range(j)], dtype=int).reshape(-1, 2)


@exercise.mistake("Only the next key")
def only_the_next_key(T):
    """Each query got one pair, (i, i + 1); every later key is its future as well.

    - Is position 3 in the future of position 0?
    - T(T-1)/2 pairs in all.
    - Two loops, or np.argwhere on a matrix.
    """
    return np.array([(i, i + 1) for i in range(T - 1)], dtype=int).reshape(-1, 2)


@exercise.mistake("Both directions")
def all_pairs_but_the_diagonal(T):
    """Pairs with j < i came along; those are the past.

    - Is position 0 in the future of position 3?
    - Only j > i.
    - Compare with >, not with !=.
    """
    return _where(~np.eye(T, dtype=bool))


@exercise.mistake("Every pair")
def every_pair(T):
    """All T * T pairs came back, past and diagonal included.

    - Where do you compare i with j?
    - Only j > i.
    - Start the inner range at i + 1.
    """
    return _where(np.ones((T, T)))


@exercise.mistake("Counted from 1")
def counted_from_one(T):
    """The first position is 0, in Python and in this course.

    - What is the index of the first query?
    - Positions run from 0 to T - 1.
    - Start your ranges at 0.
    """
    return future_pairs(T) + 1


@exercise.mistake("The last key is missing")
def last_key_left_out(T):
    """A range that ends at T - 1 stops before it; the last key is everybody's future.

    - What is the last number of range(4)?
    - j runs up to T - 1, included.
    - range(i + 1, T)
    """
    return np.array([(i, j) for i in range(T) for j in range(i + 1, T - 1)], dtype=int).reshape(-1, 2)


@exercise.mistake("Two long rows")
def two_rows_not_two_columns(T):
    """All i's stand in one row and all j's in another; each pair should have a row of its own.

    - What is the shape of your result at T = 4?
    - (6, 2), not (2, 6).
    - np.stack(..., axis=-1), or .T
    """
    return np.array(np.triu_indices(T, k=1))


@exercise.mistake("Reshaped, not transposed")
def reshaped_not_transposed(T):
    """The shape is right, but reshape kept the numbers in their order: i's stand beside i's. Swap the axes instead.

    - Is your second pair really (0, 2)?
    - Column 0 holds the i's, column 1 the j's.
    - np.stack(..., axis=-1), or .T
    """
    return np.array(np.triu_indices(T, k=1)).reshape(-1, 2)


@exercise.mistake("A pattern, not a list")
def pattern_not_pairs(T):
    """This is a (T, T) pattern of the future; wanted are the places of its True entries.

    - How many rows has the result at T = 4?
    - Six: (0, 1), (0, 2), (0, 3), (1, 2), ...
    - np.argwhere(pattern)
    """
    return ~np.tri(T, dtype=bool)


@exercise.mistake("From the last to the first")
def read_from_the_end(T):
    """The right pairs, in reversed order.

    - Which pair comes first?
    - (0, 1)
    - Leave out the [::-1].
    """
    return future_pairs(T)[::-1]


@exercise.mistake(mc.ONE_SIZE)
def one_size(T):
    """The size is fixed in the code; T differs from call to call."""
    return future_pairs(4)


@exercise.mistake("No columns where there is no pair")
def no_columns_when_empty(T):
    """At T = 1 the array lost its second axis: np.array([]) has shape (0,), and pairs[:, 0] fails on it.

    - What is np.array([]).shape?
    - No pairs, but still two columns: (0, 2).
    - Add .reshape(-1, 2).
    """
    return np.array([(i, j) for i in range(T) for j in range(i + 1, T)])
