"""### Repair: a fill that was not low enough

This code hides a key by writing −10,000 over its score.

Repair `filled_weights(scores, allowed)`: scores `(..., T_q, T_k)`, floats, and `allowed` `(T_q, T_k)`, booleans that \
are True where a query may attend → the weights `(..., T_q, T_k)`, a softmax over the allowed keys of each query, \
with **exactly 0** at the others. Each query may see at least one key. Scores may be anything from −10³⁰ to 10³⁰, the \
hidden ones too. The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="fixing an attention",
    answer=Array(exact_zeros=True),
    hints=(
        "What are the weights of a query if all its allowed scores are -20000?",
        "A hidden score has to be lower than every score that an allowed key may have.",
        "np.where(allowed, scores, -np.inf)",
    ),
)
FINITE_FILL = mc.FILL_WEAK.with_text(
    "The number over the hidden scores is not the lowest: allowed scores can fall below it, and hidden keys win.",
    (
        "What are the weights of a query if all its allowed scores are -20000?",
        "A hidden score has to be lower than every score that an allowed key may have.",
        "np.where(allowed, scores, -np.inf)",
    ),
)
FILL_ADDED = mc.FILL_WEAK.with_text(
    "A number was added to the hidden scores. A hidden score that is far above the others still wins."
)


@exercise.solution
def filled_weights(scores, allowed):
    """scores (..., T_q, T_k), allowed (T_q, T_k) bool -> weights (..., T_q, T_k), exactly 0 at hidden keys."""
    scores = np.where(allowed, scores, -np.inf)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@exercise.mistake(FINITE_FILL)
@exercise.starter
def broken(scores, allowed):
    """scores (..., T_q, T_k), allowed (T_q, T_k) bool -> weights (..., T_q, T_k), exactly 0 at hidden keys."""
    scores = np.where(allowed, scores, -1e4)
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _quarters(rng, *shape):
    """Numbers that float32 holds exactly."""
    return rng.integers(-8, 9, size=shape) / 4


@exercise.part("As after the training", points=1)
def pushed_down(rng):
    causal = np.tri(3, dtype=bool)
    yield case(np.full((3, 3), -20000.0), causal, note="all scores are -20000")
    yield case(_quarters(rng, 4, 4) - 2.0**17, np.tri(4, dtype=bool), note="all scores near -131072")
    yield case(np.array([[-1e30, -4e29], [-1e30, -6e29]]), np.tri(2, dtype=bool), note="all scores are very low")
    yield case(np.diag([-1e30, -5.0, -1e12]), causal, note="an allowed score of -1e30 beside hidden zeros")


@exercise.part("Any other scores", points=1)
def ordinary(rng):
    yield case(np.zeros((3, 3)), np.tri(3, dtype=bool), note="all scores are 0")
    yield case(_quarters(rng, 2, 3, 5, 5), np.tri(5, dtype=bool))
    yield case(_quarters(rng, 2, 6), np.tri(2, 6, k=4, dtype=bool), note="fewer queries than keys")
    yield case(_quarters(rng, 4, 4), rng.random((4, 4)) < 0.5 + np.eye(4), note="holes")
    yield case(np.array([[3.0, 1e30], [900.0, 850.0]]), np.tri(2, dtype=bool), note="a hidden score of 1e30")
    yield case(_quarters(rng, 3, 4) + 1000.0, np.tri(3, 4, k=1, dtype=bool), note="scores near 1000")
    yield case(np.array([[0.0, -2e4], [-1e4, -1e4]]), np.tri(2, dtype=bool), note="allowed scores of -10000")
    yield case(np.array([[8.0, -9999.0, 9.0]]), np.array([[True, True, False]]), note="an allowed score of -9999")


@exercise.equivalent
def row_by_row(scores, allowed):
    out = np.zeros(scores.shape)
    for *batch, i in np.ndindex(scores.shape[:-1]):
        seen = scores[(*batch, i)][allowed[i]]
        e = np.exp(seen - seen.max())
        out[(*batch, i)][allowed[i]] = e / e.sum()
    return out


@exercise.equivalent
def added(scores, allowed):
    mask = np.zeros(allowed.shape)
    mask[~allowed] = -np.inf
    z = scores + mask
    top = z.max(-1)[..., None]
    return np.exp(z - top - np.log(np.exp(z - top).sum(-1)[..., None]))


@exercise.equivalent
def lower_than_every_score(scores, allowed):
    z = np.where(allowed, scores, np.finfo(np.float64).min)
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@exercise.equivalent
def multiplied_behind_the_right_maximum(scores, allowed):
    top = np.max(scores, axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    e = np.exp(np.minimum(scores - top, 0.0)) * allowed
    return e / e.sum(axis=-1, keepdims=True)


def _softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _filled(fill):
    return lambda scores, allowed: _softmax(np.where(allowed, scores, fill))


@exercise.mistake("The allowed scores were clipped")
def clipped_above_the_fill(scores, allowed):
    """The allowed scores were raised until they lie above the fill. No key of the future is seen any more, but scores
    below the limit are all the same now, and a low one gets a weight that it should not have.

    - Which weight does an allowed score of -20000 get beside one of -30000?
    - Leave the allowed scores as they are, and lower the fill.
    """
    return _softmax(np.where(allowed, np.clip(scores, -9000.0, None), -np.inf))


@exercise.mistake(clipped_above_the_fill)
def clipped_and_filled(scores, allowed):
    return _softmax(np.where(allowed, np.clip(scores, -9000.0, None), -1e4))


@exercise.mistake("A little lower than the lowest score")
def relative_to_the_lowest(scores, allowed):
    """The fill is the lowest score less a number. Beside scores of -1e30 such a number is lost in rounding; a fill that
    is only a little lower leaves hidden keys some weight.

    - What is -1e30 - 10000 in float64?
    - -1e30. Only -np.inf is lower than every score.
    """
    return _softmax(np.where(allowed, scores, scores.min() - 1e4))


exercise.add_mistakes(
    (clipped_above_the_fill, lambda scores, allowed: _softmax(np.where(allowed, np.maximum(scores, -9999.0), -1e4))),
    (relative_to_the_lowest, lambda scores, allowed: _softmax(np.where(allowed, scores, scores.min() - 1.0))),
    (FINITE_FILL, _filled(-1e5)),
    (FINITE_FILL, _filled(-65504.0)),
    (FINITE_FILL, _filled(-1e9)),
    (FINITE_FILL, _filled(-1e20)),
    (FILL_ADDED, lambda scores, allowed: _softmax(scores - 1e4 * ~allowed)),
    (FILL_ADDED, lambda scores, allowed: _softmax(scores - 1e9 * ~allowed)),
    (mc.FILL_ZERO, _filled(0.0)),
    (mc.FILL_PLUS_INF, _filled(np.inf)),
    (mc.INVERTED, lambda scores, allowed: _softmax(np.where(allowed, -np.inf, scores))),
    (mc.ZERO_TIMES_INF, lambda scores, allowed: _softmax(scores + ~allowed * -np.inf)),
    (mc.NO_MASK, lambda scores, allowed: _softmax(scores)),
    (mc.MASK_AFTER_SOFTMAX, lambda scores, allowed: _softmax(scores) * allowed),
    (
        mc.WRONG_AXIS,
        lambda scores, allowed: np.swapaxes(_softmax(np.swapaxes(_hidden(scores, allowed), -1, -2)), -1, -2),
    ),
    (mc.EPSILON, lambda scores, allowed: _softmax(_hidden(scores, allowed)) / (1 + 1e-6)),
)


def _hidden(scores, allowed):
    return np.where(allowed, scores, -np.inf)


@exercise.mistake(mc.MAX_BEFORE_MASK)
def maximum_before_mask(scores, allowed):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True)) * allowed
    return e / e.sum(axis=-1, keepdims=True)


@exercise.mistake(mc.NO_MAX)
def no_maximum(scores, allowed):
    e = np.exp(_hidden(scores, allowed))
    return e / e.sum(axis=-1, keepdims=True)


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(scores, allowed):
    scores[..., ~allowed] = -np.inf
    return _softmax(scores)
