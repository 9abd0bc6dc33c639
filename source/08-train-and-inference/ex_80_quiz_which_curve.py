"""### Which pair of curves?

Three models are trained on a language whose entropy is 1.95 nats. Each is measured on held-out text in two ways: with teacher forcing (**TF**), and with the future truly hidden (**FH**). Which pair belongs to the model that was trained **without a mask**?
"""

from autograder.authoring import Quiz

exercise = Quiz(
    "quiz_which_curve",
    topic="training with the future visible",
    hints=("Which of the two numbers can fall below the entropy?", "What does a model know that never learned the language?"),
)
exercise.wrong("TF falls to 1.96, FH falls to 1.96", "The two are equal, just above the entropy: that is the causal model.", "causal_curves")
exercise.wrong("TF falls to 0.13, FH falls to 0.13", "With the future hidden nobody can be below the entropy.", "future_hidden_below_entropy")
exercise.wrong("TF rises to 7, FH falls to 0.13", "The other way round: seeing the future is what makes the loss low.", "curves_swapped")
exercise.right(
    "TF falls to 0.13, FH falls a little and then rises to 7 or more",
    "At first it learns some language, then it finds the answer in its input and unlearns the rest.",
)
