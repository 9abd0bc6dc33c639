"""### How far back?

A model has 3 layers, each with a causal sliding window of 4 keys (the query's own included). How many positions back can
the output at the top depend on, at most?
"""

from autograder.authoring import Quiz

exercise = Quiz(
    "quiz_window_depth",
    topic="sliding window",
    hints=("How far back does one layer reach with a window of 4?", "What do the keys of layer 2 know already?"),
)
exercise.wrong("3 positions", "That is one layer. The keys of the second layer have looked back themselves.", "one_layer_only")
exercise.wrong(
    "4 positions",
    "The window counts the query's own key, so one layer reaches 3 positions back; and there are three layers.",
    "window_one_too_many",
)
exercise.wrong("12 positions", "3 times 4 counts the own position in each layer; each layer adds 3 steps.", "own_position_counted")
exercise.right("9 positions", "Each layer reaches window - 1 = 3 positions further back: 3 times 3.")
