"""### The leak in the denominator

Weights are masked **after** the softmax, and not renormalised: `softmax(scores) * allowed @ V`. Every weight above the diagonal is exactly 0. Is the layer causal?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_denominator_leak",
    topic="masking after the softmax",
    hints=("By what is each remaining weight divided?", "Change a future key: does the row sum change?"),
)
exercise.wrong("Yes: a weight of 0 lets nothing through.", "No future *value* gets through. But the weights that remain were divided by a sum that future scores are part of.", "zeros_are_enough")
exercise.right("No: the remaining weights still depend on future scores, through the sum that divided them.", "A large future score makes every allowed weight smaller. A model can learn to read that.")
exercise.wrong("No: future values are still mixed in.", "Their weights are exactly 0; it is the denominator that leaks.", "values_leak")
exercise.wrong("Yes, if the output is divided by sqrt(d).", "A fixed factor does not take out what depends on the future.", "scale_repairs")
