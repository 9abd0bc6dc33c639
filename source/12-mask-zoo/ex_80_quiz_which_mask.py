"""### Which mask?

A translation model reads the German sentence as a prompt and writes the English one after it, in one row:
`German ... English ...`. Every German word should see the whole German sentence; the English ones are written from left to right. Which mask is it?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_which_mask",
    topic="choosing a mask",
    hints=("Which part of the row is there before anything is written?", "That part may look both ways."),
)
exercise.wrong(
    "the causal mask",
    "It would work, but the German words could not see what follows them, and the task says they should.",
    "prefix_stays_causal",
)
exercise.right(
    "the prefix mask, with the German sentence as prefix",
    "The prompt is there from the start, so seeing all of it is no cheating; what is written stays causal.",
)
exercise.wrong(
    "no mask",
    "In training the English words would see the words that they have to predict.",
    "no_mask",
)
exercise.wrong(
    "a packed mask with two segments, German and English",
    "Nothing crosses segments: the English words could not see the German ones at all.",
    "suffix_forgets_prefix",
)
