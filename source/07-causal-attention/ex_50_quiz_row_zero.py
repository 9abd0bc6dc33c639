"""### The first row

A causal attention is tested with random Q, K and V. Output 0 equals `V[0]` exactly. What does that tell you?
"""

from autograder.authoring import Quiz

exercise = Quiz(
    "quiz_row_zero",
    topic="testing attention",
    hints=("What is the softmax of a single number?", "Which of scale, keys and queries can change a weight of 1?"),
)
exercise.wrong("The scale is right.", "With one key the weight is 1 whatever the scale.", "row_zero_tests_scale")
exercise.wrong("The whole layer is right.", "A layer that returns V unchanged passes too: row 0 sees one key only.", "row_zero_tests_all")
exercise.right("Query 0 sees its own key and no other.", "That is all: one key, weight 1. It isolates the mask's first row.")
exercise.wrong("Queries and keys are not swapped.", "Swapped or not, a single weight is 1.", "row_zero_tests_order")
