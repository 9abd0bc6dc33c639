"""### The loss that training sees

**Teacher forcing**: one pass over the true text, and every position is marked at once.

`logits_fn(tokens)` maps `(T,)` tokens to `(T, vocab)` logits in one pass. Write `teacher_forced_loss(logits_fn, tokens)` for `tokens` `(T+1,)`: give the model the first `T`, and return the mean cross-entropy (nats, one float) against the next tokens. Logits may be large.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, case
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
    yield case(ToyModel("sees_one_ahead", rng, 30, LEAKS["sees_one_ahead"]), rng.integers(0, 30, size=41), note="a longer text")
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


exercise.mistake(
    Misconception("labels_not_shifted", "The targets are the inputs", "The model was marked for repeating the token it has just read.",
                  ("Which token should position 0 predict?", "targets = tokens[1:]", "Shift the targets by one."))
)(lambda f, tokens: _nll(f(tokens[:-1]), tokens[:-1]).mean())  # fmt: skip
exercise.mistake(
    Misconception("targets_given_as_inputs", "The targets went in", "The model was given tokens[1:], so it has read what it is to predict.",
                  ("Which T tokens does the model read?", "The first T.", "logits_fn(tokens[:-1])"))
)(lambda f, tokens: _nll(f(tokens[1:]), tokens[1:]).mean())  # fmt: skip
exercise.mistake(
    Misconception("last_token_given", "The last target was in the input", "All T + 1 tokens went in. A model that looks ahead sees even the last target.",
                  ("How many tokens go in?", "The first T.", "logits_fn(tokens[:-1])"))
)(lambda f, tokens: _nll(f(tokens)[:-1], tokens[1:]).mean())  # fmt: skip
exercise.mistake(
    Misconception("sum_instead_of_mean", "The sum, not the mean", "The losses were added up.",
                  ("Should a longer text have a larger loss?", "Divide by T.", ".mean()"))
)(lambda f, tokens: _nll(f(tokens[:-1]), tokens[1:]).sum())  # fmt: skip
exercise.mistake(
    Misconception("sign_flipped", "The sign is flipped", "A loss is positive.",
                  ("Can log p be positive?", "-log p", "Put a minus in front."))
)(lambda f, tokens: -_nll(f(tokens[:-1]), tokens[1:]).mean())  # fmt: skip
exercise.mistake(
    Misconception("last_position_only", "Only the last position was marked", "Teacher forcing marks every position.",
                  ("How many predictions are there?", "T", "Average over all rows."))
)(lambda f, tokens: _nll(f(tokens[:-1]), tokens[1:])[-1])  # fmt: skip
exercise.mistake(
    Misconception("free_running_instead", "One call for each prefix", "Each position was given only its left context. That is the other loss; this one is a single pass.",
                  ("How many calls does training make?", "One pass over the first T.", "logits_fn(tokens[:-1]) once"))
)(lambda f, tokens: np.mean([_nll(f(tokens[: i + 1]), tokens[1 : i + 2])[-1] for i in range(len(tokens) - 1)]))  # fmt: skip
exercise.mistake(
    Misconception("perplexity_not_loss", "That is the perplexity", "The exponential of the loss came back.",
                  ("What is the loss of a fair choice among 5?", "ln 5", "Leave out the exp."))
)(lambda f, tokens: np.exp(np.minimum(_nll(f(tokens[:-1]), tokens[1:]).mean(), 700)))  # fmt: skip
exercise.mistake(
    Misconception("logits_as_log_probs", "Not normalised", "The raw logit was used as a log-probability.",
                  ("What does exp of a row of logits sum to?", "z - logsumexp(z)", "Normalise first."))
)(lambda f, tokens: -_picked(f(tokens[:-1]), tokens[1:]).mean())  # fmt: skip
exercise.mistake(
    Misconception("other_base", "Bits instead of nats", "The logarithm has base 2.",
                  ("What is the loss of a fair coin: 0.69 or 1?", "Natural logarithms.", "np.log"))
)(lambda f, tokens: _nll(f(tokens[:-1]), tokens[1:]).mean() / np.log(2))  # fmt: skip

exercise.mistake(
    Misconception("log_of_softmax", "The logarithm of 0", "A probability as small as e to the -900 rounds to 0, and the loss becomes infinite; the true loss is finite.",
                  ("What is np.exp(-900)?", "The log of a fraction is a difference.", "shifted - np.log(sum of exp(shifted))"))
)(lambda f, tokens: -np.log(_picked(_softmax(f(tokens[:-1])), tokens[1:])).mean())  # fmt: skip
exercise.mistake(
    Misconception("epsilon_in_log", "A small number inside the logarithm", "-log(p + 1e-12) never exceeds 27.6: a model that is sure and wrong gets off lightly.",
                  ("What is -log(0 + 1e-12)?", "The log of a fraction is a difference.", "No epsilon is needed then."))
)(lambda f, tokens: -np.log(_picked(_softmax(f(tokens[:-1])), tokens[1:]) + 1e-12).mean())  # fmt: skip


@exercise.mistake(mc.NO_MAX, message="exp(800) is infinite, so large logits give a loss of inf or NaN.")
def no_max(f, tokens):
    z = f(tokens[:-1])
    return (np.log(np.exp(z).sum(-1)) - _picked(z, tokens[1:])).mean()


exercise.mistake(
    mc.GLOBAL_MAX,
    message="The largest of all logits was subtracted, so in a row far below it every exp is 0, and the loss is infinite.",
    hints=("What is np.exp(-2000)?", "Each row has a maximum of its own.", "logits.max(axis=-1, keepdims=True)"),
)(lambda f, tokens: (lambda z: (np.log(np.exp(z).sum(-1)) - _picked(z, tokens[1:])).mean())((z := f(tokens[:-1])) - z.max()))


_TWO_D = "axis 1 is the last axis of (T, vocab) logits"
exercise.equivalent_mutant("-1 -> 1 #2", because=_TWO_D)
exercise.equivalent_mutant("-1 -> 1 #3", because=_TWO_D)
