"""### One more token

A causal attention layer has computed the outputs of 5 tokens. A sixth token is appended. Which of the first five outputs
change?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_one_more_token",
    topic="one token's output",
    hints=("Which positions does output 4 depend on?", "Output i depends on positions 0..i, and position 5 is in none of these lists."),
)
exercise.wrong(
    "All of them, for each softmax now runs over one more key.",
    "Not in a causal layer: row i runs over keys 0..i only, and the new key is in none of the old rows.",
    "softmax_over_all_keys",
)
exercise.right("None of them.", "So old outputs may be kept, and a text is extended by computing one row: causality makes that exact.")
exercise.wrong(
    "Only the last of them, for the new token is its neighbour.",
    "Output 4 sees positions 0..4. The new token looks back at it, not the other way round.",
    "one_ahead",
)
exercise.wrong(
    "Those whose query fits the new key well.",
    "They never meet: the score of an old query with the new key is masked, however high it is.",
    "future_seen_if_relevant",
)
