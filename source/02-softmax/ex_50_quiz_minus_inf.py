"""### A score of -inf

The scores of a row are `[$high, -inf, $high, $low]`. What are its softmax weights?
"""

from math import exp

from autograder.exercise.exercise import Quiz


def _weights(n):
    low, left = n["high"] - n["gap"], exp(-n["gap"])
    return {"low": low, "a": f"{1 / (2 + left):.2f}", "b": f"{left / (2 + left):.2f}"}


exercise = Quiz(
    "quiz_minus_inf",
    topic="softmax",
    numbers={"high": (2, 3, 4, 5), "gap": (1, 2, 3)},
    derive=_weights,
    hints=("What is exp(-inf)?", "The other three share the whole weight."),
)
exercise.wrong(
    "NaN everywhere, since -inf can't be computed with",
    "exp(-inf) is a plain 0. NaN would come only if *every* entry were -inf.",
    "inf_means_nan",
)
exercise.wrong(
    "`[$a, 0, $a, $b]` only approximately: the second is tiny, but not 0",
    "exp(-inf) is exactly 0, and so is the weight. That is why a mask uses -inf and not -100.",
    "nearly_zero",
)
exercise.wrong(
    "`[0.25, 0, 0.25, 0.25]`: the hidden weight is lost and the rest stays",
    "Softmax divides by the sum of what is left, so the weights sum to 1 again.",
    "weight_is_lost",
)
exercise.right(
    "`[$a, 0, $a, $b]`, the second exactly 0, and the others sum to 1",
    "exp(-inf) = 0, so the entry takes no part, not even in the denominator.",
)
