"""### What does the cache save?

A prompt of `T` tokens is in the cache, and one more token is generated. How many query-key scores does a head compute for that step?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_cache_cost",
    topic="KV cache",
    hints=("How many queries are new?", "One query, and T + 1 keys."),
)
exercise.wrong("1: only the new token's score with itself", "The new query attends to all keys in the cache too.", "ignores_the_cache")
exercise.wrong(
    "(T + 1)²: the whole matrix again",
    "That is what recomputing costs. With the cache the old rows are not needed any more.",
    "recomputes_everything",
)
exercise.right("T + 1: one query against all keys", "One row of the matrix. Recomputing without a cache would cost T + 1 rows.")
exercise.wrong(
    "2T + 1: the new row and the new column",
    "The new column holds scores of old queries with the new key: the mask removes them all.",
    "new_column_counted",
)
