"""### Why the square root?

Queries and keys of width `d` have independent components with mean 0 and variance 1. Why are their dot products divided by
`sqrt(d)`?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_why_scale",
    topic="scaled dot products",
    hints=("How large is a typical sum of d numbers that are as often above as below 0?", "Variances of independent numbers add up; the spread is the root of the variance."),
)  # fmt: skip
exercise.right(
    "Their spread is sqrt(d). Divided by it, the softmax is as soft for wide vectors as for narrow ones.",
    "The sum of d products has variance d. Without the division, wide models would start with nearly one-hot weights and tiny gradients.",
)
exercise.wrong(
    "So that each row of scores sums to 1.",
    "That is the softmax's work. Scaled scores can be negative and have any sum.",
    "scale_normalises",
)
exercise.wrong(
    "Because a dot product of d terms is typically as large as d, and the square root makes up for half of it.",
    "The terms have both signs and mostly cancel: the typical size is sqrt(d), and all of it is divided away.",
    "products_grow_like_d",
)
exercise.wrong(
    "It changes nothing: softmax gives the same weights for scaled scores.",
    "Softmax ignores a constant that is added, not one that multiplies: larger scores give sharper weights.",
    "scale_does_not_matter",
)
