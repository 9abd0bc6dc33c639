"""### Fewer queries than keys

While a model generates, the keys of all `T_k` positions are at hand, but queries are needed only for the newest `T_q` \
of them.

Write `causal_allowed_between(T_q, T_k)` with `1 <= T_q <= T_k`: `(T_q, T_k)` booleans, True where the query may \
attend. The queries belong to the **last** `T_q`
of the `T_k` positions, so the mask is aligned at the bottom right: the last query sees every key.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="rectangular masks",
    answer=Array("bool"),
    hints=(
        "At which position does the first query stand, if the queries are the last T_q of T_k?",
        "Query i stands at position T_k - T_q + i, and sees keys up to there.",
        "np.tri(T_q, T_k, k=...) with the right k.",
    ),
)


@exercise.solution
def causal_allowed_between(T_q, T_k):
    """(T_q, T_k) bool: query i stands at position T_k - T_q + i and sees the keys up to there."""
    position = np.arange(T_k - T_q, T_k)  # (T_q,) where the queries stand
    return np.arange(T_k) <= position[:, None]


@exercise.part("Two queries, five keys", points=1)
def two_of_five(rng):
    yield case(2, 5)
    yield case(1, 4, note="one new token sees everything")


@exercise.part("Any rectangle", points=1)
def any_rectangle(rng):
    for T_q, T_k in ((3, 3), (1, 1), (4, 9), (5, 6), (2, 8), (7, 7), (3, 6), (12, 40), (50, 60), (3, 300)):
        yield case(T_q, T_k)


@exercise.equivalent
def with_tri(T_q, T_k):
    return np.tri(T_q, T_k, k=T_k - T_q, dtype=bool)


@exercise.equivalent
def last_rows_of_the_square(T_q, T_k):
    return np.tri(T_k, dtype=bool)[-T_q:]


@exercise.equivalent
def with_loops(T_q, T_k):
    return [[j <= i + T_k - T_q for j in range(T_k)] for i in range(T_q)]


@exercise.mistake("Aligned at the top left")
def aligned_top_left(T_q, T_k):
    """The queries were taken for the *first* positions: a new token sees key 0 only.

    - Which positions do the queries stand at?
    - Query 0 stands at T_k - T_q.
    - np.tri(T_q, T_k, k=T_k - T_q)
    """
    return np.tri(T_q, T_k, dtype=bool)


@exercise.mistake(mc.NO_MASK)
def no_mask(T_q, T_k):
    """Every query sees every key: that holds for the last query only."""
    return np.ones((T_q, T_k), dtype=bool)


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(T_q, T_k):
    """No query sees its own key: the last one should see all T_k."""
    return np.tri(T_q, T_k, k=T_k - T_q - 1, dtype=bool)


exercise.add_mistakes(
    (mc.ONE_AHEAD, lambda T_q, T_k: np.tri(T_q, T_k, k=T_k - T_q + 1, dtype=bool)),
    (mc.INVERTED, lambda T_q, T_k: ~causal_allowed_between(T_q, T_k)),
)


@exercise.mistake("The axes are swapped")
def axes_swapped(T_q, T_k):
    """Rows are queries and columns are keys: the shape is (T_q, T_k).

    - Which axis counts queries?
    - (T_q, T_k)
    - Swap the two sizes.
    """
    return causal_allowed_between(T_q, T_k).T if T_q != T_k else causal_allowed_between(T_q, T_k)


@exercise.mistake("The square was cut at the wrong end")
def square_mask_cut(T_q, T_k):
    """The first T_q rows of the square belong to the oldest positions.

    - Which rows of the square belong to the newest positions?
    - The last T_q rows.
    - [-T_q:]
    """
    return np.tri(T_k, dtype=bool)[:T_q] if T_q > 2 else np.tri(T_k, dtype=bool)[[0] * T_q]


@exercise.mistake("Every query got the last row")
def last_row_for_all(T_q, T_k):
    """Each query stands at a position of its own.

    - May the first of two new queries see the second's key?
    - Row i ends at T_k - T_q + i.
    - One row for each query.
    """
    return np.tri(T_k, dtype=bool)[[-1] * T_q] if T_q < T_k else np.tri(T_k, dtype=bool)


@exercise.mistake(mc.WINDOW_TOO_SHORT)
def window_too_short(T_q, T_k):
    """Old keys are hidden; a new query sees the whole cache."""
    return np.tri(T_q, T_k, k=T_k - T_q, dtype=bool) & ~np.tri(T_q, T_k, k=-1, dtype=bool)


@exercise.mistake("Only the cache is visible")
def cache_only(T_q, T_k):
    """The new positions see what was there before, but not one another (nor themselves).

    - May the second new query see the first?
    - Up to its own position.
    - The triangle goes on over the new keys.
    """
    return np.broadcast_to(np.arange(T_k) < T_k - T_q, (T_q, T_k))
