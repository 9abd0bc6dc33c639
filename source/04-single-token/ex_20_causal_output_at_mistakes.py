"""The mistakes of `causal_output_at`."""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_mistakes import (
    BATCH_MAXIMUM,
    FILL_ADDED,
    attention_scores,
    softmax,
    weights,
    wrong_attentions,
)

from .ex_20_causal_output_at import causal_output_at, exercise


def _attend(q, K, V, scale=None):
    return softmax(K @ q / (np.sqrt(len(q)) if scale is None else scale)) @ V


def _filled(Q, K, V, i, fill):
    """The scores of row i over all keys, with `fill` at the hidden ones."""
    s = np.where(np.arange(len(K)) <= i, K @ Q[i] / np.sqrt(Q.shape[1]), fill)
    return softmax(s) @ V


@exercise.mistake(mc.NO_MASK)
def no_mask(Q, K, V, i):
    """- May position i see position i + 1?
    - Keys and values 0 to i only.
    - K[: i + 1] and V[: i + 1]
    """
    return _attend(Q[i], K, V)


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded(Q, K, V, i):
    """K[:i] stops before position i: a token may see itself, and the first one has nothing else.

    - How many rows has K[:i]?
    - Positions 0 to i are i + 1 rows.
    - K[: i + 1]
    """
    return _attend(Q[i], K[:i], V[:i])


@exercise.mistake(mc.OWN_POSITION_EXCLUDED)
def own_position_excluded_first_zero(Q, K, V, i):
    """Position i itself was left out: a token may see itself, and the first one, which has nothing else, got zeros.

    - How many rows has K[:i]?
    - Positions 0 to i are i + 1 rows.
    - K[: i + 1]
    """
    return _attend(Q[i], K[:i], V[:i]) if i else 0 * V[0]


@exercise.mistake("Own position excluded, and position 0 patched")
def own_position_excluded_except_first(Q, K, V, i):
    """Position 0 was fixed by hand, but every later token still can't see itself.

    - Does position 3 follow the same rule as position 0?
    - Positions 0 to i are i + 1 rows.
    - K[: i + 1] holds for every i.
    """
    return V[0] if i == 0 else _attend(Q[i], K[:i], V[:i])


@exercise.mistake(mc.ONE_AHEAD)
def one_ahead(Q, K, V, i):
    """The key right after position i came along, and that is the very token to be predicted.

    - How many rows has K[: i + 2]?
    - Positions 0 to i are i + 1 rows.
    - K[: i + 1]
    """
    return _attend(Q[i], K[: i + 2], V[: i + 2])


@exercise.mistake(mc.ONE_AHEAD_PATCHED)
def one_ahead_patched(Q, K, V, i):
    """Position 0 is right, but every later one still sees one key too far.

    - Does position 1 follow the same rule as position 0?
    - Positions 0 to i are i + 1 rows.
    - K[: i + 1] holds for every i.
    """
    return _attend(Q[i], K[: i + 2], V[: i + 2]) if i else V[0]


@exercise.mistake(mc.TRANSPOSED)
def transposed(Q, K, V, i):
    """Position i and everything after it was used: that is the future; the past is 0 to i.

    - Which positions are to the left of i?
    - 0 to i.
    - K[: i + 1], not K[i:]
    """
    return _attend(Q[i], K[i:], V[i:])


@exercise.mistake(mc.WINDOW_TOO_SHORT)
def window_too_short(Q, K, V, i):
    """- How far back may position i look?
    - To position 0.
    - K[: i + 1]
    """
    return _attend(Q[i], K[max(i - 1, 0) : i + 1], V[max(i - 1, 0) : i + 1])


@exercise.mistake(mc.LAST_ROW_ONLY)
def last_row_only(Q, K, V, i):
    """The query of the last position was used; output i is asked for by query i.

    - Whose question does output i answer?
    - That of query i.
    - Q[i], not Q[-1]
    """
    return _attend(Q[-1], K[: i + 1], V[: i + 1])


@exercise.mistake("The output of the last position")
def output_of_the_last_position(Q, K, V, i):
    """i was not used: this is the output of the last token of the text.

    - Where does i enter your code?
    - The query is Q[i], the keys are 0 to i.
    - Q[i], K[: i + 1], V[: i + 1]
    """
    return _attend(Q[-1], K, V)


@exercise.mistake(mc.KEYS_AND_QUERIES_SWAPPED)
def keys_and_queries_swapped(Q, K, V, i):
    """Key i was compared with the queries 0 to i; it is query i that looks at the keys.

    - Who asks, the query or the key?
    - scores[j] = q_i . k_j
    - K[: i + 1] @ Q[i]
    """
    return _attend(K[i], Q[: i + 1], V[: i + 1])


@exercise.mistake(mc.QUERIES_TWICE)
def queries_twice(Q, K, V, i):
    """Query i was compared with queries, so the keys play no part.

    - Where does K enter?
    - scores[j] = q_i . k_j
    - K[: i + 1] @ Q[i]
    """
    return _attend(Q[i], Q[: i + 1], V[: i + 1])


@exercise.mistake("Keys used as queries")
def keys_used_as_queries(Q, K, V, i):
    """Key i was compared with the keys, so the queries play no part.

    - Where does Q enter?
    - scores[j] = q_i . k_j
    - K[: i + 1] @ Q[i]
    """
    return _attend(K[i], K[: i + 1], V[: i + 1])


