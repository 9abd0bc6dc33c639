"""### Which one is causal?

Rows are queries, columns are keys; `.` is a weight forced to 0. Which pattern does causal attention have?

```text
A       B       C       D       E       F
1111    1...    11..    ....    ...1    1...
.111    11..    111.    1...    ..11    11..
..11    111.    1111    11..    .111    .11.
...1    1111    1111    111.    1111    ..11
```
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_pattern_4x4",
    topic="the shape of the weight matrix",
    hints=("How many keys may the first row see?", "Key 0 is the leftmost column. Who may see it?"),
)
exercise.wrong(
    "Row 0 sees every key, row 3 only key 3.",
    "Read row 0: the first query would see three keys of its future. This is the transpose.",
    "mask_transposed",
)
exercise.right(
    "Row 0 sees only key 0, row 3 every key.",
    "Row i begins at key 0 and ends at its own position.",
)
exercise.wrong(
    "Row 0 sees two keys, row 3 every key.",
    "One column too far: row 0 sees key 1, the very token that it has to predict.",
    "one_ahead",
)
exercise.wrong(
    "Row 0 sees no key, row 3 three keys.",
    "The diagonal is missing: row 0 has no key at all, and its softmax has nothing to divide by.",
    "own_position_excluded",
)
exercise.wrong(
    "Row 0 sees only key 3, row 3 every key.",
    "Mirrored: row 0 sees only the last key. Key 0 is the leftmost column, and every query may see it.",
    "anti_diagonal",
)
exercise.wrong(
    "Row 0 sees only key 0, row 3 two keys.",
    "No leak here, but rows 2 and 3 forget the oldest tokens. Plain causal attention looks back to the very first.",
    "forgets_the_past",
)
