"""### Which part is broken?

A causal attention gives the right result for T = 1 and the right row 0. With all values equal to 1 it returns 1 everywhere.
But with `Q = 0` its output is **not** the mean of the values so far. Which part is broken?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_one_mechanism",
    topic="testing one mechanism at a time",
    hints=("With Q = 0, what are all the scores?", "What is still left to decide the weights if all scores are equal?"),
)
exercise.wrong(
    "The scale",
    "With Q = 0 every score is 0, and 0 divided by anything is 0. This check can't see the scale at all.",
    "scale_blamed",
)
exercise.wrong(
    "Queries and keys are swapped",
    "K Qᵀ is 0 as well if Q is 0. The swap shows only once the scores differ.",
    "swap_blamed",
)
exercise.wrong(
    "The softmax runs along the wrong axis",
    "Then the weights of a row would not sum to 1, and values of 1 would not give 1.",
    "axis_blamed",
)
exercise.right(
    "The mask",
    "With equal scores only the mask decides who counts: a row from 1 on sees too many keys, or too few.",
)
