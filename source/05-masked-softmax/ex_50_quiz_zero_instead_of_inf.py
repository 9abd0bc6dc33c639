"""### 0 instead of -inf

A colleague writes the mask with `0` where `-inf` belongs: future scores are *replaced* by 0 before the softmax. What goes wrong?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_zero_instead_of_inf",
    topic="masked softmax",
    hints=("What is exp(0)?", "Compare it with the weight of a key whose true score is negative."),
)
exercise.wrong("Nothing: a score of 0 means 'no attention'.", "softmax(0) is not 0: e^0 = 1 takes part in the sum like any other.", "zero_means_nothing")
exercise.wrong(
    "The rows no longer sum to 1, because the future's share of the weight is lost.",
    "They do sum to 1: nothing is lost. The softmax divides by the whole sum, the zeros' share included, and that share goes to the future.",
    "rows_do_not_sum_to_one",
)
exercise.wrong("The softmax becomes NaN.", "Zeros are ordinary scores; NaN comes from rows of nothing but -inf.", "zero_means_nan")
exercise.right(
    "Every future key gets weight: more than an allowed key of negative score.",
    "e^0 = 1 is larger than e to any negative number. In one row every future key leaks by the same amount.",
)
