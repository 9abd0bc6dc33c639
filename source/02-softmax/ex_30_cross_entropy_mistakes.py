"""The mistakes of `cross_entropy`."""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise import wrong_losses

from .ex_30_cross_entropy import EPSILON, exercise


def _log_softmax(z, axis=-1):
    shifted = z - z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _nll(logits, targets, axis=-1):
    return -np.take_along_axis(_log_softmax(logits, axis), targets[..., None], axis=-1)[..., 0]


@exercise.mistake("The sum, not the mean")
def sum_instead_of_mean(logits, targets):
    """The losses of all positions were added up; the mean is expected.

    - Should a longer text have a larger loss?
    - Divide by the number of positions.
    - .mean()
    """
    return _nll(logits, targets).sum()


@exercise.mistake("Divided by the batch only")
def mean_over_batch_only(logits, targets):
    """The losses along a sequence were added up before averaging; the mean runs over positions too.

    - Over how many predictions do you average?
    - All of them: batch times T.
    - .mean() over everything
    """
    return _nll(logits, targets).sum(-1).mean() if targets.ndim > 1 else _nll(logits, targets).mean()


@exercise.mistake("The sign is flipped")
def sign_flipped(logits, targets):
    """A loss is positive; this is the mean log-probability, which is negative.

    - Should a better model have a lower loss?
    - -log p
    - Put a minus before the mean.
    """
    return -_nll(logits, targets).mean()


@exercise.mistake("The mean over the whole vocabulary")
def mean_over_the_table(logits, targets):
    """All log-probabilities were averaged, not only those of the targets.

    - Where do the targets enter?
    - One entry a row counts.
    - np.take_along_axis(...)
    """
    return -_log_softmax(logits).mean()


@exercise.mistake("Not normalised")
def logits_as_log_probs(logits, targets):
    """The raw logit of the target was used; it is no log-probability before the log-softmax.

    - What does exp of a row of logits sum to?
    - -(z_target - log sum exp z)
    - Use log_softmax(logits).
    """
    return -np.take_along_axis(logits, targets[..., None], axis=-1).mean()


@exercise.mistake("Bits instead of nats")
def other_base(logits, targets):
    """This is the loss in bits (log base 2); nats use the natural logarithm.

    - What is the loss of a fair coin, log 2 or 1?
    - 1 bit = 0.693 nats
    - np.log
    """
    return _nll(logits, targets).mean() / np.log(2)


@exercise.mistake("That is the perplexity")
def perplexity_not_loss(logits, targets):
    """The exponential of the loss came back; the loss itself is expected.

    - What is the loss of a fair choice among 4?
    - log 4
    - Leave out the exp.
    """
    return np.exp(_nll(logits, targets).mean())


@exercise.mistake(mc.WRONG_AXIS)
def wrong_axis(logits, targets):
    """The softmax ran over positions instead of the vocabulary: the probabilities of the tokens don't sum to 1.

    - Among what does the model choose at one position?
    - The softmax runs over the vocabulary, axis -1.
    - axis=-1
    """
    return _nll(logits, targets, axis=-2).mean()


@exercise.mistake("The logarithm of 0")
def log_of_softmax(logits, targets):
    """The softmax rounded to 0, so the loss became infinite; the true loss is finite.

    - What is np.exp(-2000)?
    - log of a fraction is a difference.
    - Use a stable log_softmax.
    """
    p = np.exp(_log_softmax(logits))
    return -np.log(np.take_along_axis(p, targets[..., None], axis=-1)).mean()


@exercise.mistake(EPSILON)
def epsilon(logits, targets):
    p = np.exp(_log_softmax(logits))
    return -np.log(np.take_along_axis(p, targets[..., None], axis=-1) + 1e-9).mean()


@exercise.mistake(mc.NO_MAX)
def no_max(logits, targets):
    """exp(2000) is infinite, so large logits give inf or NaN."""
    log_probs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_probs, targets[..., None], axis=-1).mean()


@exercise.mistake("1 - p is another loss")
def probability_not_log(logits, targets):
    """The probability itself was averaged; cross-entropy averages its logarithm.

    - What does a model lose for p = 0?
    - -log p
    - Take the logarithm.
    """
    return (1 - np.exp(-_nll(logits, targets))).mean()


@exercise.mistake("Only the last position counts")
def last_position_only(logits, targets):
    """Every position predicts a next token, so every position counts.

    - How many predictions does a sequence of T tokens make?
    - All T of them.
    - Average over all positions.
    """
    return _nll(logits, targets)[..., -1].mean()


@exercise.mistake("The model's own entropy")
def entropy_of_the_model(logits, targets):
    """This measures how unsure the model feels; the targets play no part.

    - Where do the targets enter?
    - Only -log p of the target counts.
    - Pick one entry per row with the targets.
    """
    return -(np.exp(_log_softmax(logits)) * _log_softmax(logits)).sum(-1).mean()


@exercise.mistake("Softmax was taken twice")
def softmax_twice(logits, targets):
    """The probabilities went through another softmax, which makes them nearly equal: the loss can't come near 0.

    - What is the softmax of (1, 0)?
    - -log softmax(logits)[target], one softmax.
    - Hand the logits, not the probabilities, to the log-softmax.
    """
    return _nll(np.exp(_log_softmax(logits)), targets).mean()


@exercise.mistake("Divided by the length only")
def mean_over_length_only(logits, targets):
    """The losses of the batch were added up; the mean runs over the batch too.

    - Over how many predictions do you average?
    - All of them: batch times T.
    - .mean() over everything
    """
    return _nll(logits, targets).sum() / targets.shape[-1]


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH)
def only_first_in_batch(logits, targets):
    """Only the first sequence of the batch counted.

    - Is anything in your code indexed with [0]?
    - Every sequence of the batch counts.
    - .mean() over everything
    """
    return _nll(logits, targets)[(0,) * (targets.ndim - 1)].mean()


@exercise.mistake(mc.GLOBAL_MAX)
def global_max(logits, targets):
    """The largest logit of the whole array was subtracted, so a row far below it underflows to log(0)."""
    shifted = logits - logits.max()
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(log_probs, targets[..., None], axis=-1).mean()


@exercise.mistake("The targets were shifted once more")
def labels_shifted_again(logits, targets):
    """The targets are the next tokens already; shifting again skips a token.

    - Are the targets already the next tokens?
    - Row i goes with targets[i].
    - Don't shift.
    """
    return _nll(logits, np.roll(targets, -1, axis=-1)).mean()


@exercise.mistake(labels_shifted_again)
def shifted_again(logits, targets):
    if targets.shape[-1] == 1:
        return _nll(logits, targets).mean()
    return _nll(logits[..., :-1, :], targets[..., 1:]).mean()


exercise.add_mistakes((wrong_losses.BASES_MIXED, lambda *given: wrong_losses.bases_mixed(*given).mean()))
