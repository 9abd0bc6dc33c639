"""### Which pair of curves?

Of two models one was trained **without a mask**. The entropy is 1.95 nats; both are measured on held-out text, with the future visible and hidden.

**X**: both curves fall together, to about 2. **Y**: visible falls to 0.2; hidden falls a little, then rises above 5.

Which pair belongs to the model without a mask?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_which_curve",
    topic="training with the future visible",
    hints=(
        "Which loss changes when something that was used is taken away?",
        "A model that never looks ahead loses nothing when the future is hidden.",
    ),
)
exercise.wrong(
    "X: it predicts equally well without the future, so it must know it.",
    "Equal curves say that the future was never used: nothing is lost when it is hidden. That is the causal model.",
    "causal_curves",
)
exercise.wrong(
    "Neither: held-out text exposes a leaking model by a high visible loss.",
    "Held-out text exposes memorising. A copier copies text it has never seen just as well: its visible loss stays low.",
    "overfitting_suspected",
)
exercise.right(
    "Y: it falls below the entropy while the future is visible, and fails once it is hidden.",
    "First it learns a little of the language; then it finds the answer in its input, and unlearns the rest.",
)
exercise.wrong(
    "Either: without the training losses the two can't be told apart.",
    "They can: a training loss would show the same as the visible curve, and the hidden one says the rest.",
    "training_loss_needed",
)
