"""### Why so strict?

Several reasons are given why a language model must not look to the right while it is trained. Which of them **hold**?
Answer with a set of letters, as in `{"A", "C"}`.
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_why_causal",
    topic="why causal",
    hints=("What is to the right of the newest token when a model generates?", "Two of them hold."),
)
exercise.right(
    "The target at each position is the next token: a model that sees it can copy it and needs to learn nothing else.",
    "Copying is the easiest way to a low loss, and training finds it.",
)
exercise.wrong(
    "Reading both ways would make training slower.",
    "A mask removes nothing that a plain implementation computes; speed is not the reason.",
    "mask_for_speed",
)
exercise.wrong(
    "A token has no useful relation to the tokens after it.",
    "It does: that is why models that only understand text, such as BERT, read both ways. But they can't generate from left to right.",
    "future_is_useless",
)
exercise.right(
    "When the model generates, the tokens to the right don't exist yet, so it would be trained on inputs that it will never have.",
    "Training and generation have to agree on what is visible.",
)
