"""### What changes nothing?

Which change to a row of scores leaves its softmax exactly as it was?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_softmax_shift",
    topic="softmax",
    hints=("Try it on two scores, 0 and 1.", "exp(x + c) = exp(c) exp(x)"),
)
exercise.right(
    "adding 100 to every score",
    "exp(x + c) = exp(c) exp(x), and the common factor cancels. That is why the maximum may be subtracted.",
)
exercise.wrong(
    "multiplying every score by 2",
    "The differences double, so the largest weight grows. That is what dividing by sqrt(d) undoes.",
    "scale_does_not_matter",
)
exercise.wrong(
    "replacing every negative score by 0",
    "A score of 0 is not 'nothing': e^0 = 1. The weights of those entries grow.",
    "zero_means_nothing",
)
exercise.wrong(
    "setting one score to 0 to switch it off",
    "A score of 0 still gets e^0 = 1 before dividing. Only -inf switches an entry off.",
    "zero_instead_of_inf",
)
