"""### Repair 4: weights that look plausible

The influence is a staircase, as it should be. But add up the weights, row by row.

Repair `repair_4(Q, K, V)` so that it is a causal attention: `Q`, `K` `(T, d)`, `V` `(T, d_v)` → `(T, d_v)`. Scores \
may be as large as 200,000 on either side of 0, and hidden ones far above the others. `d_v` may differ from \
`d`, and the inputs stay as they are. One small change will do.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_variants import repair_exercise

exercise = repair_exercise(
    mc.WRONG_AXIS,
    hints=(
        "Who shares out one unit of attention, a query or a key?",
        "Each row sums to 1: the softmax runs over the keys.",
        "axis=1 (or -1), in the maximum and in the sum; keepdims stays.",
    ),
)


@exercise.solution
def repair_4(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    top = scores.max(axis=1, keepdims=True)
    weights = np.exp(scores - top)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights @ V


@exercise.mistake(mc.WRONG_AXIS)
@exercise.starter
def broken(Q, K, V):
    """Causal attention: (T, d), (T, d), (T, d_v) -> (T, d_v)."""
    T, d = Q.shape
    scores = Q @ K.T / np.sqrt(d)  # (T, T)
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    top = scores.max(axis=0, keepdims=True)
    weights = np.exp(scores - top)
    weights = weights / weights.sum(axis=0, keepdims=True)
    return weights @ V


@exercise.mistake("The sums stand in a row, not in a column")
def keepdims_missing(Q, K, V):
    """Without keepdims the (T,) sums line up with the columns: weight (i, j) is divided by the sum of row j.

    - What is the shape of your sums?
    - (T, 1) divides each row by its own sum.
    - weights.sum(axis=1, keepdims=True)
    """
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1) @ V


@exercise.mistake("Half fixed: the maximum still runs down the columns")
def maximum_of_the_column(Q, K, V):
    """The sums are right now, but a column's maximum is not a row's: with large scores whole rows overflow or vanish.

    - How many times does axis appear in the code?
    - Maximum and sum run along the same axis.
    - top = scores.max(axis=1, keepdims=True)
    """
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)
    weights = np.exp(scores - scores.max(axis=0, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ V


exercise.equivalent_mutant("np.tri(T, dtype=bool) -> np.tri(T)", because="np.where takes any number but 0 for True")
