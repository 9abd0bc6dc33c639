"""### The plateau that counts

Train a model that **sees the answer** at all but `honest` of its `T` positions, on uniform random tokens. Where it sees the answer its loss goes to 0; at an honest position it can do no better than the floor.

Write `leaky_plateau(vocab, T, honest)`: the mean loss, in nats, at which such a model ends. `0 <= honest <= T`. One float.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Number

exercise = Exercise(
    topic="the random-token audit",
    answer=Number(),
    hints=(
        "What is the loss at an honest position, and at the others?",
        "a mean over T positions: `honest` of them pay ln V, the rest pay 0",
        "honest * np.log(vocab) / T",
    ),
)


@exercise.solution
def leaky_plateau(vocab, T, honest):
    """vocab, T, honest -> float, nats: the loss when all but `honest` of T positions see the answer."""
    return float(honest * np.log(vocab) / T)


@exercise.part("One honest position", points=1)
def one(rng):
    yield case(16, 16, 1, note="no mask: only the last position has nothing to peek at")
    yield case(4, 2, 1)


@exercise.part("Any number", points=1)
def any_number(rng):
    for vocab, T, honest in ((16, 16, 16), (16, 16, 0), (48, 12, 3), (5, 1, 1), (7, 9, 4), (50257, 1024, 1), (50257, 8, 6)):
        yield case(vocab, T, honest)


@exercise.equivalent
def position_by_position(vocab, T, honest):
    return sum(np.log(vocab) if t >= T - honest else 0.0 for t in range(T)) / T


@exercise.equivalent
def share_of_the_floor(vocab, T, honest):
    return -(honest / T) * np.log(1 / vocab)


@exercise.equivalent
def with_arrays(vocab, T, honest):
    loss = np.zeros(T)
    loss[:honest] = np.log(float(vocab))
    return loss.mean()


exercise.mistake(
    Misconception("leaky_positions_counted", "The leaking positions were counted", "The T - honest positions that see the answer pay nothing; the honest ones pay ln V.",
                  ("Which positions have a loss?", "honest * ln V / T", "honest, not T - honest"))
)(lambda vocab, T, honest: (T - honest) * np.log(vocab) / T)  # fmt: skip
exercise.mistake(
    Misconception("not_averaged", "Not averaged over positions", "The loss is a mean over all T positions.",
                  ("Over how many positions is the mean?", "Divide by T.", "/ T"))
)(lambda vocab, T, honest: honest * np.log(vocab))  # fmt: skip
exercise.mistake(
    Misconception("one_honest_assumed", "One honest position was assumed", "ln V / T holds for one; `honest` says how many there are.",
                  ("Where does `honest` enter?", "honest * ln V / T", "Multiply by honest."))
)(lambda vocab, T, honest: np.log(vocab) / T)  # fmt: skip
exercise.mistake(
    Misconception("zero_loss_expected", "Not quite 0", "A leaking model does not reach 0 while honest positions are left.",
                  ("What does the last position pay?", "ln V", "honest * ln V / T"))
)(lambda vocab, T, honest: 0.0)  # fmt: skip
exercise.mistake(
    Misconception("other_base", "Bits instead of nats", "log2 counts bits.",
                  ("Which logarithm is natural?", "np.log", "np.log(vocab)"))
)(lambda vocab, T, honest: honest * np.log2(vocab) / T)  # fmt: skip
exercise.mistake(
    Misconception("mean_over_honest_only", "Averaged over the honest positions only", "The mean runs over all T positions, those with loss 0 too.",
                  ("By what do you divide?", "T", "/ T"))
)(lambda vocab, T, honest: np.log(vocab) if honest else 0.0)  # fmt: skip
exercise.mistake(
    Misconception("log_of_the_mean", "The logarithm of a mean", "ln(V * honest / T) is not the mean of the losses.",
                  ("Is the mean of logarithms the logarithm of the mean?", "Take the logarithm first.", "honest * np.log(vocab) / T"))
)(lambda vocab, T, honest: np.log(vocab * max(honest, 1) / T))  # fmt: skip
