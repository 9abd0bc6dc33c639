"""### Open the prefix

A prefix language model reads a prompt both ways, then writes from left to right.

Write `prefix_lm_allowed(T, prefix)`: `(T, T)` booleans. The first `prefix` positions all see each other; every later \
query sees
all keys up to its own position. `0 <= prefix <= T`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="prefix language model",
    answer=Array("bool"),
    hints=(
        "What may position 0 see if the prefix has 3 tokens?",
        "Allowed is j <= i, or j < prefix (and then for every query: why?).",
        "A causal triangle, then allowed[:, :prefix] = True.",
    ),
)


@exercise.solution
def prefix_lm_allowed(T, prefix):
    """(T, T) bool: causal, and the first `prefix` positions see each other."""
    allowed = np.tri(T, dtype=bool)
    allowed[:prefix, :prefix] = True
    return allowed


@exercise.part("Five positions", points=1)
def five(rng):
    yield case(5, 3)
    yield case(5, 2)


@exercise.part("Any prefix", points=1)
def any_prefix(rng):
    for T, prefix in ((4, 0), (4, 1), (4, 4), (1, 1), (1, 0), (9, 6), (7, 2), (6, 5), (40, 21)):
        yield case(T, prefix)


@exercise.equivalent
def one_comparison(T, prefix):
    i, j = np.indices((T, T))
    return (j <= i) | (j < prefix)


@exercise.equivalent
def with_loops(T, prefix):
    return [[j <= i or (i < prefix and j < prefix) for j in range(T)] for i in range(T)]


@exercise.equivalent
def with_a_limit_for_each_row(T, prefix):
    last = np.maximum(np.arange(T), prefix - 1)
    return np.arange(T) <= last[:, None]


@exercise.mistake("The prefix is still causal")
def prefix_stays_causal(T, prefix):
    """Inside the prefix every position should see every other.

    - May position 0 see position 1 of the prefix?
    - i < prefix and j < prefix is allowed.
    - Open the square [:prefix, :prefix].
    """
    return np.tri(T, dtype=bool)


@exercise.mistake("The prefix sees what comes after it")
def prefix_sees_suffix(T, prefix):
    """The first rows were opened entirely; they may see the prefix only.

    - What may position 0 know of the text to be written?
    - j < prefix
    - Open columns [:prefix], not rows.
    """
    return np.tri(T, dtype=bool) | (np.arange(T)[:, None] < prefix)


@exercise.mistake("Later queries see the future")
def prefix_mask_too_wide(T, prefix):
    """The rows after the prefix were opened too, so what is written sees what comes later.

    - May the first written token see the second?
    - After the prefix: j <= i.
    - Only the square [:prefix, :prefix] opens.
    """
    return (np.arange(T) < prefix) | (np.arange(T)[:, None] >= prefix)


@exercise.mistake("What is written can't see the prefix")
def suffix_forgets_prefix(T, prefix):
    """Later queries have to see the prefix as well as what was written.

    - What is the prefix for?
    - j <= i includes the prefix.
    - Start from the whole causal triangle.
    """
    return np.tri(T, dtype=bool) & ((np.arange(T)[:, None] < prefix) == (np.arange(T) < prefix)) | (
        (np.arange(T)[:, None] < prefix) & (np.arange(T) < prefix)
    )


@exercise.mistake("The prefix is one token too long")
def prefix_one_too_long(T, prefix):
    """prefix = 3 means positions 0, 1 and 2.

    - Which positions are the first three?
    - j < prefix
    - [:prefix], not [: prefix + 1]
    """
    return prefix_lm_allowed(T, min(T, prefix + 1))


@exercise.mistake("The prefix is one token too short")
def prefix_one_too_short(T, prefix):
    """prefix = 3 means positions 0, 1 and 2.

    - Which positions are the first three?
    - j < prefix
    - [:prefix], not [: prefix - 1]
    """
    return prefix_lm_allowed(T, max(0, prefix - 1))


@exercise.mistake(mc.NO_MASK)
def no_mask(T, prefix):
    return np.ones((T, T), dtype=bool)


@exercise.mistake(mc.TRANSPOSED)
def transposed(T, prefix):
    """Outside the prefix, each query sees the future instead of the past."""
    return prefix_lm_allowed(T, prefix).T


@exercise.mistake(mc.INVERTED)
def inverted(T, prefix):
    return ~prefix_lm_allowed(T, prefix)


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(T, prefix):
    """After the prefix, a query can't see its own position."""
    return np.tri(T, k=-1, dtype=bool) | ((np.arange(T)[:, None] < prefix) & (np.arange(T) < prefix))


exercise.equivalent_mutant(":prefix -> :", because="a row after the prefix sees the whole prefix anyway")
