"""### What may the output at position i use?

A causal language model reads `these dogs near the cat`, positions 0 to 4. Which tokens may influence its output at
position 2 (the token `near`)?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_left_context",
    topic="the left context",
    hints=("Which token does the output at position 2 have to predict?", "It predicts the token at position 3."),
)
exercise.wrong(
    "`these` and `dogs`: everything before `near`",
    "The output at position 2 predicts the token at position 3, so the token at position 2 itself may be used.",
    "own_position_excluded",
)
exercise.wrong(
    "`near` alone: each position looks after itself",
    "A position that saw only itself could not know whether a plural or a singular came before. All earlier tokens count.",
    "own_token_only",
)
exercise.right(
    "`these`, `dogs` and `near`",
    "Positions 0 to i, the own one included. The output at position 2 is the prediction of the token at position 3.",
)
exercise.wrong(
    "`these`, `dogs`, `near` and `the`",
    "`the` stands at position 3: it is the very token that the output at position 2 has to predict.",
    "one_ahead",
)
exercise.wrong(
    "all five tokens, for the sentence is there to be read",
    "When the model generates, `the` and `cat` don't exist yet. What it can't have when it generates it must not use in training.",
    "no_mask",
)
