"""### Symptom and bug

Which symptoms and bugs fit together? Name all pairs that do.
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_diagnose",
    topic="diagnosis",
    points=2.0,
    hints=(
        "For each pair: which outputs would move under that bug, and what would the rows of the weights sum to?",
        "Three of the six fit.",
    ),
)
exercise.right(
    "Weights above the diagonal are 0, rows sum to less than 1, the influence is full: masked after the softmax.",
    "The values are hidden, but the keys of the future stay in the denominator.",
)
exercise.wrong(
    "NaN in the first row only: softmax along the wrong axis.",
    "A softmax down the columns gives no NaN under a causal mask. NaN in row 0 means that query 0 may see nothing: its own position is hidden too.",
    "nan_first_row_misread",
)
exercise.right(
    "The influence is a perfect staircase, and long texts have flat weights: scaled by the square root of T.",
    "Not every bug is a leak: this one is causal, and wrong.",
)
exercise.wrong(
    "The influence is full, and in each row the weights above the diagonal are equal: the mask is transposed.",
    "A transposed mask empties the lower triangle. Equal weights above the diagonal come from equal scores: 0 written in place of -inf.",
    "equal_weights_misread",
)
exercise.wrong(
    "Training loss near 0, and generated texts are nonsense: the model is too small.",
    "A small model has a high loss. Near 0 it has seen the answer: the training leaks.",
    "leak_taken_for_size",
)
exercise.right(
    "The same call gives another answer the second time: something is changed in place.",
    "Q /= ..., or an output written into V, changes the arrays that the second call reads.",
)