@exercise.mistake(mc.RETURNS_VALUES)
def returns_values(Q, K, V, i):
    """Value i came back unmixed; the output mixes the values of positions 0 to i.

    - Which values enter output i?
    - output = sum over j <= i of weights[j] v_j
    - weights @ V[: i + 1]
    """
    return V[i]


@exercise.mistake(mc.UNIFORM_MEAN)
def uniform_mean(Q, K, V, i):
    """- What do Q and K do in your code?
    - The weights are a softmax of the scores.
    - softmax(scores) @ V[: i + 1]
    """
    return V[: i + 1].mean(axis=0)


@exercise.mistake(mc.MASK_AFTER_SOFTMAX)
def mask_aftersoftmax(Q, K, V, i):
    """The keys after i took part in the softmax and were cut off afterwards: the weights that are left don't sum to 1,
    and the future leaks through the denominator.

    - Do the weights that are left sum to 1?
    - Cut K first, then softmax.
    - softmax over the scores of K[: i + 1] only
    """
    return softmax(K @ Q[i] / np.sqrt(Q.shape[1]))[: i + 1] @ V[: i + 1]


@exercise.mistake(mc.FILL_WEAK)
def fill_weak(Q, K, V, i):
    """A number such as -1e4 or -1e5 looks low, but real scores can be lower still; then hidden keys win."""
    return _filled(Q, K, V, i, -1e5)


def _added(Q, K, V, i, low):
    return softmax(K @ Q[i] / np.sqrt(Q.shape[1]) + np.where(np.arange(len(K)) <= i, 0, low)) @ V


for _low in (-30.0, -1e4):
    exercise.add_mistakes(
        (fill_weak, lambda Q, K, V, i, low=_low: _filled(Q, K, V, i, low)),
        (FILL_ADDED, lambda Q, K, V, i, low=_low: _added(Q, K, V, i, low)),
    )


@exercise.mistake(mc.SCALE_BY_T)
def scale_by_t(Q, K, V, i):
    """The scores were divided by sqrt(i + 1), the number of visible keys; the width d counts.

    - Which axis does the dot product sum over?
    - It sums over d, the last axis.
    - np.sqrt(Q.shape[-1])
    """
    return _attend(Q[i], K[: i + 1], V[: i + 1], scale=(i + 1) ** 0.5)


@exercise.mistake(mc.SCALE_AFTER_SOFTMAX)
def scale_aftersoftmax(Q, K, V, i):
    """The weights were divided by sqrt(d), so they sum to 1/sqrt(d)."""
    return _attend(Q[i], K[: i + 1], V[: i + 1], scale=1.0) / np.sqrt(Q.shape[1])


@exercise.mistake(mc.WRONG_AXIS)
def wrong_axis(Q, K, V, i):
    """The softmax ran down a column: the queries competed for a key, and later queries changed this output."""
    return weights(attention_scores(Q, K), axis=-2)[i] @ V


@exercise.mistake(mc.WEIGHTS_TRANSPOSED)
def weights_transposed(Q, K, V, i):
    """Column i of the weights was used instead of row i, so the future flowed into the past."""
    return weights(attention_scores(Q, K))[:, i] @ V


@exercise.mistake("Every output came back")
def all_outputs(Q, K, V, i):
    """These are the outputs of all positions; the one of position i is expected.

    - How many vectors should come out?
    - One, (d_v,).
    - Take row i, or start with Q[i].
    """
    return weights(attention_scores(Q, K)) @ V


@exercise.mistake("One axis too many")
def an_axis_too_many(Q, K, V, i):
    """The output is a matrix of one row, (1, d_v); one query gives one vector, (d_v,).

    - What is the shape of your result?
    - (d_v,)
    - Q[i], not Q[i : i + 1]
    """
    return causal_output_at(Q, K, V, i)[None]


@exercise.mistake("The query of a neighbour")
def query_of_a_neighbour(Q, K, V, i):
    """The keys and values are right, but the query is that of the position before or after i.

    - Whose question does output i answer?
    - That of query i.
    - Q[i]
    """
    return _attend(Q[i - 1], K[: i + 1], V[: i + 1])


exercise.add_mistakes(
    (mc.FILL_WEAK, lambda Q, K, V, i: _filled(Q, K, V, i, -10.0)),
    (mc.SCALE_BY_T, lambda Q, K, V, i: _attend(Q[i], K[: i + 1], V[: i + 1], scale=len(Q) ** 0.5)),
    (query_of_a_neighbour, lambda Q, K, V, i: _attend(Q[min(i + 1, len(Q) - 1)], K[: i + 1], V[: i + 1])),
)


@exercise.mistake(mc.ONE_SIZE)
def one_size(Q, K, V, i):
    """Only the first four positions were used; T and i differ from call to call.

    - What does your code do at i = 7?
    - Positions 0 to i are i + 1 rows.
    - K[: i + 1]
    """
    return _attend(Q[i], K[: i + 1][:4], V[: i + 1][:4])


exercise.add_shared_mistakes(
    wrong_attentions(lambda attention: lambda Q, K, V, i: attention(Q, K, V)[i]),
    without=(mc.NAN_HIDDEN, mc.GLOBAL_MAX, BATCH_MAXIMUM, mc.ONLY_FIRST_IN_BATCH, mc.ONLY_TWO_DIMENSIONS),
)
