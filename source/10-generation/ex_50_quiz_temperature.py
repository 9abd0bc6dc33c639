"""### Two knobs

Next-token probabilities are 0.50, 0.30, 0.15 and 0.05. Which setting can **never** draw the fourth token?
"""

from autograder.exercise.exercise import Quiz

exercise = Quiz(
    "quiz_temperature",
    topic="sampling",
    hints=("Which knob makes a probability exactly 0?", "How many tokens does it take to reach 0.9?"),
)
exercise.wrong(
    "temperature 0.5",
    "A low temperature makes it rarer (about 0.7 %), but not impossible.",
    "low_temperature_is_zero",
)
exercise.wrong("top-k with k = 4", "Four tokens are kept, and there are only four.", "top_k_one_off")
exercise.right("nucleus sampling with p = 0.9", "0.50 + 0.30 + 0.15 = 0.95 reaches 0.9, so the fourth token gets exactly 0.")
exercise.wrong("nucleus sampling with p = 0.97", "0.95 does not reach 0.97, so the fourth token is needed.", "crossing_token_left_out")
