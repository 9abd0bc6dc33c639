"""### Divide by what?

A layer of width D = $D has $H heads. By what are the scores of a head divided before the softmax?
"""

from autograder.exercise.exercise import Quiz


def _widths(n):
    return {"D": n["width"] * n["H"], "root": int(n["width"] ** 0.5)}


exercise = Quiz(
    "quiz_head_scale",
    topic="multi-head attention",
    numbers={"H": (8, 12, 6, 3), "width": (64, 16, 36, 144)},
    derive=_widths,
    hints=("Over how many numbers does the dot product of one head run?", "√d, with d the width of one query."),
)
exercise.wrong(
    "√$D: the width of the layer",
    "No dot product here runs over all $D components. Each head compares vectors of $D / $H = $width, so this makes the scores too small.",
    "scaled_by_model_width",
)
exercise.right(
    "$root = √($D / $H): the root of the width of one head",
    "A head's dot product sums $width products, so it spreads like √$width = $root.",
)
exercise.wrong(
    "$width = $D / $H: the width of one head",
    "The spread of a sum of $width products grows with the square root of $width. Dividing by all of it makes the weights too flat.",
    "scaled_by_d",
)
exercise.wrong(
    "√$H: the number of heads",
    "The heads don't add up their scores; each has a softmax of its own. How many there are matters only through their width.",
    "scaled_by_number_of_heads",
)
