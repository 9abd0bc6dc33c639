"""### What does a clean detector prove?

A colleague's model has gone through `is_causal(f, x)` for one random `x` with T = 8: True. What do you know?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_proof",
    topic="finding leaks",
    hints=("What was run, and what was not?", "A test speaks of the inputs and the mode that it was run with."),
)
exercise.wrong(
    "The model is causal for every input and every length.",
    "One input of one length was tried. A mask that is built for 8 positions and lost at 9 passes this test.",
    "test_taken_for_proof",
)
exercise.wrong(
    "Nothing: a random input can't show a leak.",
    "It can, and mostly does: a random change moves every output that depends on it. A clean run is good evidence.",
    "random_input_useless",
)
exercise.right(
    "At T = 8, and for inputs like this x, no output moved with a later row.",
    "So run it at several lengths, in training and in evaluation mode, with padding: wherever the code takes another path.",
)
exercise.wrong(
    "The attention weights are right: scale, softmax and values too.",
    "It says where information flows, not what is made of it. A wrong scale passes every leak detector.",
    "causal_taken_for_correct",
)
