"""The mistakes of `attend_one`."""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_mistakes import softmax, wrong_attentions

from .ex_10_attend_one import EPSILON, exercise


def _weights(q, K, scale=None):
    return softmax(K @ q / (np.sqrt(len(q)) if scale is None else scale))


@exercise.mistake(mc.SCALE_BY_T)
def scale_by_t(q, K, V):
    """The scores were divided by sqrt(t), the number of keys; the width d counts.

    - Over which axis does the dot product sum?
    - It sums over d.
    - np.sqrt(len(q))
    """
    return _weights(q, K, scale=len(K) ** 0.5) @ V


@exercise.mistake(mc.SCALE_AFTER_SOFTMAX)
def scale_aftersoftmax(q, K, V):
    """The weights were divided by sqrt(d), so they sum to 1/sqrt(d)."""
    return _weights(q, K, scale=1.0) @ V / np.sqrt(len(q))


@exercise.mistake("Values used as keys")
def values_used_as_keys(q, K, V):
    """The query was compared with the values; keys are what it is compared with.

    - What is K for?
    - scores = K q / sqrt(d)
    - K @ q
    """
    return softmax(V @ q / np.sqrt(len(q))) @ V


@exercise.mistake("No softmax")
def no_softmax(q, K, V):
    """The raw scores were used as weights: they can be negative and don't sum to 1.

    - Do your weights sum to 1?
    - weights = exp(scores) / sum of exp(scores)
    - Put a softmax between scores and values.
    """
    return K @ q / np.sqrt(len(q)) @ V


@exercise.mistake("Normalised without exp")
def divided_by_the_sum_of_scores(q, K, V):
    """The scores were divided by their sum; with negative scores that gives negative weights, or 0/0.

    - Can a score be negative? Can a weight?
    - weights = exp(scores) / sum of exp(scores)
    - np.exp before dividing.
    """
    return (K @ q) / (K @ q).sum() @ V


@exercise.mistake("Not divided by the sum")
def not_normalised(q, K, V):
    """exp was taken, but the weights were not divided by their sum.

    - Do your weights sum to 1?
    - weights = e / sum of e
    - weights / weights.sum()
    """
    return np.exp(K @ q / np.sqrt(len(q)) - np.max(K @ q / np.sqrt(len(q)))) @ V


@exercise.mistake("Softmax over an axis of one entry")
def softmax_over_one_entry(q, K, V):
    """The scores stood in a column (t, 1), and each was divided by itself: every weight is 1, and the values simply add
    up.

    - What is the shape of your scores, and along which axis is the sum?
    - The sum runs over the t keys.
    - Keep the scores (t,), or use axis 0.
    """
    return V.sum(axis=0)


@exercise.mistake(mc.UNIFORM_MEAN)
def uniform_mean(q, K, V):
    """Every value has the same weight; the query and the keys play no part.

    - What do q and K do in your code?
    - The weights are a softmax of the scores.
    - softmax(K @ q / np.sqrt(len(q))) @ V
    """
    return V.mean(axis=0)


@exercise.mistake("Only the newest value")
def last_value_only(q, K, V):
    """The last value came back unmixed; the output mixes all t of them.

    - How many values enter the output?
    - All t, each with its weight.
    - weights @ V
    """
    return V[-1]


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(q, K, V):
    """The last key was left out; q may see all t keys that it is given, its own among them.

    - How many keys are there, and how many weights?
    - All t keys take part.
    - Use K and V whole.
    """
    return _weights(q, K[:-1]) @ V[:-1]


@exercise.mistake("The first key is missing")
def first_key_left_out(q, K, V):
    """Position 0 was left out: counting starts at 0.

    - What is the index of the first key?
    - All t keys take part.
    - Use K and V whole.
    """
    return _weights(q, K[1:]) @ V[1:]


@exercise.mistake("The weights came back")
def returns_weights(q, K, V):
    """These are the t weights; the output is the mixture of the values.

    - Where does V enter?
    - output = sum over j of weights[j] V[j]
    - weights @ V
    """
    return _weights(q, K)


@exercise.mistake("The weighted values were not added up")
def not_added_up(q, K, V):
    """Each value has its weight, but the output is their sum, one vector.

    - How many vectors should come out?
    - output = sum over j of weights[j] V[j]
    - Add up over axis 0, or weights @ V.
    """
    return _weights(q, K)[:, None] * V


@exercise.mistake("Added up over the wrong axis")
def added_up_over_components(q, K, V):
    """The components of each value were added up; the values themselves should be, position by position.

    - Which shape is expected?
    - (d_v,): sum over the t positions.
    - axis=0, or weights @ V
    """
    return (_weights(q, K)[:, None] * V).sum(axis=-1)


@exercise.mistake("One axis too many")
def an_axis_too_many(q, K, V):
    """The output is a matrix of one row, (1, d_v); one query gives one vector, (d_v,).

    - What is the shape of your result?
    - (d_v,)
    - Take row [0] at the end, or never add the axis.
    """
    return _weights(q, K)[None] @ V


@exercise.mistake("Right for one width only")
def one_width_only(q, K, V):
    """The square root belongs to a width written in the code; d differs from call to call.

    - What does your code do at d = 5?
    - d is the number of components of q.
    - np.sqrt(len(q))
    """
    return _weights(q, K, scale=2.0) @ V


exercise.add_mistakes(
    (one_width_only, lambda q, K, V: _weights(q, K, scale=8.0) @ V),
    (EPSILON, lambda q, K, V: _weights(q, K) @ V / (1 + 1e-2)),
)


@exercise.mistake(mc.ONE_SIZE)
def one_size(q, K, V):
    """Only the first four keys were used; t differs from call to call.

    - What does your code do at t = 9?
    - All t keys take part.
    - Take t from K.shape, or don't use it at all.
    """
    return _weights(q, K[:4]) @ V[:4]


exercise.add_shared_mistakes(
    wrong_attentions(lambda attention: lambda q, K, V: attention(q[None], K, V)[0], one_query=True),
)
