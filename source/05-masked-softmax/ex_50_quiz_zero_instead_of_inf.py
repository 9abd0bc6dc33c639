"""### 0 instead of -inf

A colleague writes the mask with `0` where `-inf` belongs: future scores are *replaced* by 0 before the softmax. What goes wrong?
"""

from autograder.authoring import Quiz

exercise = Quiz(
    "quiz_zero_instead_of_inf",
    topic="masked softmax",
    hints=("What is exp(0)?", "Compare it with the weight of a key whose true score is negative."),
)
exercise.wrong("Nothing: a score of 0 means 'no attention'.", "softmax(0) is not 0: e^0 = 1 takes part in the sum like any other.", "zero_means_nothing")
exercise.wrong("The rows no longer sum to 1.", "They do: the softmax divides by the whole sum, the zeros' share included.", "rows_do_not_sum_to_one")
exercise.wrong("The softmax becomes NaN.", "Zeros are ordinary scores; NaN comes from rows of nothing but -inf.", "zero_means_nan")
exercise.right(
    "Every future key gets a weight of e^0 over the row sum, often more than an allowed key with a negative score.",
    "The weights leak to the future values, and by just as much for every future key.",
)
