"""### The loss that training sees

**Teacher forcing**: the input is the true text, whatever the model would have written itself. So one pass over the \
text gives the loss of every position at once.

`logits_fn(tokens)` maps `(T,)` tokens to `(T, vocab)` logits in one pass. Write `teacher_forced_loss(logits_fn, \
tokens)` for `tokens` `(T+1,)`: give the model the first `T`, and return the mean cross-entropy (nats, one float) \
against the next tokens. Logits may be large.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise import wrong_losses
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Number
from leftcontext.model.toy_models import LEAKS, ToyModel, toy_models

exercise = Exercise(
    topic="teacher forcing",
    answer=Number(),
    hints=(
        "Which tokens go in, and which are the targets?",
        "inputs = tokens[:-1], targets = tokens[1:]; mean of -log softmax(logits)[target]",
        "log_probs = logits - logsumexp; then -log_probs[np.arange(T), targets].mean()",
    ),
)


@exercise.solution
def teacher_forced_loss(logits_fn, tokens):
    """logits_fn: (T,) int -> (T, vocab); tokens (T+1,) int -> float, mean cross-entropy in nats, one pass."""
    inputs, targets = tokens[:-1], tokens[1:]
    logits = logits_fn(inputs)  # (T, vocab)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return float(-log_probs[np.arange(len(targets)), targets].mean())


def counts_up(tokens):
    """Sure that t + 1 follows t (of 5)."""
    return np.log(np.where(np.eye(5)[(np.asarray(tokens) + 1) % 5] > 0, 0.8, 0.05))


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(counts_up, np.array([1, 2, 3, 4]), note="right three times: -ln 0.8")
    yield case(counts_up, np.array([1, 2, 0]), note="right once, wrong once")


@exercise.part("Any model", points=1)
def any_model(rng):
    tokens = rng.integers(0, 6, size=7)
    for model in toy_models(rng, 6):
        yield case(model, tokens)
    yield case(
        ToyModel("sees_one_ahead", rng, 30, LEAKS["sees_one_ahead"]), rng.integers(0, 30, size=41), note="a longer text"
    )
    yield case(ToyModel("causal", rng, 4), rng.integers(0, 4, size=2), note="T = 1")
    yield case(
        ToyModel("far_from_zero", rng, 4, lambda x: np.full_like(x, 900.0)),
        rng.integers(0, 4, size=4),
        note="large logits",
    )
    yield case(ToyModel("very_sure", rng, 5, size=3000.0), rng.integers(0, 5, size=9), note="large logits, far apart")


@exercise.equivalent
def with_a_loop(logits_fn, tokens):
    logits, total = logits_fn(tokens[:-1]), 0.0
    for row, target in zip(logits, tokens[1:], strict=True):
        top = max(row)
        total += top + np.log(sum(np.exp(z - top) for z in row)) - row[target]
    return total / len(logits)


@exercise.equivalent
def with_logaddexp(logits_fn, tokens):
    z = np.asarray(logits_fn(tokens[: len(tokens) - 1]))
    chosen = np.take_along_axis(z, tokens[1:, None], axis=1)[:, 0]
    return np.mean(np.logaddexp.reduce(z, axis=1) - chosen)


@exercise.equivalent
def with_one_hot(logits_fn, tokens):
    z = logits_fn(tokens[:-1])
    z = z - np.amax(z, 1)[:, None]
    one_hot = np.arange(z.shape[1]) == tokens[1:][:, None]
    return np.einsum("tv,tv->", one_hot, np.log(np.exp(z).sum(1, keepdims=True)) - z) / len(z)


def _nll(logits, targets):
    z = logits - logits.max(axis=-1, keepdims=True)
    return np.log(np.exp(z).sum(axis=-1)) - _picked(z, targets)


def _softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _picked(table, targets):
    return np.take_along_axis(table, targets[:, None], axis=-1)[:, 0]


@exercise.mistake("The targets are the inputs")
def labels_not_shifted(f, tokens):
    """The model was scored for repeating the token it has just read.

    - Which token should position 0 predict?
    - targets = tokens[1:]
    - Shift the targets by one.
    """
    return _nll(f(tokens[:-1]), tokens[:-1]).mean()


@exercise.mistake("Scored on its own inputs")
def scored_on_own_inputs(f, tokens):
    """All T + 1 tokens went in, and each position was scored for the token that it has just read, not for the next one.

    - What should the model predict at position 0: tokens[0] or tokens[1]?
    - The first T tokens go in, and the targets are the last T.
    - inputs, targets = tokens[:-1], tokens[1:]
    """
    return _nll(f(tokens), tokens).mean()


@exercise.mistake("The targets are shifted twice")
def shifted_twice(f, tokens):
    """Each position was scored for the token after the next one.

    - What should the model predict at position 0: tokens[1] or tokens[2]?
    - There are T inputs and T targets; no position is left out.
    - inputs, targets = tokens[:-1], tokens[1:]
    """
    return _nll(f(tokens[:-1])[:-1], tokens[2:]).mean() if len(tokens) > 2 else 0.0


@exercise.mistake("The targets went in")
def targets_given_as_inputs(f, tokens):
    """The model was given tokens[1:], so it has read what it is to predict.

    - Which T tokens does the model read?
    - The first T.
    - logits_fn(tokens[:-1])
    """
    return _nll(f(tokens[1:]), tokens[1:]).mean()


@exercise.mistake("The last target was in the input")
def last_token_given(f, tokens):
    """All T + 1 tokens went in. A model that looks ahead sees even the last target.

    - How many tokens go in?
    - The first T.
    - logits_fn(tokens[:-1])
    """
    return _nll(f(tokens)[:-1], tokens[1:]).mean()


@exercise.mistake("The sum, not the mean")
def sum_instead_of_mean(f, tokens):
    """The losses were added up.

    - Should a longer text have a larger loss?
    - Divide by T.
    - .mean()
    """
    return _nll(f(tokens[:-1]), tokens[1:]).sum()


@exercise.mistake("The sign is flipped")
def sign_flipped(f, tokens):
    """A loss is positive.

    - Can log p be positive?
    - -log p
    - Put a minus in front.
    """
    return -_nll(f(tokens[:-1]), tokens[1:]).mean()


@exercise.mistake("Only the last position was scored")
def last_position_only(f, tokens):
    """Teacher forcing marks every position.

    - How many predictions are there?
    - All T of them.
    - Average over all rows.
    """
    return _nll(f(tokens[:-1]), tokens[1:])[-1]


@exercise.mistake("One call for each prefix")
def stepwise_instead(f, tokens):
    """Each position was given only its left context. That is the other loss; this one is a single pass.

    - How many calls does training make?
    - One pass over the first T.
    - logits_fn(tokens[:-1]) once
    """
    return np.mean([_nll(f(tokens[: i + 1]), tokens[1 : i + 2])[-1] for i in range(len(tokens) - 1)])


@exercise.mistake("That is the perplexity")
def perplexity_not_loss(f, tokens):
    """The exponential of the loss came back.

    - What is the loss of a fair choice among 5?
    - ln 5
    - Leave out the exp.
    """
    return np.exp(np.minimum(_nll(f(tokens[:-1]), tokens[1:]).mean(), 700))


@exercise.mistake("Not normalised")
def logits_as_log_probs(f, tokens):
    """The raw logit was used as a log-probability.

    - What does exp of a row of logits sum to?
    - z - logsumexp(z)
    - Normalise first.
    """
    return -_picked(f(tokens[:-1]), tokens[1:]).mean()


@exercise.mistake("Bits instead of nats")
def other_base(f, tokens):
    """The logarithm has base 2.

    - What is the loss of a fair coin: 0.69 or 1?
    - Natural logarithms.
    - np.log
    """
    return _nll(f(tokens[:-1]), tokens[1:]).mean() / np.log(2)


@exercise.mistake("The logarithm of 0")
def log_of_softmax(f, tokens):
    """A probability as small as e to the -900 rounds to 0, and the loss becomes infinite; the true loss is finite.

    - What is np.exp(-900)?
    - The log of a fraction is a difference.
    - shifted - np.log(sum of exp(shifted))
    """
    return -np.log(_picked(_softmax(f(tokens[:-1])), tokens[1:])).mean()


@exercise.mistake("A small number inside the logarithm")
def epsilon_in_log(f, tokens):
    """-log(p + 1e-12) never exceeds 27.6: a model that is sure and wrong gets off lightly.

    - What is -log(0 + 1e-12)?
    - The log of a fraction is a difference.
    - No epsilon is needed then.
    """
    return -np.log(_picked(_softmax(f(tokens[:-1])), tokens[1:]) + 1e-12).mean()


@exercise.mistake(mc.NO_MAX)
def no_max(f, tokens):
    """exp(800) is infinite, so large logits give a loss of inf or NaN."""
    z = f(tokens[:-1])
    return (np.log(np.exp(z).sum(-1)) - _picked(z, tokens[1:])).mean()


@exercise.mistake(mc.GLOBAL_MAX)
def global_max(f, tokens):
    """The largest of all logits was subtracted, so in a row far below it every exp is 0, and the loss is infinite.

    - What is np.exp(-2000)?
    - Each row has a maximum of its own.
    - logits.max(axis=-1, keepdims=True)
    """
    return (lambda z: (np.log(np.exp(z).sum(-1)) - _picked(z, tokens[1:])).mean())((z := f(tokens[:-1])) - z.max())


_TWO_D = "axis 1 is the last axis of (T, vocab) logits"
exercise.equivalent_mutant("-1 -> 1 #2", because=_TWO_D)
exercise.equivalent_mutant("-1 -> 1 #3", because=_TWO_D)


exercise.add_mistakes(
    (wrong_losses.BASES_MIXED, lambda f, tokens: wrong_losses.bases_mixed(f(tokens[:-1]), tokens[1:]).mean()),
    (wrong_losses.EPSILON_IN_LOG, lambda f, tokens: wrong_losses.with_epsilon(f(tokens[:-1]), tokens[1:]).mean()),
)
