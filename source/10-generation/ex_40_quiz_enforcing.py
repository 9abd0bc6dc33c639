"""### Where must causality be enforced?

A decoder with **two or more layers** was trained with a causal mask and is now generating. Someone drops the mask while generating: "there is nothing to hide,
the future does not exist yet". What holds?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_enforcing",
    topic="enforcing autoregressive behaviour",
    hints=("Which rows of layer 1 change when the mask is dropped?", "What does the last row of layer 2 read?"),
)
exercise.wrong(
    "It is right: without a future, the mask removes nothing.",
    "For the newest row it removes nothing. But the rows before it see tokens that they did not see in training.",
    "mask_dropped_at_inference",
)
exercise.wrong(
    "It is wrong even for one layer: the newest row changes.",
    "With one layer the newest row sees all keys with or without the mask; its result is exactly the same.",
    "newest_row_changes",
)
exercise.right(
    "It is wrong: earlier rows of layer 1 now see later tokens, so the keys and values that layer 2 reads are different from training.",
    "And the cached keys of earlier positions would have to change with every token. The mask belongs to the model, not to the training.",
)
exercise.wrong(
    "It does not matter as long as the temperature is 0.",
    "Temperature only decides how a token is chosen from the logits, and the logits themselves are different.",
    "temperature_confused",
)
