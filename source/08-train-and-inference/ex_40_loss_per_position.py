"""### Position by position

One number hides at which positions a model is good. `logits` is `(B, T, vocab)`, `targets` is `(B, T)`. Write \
`loss_per_position(logits, targets)`: the mean cross-entropy **at each position**, averaged over the batch only, \
`(T,)`, in nats. Logits may be large.

A model that sees its targets has a loss near 0 everywhere but at the last position, whose target is not in the input.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise import wrong_losses
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="loss per position",
    answer=Array(),
    hints=(
        "Over which axis do you average, if one number for each position should remain?",
        "mean over B of (logsumexp(logits) - logits[target])",
        "np.take_along_axis(log_probs, targets[..., None], axis=-1)[..., 0] is (B, T); then .mean(axis=0)",
    ),
)


@exercise.solution
def loss_per_position(logits, targets):
    """logits (B, T, vocab), targets (B, T) int -> (T,), mean cross-entropy at each position, in nats."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))  # (B, T, vocab)
    picked = np.take_along_axis(log_probs, targets[..., None], axis=-1)[..., 0]  # (B, T)
    return -picked.mean(axis=0)


@exercise.part("Two texts, three positions", points=1)
def two(rng):
    p = np.array([[[0.5, 0.5], [0.25, 0.75], [0.5, 0.5]], [[0.5, 0.5], [0.75, 0.25], [0.125, 0.875]]])
    yield case(np.log(p), np.array([[0, 1, 0], [1, 1, 0]]))
    yield case(np.zeros((1, 3, 4)), np.array([[1, 0, 3]]), note="all logits equal: ln 4 everywhere")


@exercise.part("Any batch", points=1)
def any_batch(rng):
    for B, T, vocab in ((3, 5, 4), (4, 4, 4), (1, 1, 3), (3, 5, 4), (6, 2, 5), (2, 7, 3), (25, 30, 12)):
        yield case(2 * rng.normal(size=(B, T, vocab)), rng.integers(0, vocab, size=(B, T)))
    yield case(900 + rng.normal(size=(2, 3, 4)), rng.integers(0, 4, size=(2, 3)), note="large logits")
    yield case(1000 * rng.normal(size=(3, 4, 5)), rng.integers(0, 5, size=(3, 4)), note="large logits, far apart")


@exercise.equivalent
def with_loops(logits, targets):
    B, T, _ = logits.shape
    out = [0.0] * T
    for b in range(B):
        for t in range(T):
            row = logits[b, t]
            out[t] += (max(row) + np.log(np.exp(row - max(row)).sum()) - row[targets[b, t]]) / B
    return out


@exercise.equivalent
def with_logaddexp(logits, targets):
    b, t = np.indices(targets.shape)
    return (np.logaddexp.reduce(logits, axis=2) - logits[b, t, targets]).sum(0) / len(logits)


@exercise.equivalent
def with_one_hot(logits, targets):
    z = logits - np.max(logits, axis=2, keepdims=True)
    one_hot = np.eye(z.shape[-1])[targets]
    return np.log(np.exp(z).sum(-1)).mean(0) - np.einsum("btv,btv->t", z, one_hot) / z.shape[0]


def _nll(logits, targets):
    z = logits - logits.max(axis=-1, keepdims=True)
    return np.log(np.exp(z).sum(axis=-1)) - np.take_along_axis(z, targets[..., None], axis=-1)[..., 0]


def _without_max(logits, targets):
    return (np.log(np.exp(logits).sum(-1)) - np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]).mean(
        axis=0
    )


def _probabilities(logits, targets):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.take_along_axis(e / e.sum(axis=-1, keepdims=True), targets[..., None], axis=-1)[..., 0]


@exercise.mistake("One number for each text")
def mean_over_positions(logits, targets):
    """The mean ran over the positions; it should run over the batch.

    - How many numbers are expected?
    - (T,)
    - .mean(axis=0)
    """
    return _nll(logits, targets).mean(axis=1)


@exercise.mistake("One number for everything")
def mean_over_everything(logits, targets):
    """The mean ran over positions too, so the high loss at one position is invisible.

    - How many numbers are expected?
    - (T,)
    - .mean(axis=0)
    """
    return _nll(logits, targets).mean()


@exercise.mistake("The sum over the batch")
def sum_over_batch(logits, targets):
    """The losses were added up over the batch; the mean is expected.

    - Should a larger batch have a larger loss?
    - Divide by B.
    - .mean(axis=0)
    """
    return _nll(logits, targets).sum(axis=0)


@exercise.mistake("Not averaged")
def not_averaged(logits, targets):
    """The table (B, T) came back; its mean over the batch is expected.

    - How many numbers are expected?
    - (T,)
    - .mean(axis=0)
    """
    return _nll(logits, targets)


