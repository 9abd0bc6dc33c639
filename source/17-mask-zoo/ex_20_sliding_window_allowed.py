"""### Write the window

Long texts are cheaper if each query looks back only a little way.

Write `sliding_window_allowed(T, window)`: `(T, T)` booleans. A query sees at most `window` keys: its own, and the \
`window - 1` before it.
Never the future. `window` is at least 1 and may be larger than `T`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="sliding window",
    answer=Array("bool"),
    hints=(
        "With window = 1, which keys does a query see?",
        "Key j is allowed where 0 <= i - j < window.",
        "Make i - j with np.arange(T)[:, None] - np.arange(T), then two comparisons.",
    ),
)


@exercise.solution
def sliding_window_allowed(T, window):
    """(T, T) bool: True where 0 <= i - j < window."""
    position = np.arange(T)
    age = position[:, None] - position  # (T, T): how old key j is for query i
    return (age >= 0) & (age < window)


@exercise.part("Five positions", points=1)
def five(rng):
    yield case(5, 2)
    yield case(5, 3)


@exercise.part("Any window", points=1)
def any_window(rng):
    for T, window in ((4, 1), (1, 1), (6, 6), (3, 10), (9, 4), (7, 5), (2, 1), (40, 17), (33, 8), (300, 2)):
        yield case(T, window)


@exercise.equivalent
def two_triangles(T, window):
    return np.tril(np.triu(np.ones((T, T), dtype=bool), k=1 - window))


@exercise.equivalent
def with_loops(T, window):
    return [[max(0, i - window + 1) <= j <= i for j in range(T)] for i in range(T)]


@exercise.equivalent
def sum_of_diagonals(T, window):
    return sum(np.eye(T, k=-age) for age in range(window)) > 0


@exercise.mistake("One key too many")
def window_one_too_many(T, window):
    """i - j <= window counts window + 1 keys, its own included.

    - How many keys does a query see with window = 1?
    - 0 <= i - j < window
    - < instead of <=
    """
    return np.tri(T, dtype=bool) & ~np.tri(T, k=-window - 1, dtype=bool)


@exercise.mistake("One key too few")
def window_one_too_few(T, window):
    """The own key counts too: window = 1 is the diagonal, not nothing.

    - How many keys does a query see with window = 1?
    - 0 <= i - j < window
    - Mind the -1.
    """
    return np.tri(T, dtype=bool) & ~np.tri(T, k=-window + 1, dtype=bool)


@exercise.mistake("The window looks ahead too")
def window_without_causal(T, window):
    """abs(i - j) < window opens the future.

    - May query 0 see key 1?
    - i - j must not be negative.
    - Ask for i - j >= 0 as well.
    """
    return abs(np.arange(T)[:, None] - np.arange(T)) < window


@exercise.mistake(mc.NO_MASK)
def no_mask(T, window):
    """The window forbids old keys only, so the future stays visible."""
    return np.arange(T)[:, None] - np.arange(T) < window


@exercise.mistake("The window plays no part")
def window_ignored(T, window):
    """That is the whole causal triangle.

    - Which keys are too old?
    - i - j < window
    - Ask for i - j < window as well.
    """
    return np.tri(T, dtype=bool)


@exercise.mistake(mc.TRANSPOSED)
def transposed(T, window):
    """Each query sees itself and the keys *after* it: rows and columns are swapped."""
    return sliding_window_allowed(T, window).T


@exercise.mistake(mc.INVERTED)
def inverted(T, window):
    return ~sliding_window_allowed(T, window)


@exercise.mistake("The own key is missing")
def only_the_past_window(T, window):
    """1 <= i - j <= window leaves out the query's own position.

    - May a query see its own key?
    - 0 <= i - j < window
    - Start at 0.
    """
    return np.tri(T, k=-1, dtype=bool) & ~np.tri(T, k=-window - 1, dtype=bool)


@exercise.mistake("Blocks instead of a sliding window")
def blocks_not_window(T, window):
    """The keys were cut into fixed blocks; a window moves with every query.

    - How many keys does the first query of a block see?
    - Every query looks back the same way.
    - Compare i - j with window.
    """
    return np.tri(T, dtype=bool) & (np.arange(T)[:, None] // window == np.arange(T) // window)
