"""### And with a causal mask?

Now the same layer **with a causal mask**, still without positions. What does the output of the **last** token know about the order of the tokens before it?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_mask_order",
    topic="order",
    hints=("Which keys does the last query see, in one layer?", "And what do the keys of a second layer know?"),
)
exercise.right(
    "In one layer nothing; from the second layer on it can know something.",
    "The last query sees all tokens as a bag. But the outputs of earlier positions depend on what came before each, and a second layer can read that.",
)
exercise.wrong("Everything: a causal mask is a full account of the order.", "In one layer the last query sees the same set of keys, whatever their order.", "mask_is_positions")
exercise.wrong("Nothing, however many layers there are.", "Earlier positions see different sets of tokens when the order changes, and later layers can read their outputs.", "mask_gives_no_order")
exercise.wrong("Only which token came first.", "In one layer not even that: the first key is one among all.", "first_is_special")
