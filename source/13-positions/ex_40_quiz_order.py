"""### Does attention know the order?

A single attention layer, **no mask, no positions**. The tokens of a sentence are shuffled. What happens to the outputs?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_order",
    topic="order",
    hints=("Does softmax(QK^T) V care in which order the keys are summed?", "Each token's output goes with its token."),
)
exercise.wrong("They change: attention reads from left to right.", "Without a mask nothing in the formula says left or right: a sum does not care about order.", "attention_is_ordered")
exercise.right("Each token keeps its output; they are only shuffled along.", "Attention without mask and positions sees a bag of tokens.")
exercise.wrong("All outputs become equal.", "Each token still has its own query, so its own output.", "outputs_equal")
exercise.wrong("Only the first output changes.", "The first place is nothing special without a mask.", "first_is_special")
