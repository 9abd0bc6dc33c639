"""### What shape has it?

`Q` has shape `(8, 2, 3, 16)` and `K` has shape `(8, 2, 7, 16)`: 8 texts, 2 heads, queries for 3 positions, keys for 7. What
is the shape of the scores?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_score_shape",
    topic="query-key scores",
    hints=("Which axis does the dot product add up over?", "One row for each query, one column for each key."),
)
exercise.wrong(
    "`(8, 2, 16, 16)`",
    "That is Q^T K, which compares components with each other. Scores compare positions: d = 16 is added up and disappears.",
    "features_compared",
)
exercise.right("`(8, 2, 3, 7)`", "Batch and heads come along, a row for each of 3 queries, a column for each of 7 keys.")
exercise.wrong(
    "`(8, 2, 7, 3)`",
    "That is K Q^T, with a row for each key. In this course rows are queries.",
    "keys_and_queries_swapped",
)
exercise.wrong(
    "`(3, 7)`",
    "Each text and each head has its own scores: the leading axes stay.",
    "leading_axes_lost",
)
