"""### The shape of the weights

`weights = softmax(Q Kᵀ / √d + Mask)` with the causal mask, rows are queries. Which statement holds for any scores of ordinary size?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_weight_matrix",
    topic="the shape of the weight matrix",
    hints=("What does softmax make of -inf? Which cells of the mask hold it?", "Count: how many keys may query 0 see, and query 1?"),
)
exercise.wrong(
    "Upper triangular: the weights stand above the diagonal, where the mask is not 0.",
    "Where the mask is *not* 0 it is -inf, and exp(-inf) = 0. The weights stand where the mask is 0: on and below the diagonal.",
    "upper_triangular",
)
exercise.wrong(
    "Lower triangular, and each column sums to 1.",
    "The triangle is right, but softmax runs along a row: a *query* spreads a weight of 1 over its keys. "
    "The last column holds one weight only, that of the last query.",
    "softmax_over_queries",
)
exercise.wrong(
    "Full, but the weights above the diagonal are too small to matter.",
    "exp(-inf) is exactly 0, not a small number: cell by cell, `weights[i, j] == 0` where j > i.",
    "nearly_zero",
)
exercise.right(
    "Lower triangular: row i has i + 1 weights that are not 0, and they sum to 1.",
    "Row 0 is always [1, 0, 0, ...]: a query with a single key has nothing to choose.",
)
exercise.wrong(
    "Lower triangular with an empty diagonal: row i has i weights that are not 0.",
    "A query sees its own position: token i is an input at position i, and what it predicts is token i + 1. "
    "With an empty diagonal row 0 would have no key at all.",
    "own_position_excluded",
)
