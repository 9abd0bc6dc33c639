"""### Three loss curves

Look at X, Y and Z above. What may you conclude from the curves alone?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_losses",
    topic="diagnosis",
    hints=("Where is a curve below the entropy, and what can that only mean?", "Below the floor: it leaks. On or above it: nothing is proven."),
)
exercise.wrong(
    "X is healthy: it lies on the entropy.",
    "X has a hole at one position, through which a target can be seen; the training has not found it yet. The influence picture shows it at once.",
    "loss_taken_for_proof",
)
exercise.right(
    "Z leaks everywhere but in row 0; about X and Y the curves prove nothing.",
    "No honest model stays below the entropy. But a model on the floor can have a leak that it does not use yet, or a context that is too short.",
)
exercise.wrong(
    "Y leaks, for its loss is the highest of all at the later positions.",
    "A leak makes a loss smaller, not larger. Y sees too little: its window is two tokens wide.",
    "high_loss_taken_for_leak",
)
exercise.wrong(
    "Z is the best model: its loss is the smallest.",
    "Below the entropy of the language no honest guess can be. Z reads the targets, and its texts show that it has learned nothing else.",
    "low_loss_taken_for_skill",
)
