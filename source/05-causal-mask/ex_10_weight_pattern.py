"""### Type the pattern of four tokens

Four tokens, causal attention. Write `weight_pattern()` so that it returns a `(4, 4)` matrix typed by hand: **1** \
where a weight
can be non-zero, **0** where it is forced to be zero.

Rows are queries, columns are keys. Numbers or booleans will do, as an array or as a list of four rows.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.masks import causal, wrong_patterns
from autograder.exercise.results import Array

WEIGHTS = Misconception(
    "weights_instead_of_pattern",
    "The zeros are right; the rest should be 1",
    "These are weights of one particular kind. The pattern says only where a weight can be: write 1 there.",
    ("Which numbers does the pattern hold?", "Only 1 and 0.", "Replace every number but 0 by 1."),
)


def _not_zero_where_causal(answer):
    """Whether what is not 0 stands where a weight can be."""
    cells = np.asarray(answer(), dtype=float)
    return cells.shape == (4, 4) and np.array_equal(cells != 0, causal(4))


exercise = Exercise(
    topic="the shape of the weight matrix",
    answer=Array(exact_zeros=True, rtol=1e-9, atol=1e-9),
    hides_expected=True,
    probes=(Probe(WEIGHTS, _not_zero_where_causal),),
    hints=(
        "Which tokens may the first query see? And the second?",
        "Row i has i + 1 ones, and they start at the left.",
        "[[1, 0, 0, 0], [1, 1, 0, 0], ...]: two rows are missing.",
    ),
)


@exercise.solution
def weight_pattern():
    """() -> (4, 4): 1 where a causal weight can be non-zero, 0 where it is forced to zero."""
    return [
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 0],
        [1, 1, 1, 1],
    ]


@exercise.part("The pattern", points=1)
def the_pattern(rng):
    yield case()


@exercise.equivalent
def with_booleans():
    yes, no = True, False
    return ((yes, no, no, no), (yes, yes, no, no), (yes, yes, yes, no), (yes, yes, yes, yes))


@exercise.equivalent
def as_float32():
    return np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]], dtype=np.float32)


@exercise.equivalent
def computed():
    return np.tri(4)


@exercise.equivalent
def row_by_row():
    return [[1] * (i + 1) + [0] * (3 - i) for i in range(4)]


exercise.add_shared_mistakes(wrong_patterns(lambda pattern: lambda: pattern(4)))


@exercise.mistake("This is the mask, not the weights")
def mask_instead_of_weights():
    """0 and -inf are what a mask adds to the scores. After the softmax, a 0 there has become a weight and -inf has
    become 0.

    - What does softmax make of -inf?
    - -inf in the mask becomes a weight of 0.
    - Write 1 where the mask has 0, and 0 where it has -inf.
    """
    return np.where(causal(4), 0.0, -np.inf)


@exercise.mistake(mask_instead_of_weights)
def finite_mask_instead_of_weights():
    """0 and -1e9 are what a mask adds to the scores. After the softmax, a 0 there has become a weight and -1e9 has
    become 0.
    """
    return np.where(causal(4), 0.0, -1e9)


@exercise.mistake(WEIGHTS)
def weights():
    return np.tri(4) / np.arange(1, 5)[:, None]


@exercise.mistake("Key 0 is hidden")
def keys_one_ahead_of_zero():
    """The first column is empty: no query sees key 0, though all of them may.

    - Which queries may look back to the very first token?
    - All of them: column 0 is full.
    - Put a 1 at the left of every row.
    """
    return causal(4) & (np.arange(4) > 0)


@exercise.mistake("These are counts, not a pattern")
def counts_instead_of_pattern():
    """Row i does have i + 1 weights that can be non-zero. The pattern shows where they are.

    - How many ones are in each row?
    - i + 1 ones, then zeros.
    - Four rows of four numbers.
    """
    return [1, 2, 3, 4]
