"""The mistakes of `attention_scores`."""

import numpy as np

from autograder.exercise import misconceptions as mc

from .ex_20_attention_scores import ONE_WIDTH, attention_scores, exercise


def _raw(Q, K):
    return Q @ K.swapaxes(-1, -2)


exercise.add_mistakes(
    (mc.NO_SCALE, _raw),
)


@exercise.mistake(mc.SCALE_BY_D)
def scale_by_d(Q, K):
    """The scores were divided by d instead of by its square root: they are too small."""
    return _raw(Q, K) / Q.shape[-1]


@exercise.mistake(mc.SCALE_MULTIPLIED)
def scale_multiplied(Q, K):
    """The scores were multiplied by sqrt(d): they grew instead of shrinking."""
    return _raw(Q, K) * np.sqrt(Q.shape[-1])


exercise.add_mistakes(
    (mc.SCALE_BY_T, lambda Q, K: _raw(Q, K) / np.sqrt(K.shape[-2])),
)


@exercise.mistake(mc.SCALE_BY_T)
def scale_by_t(Q, K):
    """The scores were divided by the square root of the number of queries; the width d counts."""
    return _raw(Q, K) / np.sqrt(Q.shape[-2])


@exercise.mistake("An axis counted from the front")
def axis_counted_from_the_front(Q, K):
    """Q.shape[1] is the width of a matrix, but in a batch it is something else.

    - Which axis of a (2, 3, T, d) array has index 1?
    - The width is always the last axis.
    - Q.shape[-1]
    """
    return _raw(Q, K) / np.sqrt(Q.shape[1])


@exercise.mistake(mc.SCALED_TWICE)
def scaled_twice(Q, K):
    """Queries and keys were scaled, and then the scores once more."""
    return _raw(Q, K) / Q.shape[-1] ** 1.5


exercise.add_mistakes(
    (mc.KEYS_AND_QUERIES_SWAPPED, lambda Q, K: _raw(K, Q) / np.sqrt(Q.shape[-1])),
    (mc.QUERIES_TWICE, lambda Q, K: _raw(Q, Q) / np.sqrt(Q.shape[-1])),
)


@exercise.mistake("Keys used as queries")
def keys_used_as_queries(Q, K):
    """K K^T was computed, so the queries play no part.

    - Where does Q enter your scores?
    - scores = Q K^T / sqrt(d)
    - Q on the left, K turned on the right.
    """
    return _raw(K, K) / np.sqrt(Q.shape[-1])


@exercise.mistake(mc.ONLY_TWO_DIMENSIONS)
def only_two_dimensions(Q, K):
    return Q @ K.T / np.sqrt(Q.shape[-1])


@exercise.mistake("Reshaped, not transposed")
def reshaped_not_transposed(Q, K):
    """reshape keeps the numbers in their order and only breaks the rows elsewhere; the axes have to be swapped.

    - Try np.arange(6).reshape(3, 2): is .reshape(2, 3) the same as .T?
    - Column j of K^T is row j of K.
    - np.swapaxes(K, -1, -2)
    """
    return Q @ K.reshape(*K.shape[:-2], K.shape[-1], K.shape[-2]) / np.sqrt(Q.shape[-1])


@exercise.mistake("The softmax came too early")
def softmax_already(Q, K):
    """These are weights that sum to 1 in each row; the scores before the softmax are wanted.

    - Can your entries be negative?
    - scores = Q K^T / sqrt(d)
    - Stop before exp.
    """
    return _softmax(_raw(Q, K) / np.sqrt(Q.shape[-1]))


@exercise.mistake("The mask came too early")
def masked_already(Q, K):
    """The future is already -inf; here every query is compared with every key. The mask is the next unit's step.

    - What does the score of query 0 with key 1 say?
    - Every pair has a score.
    - Leave out the mask.
    """
    return np.where(np.tri(Q.shape[-2], K.shape[-2]), _raw(Q, K) / np.sqrt(Q.shape[-1]), -np.inf)


@exercise.mistake("Half of the scores became 0")
def lower_triangle_kept(Q, K):
    """np.tril wrote 0 above the diagonal; every pair has a score, and 0 would be a score too.

    - Does a score of 0 mean 'hidden'?
    - Every pair has a score.
    - Leave out np.tril.
    """
    return np.tril(_raw(Q, K) / np.sqrt(Q.shape[-1]))


@exercise.mistake("Cosines, not scores")
def cosine_similarity(Q, K):
    """The vectors were cut to length 1 first; in attention, long vectors give large scores.

    - By which number is each dot product divided?
    - By sqrt(d), the same for every pair.
    - Leave out np.linalg.norm.
    """
    return _raw(_unit(Q), _unit(K))


@exercise.mistake("Negative scores became 0")
def negative_scores_cut(Q, K):
    """Scores below 0 were raised to 0; a negative score says 'rather not', and 0 does not.

    - What is the dot product of (1, 0) and (-1, 0)?
    - It is -1.
    - Leave out np.maximum.
    """
    return np.maximum(0, _raw(Q, K) / np.sqrt(Q.shape[-1]))


exercise.add_mistakes(
    (mc.INTEGERS_INSIDE, lambda Q, K: (_raw(Q, K) / np.sqrt(Q.shape[-1])).astype(int)),
    (mc.FLOAT16, lambda Q, K: attention_scores(Q.astype(np.float16), K.astype(np.float16))),
    (ONE_WIDTH, lambda Q, K: _raw(Q, K) / 2),
    (ONE_WIDTH, lambda Q, K: _raw(Q, K) / 8),
)


@exercise.mistake(mc.EPSILON)
def epsilon(Q, K):
    """A small number was added to sqrt(d), so every score is a little too small; d is at least 1, and there is nothing
    to guard against.

    - Can sqrt(d) be 0?
    - Q K^T / sqrt(d), to the last digit
    - Divide by the plain square root.
    """
    return _raw(Q, K) / (np.sqrt(Q.shape[-1]) + 1e-6)


@exercise.mistake("Summed over the wrong axis")
def features_compared(Q, K):
    """Q^T K was computed: it adds up over positions and compares components, not tokens.

    - What is the shape of your result at T = 9, d = 4?
    - scores[i, j] = q_i . k_j: add up over d.
    - Turn K, not Q.
    """
    return Q.swapaxes(-1, -2) @ K / np.sqrt(Q.shape[-1])


@exercise.mistake(mc.ONLY_FIRST_IN_BATCH)
def only_first(Q, K):
    """- Is anything in your code indexed with [0]?
    - Each batch and head has scores of its own.
    - @ works on the last two axes and takes the others along.
    """
    out = np.zeros((*Q.shape[:-1], K.shape[-2]))
    first = (0,) * (Q.ndim - 2)
    out[first] = attention_scores(Q[first], K[first])
    return out


@exercise.mistake("The last of the batch for all")
def last_of_batch_for_all(Q, K):
    """Every sequence of the batch got the scores of one of them: a loop overwrote its result.

    - Where does your loop put each result?
    - Each batch and head has scores of its own.
    - @ needs no loop over the leading axes.
    """
    last = (-1,) * (Q.ndim - 2)
    return np.broadcast_to(attention_scores(Q[last], K[last]), (*Q.shape[:-1], K.shape[-2]))


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(Q, K):
    Q /= np.sqrt(Q.shape[-1])
    return _raw(Q, K)


def _softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)
