"""### The last question of the course

Your mini-GPT reports a loss of 0.9 nats per token on held-out text. The entropy of the language is 1.95. What do you do first?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_low_loss",
    topic="auditing a model",
    hints=("Can an honest model be below the entropy?", "And does held-out text see a leak?"),
)
exercise.wrong("Publish: it is better than anyone's, and on held-out text.", "No honest prediction gets below the entropy. A leak works just as well on held-out text.", "held_out_is_proof")
exercise.wrong("Train longer: it is still falling.", "It is already lower than possible; more training would make the leak stronger.", "train_longer")
exercise.right("Audit it: change later tokens and see which logits move.", "A loss below the entropy proves that the answer is visible somewhere; the audit finds where.")
exercise.wrong("Make the model smaller: it has memorised the text.", "Memorised training text would not help on held-out text.", "overfitting_suspected")
