"""### The same shape

`out` holds the outputs of all heads, `(H, T, width)`. A colleague merges them by `out.reshape(T, H * width)` alone. The shape is
right, and no error comes. What is in row 0 of the result, if T is larger than H?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_merge_leak",
    topic="heads",
    hints=("In which order do the numbers of `out` lie in memory?", "The first H * width numbers of `out` are positions of head 0."),
)
exercise.wrong(
    "Position 0 of every head, as it should be: reshape is the inverse of splitting",
    "Splitting swapped two axes after its reshape. A reshape alone never moves a number, so it can't undo that.",
    "reshape_taken_for_a_transpose",
)
exercise.wrong(
    "Position 0 of every head, but in another order",
    "All of row 0 comes from head 0. The other heads start only T * width numbers later.",
    "order_only",
)
exercise.right(
    "Positions 0 to H - 1 of head 0",
    "Exactly: outputs of later positions stand in row 0. The mask inside the heads is right, and still the layer leaks.",
)
exercise.wrong(
    "The mean of all heads at position 0",
    "A reshape doesn't compute anything; each number stays as it is.",
    "reshape_averages",
)
