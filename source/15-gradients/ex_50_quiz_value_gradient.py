"""### Whose gradient?

The loss uses only the output of position $i (of positions 0 to 5). Which rows of `dV` can be different from 0?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_value_gradient",
    topic="gradient pattern",
    numbers={"i": (2, 1, 3, 4)},
    hints=("Which values enter output $i?", "dV = W^T dO"),
)
exercise.wrong("row $i only", "Output $i mixes the values of all positions that it sees, not only its own.", "own_token_only")
exercise.right("rows 0 to $i", "Output $i is a mixture of values 0 to $i: the gradient flows back to the left context, and nowhere else.")
exercise.wrong("rows $i to 5", "Gradients flow back along the same pairs as the forward pass: to the past.", "mask_transposed")
exercise.wrong("all rows", "Values after position $i have a weight of exactly 0 in output $i.", "no_mask")
