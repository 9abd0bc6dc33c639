"""### Ask the question for every pair

Write `causal_allowed(T)`: a `(T, T)` array of **booleans** for any `T >= 1`. Entry `[i, j]` is `True` where query `i` \
may attend to key `j`,
and `False` where it may not.

Rows are queries, columns are keys. (Numbers `0` and `-inf` are another kind of mask; its turn comes next.)
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.masks import LONGER, causal, right_up_to_four, wrong_patterns
from autograder.exercise.results import Array


def _fails_when_longer(answer):
    return right_up_to_four(lambda T: np.array_equal(answer(T), causal(T)))


exercise = Exercise(
    topic="the causal mask",
    answer=Array("bool"),
    probes=(Probe(LONGER, _fails_when_longer),),
    hints=(
        "Query i, key j: which comparison of i and j says that j is not in the future?",
        "allowed[i, j] is (j <= i), for all pairs at once.",
        "Compare np.arange(T) as a row (keys) with np.arange(T)[:, None] as a column (queries).",
    ),
)


@exercise.solution
def causal_allowed(T):
    """int -> (T, T) bool: True where query i (row) may attend to key j (column)."""
    i = np.arange(T)[:, None]  # (T, 1) queries
    j = np.arange(T)  # (T,) keys
    return j <= i


@exercise.part("Four tokens", points=1)
def four(rng):
    yield case(4)


@exercise.part("Any length", points=1)
def any_length(rng):
    for T in (2, 1, 3, 5, 8, 9, int(rng.integers(10, 16)), 17, 40, 130):
        yield case(T)


@exercise.equivalent
def with_tri(T):
    return np.tri(T, dtype=bool)


@exercise.equivalent
def upper_triangle_removed(T):
    return ~np.triu(np.ones((T, T), dtype=bool), k=1)


@exercise.equivalent
def with_loops(T):
    allowed = np.zeros((T, T), dtype=bool)
    for i in range(T):
        allowed[i, : i + 1] = True
    return allowed


@exercise.equivalent
def as_nested_lists(T):
    return [[j <= i for j in range(T)] for i in range(T)]


@exercise.equivalent
def by_running_or(T):
    return np.logical_or.accumulate(np.eye(T, dtype=bool)[:, ::-1], axis=1)[:, ::-1]


exercise.add_shared_mistakes(wrong_patterns())


@exercise.mistake(mc.ONE_SIZE)
def four_only(T):
    """It is right for T = 4 only: the size is fixed in the code."""
    return np.tri(4, dtype=bool)


@exercise.mistake(mc.ONE_SIZE)
def open_beyond_four(T):
    """The corner of 4 x 4 is right; beyond it every key is allowed."""
    allowed = np.ones((T, T), dtype=bool)
    n = min(T, 4)
    allowed[:n, :n] = np.tri(n, dtype=bool)
    return allowed


@exercise.mistake(mc.ONE_SIZE)
def closed_beyond_four(T):
    """The corner of 4 x 4 is right; beyond it every key is forbidden."""
    allowed = np.zeros((T, T), dtype=bool)
    n = min(T, 4)
    allowed[:n, :n] = np.tri(n, dtype=bool)
    return allowed
