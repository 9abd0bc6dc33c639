"""### is_causal with a cache

A cache holds 7 keys, and 1 new token is decoded: one query, 8 keys. What does `is_causal=True` do in PyTorch's and JAX's attention functions?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_is_causal",
    topic="alignment",
    hints=("Is their triangle aligned at the top left or at the bottom right?", "Row 0 of a top-left triangle has one tick."),
)
exercise.wrong("It lets the new token see all 8 keys, as it should be.", "That would be alignment at the bottom right; theirs is top left.", "aligned_bottom_right_assumed")
exercise.right("It lets the new token see key 0 only.", "The triangle is aligned at the top left, so the only query is treated as position 0. Leave is_causal off for one new token.")
exercise.wrong("It raises an error, since the matrix is not square.", "It does not: both compute the wrong thing without a word.", "rectangle_raises")
exercise.wrong("It ignores the mask for a single query.", "It applies it, and one key is all that remains.", "mask_ignored")
