"""### Which part looks around?

Which parts of the mini-GPT let a position see **other** positions? Answer with a set of letters, as in `{"A", "C"}`.
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_parts",
    topic="a whole transformer",
    hints=("Which of them mix rows of x?", "If x has one row only, which of them could be left out?"),
)
exercise.wrong("the embedding `E[tokens] + P[:T]`", "Each row is made from its own token and place.", "embedding_mixes")
exercise.right("the attention", "Only here a row is a mixture of rows; so only here a mask is needed.")
exercise.wrong("the feed-forward part with `W1` and `W2`", "It treats every row alone.", "feed_forward_mixes")
exercise.wrong("the norm, which divides by a mean", "The mean runs along D, within a row. Along T it would be a leak.", "norm_mixes")
