"""### Perplexity

Perplexity turns a loss into a number one can picture: a model with perplexity 8 is as unsure, on average, as a fair
choice among 8 tokens.

Write `perplexity(log_probs, targets)`: the exponential of the mean negative log-probability of the targets.
`log_probs` is `(T, vocab)`, natural logarithms; `targets` is `(T,)`. Return one float.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Number

exercise = Exercise(
    topic="perplexity",
    answer=Number(),
    hints=(
        "What should come out if every token has probability 1/8?",
        "exp(-(1/T) sum_i log p_i)",
        "Pick log_probs[np.arange(T), targets], take the mean, change the sign, exponentiate.",
    ),
)


@exercise.solution
def perplexity(log_probs, targets):
    """log_probs (T, vocab), targets (T,) int -> float, exp of the mean negative log-probability."""
    picked = log_probs[np.arange(len(targets)), targets]  # (T,)
    return float(np.exp(-picked.mean()))


def _log_probs(rng, T, vocab):
    logits = 1.5 * rng.normal(size=(T, vocab))
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(np.log(np.full((3, 8), 1 / 8)), np.array([5, 0, 7]), note="a fair choice among 8")
    yield case(np.log([[0.5, 0.5], [0.125, 0.875]]), np.array([1, 0]), note="1/2 and 1/8: their geometric mean is 1/4")


@exercise.part("Any length", points=1)
def any_length(rng):
    for T, vocab in ((1, 4), (5, 7), (7, 5), (6, 6), (20, 3)):
        yield case(_log_probs(rng, T, vocab), rng.integers(0, vocab, size=T))
    yield case(_log_probs(rng, 600, 60), rng.integers(0, 60, size=600), note="600 tokens")
    yield case(np.log([[1 - 1e-9, 1e-9], [0.5, 0.5]]), np.array([1, 0]), note="a target of probability 1e-9")
    yield case(np.array([[0.0, -40.0], [-35.0, 0.0]]), np.array([1, 0]), note="two targets that the model ruled out")


@exercise.equivalent
def with_a_loop(log_probs, targets):
    total = sum(float(log_probs[i][token]) for i, token in enumerate(targets))
    return 2.718281828459045 ** (-total / len(targets))


@exercise.equivalent
def inverse_of_the_geometric_mean(log_probs, targets):
    picked = np.take_along_axis(log_probs, targets.reshape(-1, 1), axis=-1)
    return 1 / np.exp(np.mean(picked))


@exercise.equivalent
def with_one_hot(log_probs, targets):
    cross_entropy = -np.trace(log_probs @ np.eye(log_probs.shape[1])[targets].T) / len(targets)
    return np.exp(cross_entropy)


def _picked(log_probs, targets):
    return log_probs[np.arange(len(targets)), targets]


@exercise.mistake("That is the loss")
def loss_not_perplexity(log_probs, targets):
    """The mean negative log-probability is the loss; perplexity is its exponential.

    - What is the loss of a fair choice among 8? And its perplexity?
    - perplexity = exp(loss)
    - np.exp(...)
    """
    return -_picked(log_probs, targets).mean()


@exercise.mistake("The sum, not the mean")
def sum_instead_of_mean(log_probs, targets):
    """The exponent holds the sum over positions, so it explodes with the length.

    - Should a longer text have a larger perplexity?
    - Divide by T before exp.
    - .mean(), not .sum()
    """
    return np.exp(-_picked(log_probs, targets).sum())


@exercise.mistake("The minus is missing")
def sign_missing(log_probs, targets):
    """This is below 1: the geometric mean of the probabilities, not its inverse.

    - Can a model choose among less than one token?
    - exp of the *negative* mean log-probability.
    - np.exp(-...)
    """
    return np.exp(_picked(log_probs, targets).mean())


@exercise.mistake("Base 2 and base e are mixed")
def base_two(log_probs, targets):
    """2 was raised to a loss in nats; natural logarithms go with exp.

    - Which logarithm made log_probs?
    - exp undoes log, 2** undoes log2.
    - np.exp, not 2 **
    """
    return 2 ** (-_picked(log_probs, targets).mean())


@exercise.mistake("A mean of 1/p")
def mean_of_inverses(log_probs, targets):
    """The mean was taken after the exponential; it belongs before.

    - In which order do mean and exp stand in the definition?
    - exp(mean(...)), not mean(exp(...)).
    - Take the mean of the logs.
    """
    return np.exp(-_picked(log_probs, targets)).mean()


@exercise.mistake("1 over the mean probability")
def one_over_mean_probability(log_probs, targets):
    """Probabilities multiply along a sequence, so it is their logs that are averaged.

    - What is the mean of 1/2 and 1/8? And their geometric mean?
    - exp(-mean(log p))
    - Average the logs.
    """
    return 1 / np.exp(_picked(log_probs, targets)).mean()


@exercise.mistake("The model's own entropy")
def entropy_of_the_model(log_probs, targets):
    """This measures how unsure the model feels; the targets play no part.

    - Where do the targets enter?
    - Only log_probs[i, targets[i]] counts.
    - Pick the targets first.
    """
    return np.exp(-(np.exp(log_probs) * log_probs).sum(-1).mean())


@exercise.mistake("The product underflows")
def product_underflows(log_probs, targets):
    """Multiplying hundreds of probabilities gives 0, and 0 to any negative power is infinite.

    - What is 0.02 ** 600 in a float?
    - The mean of the logs never underflows.
    - np.exp(-mean of the picked log_probs)
    """
    return np.prod(np.exp(_picked(log_probs, targets))) ** (-1 / len(targets))


@exercise.mistake("Divided by the size of the vocabulary")
def divided_by_vocabulary(log_probs, targets):
    """The sum was divided by the number of columns; the mean runs over the T positions.

    - How many numbers did you add up?
    - T of them, one a row.
    - .mean(), or divide by len(targets)
    """
    return np.exp(-_picked(log_probs, targets).sum() / log_probs.shape[1])


@exercise.mistake("The likeliest token, not the one that came")
def most_likely_instead_of_target(log_probs, targets):
    """The best entry of each row was taken; the model has to be judged on the tokens that really came.

    - Where do the targets enter?
    - log_probs[i, targets[i]]
    - Index with targets instead of taking max.
    """
    return np.exp(-log_probs.max(axis=-1).mean())


@exercise.mistake("Row and target are shifted")
def off_by_one_target(log_probs, targets):
    """Row i was read at another target than targets[i]. The targets are shifted already.

    - Are the targets already the next tokens?
    - Row i goes with targets[i].
    - Don't shift again.
    """
    return np.exp(-_picked(log_probs, np.roll(targets, -1)).mean())


@exercise.mistake("Every row gave all its targets")
def every_column(log_probs, targets):
    """log_probs[:, targets] takes all targets from every row; one entry per row is expected.

    - What is the shape of log_probs[:, targets]?
    - Row i goes with targets[i].
    - log_probs[np.arange(T), targets]
    """
    return np.exp(-log_probs[:, targets].mean())


@exercise.mistake("The mean over the whole table")
def mean_over_the_table(log_probs, targets):
    """All entries were averaged, not only those of the targets.

    - How many entries belong to T tokens?
    - One a row.
    - log_probs[np.arange(T), targets]
    """
    return np.exp(-log_probs.mean())
