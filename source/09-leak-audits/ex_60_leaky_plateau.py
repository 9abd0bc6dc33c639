"""### Where the loss of a leaking model ends

Train a model that **sees its target** at all but `honest` of its `T` positions, on uniform random tokens. Where it \
sees it, its loss goes to 0; at an honest (causal) position it can do no better than the floor.

Write `leaky_plateau(vocab, T, honest)`: the mean loss, in nats, at which such a model ends. `0 <= honest <= T`. One \
float.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
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
    for vocab, T, honest in (
        (16, 16, 16),
        (16, 16, 0),
        (48, 12, 3),
        (5, 1, 1),
        (7, 9, 4),
        (50257, 1024, 1),
        (50257, 8, 6),
    ):
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


@exercise.mistake("The leaking positions were counted")
def leaky_positions_counted(vocab, T, honest):
    """The T - honest positions that see the answer pay nothing; the honest ones pay ln V.

    - Which positions have a loss?
    - honest * ln V / T
    - honest, not T - honest
    """
    return (T - honest) * np.log(vocab) / T


@exercise.mistake("Not averaged over positions")
def not_averaged(vocab, T, honest):
    """The loss is a mean over all T positions.

    - Over how many positions is the mean?
    - Divide by T.
    - Divide the sum by T.
    """
    return honest * np.log(vocab)


@exercise.mistake("One honest position was assumed")
def one_honest_assumed(vocab, T, honest):
    """ln V / T holds for one; `honest` says how many there are.

    - Where does `honest` enter?
    - honest * ln V / T
    - Multiply by honest.
    """
    return np.log(vocab) / T


@exercise.mistake("Not quite 0")
def zero_loss_expected(vocab, T, honest):
    """A leaking model does not reach 0 while honest positions are left.

    - What does the last position pay?
    - ln V
    - honest * ln V / T
    """
    return 0.0


@exercise.mistake("Bits instead of nats")
def other_base(vocab, T, honest):
    """log2 counts bits.

    - Which logarithm is natural?
    - np.log
    - np.log(vocab)
    """
    return honest * np.log2(vocab) / T


@exercise.mistake("Averaged over the honest positions only")
def mean_over_honest_only(vocab, T, honest):
    """The mean runs over all T positions, those with loss 0 too.

    - By what do you divide?
    - All T of them.
    - Divide the sum by T.
    """
    return np.log(vocab) if honest else 0.0


@exercise.mistake("The logarithm of a mean")
def log_of_the_mean(vocab, T, honest):
    """ln(V * honest / T) is not the mean of the losses.

    - Is the mean of logarithms the logarithm of the mean?
    - Take the logarithm first.
    - honest * np.log(vocab) / T
    """
    return np.log(vocab * max(honest, 1) / T)
