"""### What do blocks save?

Blockwise causal attention with many small blocks, compared with the plain one that builds the whole `T × T` matrix. What holds for **long** sequences? Answer with a set of letters, as in `{"A", "C"}`.
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_blocks",
    topic="blockwise attention",
    hints=("Which blocks lie wholly above the diagonal?", "Two of them hold."),
)
exercise.wrong("The result is an approximation.", "Rescaling by exp(m - m') is exact; only rounding differs.", "blocks_approximate")
exercise.right("About half of the score blocks need not be computed.", "Those above the diagonal lie wholly in the future.")
exercise.wrong("The number of multiplications grows like T instead of T².", "Half of T² is still quadratic; only a window or linear attention changes that.", "blocks_are_linear")
exercise.right("The memory for scores does not grow with T.", "Only (block, block) scores exist at a time.")
