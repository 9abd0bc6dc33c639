"""### How much of a previous-token head?

A head that always attends to the token before has the weight 1 just left of the diagonal, in every row but the first.

Write `previous_token_score(weights)`: `weights` is `(..., T, T)`, attention weights with queries as rows; the leading \
axes are layers, texts or heads. Return `(...,)`: for each map the mean, over the queries i ≥ 1, of the weight of \
query i on key i - 1. Query 0 has no token before it and does not count. With T = 1 there is nothing to average: \
return 0.0.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="reading heads",
    answer=Array(),
    hints=(
        "Which cells of the map belong to the pairs (i, i - 1)?",
        "They are the diagonal just below the main one: T - 1 numbers.",
        "np.diagonal(weights, offset=-1, axis1=-2, axis2=-1) has the shape (..., T - 1).",
    ),
)


@exercise.solution
def previous_token_score(weights):
    """weights (..., T, T) -> (...,): the mean weight of query i on key i - 1, over i >= 1; 0.0 for T = 1."""
    if weights.shape[-1] == 1:
        return np.zeros(weights.shape[:-2])
    return np.diagonal(weights, offset=-1, axis1=-2, axis2=-1).mean(axis=-1)


def causal_maps(rng, *shape):
    """Random causal weights of the given shape (..., T, T)."""
    e = np.exp(rng.normal(size=shape)) * np.tri(shape[-1])
    return e / e.sum(axis=-1, keepdims=True)


@exercise.part("One map", points=1)
def one_map(rng):
    yield case(np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]), note="the mean of 0.5 and 1")
    yield case(np.eye(4, k=-1) + np.eye(4) * [1, 0, 0, 0], note="a perfect previous-token head")
    yield case(np.eye(3), note="each query attends to itself")
    yield case(np.ones((1, 1)), note="one token")


@exercise.part("Many heads at once", points=1)
def many(rng):
    for shape in ((6, 6), (2, 5, 5), (3, 2, 2), (2, 3, 4, 7, 7), (5, 12, 12)):
        yield case(causal_maps(rng, *shape))
    yield case(np.ones((2, 3, 1, 1)), note="one token, six maps")
    yield case(causal_maps(rng, 3, 6, 6).astype(np.float32), note="float32")
    full = np.exp(rng.normal(size=(2, 5, 5)))
    yield case(full / full.sum(axis=-1, keepdims=True), note="a model that reads both ways")


@exercise.equivalent
def with_loops(weights):
    T = weights.shape[-1]
    total = np.zeros(weights.shape[:-2])
    for i in range(1, T):
        total = total + weights[..., i, i - 1]
    return total / max(1, T - 1)


@exercise.equivalent
def with_indices(weights):
    i = np.arange(1, weights.shape[-1])
    return weights[..., i, i - 1].sum(axis=-1) / max(1, len(i))


@exercise.equivalent
def with_a_trace(weights):
    return np.trace(weights[..., 1:, :-1], axis1=-2, axis2=-1) / max(1, weights.shape[-1] - 1)


@exercise.equivalent
def with_a_pattern(weights):
    T = weights.shape[-1]
    return np.einsum("...ij,ij->...", weights, np.eye(T, k=-1)) / max(1, T - 1)


# Rows and columns of an attention map are taken for one another where nobody says which is which:
# https://github.com/poloclub/transformer-explainer/issues/19
@exercise.mistake("The next token was read")
def next_token_read(weights):
    """The weights just right of the diagonal were averaged: rows are queries, and the token before is a column to the
    left.

    - Is row 3, column 2 left or right of the diagonal?
    - The key of query i is i - 1: the column is smaller than the row.
    - offset=-1, not offset=1
    """
    T = weights.shape[-1]
    return np.trace(weights, offset=1, axis1=-2, axis2=-1) / max(1, T - 1)


@exercise.mistake("The diagonal was read")
def own_position_read(weights):
    """These are the weights of each query on itself.

    - Which key stands before query i?
    - Key i - 1
    - offset=-1
    """
    return np.trace(weights, axis1=-2, axis2=-1) / weights.shape[-1]


@exercise.mistake("Divided by T")
def divided_by_t(weights):
    """The sum was divided by T, but only T - 1 queries have a token before them: a perfect head gets less than 1.

    - How many queries have a token before them?
    - T - 1
    - Take the mean over the queries i >= 1.
    """
    return np.trace(weights, offset=-1, axis1=-2, axis2=-1) / weights.shape[-1]


@exercise.mistake("A sum, not a mean")
def summed(weights):
    """The weights were added up, so a long text gets a higher score than a short one.

    - What should a perfect head get, whatever T is?
    - 1.0
    - Take the mean.
    """
    return np.trace(weights, offset=-1, axis1=-2, axis2=-1)


# A detector that keeps what lies on a pattern and divides it by all the attention; whether that measures a head is
# discussed in https://github.com/TransformerLensOrg/TransformerLens/pull/255. Rows sum to 1, so all of it is T.
exercise.add_mistakes(
    (divided_by_t, lambda weights: np.trace(weights, -1, -2, -1) / weights.sum(axis=(-2, -1))),
)


@exercise.mistake("One number for all heads")
def heads_averaged(weights):
    """The leading axes were averaged too, so no head can be told from another.

    - How many numbers should come back for 3 heads?
    - One for each map: the shape is weights.shape[:-2].
    - .mean(axis=-1) averages over the diagonal alone.
    """
    return previous_token_score(weights).mean()


@exercise.mistake("The rows were searched for their maximum")
def share_of_largest(weights):
    """It counts how often the token before has the largest weight: a weight of 0.4 and one of 1 are then the same.

    - What should a head get that gives the token before 0.5 in each row?
    - 0.5
    - Average the weights themselves.
    """
    i = np.arange(1, weights.shape[-1])
    return (weights.argmax(axis=-1)[..., 1:] == i - 1).sum(axis=-1) / max(1, len(i))


@exercise.mistake("Only the last query was read")
def last_query_only(weights):
    """The weight of the last query on the key before it came back, and no mean.

    - Which queries have a token before them?
    - All but query 0.
    - Average over the whole diagonal below the main one.
    """
    return weights[..., -1, -2] if weights.shape[-1] > 1 else np.zeros(weights.shape[:-2])


@exercise.mistake("Undefined for one token")
def mean_of_nothing(weights):
    """With T = 1 there is no pair, and the mean of no numbers is NaN; the score is then 0.0.

    - How many queries have a token before them if T = 1?
    - None: return zeros of the shape weights.shape[:-2].
    - Treat T = 1 before you take the mean.
    """
    pairs = np.diagonal(weights, offset=-1, axis1=-2, axis2=-1)
    with np.errstate(all="ignore"):
        return pairs.sum(axis=-1) / np.float64(pairs.shape[-1])


@exercise.mistake(mc.CHANGES_INPUTS)
def overwrites(weights):
    weights *= np.eye(weights.shape[-1], k=-1)
    return weights.sum(axis=(-2, -1)) / max(1, weights.shape[-1] - 1)


exercise.equivalent_mutant("1 -> 2 #2", because="a map is square: its last two axes are equally long")
