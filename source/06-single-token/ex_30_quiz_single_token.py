"""### What enters one output?

The sentence is `these dogs near the cat`, positions 0 to 4, read by **one** causal attention layer. What enters the output of
`near`, position 2? Answer with a set of letters, as in `{"A", "C"}`.
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_single_token",
    topic="one token's output",
    hints=("Who asks, who is asked, and what is handed over?", "Two of the five hold."),
)
exercise.right("The query of `near`.", "A: each output has one query, its own.")
exercise.wrong(
    "The queries of `these`, `dogs` and `near`.",
    "Only the query at position 2 asks. Earlier queries made earlier outputs and are needed no more.",
    "all_queries_needed",
)
exercise.wrong(
    "The keys and values of `these` and `dogs` only.",
    "A token sees itself as well: position 2 belongs to positions 0..2.",
    "own_position_excluded",
)
exercise.wrong(
    "The keys of all five words, but the values of the first three.",
    "Every key in the softmax takes a share of the weight, so a later key would leak through the denominator.",
    "keys_leak_through_denominator",
)
exercise.right("The keys and values of `these`, `dogs` and `near`.", "E: positions 0 to 2, its own included.")
