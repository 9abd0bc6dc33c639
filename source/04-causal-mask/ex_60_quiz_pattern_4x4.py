"""### Which one is causal?

Rows are queries, columns are keys; `1` is a weight that can be non-zero, `.` one that is forced to 0. Which is the pattern of a causal weight matrix?
"""

from autograder.authoring import Quiz

exercise = Quiz(
    "quiz_pattern_4x4",
    topic="the shape of the weight matrix",
    hints=("How many keys may the first row see?", "Key 0 is the leftmost column. Who may see it?"),
)


def picture(*rows: str) -> str:
    return "\n".join(["```text", *(" ".join(row) for row in rows), "```"])


exercise.wrong(
    picture("1111", ".111", "..11", "...1"),
    "Read row 0: the first query would see all four keys, three of them in its future. This is the transpose.",
    "mask_transposed",
)
exercise.right(
    picture("1...", "11..", "111.", "1111"),
    "Row i begins at key 0 and ends at its own position.",
)
exercise.wrong(
    picture("11..", "111.", "1111", "1111"),
    "One column too far: row 0 sees key 1, the very token that it has to predict.",
    "one_ahead",
)
exercise.wrong(
    picture("....", "1...", "11..", "111."),
    "The diagonal is missing: row 0 has no key at all, and its softmax has nothing to divide by.",
    "own_position_excluded",
)
exercise.wrong(
    picture("...1", "..11", ".111", "1111"),
    "Mirrored: row 0 sees only key 3, the last one. Key 0 is the leftmost column, and every query may see it.",
    "anti_diagonal",
)
exercise.wrong(
    picture("1...", "11..", ".11.", "..11"),
    "No leak here, but rows 2 and 3 forget the oldest tokens. Plain causal attention looks back to the very first.",
    "forgets_the_past",
)