@exercise.mistake("The sign is flipped")
def sign_flipped(logits, targets):
    """A loss is positive.

    - Can log p be positive?
    - -log p
    - Put a minus in front.
    """
    return -_nll(logits, targets).mean(axis=0)


@exercise.mistake("A running mean")
def running_mean(logits, targets):
    """Position t holds the mean up to t, which smooths a high loss away; it should hold its own loss only.

    - What is the loss at the last position alone?
    - Each position for itself.
    - No cumsum.
    """
    return np.cumsum(_nll(logits, targets).mean(axis=0)) / np.arange(1, targets.shape[1] + 1)


@exercise.mistake("The targets were shifted once more")
def targets_shifted_again(logits, targets):
    """targets[:, t] belongs to position t already.

    - Are the targets the next tokens already?
    - Row t goes with targets[:, t].
    - Don't shift.
    """
    return _nll(logits, np.roll(targets, -1, axis=1)).mean(axis=0)


@exercise.mistake("Not normalised")
def logits_as_log_probs(logits, targets):
    """The raw logit was used as a log-probability.

    - What does exp of a row sum to?
    - z - logsumexp(z)
    - Normalise first.
    """
    return -np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0].mean(axis=0)


@exercise.mistake("Only the first text")
def first_text_only(logits, targets):
    """The other texts of the batch were ignored.

    - Over what do you average?
    - All B texts.
    - .mean(axis=0)
    """
    return _nll(logits, targets)[0]


@exercise.mistake("That is the perplexity")
def perplexity_not_loss(logits, targets):
    """The exponential of the loss came back.

    - What is the loss of a fair choice among 4?
    - ln 4
    - Leave out the exp.
    """
    return np.exp(np.minimum(_nll(logits, targets).mean(axis=0), 700))


@exercise.mistake(mc.WRONG_AXIS)
def wrong_axis(logits, targets):
    """The softmax ran over positions instead of the vocabulary."""
    return -np.take_along_axis(
        (lambda z: z - np.log(np.exp(z).sum(1, keepdims=True)))(logits - logits.max(1, keepdims=True)),
        targets[..., None],
        axis=-1,
    )[..., 0].mean(0)


@exercise.mistake("The logarithm of 0")
def log_of_softmax(logits, targets):
    """A probability as small as e to the -900 rounds to 0, and the loss becomes infinite; the true loss is finite.

    - What is np.exp(-900)?
    - The log of a fraction is a difference.
    - shifted - np.log(sum of exp(shifted))
    """
    return -np.log(_probabilities(logits, targets)).mean(axis=0)


@exercise.mistake("A small number inside the logarithm")
def epsilon_in_log(logits, targets):
    """-log(p + 1e-12) never exceeds 27.6: a model that is sure and wrong gets off lightly.

    - What is -log(0 + 1e-12)?
    - The log of a fraction is a difference.
    - No epsilon is needed then.
    """
    return -np.log(_probabilities(logits, targets) + 1e-12).mean(axis=0)


@exercise.mistake(mc.NO_MAX)
def no_max(logits, targets):
    """exp(800) is infinite, so large logits give a loss of inf or NaN."""
    return _without_max(logits, targets)


@exercise.mistake(mc.GLOBAL_MAX)
def global_max(logits, targets):
    """The largest of all logits was subtracted, so in a row far below it every exp is 0, and the loss is infinite.

    - What is np.exp(-2000)?
    - Each row has a maximum of its own.
    - logits.max(axis=-1, keepdims=True)
    """
    return _without_max(logits - logits.max(), targets)


@exercise.mistake("The logarithm came after the mean")
def mean_before_log(logits, targets):
    """The probabilities were averaged over the batch, then the logarithm was taken; each text has a loss, and those are
    averaged.

    - Is the mean of logarithms the logarithm of the mean?
    - First -log p of each text, then the mean.
    - -log_probs.mean(axis=0)
    """
    return -np.log(_probabilities(logits, targets).mean(axis=0))


exercise.equivalent_mutant("0 -> -1", because="the axis has one entry")
exercise.equivalent_mutant(
    "np.take_along_axis(log_probs, targets[..., None], axis=-1) -> np.take_along_axis(log_probs, targets[..., None])",
    because="-1 is the default axis since NumPy 2.3",
)


exercise.add_mistakes(
    (wrong_losses.BASES_MIXED, lambda *given: wrong_losses.bases_mixed(*given).mean(axis=0)),
    (wrong_losses.EPSILON_IN_LOG, lambda *given: wrong_losses.with_epsilon(*given).mean(axis=0)),
)
