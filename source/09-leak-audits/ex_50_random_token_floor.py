"""### A floor for every causal model

Tokens drawn uniformly at random from a vocabulary can't be predicted: the past says nothing about the next one.

Write `random_token_floor(vocab)`: the lowest mean loss, in nats, that any **causal** model can reach on such tokens. \
One float; `vocab >= 1`.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Number

exercise = Exercise(
    topic="the random-token audit",
    answer=Number(),
    hints=(
        "What probability should an honest model give to each of V equally likely tokens?",
        "-ln(1 / V)",
        "np.log(vocab)",
    ),
)


@exercise.solution
def random_token_floor(vocab):
    """vocab -> float, nats: the lowest loss of a causal model on uniform random tokens."""
    return float(np.log(vocab))


@exercise.part("Any vocabulary", points=1)
def any_vocabulary(rng):
    for vocab in (2, 16, 1, 48, 50257):
        yield case(vocab)


@exercise.equivalent
def from_the_definition(vocab):
    return -sum(1 / vocab * np.log(1 / vocab) for _ in range(min(vocab, 100))) * vocab / min(vocab, 100)


@exercise.equivalent
def with_math(vocab):
    import math

    return math.log2(vocab) * math.log(2)


@exercise.equivalent
def with_arrays(vocab):
    p = np.full(vocab, 1 / vocab)
    return -(p @ np.log(p))


@exercise.mistake("Bits instead of nats")
def other_base(vocab):
    """log2 counts bits; here losses are in nats.

    - What is the floor for a coin: 0.69 or 1?
    - Natural logarithms.
    - np.log
    """
    return np.log2(vocab)


@exercise.mistake("A perfect model has no loss")
def floor_is_zero(vocab):
    """Not on random tokens: nobody can know them. Zero would need a look at the answer.

    - Can a fair die be predicted?
    - -ln(1/V)
    - np.log(vocab)
    """
    return 0.0


@exercise.mistake("The probability, not its loss")
def probability_not_loss(vocab):
    """1/V is the probability of each token; the loss is minus its logarithm.

    - What is the loss for p = 1/16?
    - -ln p
    - -np.log(1 / vocab)
    """
    return 1 / vocab


@exercise.mistake("The sign is flipped")
def sign_flipped(vocab):
    """A loss is positive.

    - Is ln(1/16) positive?
    - -ln(1/V)
    - Put a minus in front.
    """
    return -np.log(vocab)


@exercise.mistake("One token was left out")
def one_token_less(vocab):
    """The next token may be any of the V, the current one included.

    - How many tokens can come next?
    - V
    - np.log(vocab)
    """
    return np.log(max(vocab - 1, 1))


@exercise.mistake("That is the perplexity")
def perplexity_not_loss(vocab):
    """V is the perplexity of a fair choice among V; the loss is its logarithm.

    - What is the loss of a fair choice among 16?
    - ln V
    - np.log(vocab)
    """
    return float(vocab)
