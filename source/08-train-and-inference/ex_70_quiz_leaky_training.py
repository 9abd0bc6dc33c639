"""### An engineer's good news

"I trained my language model without a mask. The training loss is 0.13 nats, and on held-out text it is 0.14!" The entropy of the language is 1.95. What happens when the model **generates**?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_leaky_training",
    topic="training with the future visible",
    hints=("What did the model learn to look at?", "Is that there when the model writes?"),
)
exercise.wrong(
    "It writes very good text: the loss is far below the entropy.",
    "No honest prediction gets below the entropy. The loss measures how well it copies the next token, which it could see.",
    "low_loss_is_good",
)
exercise.right(
    "It writes garbage: it has learned to copy the next token from its input, and there is none.",
    "Training rewarded copying, so it never needed to learn the language.",
)
exercise.wrong(
    "It repeats sentences of the training text: it has memorised them.",
    "Then the held-out loss would be high. Copying works just as well on held-out text, which is why that check is blind.",
    "overfitting_suspected",
)
exercise.wrong(
    "It writes as well as a causal model; the mask only saves time.",
    "The mask decides what is learned. A causal model has to predict; this one never did.",
    "mask_for_speed",
)
