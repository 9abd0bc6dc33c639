"""### Where can the output lie?

A query sees three values, `(0, 0)`, `(4, 0)` and `(0, 4)`: the corners of a triangle in the plane. Which point **cannot** be
the output, whatever the query and the keys?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_weighted_sum",
    topic="the weighted sum of values",
    hints=("What do the three weights have in common?", "They are positive and sum to 1: an average of corners stays within them."),
)
exercise.wrong(
    "`(1, 1)`",
    "It can: weights 1/2, 1/4, 1/4 give (0 + 4/4 + 0, 0 + 0 + 4/4) = (1, 1).",
    "inside_called_impossible",
)
exercise.wrong(
    "`(0.1, 3.8)`",
    "It can: nearly all the weight, 0.95, lies on (0, 4), and 0.025 on each of the others.",
    "near_a_corner_called_impossible",
)
exercise.right(
    "`(3, 3)`",
    "3/4 and 3/4 of the weight would be more than all of it. An average never leaves the triangle.",
)
exercise.wrong(
    "`(1.9, 1.9)`",
    "It can: weights 0.05, 0.475, 0.475. Close to the long edge, but inside.",
    "near_an_edge_called_impossible",
)
