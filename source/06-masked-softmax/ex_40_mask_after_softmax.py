"""### Fix it afterwards

Somebody gives you the weights of an ordinary softmax, with the future still in. You don't have the scores any more. \
Can it be fixed? Yes, unless all the weights that may stay were rounded to 0: set the hidden weights to 0, then divide \
each row by what is left.

Write `mask_after_softmax(weights, allowed)`: `weights` is `(..., T_q, T_k)`, rows sum to 1; `allowed` is boolean and \
broadcasts to it. Return the weights that masking *before* the softmax would have given: hidden keys exactly 0, rows \
that sum to 1 again. A row in which every allowed weight is 0, or no key is allowed, gives zeros, never NaN. \
What is left \
may be as little as `1e-30`.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="masking after the softmax",
    answer=Array(exact_zeros=True),
    hints=(
        "After hiding, what does each row sum to?",
        "weights * allowed, divided by its row sum",
        (
            "kept = np.where(allowed, weights, 0); total = kept.sum(axis=-1, keepdims=True); kept / np.where(total "
            "> 0, total, 1)"
        ),
    ),
)


@exercise.solution
def mask_after_softmax(weights, allowed):
    """weights (..., T_q, T_k) of an ordinary softmax, allowed broadcasts -> the weights of masking before it."""
    kept = np.where(allowed, weights, 0.0)
    total = kept.sum(axis=-1, keepdims=True)
    return kept / np.where(total > 0, total, 1.0)


def _weights(rng, *shape):
    e = np.exp(2 * rng.normal(size=shape))
    return e / e.sum(axis=-1, keepdims=True)


@exercise.part("Three tokens", points=1)
def three(rng):
    yield case(np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6], [0.2, 0.3, 0.5]]), np.tri(3, dtype=bool))
    hole = np.array([[True, True, True, False], [False] * 4, [False, True, True, False]])
    yield case(np.array([[0.1, 0.2, 0.2, 0.5], [0.25] * 4, [0.5, 0.1, 0.3, 0.1]]), hole, note="row 1 has nothing left")


@exercise.part("Any shape", points=1)
def any_shape(rng):
    yield case(_weights(rng, 5, 5), np.tri(5, dtype=bool))
    yield case(_weights(rng, 2, 3, 4, 4), np.tri(4, dtype=bool))
    yield case(_weights(rng, 3, 5), np.array([True, False, True, False, False]))
    yield case(
        _weights(rng, 2, 2, 3, 4),
        (np.arange(4) < np.array([0, 3])[:, None])[:, None, None],
        note="padding, one row of the batch empty",
    )
    yield case(_weights(rng, 2, 6), np.tri(2, 6, k=4, dtype=bool))
    yield case(np.array([[1.0]]), np.array([[True]]))
    yield case(
        _weights(rng, 4, 4), np.array([True, False, True, True]), note="one mask for all queries, as many as keys"
    )
    for little in (1e-9, 1e-30):
        tiny = np.array([[little, 3 * little, 1 - 4 * little]])
        yield case(tiny, np.array([[True, True, False]]), note="very little is left")


@exercise.equivalent
def row_by_row(weights, allowed):
    allowed, out = np.broadcast_to(allowed, weights.shape), np.zeros(weights.shape)
    for index in np.ndindex(*weights.shape[:-1]):
        left = sum(w for w, ok in zip(weights[index], allowed[index], strict=True) if ok)
        out[index] = [w / left if ok and left else 0.0 for w, ok in zip(weights[index], allowed[index], strict=True)]
    return out


@exercise.equivalent
def with_divide_where(weights, allowed):
    kept = weights * allowed
    total = np.einsum("...k->...", kept)[..., None]
    return np.divide(kept, total, out=np.zeros_like(kept), where=total != 0)


@exercise.equivalent
def through_the_logarithm(weights, allowed):
    scores = np.where(allowed, np.log(weights), -np.inf)
    return np.nan_to_num(np.exp(scores - np.logaddexp.reduce(scores, axis=-1, keepdims=True)))


@exercise.equivalent
def nan_to_num_at_the_end(weights, allowed):
    kept = np.multiply(weights, np.asarray(allowed, dtype=int))
    return np.nan_to_num(kept / kept.sum(-1)[..., np.newaxis])


@exercise.mistake("Not renormalised")
def not_renormalised(weights, allowed):
    """The hidden weights are 0, but what is left does not sum to 1; how much is missing depends on the future.

    - What does row 0 sum to?
    - Divide by the row sum.
    - kept / kept.sum(axis=-1, keepdims=True)
    """
    return np.where(allowed, weights, 0.0)


@exercise.mistake(mc.EMPTY_ROW_NAN)
def empty_row_nan(weights, allowed):
    """A row of which nothing is left became NaN (0 / 0); it should be all zeros.

    - What is 0 / 0?
    - Where the row sum is 0, the weights are 0.
    - kept / np.where(total > 0, total, 1)
    """
    return (lambda k: k / k.sum(-1, keepdims=True))(np.where(allowed, weights, 0.0))


@exercise.mistake("A second softmax")
def softmax_twice(weights, allowed):
    """softmax of weights is no weights: it flattens them, and a hidden 0 gets e^0 = 1 again.

    - Are weights scores?
    - Divide by the row sum.
    - No exp is needed.
    """
    return (lambda e: e / e.sum(-1, keepdims=True))(np.exp(np.where(allowed, weights, 0.0)))


@exercise.mistake("Weights were taken for scores")
def softmax_of_masked_weights(weights, allowed):
    """-inf was written into the weights and a softmax taken: exp of a weight is not the weight.

    - What is exp(0.5) / (exp(0.5) + exp(0.25))?
    - Divide by the row sum.
    - No exp is needed.
    """
    return _softmax_of(weights, allowed)


@exercise.mistake(mc.INVERTED)
def inverted(weights, allowed):
    return mask_after_softmax(weights, ~np.asarray(allowed))


@exercise.mistake(mc.NO_MASK)
def no_mask(weights, allowed):
    """The weights came back unchanged: hidden keys still have weight.

    - Which weights should be 0?
    - Where allowed is False, the weight is 0.
    - np.where(allowed, weights, 0)
    """
    return weights.copy()


@exercise.mistake("Divided by what was hidden")
def divided_by_hidden(weights, allowed):
    """The kept weights were divided by the sum of the hidden ones.

    - What has to sum to 1?
    - The kept ones.
    - Divide by kept.sum(...).
    """
    return (lambda k, h: k / np.where(h > 0, h, 1.0))(
        np.where(allowed, weights, 0.0), np.where(allowed, 0.0, weights).sum(-1, keepdims=True)
    )


@exercise.mistake("The hidden weight was shared out evenly")
def spread_evenly(weights, allowed):
    """What was hidden was added in equal parts; proportions have to stay as they were.

    - Was 0.5 twice 0.25 before? And after?
    - Divide, don't add.
    - kept / kept.sum(...)
    """
    return _evenly(weights, allowed)


@exercise.mistake(mc.WRONG_AXIS)
def wrong_axis(weights, allowed):
    """The columns were divided by their sums; each row has to sum to 1.

    - What should sum to 1, a row or a column?
    - Each query spreads a weight of 1 over its keys.
    - kept.sum(axis=-1, keepdims=True)
    """
    return (lambda k: k / np.where(k.sum(-2, keepdims=True) > 0, k.sum(-2, keepdims=True), 1))(
        np.where(allowed, weights, 0.0)
    )


@exercise.mistake(mc.WHOLE_MATRIX)
def whole_matrix(weights, allowed):
    return (lambda k: k / max(k.sum(), 1e-300))(np.where(allowed, weights, 0.0))


@exercise.mistake(mc.EPSILON)
def epsilon(weights, allowed):
    """A small number was added to the sum, or small sums were taken for 0: where little is left, rows sum to far less
    than 1.

    - How small can a row sum be?
    - Divide by the row sum itself; only a sum of exactly 0 is special.
    - kept / np.where(total > 0, total, 1)
    """
    return _divided(weights, allowed, lambda total: total + 1e-6)


exercise.add_mistakes(
    (epsilon, lambda weights, allowed: _divided(weights, allowed, lambda total: np.maximum(total, 1e-6))),
    (epsilon, lambda weights, allowed: _divided(weights, allowed, lambda total: total + 1e-9)),
    (epsilon, lambda weights, allowed: _divided(weights, allowed, lambda total: np.maximum(total, 1e-9))),
    (epsilon, lambda weights, allowed: _divided(weights, allowed, lambda total: total + 1e-12)),
    (epsilon, lambda weights, allowed: _divided(weights, allowed, lambda total: np.maximum(total, 1e-12))),
)


@exercise.mistake(mc.EMPTY_ROW_UNIFORM)
def empty_row_uniform(weights, allowed):
    """A row of which nothing is left became uniform, so hidden keys have weight; it should be all zeros.

    - Which keys may this row see?
    - None, so every weight is 0.
    - kept / np.where(total > 0, total, 1)
    """
    return _or_where_empty(weights, allowed, 1 / weights.shape[-1])


@exercise.mistake(mc.EMPTY_ROW_UNIFORM)
def empty_row_kept(weights, allowed):
    """A row of which nothing is left kept its weights, all of them on hidden keys; it should be all zeros.

    - Which keys may this row see?
    - None, so every weight is 0.
    - kept / np.where(total > 0, total, 1)
    """
    return _or_where_empty(weights, allowed, weights)


@exercise.mistake("A causal mask was used")
def causal_assumed(weights, allowed):
    """The mask is what `allowed` says.

    - Where does `allowed` enter?
    - Only `allowed` counts.
    - np.where(allowed, weights, 0)
    """
    return mask_after_softmax(weights, np.tri(*weights.shape[-2:], dtype=bool))


@exercise.mistake("Small weights were raised")
def clipped_weights(weights, allowed):
    """The weights were clipped from below; where little is left, their proportions are gone.

    - Were those two weights equal before?
    - Proportions have to stay.
    - Only a row sum of exactly 0 is special: np.where(total > 0, total, 1)
    """
    return mask_after_softmax(np.maximum(weights, 1e-6), allowed)


def _divided(weights, allowed, divisor):
    kept = np.where(allowed, weights, 0.0)
    return kept / divisor(kept.sum(axis=-1, keepdims=True))


def _or_where_empty(weights, allowed, instead):
    some = np.where(allowed, weights, 0.0).sum(axis=-1, keepdims=True) > 0
    return np.where(some, mask_after_softmax(weights, allowed), instead)


def _softmax_of(weights, allowed):
    s = np.where(allowed, weights, -np.inf)
    e = np.exp(s - np.where(np.isfinite(s.max(-1, keepdims=True)), s.max(-1, keepdims=True), 0))
    return e / np.where(e.sum(-1, keepdims=True) > 0, e.sum(-1, keepdims=True), 1)


def _evenly(weights, allowed):
    allowed = np.broadcast_to(allowed, weights.shape)
    kept, count = np.where(allowed, weights, 0.0), np.maximum(allowed.sum(-1, keepdims=True), 1)
    return np.where(allowed, kept + (1 - kept.sum(-1, keepdims=True)) / count, 0.0)


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(weights, allowed):
    """The weights were set to 0 in the array that was passed in."""
    weights *= allowed
    return mask_after_softmax(weights, True)


exercise.equivalent_mutant("1.0 -> 2.0", because="0 divided by anything is 0")
