"""### The same loss, one position at a time

When a model writes, position `i` knows tokens `0` to `i` and nothing else: later tokens don't exist. The history here \
is still the true one.

Write `stepwise_loss(logits_fn, tokens)` for `tokens` `(T+1,)`: the same targets as before, but the logits at \
position `i` come from a call that was given tokens `0..i` **only**. Return the mean over the `T` positions, in nats, \
one float.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Number
from leftcontext.model.toy_models import LEAKS, ToyModel, toy_models

REPLACED = Misconception(
    "future_replaced",
    "The future was replaced, not left out",
    "Every call was given all T tokens. Whatever stands in place of the later ones, a model that looks ahead reads it.",
    (
        "How many tokens does the model read when it predicts tokens[1]?",
        "Position i reads i + 1 tokens.",
        "tokens[: i + 1]",
    ),
)


def _reads_all_each_time(answer):
    lengths = []

    def model(tokens):
        lengths.append(len(tokens))
        return counts_up(tokens)

    answer(model, np.array([1, 2, 3, 4, 1]))
    return len(lengths) > 1 and set(lengths) == {4}


exercise = Exercise(
    topic="stepwise loss",
    answer=Number(),
    probes=(Probe(REPLACED, _reads_all_each_time),),
    hints=(
        "How many calls does it take for T positions?",
        "For each i: the last row of logits_fn(tokens[: i + 1]), against tokens[i + 1].",
        "for i in range(T): row = logits_fn(tokens[: i + 1])[-1]; loss += logsumexp(row) - row[tokens[i + 1]]",
    ),
)


@exercise.solution
def stepwise_loss(logits_fn, tokens):
    """logits_fn: (t,) -> (t, vocab); tokens (T+1,) int -> float, nats; position i reads 0..i only."""
    losses = []
    for i in range(len(tokens) - 1):
        row = logits_fn(tokens[: i + 1])[-1]  # (vocab,)
        row = row - row.max()
        losses.append(np.log(np.exp(row).sum()) - row[tokens[i + 1]])
    return float(np.mean(losses))


def counts_up(tokens):
    """Sure that t + 1 follows t (of 5)."""
    return np.log(np.where(np.eye(5)[(np.asarray(tokens) + 1) % 5] > 0, 0.8, 0.05))


def copies_the_next_token(tokens):
    """Looks ahead: nearly sure of the next token where it can see it, and knows nothing at the end."""
    tokens = np.asarray(tokens)
    ahead = np.log(np.where(np.eye(5)[np.append(tokens[1:], 0)] > 0, 0.96, 0.01))
    ahead[-1] = np.log(0.2)
    return ahead


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(counts_up, np.array([1, 2, 0]), note="an honest model: the same as with teacher forcing")
    yield case(copies_the_next_token, np.array([3, 1, 4, 1]), note="with nothing to copy, it knows nothing: ln 5")


@exercise.part("Any model", points=2)
def any_model(rng):
    tokens = rng.integers(0, 6, size=7)
    for model in toy_models(rng, 6):
        yield case(model, tokens)
    yield case(copies_the_next_token, rng.integers(0, 5, size=9))
    yield case(copies_the_next_token, rng.integers(0, 5, size=3), note="T = 2")
    yield case(
        ToyModel("mean_over_time", rng, 12, LEAKS["mean_over_time"]), rng.integers(0, 12, size=41), note="a longer text"
    )
    yield case(ToyModel("causal", rng, 4), rng.integers(0, 4, size=2), note="T = 1")
    yield case(
        ToyModel("far_from_zero", rng, 4, lambda x: np.full_like(x, 900.0)),
        rng.integers(0, 4, size=4),
        note="large logits",
    )
    yield case(ToyModel("very_sure", rng, 5, size=3000.0), rng.integers(0, 5, size=9), note="large logits, far apart")


@exercise.equivalent
def prefix_by_prefix(logits_fn, tokens):
    total, prefix = 0.0, []
    for token, target in zip(tokens[:-1].tolist(), tokens[1:].tolist(), strict=True):
        prefix.append(token)
        z = logits_fn(np.array(prefix))[len(prefix) - 1]
        total += float(np.logaddexp.reduce(z) - z[target])
    return total / len(prefix)


@exercise.equivalent
def rows_collected(logits_fn, tokens):
    rows = np.array([logits_fn(tokens[:n])[n - 1] for n in range(1, len(tokens))])
    rows = rows - rows.max(1, keepdims=True)
    return np.average(np.log(np.exp(rows).sum(1)) - rows[np.arange(len(rows)), tokens[1:]])


@exercise.equivalent
def from_the_longest_prefix(logits_fn, tokens):
    losses, left = [], tokens
    while len(left) > 1:
        left, target = left[:-1], left[-1]
        z = np.array(logits_fn(left))[-1]
        losses.append(max(z) + np.log(np.exp(z - max(z)).sum()) - z[target])
    return sum(losses) / len(losses)


def _nll(row, target):
    row = row - row.max()
    return np.log(np.exp(row).sum()) - row[target]


def _probabilities(f, tokens):
    return np.array([np.exp(-_nll(f(tokens[: i + 1])[-1], target)) for i, target in enumerate(tokens[1:])])


def _mean(f, tokens, read, row, target):
    return np.mean([_nll(f(read(i))[row(i)], tokens[target(i)]) for i in range(len(tokens) - 1)])


@exercise.mistake("One pass over everything")
def teacher_forced_instead(f, tokens):
    """The logits at position i come from a call that has seen later tokens. For a leaking model that is another number.

    - What had the model read when it predicted token 1?
    - One call for each prefix.
    - logits_fn(tokens[: i + 1])[-1]
    """
    return _mean(f, tokens, lambda i: tokens[:-1], lambda i: i, lambda i: i + 1)


@exercise.mistake("The target is in the prefix")
def prefix_one_too_long(f, tokens):
    """tokens[: i + 2] holds the very token that is to be predicted.

    - Which token is predicted at position i?
    - Give tokens 0..i.
    - tokens[: i + 1]
    """
    return _mean(f, tokens, lambda i: tokens[: i + 2], lambda i: i, lambda i: i + 1)


@exercise.mistake("Only the newest token was read")
def newest_token_only(f, tokens):
    """The model was given token i alone; it may use the whole left context.

    - What may position i depend on?
    - Tokens 0..i.
    - tokens[: i + 1], not tokens[i : i + 1]
    """
    return _mean(f, tokens, lambda i: tokens[i : i + 1], lambda i: -1, lambda i: i + 1)


@exercise.mistake("The first row was read each time")
def first_row_of_logits(f, tokens):
    """The newest prediction is in the last row.

    - Which row speaks about the next token?
    - The last.
    - [-1]
    """
    return _mean(f, tokens, lambda i: tokens[: i + 1], lambda i: 0, lambda i: i + 1)


@exercise.mistake("The target is the token just read")
def labels_not_shifted(f, tokens):
    """Row i was scored against token i; it predicts token i + 1.

    - Which token comes after position i?
    - tokens[i + 1]
    - Shift the target by one.
    """
    return _mean(f, tokens, lambda i: tokens[: i + 1], lambda i: -1, lambda i: i)


@exercise.mistake("The sum, not the mean")
def sum_instead_of_mean(f, tokens):
    """The losses were added up.

    - Should a longer text have a larger loss?
    - Divide by T.
    - np.mean
    """
    return (len(tokens) - 1) * stepwise_loss(f, tokens)


@exercise.mistake("Only the last position")
def last_position_only(f, tokens):
    """All T positions count.

    - How many predictions are there?
    - All T of them.
    - Average over all prefixes.
    """
    return _nll(f(tokens[:-1])[-1], tokens[-1])


@exercise.mistake("The future was hidden by zeros")
def padded_with_zeros(f, tokens):
    """0 is a token like any other: a model that looks ahead reads it.

    - What does a leaking model see in your call?
    - Tokens 0..i only: a shorter array.
    - tokens[: i + 1]
    """
    return _mean(
        f, tokens, lambda i: np.where(np.arange(len(tokens) - 1) <= i, tokens[:-1], 0), lambda i: i, lambda i: i + 1
    )


@exercise.mistake("The model's own tokens were fed back")
def own_samples_fed_back(f, tokens):
    """The texts drifted away from the given one. Here the true tokens are read; only the future is missing.

    - Against which targets is it scored?
    - The true text, prefix by prefix.
    - tokens[: i + 1]
    """
    return _drifting(f, tokens)


def _drifting(f, tokens):
    text, losses = [int(tokens[0])], []
    for target in tokens[1:]:
        row = f(np.array(text))[-1]
        losses.append(_nll(row, target))
        text.append(int(row.argmax()))
    return np.mean(losses)


@exercise.mistake("The logarithm of 0")
def log_of_softmax(f, tokens):
    """A probability as small as e to the -900 rounds to 0, and the loss becomes infinite; the true loss is finite.

    - What is np.exp(-900)?
    - The log of a fraction is a difference.
    - shifted - np.log(sum of exp(shifted))
    """
    return -np.mean(np.log(_probabilities(f, tokens)))


@exercise.mistake("A small number inside the logarithm")
def epsilon_in_log(f, tokens):
    """-log(p + 1e-12) never exceeds 27.6: a model that is sure and wrong gets off lightly.

    - What is -log(0 + 1e-12)?
    - The log of a fraction is a difference.
    - No epsilon is needed then.
    """
    return -np.mean(np.log(_probabilities(f, tokens) + 1e-12))


@exercise.mistake(mc.NO_MAX)
def no_max(f, tokens):
    """exp(800) is infinite, so large logits give a loss of inf or NaN."""
    rows = [f(tokens[: i + 1])[-1] for i in range(len(tokens) - 1)]
    return np.mean([np.log(np.exp(row).sum()) - row[t] for row, t in zip(rows, tokens[1:], strict=True)])


@exercise.mistake("That is the perplexity")
def perplexity_not_loss(f, tokens):
    """The exponential of the loss came back.

    - What is the loss of a fair choice among 5?
    - ln 5
    - Leave out the exp.
    """
    return np.exp(np.minimum(stepwise_loss(f, tokens), 700))


@exercise.mistake("The sign is flipped")
def sign_flipped(f, tokens):
    """A loss is positive.

    - Can log p be positive?
    - -log p
    - Put a minus in front.
    """
    return -stepwise_loss(f, tokens)
