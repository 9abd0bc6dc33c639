"""### Open the prefix

A prefix language model reads a prompt both ways, then writes from left to right.

Write `prefix_lm_allowed(T, prefix)`: `(T, T)` booleans. The first `prefix` positions all see each other; every later query sees
all keys up to its own position. `0 <= prefix <= T`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
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


exercise.mistake(
    Misconception("prefix_stays_causal", "The prefix is still causal", "Inside the prefix every position should see every other.",
                  ("May position 0 see position 1 of the prefix?", "i < prefix and j < prefix is allowed.",
                   "Open the square [:prefix, :prefix]."))
)(lambda T, prefix: np.tri(T, dtype=bool))  # fmt: skip
exercise.mistake(
    Misconception("prefix_sees_suffix", "The prefix sees what comes after it", "The first rows were opened entirely; they may see the prefix only.",
                  ("What may position 0 know of the text to be written?", "j < prefix", "Open columns [:prefix], not rows."))
)(lambda T, prefix: np.tri(T, dtype=bool) | (np.arange(T)[:, None] < prefix))  # fmt: skip
exercise.mistake(
    Misconception("prefix_mask_too_wide", "Later queries see the future", "The rows after the prefix were opened too, so what is written sees what comes later.",
                  ("May the first written token see the second?", "After the prefix: j <= i.", "Only the square [:prefix, :prefix] opens."))
)(lambda T, prefix: (np.arange(T) < prefix) | (np.arange(T)[:, None] >= prefix))  # fmt: skip
exercise.mistake(
    Misconception("suffix_forgets_prefix", "What is written can't see the prefix", "Later queries have to see the prefix as well as what was written.",
                  ("What is the prefix for?", "j <= i includes the prefix.", "Start from the whole causal triangle."))
)(lambda T, prefix: np.tri(T, dtype=bool) & ((np.arange(T)[:, None] < prefix) == (np.arange(T) < prefix)) | ((np.arange(T)[:, None] < prefix) & (np.arange(T) < prefix)))  # fmt: skip
exercise.mistake(
    Misconception("prefix_one_too_long", "The prefix is one token too long", "prefix = 3 means positions 0, 1 and 2.",
                  ("Which positions are the first three?", "j < prefix", "[:prefix], not [: prefix + 1]"))
)(lambda T, prefix: prefix_lm_allowed(T, min(T, prefix + 1)))  # fmt: skip
exercise.mistake(
    Misconception("prefix_one_too_short", "The prefix is one token too short", "prefix = 3 means positions 0, 1 and 2.",
                  ("Which positions are the first three?", "j < prefix", "[:prefix], not [: prefix - 1]"))
)(lambda T, prefix: prefix_lm_allowed(T, max(0, prefix - 1)))  # fmt: skip
exercise.mistake(mc.NO_MASK)(lambda T, prefix: np.ones((T, T), dtype=bool))
exercise.mistake(mc.TRANSPOSED, message="Outside the prefix, each query sees the future instead of the past.")(
    lambda T, prefix: prefix_lm_allowed(T, prefix).T
)
exercise.mistake(mc.INVERTED)(lambda T, prefix: ~prefix_lm_allowed(T, prefix))
exercise.mistake(mc.OWN_POSITION_EXCLUDED, message="After the prefix, a query can't see its own position.")(
    lambda T, prefix: np.tri(T, k=-1, dtype=bool) | ((np.arange(T)[:, None] < prefix) & (np.arange(T) < prefix))
)


exercise.equivalent_mutant(":prefix -> :", because="a row after the prefix sees the whole prefix anyway")
