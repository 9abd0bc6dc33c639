"""### One head leaks

A layer has 4 heads. Three are masked causally, one has no mask by mistake. The model is trained. What happens to its loss?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_heads",
    topic="heads",
    hints=("What does training look for?", "How many heads does it take to copy the next token?"),
)
exercise.wrong("It is a quarter lower than it should be.", "Nothing limits the model to a quarter: it learns to use the open head for everything.", "leak_is_proportional")
exercise.wrong("Nothing much: the three masked heads outvote it.", "Heads do not vote. Wo can take all that it needs from one head.", "heads_vote")
exercise.right("It falls almost as far as without any mask: one open head is enough to copy the next token.", "Measured in unit 08's model: 0.12 nats with one open head of four, 0.13 without any mask, 1.96 when causal.")
exercise.wrong("It becomes NaN, since the heads disagree.", "Every head computes ordinary numbers; nothing fails visibly. That is what makes it dangerous.", "leak_is_visible")
