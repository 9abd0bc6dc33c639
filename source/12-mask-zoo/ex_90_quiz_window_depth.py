"""### How far back?

A model has $layers layers, each with a causal sliding window of $window keys (the query's own included). How many positions back can
the output at the top depend on, at most?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_window_depth",
    topic="sliding window",
    numbers={"layers": (3, 4, 5, 6), "window": (4, 3, 5, 7)},
    derive=lambda n: {
        "step": n["window"] - 1,
        "product": n["layers"] * n["window"],
        "reach": n["layers"] * (n["window"] - 1),
    },
    hints=("How far back does one layer reach with a window of $window?", "What do the keys of layer 2 know already?"),
)
exercise.wrong("$step positions", "That is one layer. The keys of the second layer have looked back themselves.", "one_layer_only")
exercise.wrong(
    "$window positions",
    "The window counts the query's own key, so one layer reaches $step positions back; and there are $layers layers.",
    "window_one_too_many",
)
exercise.wrong("$product positions", "$layers times $window counts the own position in each layer; each layer adds $step steps.", "own_position_counted")
exercise.right("$reach positions", "Each layer reaches window - 1 = $step positions further back: $layers times $step.")
