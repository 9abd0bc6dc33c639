"""### The probability of a sequence, given its first token

The chain rule: the probability of a sequence is the product of the probabilities of its tokens, each given the ones \
before it.
With logarithms the product becomes a sum.

`log_probs` is `(T, vocab)`: row `i` holds log p(next token | tokens 0..i) for every token of the vocabulary. \
`targets` is
`(T,)`: the tokens that really came next. Write `sequence_log_prob(log_probs, targets)` and return one float, the \
natural
logarithm of the probability of all the targets, given the first token (which no row predicts).
`T` may be 1, or hundreds; an entry may be as low as -2000.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Number

EPSILON = Misconception(
    "epsilon_in_log",
    "A floor under the logarithm",
    "A log-probability of -800 counted for much less: an epsilon or a clip keeps it from being so low.",
    (
        "Which log_probs are too low for your code?",
        "Every entry counts as it is.",
        "Add up the entries of log_probs; no exp, no log, no epsilon.",
    ),
)


def _floor(answer):
    return -790 < float(answer(np.array([[-800.0, 0.0]]), np.array([0]))) < 0


exercise = Exercise(
    topic="the chain rule",
    answer=Number(),
    probes=(Probe(EPSILON, _floor),),
    hints=(
        "Which entry of row i belongs to the token that really came?",
        "log p = sum over i of log_probs[i, targets[i]]",
        "log_probs[np.arange(T), targets] picks one entry per row.",
    ),
)


@exercise.solution
def sequence_log_prob(log_probs, targets):
    """log_probs (T, vocab), targets (T,) int -> float, log p of the whole sequence."""
    rows = np.arange(len(targets))
    return float(log_probs[rows, targets].sum())


def _log_probs(rng, T, vocab, spread=1.0):
    logits = spread * rng.normal(size=(T, vocab))
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


@exercise.part("Three tokens by hand", points=1)
def by_hand(rng):
    halves = np.log([[0.5, 0.25, 0.25], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6]])
    yield case(halves, np.array([0, 2, 1]), note="0.5 · 0.3 · 0.2 = 0.03")
    yield case(halves, np.array([1, 1, 2]))
    yield case(np.log([[0.625, 0.375]]), np.array([1]), note="one token", answer=Number(rtol=1e-6, atol=1e-9))


@exercise.part("Any length", points=1)
def any_length(rng):
    for T, vocab in ((1, 4), (5, 7), (7, 5), (6, 6), (20, 3)):
        yield case(_log_probs(rng, T, vocab), rng.integers(0, vocab, size=T))
    yield case(
        _log_probs(rng, 400, 50), rng.integers(0, 50, size=400), note="400 tokens: p itself is too small for a float"
    )
    yield case(
        np.array([[0.0, -800.0], [-2000.0, 0.0]]),
        np.array([1, 1]),
        note="exp(-800) is 0 to a computer; its logarithm is not",
    )


@exercise.equivalent
def with_a_loop(log_probs, targets):
    total = 0.0
    for row, token in zip(log_probs, targets, strict=True):
        total += row[token]
    return total


@exercise.equivalent
def with_one_hot(log_probs, targets):
    one_hot = np.eye(log_probs.shape[1])[targets]
    return np.einsum("tv,tv->", log_probs, one_hot)


@exercise.equivalent
def with_take_along_axis(log_probs, targets):
    return np.sum(np.take_along_axis(log_probs, np.asarray(targets)[:, None], axis=1))


@exercise.mistake("The mean, not the sum")
def mean_instead_of_sum(log_probs, targets):
    """This is the average over positions; the probability of the whole sequence needs the sum.

    - Does a longer sequence become less likely?
    - log(a b) = log a + log b
    - sum, not mean
    """
    return log_probs[np.arange(len(targets)), targets].mean()


@exercise.mistake("The sign is flipped")
def sign_flipped(log_probs, targets):
    """A log-probability is negative (or 0); this is its negative.

    - Can log p be positive?
    - p <= 1, so log p <= 0.
    - Leave out the minus.
    """
    return -log_probs[np.arange(len(targets)), targets].sum()


@exercise.mistake("The probability, not its logarithm")
def probability_not_log(log_probs, targets):
    """The sum was put through exp. For a long sequence that is 0 to a computer.

    - How small is 0.02 to the power 400?
    - log p is expected.
    - Leave out the exp.
    """
    return np.exp(log_probs[np.arange(len(targets)), targets].sum())


@exercise.mistake("The logarithm was taken twice")
def log_taken_twice(log_probs, targets):
    """The entries are log-probabilities already.

    - What do the rows of log_probs hold?
    - exp of a row sums to 1.
    - Don't take np.log again.
    """
    return np.log(log_probs[np.arange(len(targets)), targets]).sum()


@exercise.mistake("Every row gave all its targets")
def every_column(log_probs, targets):
    """log_probs[:, targets] takes all targets from every row; one entry per row is expected.

    - What is the shape of log_probs[:, targets]?
    - Row i goes with targets[i].
    - log_probs[np.arange(T), targets]
    """
    return log_probs[:, targets].sum()


@exercise.mistake("The likeliest token, not the one that came")
def most_likely_instead_of_target(log_probs, targets):
    """The best entry of each row was added up; the model has to be judged on the tokens that really came.

    - Where do the targets enter?
    - log_probs[i, targets[i]]
    - Index with targets instead of taking max.
    """
    return log_probs.max(axis=-1).sum()


@exercise.mistake("Everything was added up")
def sum_of_all(log_probs, targets):
    """All entries of the table were summed, not only those of the tokens that came.

    - How many entries belong to a sequence of T tokens?
    - One a row.
    - log_probs[np.arange(T), targets]
    """
    return log_probs.sum()


@exercise.mistake("The product underflows")
def product_underflows(log_probs, targets):
    """Multiplying hundreds of probabilities gives 0, and log(0) is -inf.

    - What is 0.02 ** 400 in a float?
    - The log of a product is the sum of the logs.
    - Add logs, don't multiply.
    """
    return np.log(np.prod(np.exp(log_probs[np.arange(len(targets)), targets])))


@exercise.mistake("Row and target are shifted")
def off_by_one_target(log_probs, targets):
    """Row i was read at target i + 1 (or i - 1). The targets are shifted already.

    - Are the targets already the next tokens?
    - Row i goes with targets[i].
    - Don't shift again.
    """
    return log_probs[np.arange(len(targets)), np.roll(targets, -1)].sum()


exercise.add_mistakes(
    (off_by_one_target, lambda log_probs, targets: log_probs[np.arange(len(targets)), np.roll(targets, 1)].sum()),
    (off_by_one_target, lambda log_probs, targets: log_probs[np.arange(len(targets) - 1), targets[1:]].sum()),
    (off_by_one_target, lambda log_probs, targets: log_probs[np.arange(1, len(targets)), targets[:-1]].sum()),
)


@exercise.mistake("One position is missing")
def position_left_out(log_probs, targets):
    """The first or the last token was left out; every one of the T targets has a probability.

    - How many numbers do you add up?
    - i runs from 0 to T - 1.
    - Don't cut: log_probs[np.arange(T), targets]
    """
    return log_probs[np.arange(len(targets)), targets][1:].sum()


exercise.add_mistakes(
    (position_left_out, lambda log_probs, targets: log_probs[np.arange(len(targets)), targets][:-1].sum()),
)


@exercise.mistake("Another base")
def other_base(log_probs, targets):
    """This is a logarithm to base 2 or 10; log_probs are natural already, and so should the result be.

    - Which base has log_probs?
    - log2(x) = log(x) / log(2)
    - Leave out the division.
    """
    return log_probs[np.arange(len(targets)), targets].sum() / np.log(2)


exercise.add_mistakes(
    (other_base, lambda log_probs, targets: log_probs[np.arange(len(targets)), targets].sum() / np.log(10)),
)


@exercise.mistake("A probability rounds to 0")
def probability_rounds_to_zero(log_probs, targets):
    """exp(-800) is 0 to a computer, and log(0) is -inf; the log-probability itself is an ordinary number.

    - Why leave the logarithms at all?
    - log(exp(x)) is x, but not in a float.
    - Add up the entries of log_probs as they are.
    """
    return np.log(np.exp(log_probs[np.arange(len(targets)), targets])).sum()
