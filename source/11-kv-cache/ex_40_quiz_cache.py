"""### What may be kept?

A causal model generates token after token. Which of these can be kept from one step to the next **without changing any
result**? Answer with a set of letters, as in `{"A", "C"}`.
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_cache",
    topic="KV cache",
    hints=("Which of them does a new token change?", "Causality: nothing at position i depends on later tokens."),
)
exercise.wrong(
    "the attention weights of the newest query",
    "The next query is another one: its weights are new, and there is one more key.",
    "weights_cached",
)
exercise.right(
    "the keys of all earlier positions",
    "A key at position i depends on positions 0 to i only, and those don't change.",
)
exercise.right(
    "the values of all earlier positions",
    "Like the keys, they depend on the left context only.",
)
exercise.wrong(
    "in a model *without* a causal mask, the keys of the second layer",
    "There the second layer's input at position i changes with every new token, and its key with it. Causality is what makes the cache exact.",
    "cache_without_causality",
)
