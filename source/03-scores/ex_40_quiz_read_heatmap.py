"""### Read the heatmap

| query ↓ key → | these | dogs | near | the | cat |
|---|---|---|---|---|---|
| **these** | 0.5 | 0.5 | −0.2 | 0.4 | 0.2 |
| **dogs** | 1.9 | 0.7 | −0.6 | 1.4 | 0.1 |
| **near** | 0.4 | 2.1 | −0.6 | 0.3 | 1.2 |
| **the** | 0.4 | 0.7 | −0.3 | 0.3 | 0.4 |
| **cat** | 1.3 | 2.6 | −0.9 | 0.9 | 1.4 |

Which hold? Answer with a set of letters, as in `{"A", "C"}`.
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_read_heatmap",
    topic="query-key scores",
    hints=("Which index of scores[i, j] is the query, and is it the row or the column?", "Three of the five hold."),
)
exercise.wrong(
    "The query of `dogs` with the key of `near` has the score 2.1.",
    "2.1 stands in row near, column dogs: it is the query of near that asks. Row dogs, column near says −0.6.",
    "rows_read_as_keys",
)
exercise.right(
    "The query of `cat` with the key of `dogs` has the score 2.6.",
    "B: row cat is the query, column dogs the key.",
)
exercise.right(
    "In a causal model, the 1.2 in row `near` must not be used.",
    "C: its column cat is position 4, in the future of near at position 2.",
)
exercise.wrong(
    "In a causal model, the 1.9 in row `dogs` must not be used.",
    "Its column these comes before dogs: the past may always be used. Hidden is what lies to the right of the diagonal.",
    "past_hidden",
)
exercise.right(
    "In a causal model, row `these` keeps one score only.",
    "E: the first word sees its own key, 0.5, and nothing else.",
)
