"""### Whose gradient?

The loss uses only the output of position 2 (of positions 0 to 4). Which rows of `dV` can be different from 0?
"""

from autograder.authoring import Quiz

exercise = Quiz(
    "quiz_value_gradient",
    topic="gradient pattern",
    hints=("Which values enter output 2?", "dV = W^T dO"),
)
exercise.wrong("row 2 only", "Output 2 mixes the values of all positions that it sees, not only its own.", "own_token_only")
exercise.right("rows 0, 1 and 2", "Output 2 is a mixture of values 0 to 2: the gradient flows back to the left context, and nowhere else.")
exercise.wrong("rows 2, 3 and 4", "Gradients flow back along the same pairs as the forward pass: to the past.", "mask_transposed")
exercise.wrong("all rows", "Values 3 and 4 have a weight of exactly 0 in output 2.", "no_mask")
