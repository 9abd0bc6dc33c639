"""### Where must it be zero?

In causal attention, look at the gradient of the loss with respect to the **scores**, a `T × T` matrix. Where must it be exactly 0, whatever the loss?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_gradient_pattern",
    topic="gradient pattern",
    hints=("Which scores have no influence on any output?", "And what about a row with a single key?"),
)
exercise.wrong("On and above the diagonal", "The diagonal scores matter from row 1 on: raising one shifts weight to the own value.", "own_position_excluded")
exercise.wrong("Below the diagonal", "That is where the allowed pairs are: those gradients are what training is about.", "mask_transposed")
exercise.right(
    "Above the diagonal, and at the top left corner",
    "Masked scores have no influence. And row 0 has a single key: its weight is 1 whatever its score.",
)
exercise.wrong(
    "Nowhere: a small gradient may flow anywhere",
    "A masked weight is exactly 0, and the gradient of its score is that weight times something: exactly 0.",
    "no_exact_zeros",
)
