"""### A softmax that never breaks

Softmax turns scores into weights that are positive and sum to 1: `exp(x_j) / sum_k exp(x_k)`, along one axis.

Write `softmax(x, axis=-1)`. It has to stay finite for entries as large as `10000` or as small as `-10000`, an entry of
`-inf` gets a weight of exactly `0`, and `axis` may be any axis of `x`. A positive weight that is too small \
for a float is 0 as
well. Every row has at least one finite entry. Return
an array of the shape of `x`; `x` itself stays as it is.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Probe, case
from autograder.exercise.results import Array


def _lone_entry_below_one(answer):
    return 0.95 < np.ravel(answer(np.array([3.0])))[0] < 1


exercise = Exercise(
    topic="softmax",
    answer=Array(exact_zeros=True),
    probes=(Probe(mc.EPSILON, _lone_entry_below_one),),
    hints=(
        "What happens to softmax(x) when the same number is added to every entry?",
        "softmax(x) = softmax(x - max(x)), with the maximum along the same axis.",
        "e = np.exp(x - x.max(axis=axis, keepdims=True)); then divide by e.sum(axis=axis, keepdims=True).",
    ),
)


@exercise.solution
def softmax(x, axis=-1):
    """x of any shape -> weights of the same shape, positive, summing to 1 along `axis`."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@exercise.part("One row", points=1)
def one_row(rng):
    yield case(np.log([1.0, 2.0, 5.0]), note="the logarithms of 1, 2 and 5: the weights are 1/8, 2/8, 5/8")
    yield case(np.array([0.0, 0.0, -np.inf]), note="-inf gets exactly 0")
    yield case(rng.normal(size=7))
    yield case(np.array([3.0]), note="a lone entry has the whole weight")


@exercise.part("Any axis", points=1)
def any_axis(rng):
    yield case(np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 0.0]]))
    yield case(np.array([[0.0, 1.0, 2.0], [2.0, 0.0, 0.0]]), axis=0, note="axis 0: the columns sum to 1")
    yield case(rng.normal(size=(3, 3)))
    yield case(rng.normal(size=(2, 4, 5)))
    yield case(rng.normal(size=(2, 4, 5)), axis=1)
    yield case(rng.normal(size=(3, 2, 4)), axis=-3)
    yield case(rng.normal(size=(4, 1)))
    masked = rng.normal(size=(4, 5))
    masked[np.triu_indices(4, 1, 5)] = -np.inf
    yield case(masked, note="a causal row each")


@exercise.part("Large entries", points=1)
def large(rng):
    yield case(np.array([1e4, 1e4, 0.0]))
    yield case(np.array([-1e4, -1e4 + 1, -1e4 - 2]), note="all far below 0")
    yield case(np.array([[1e4, 1e4 - 1.0], [-1e4, -1e4 + 2.0]]), note="one row far above the other")
    yield case(np.array([-1e4, -np.inf, -9999.0]), note="-inf beside entries near -10000")
    yield case(np.array([[9000.0, -np.inf], [-9000.0, -9001.0]]), axis=-1)
    yield case(np.array([0.0, 1000.0, 1000.0]), note="1000 above 0")


@exercise.equivalent
def with_loops(x, axis=-1):
    moved = np.moveaxis(x, axis, -1)
    out = np.empty(moved.shape)
    for index in np.ndindex(*moved.shape[:-1]):
        top = max(moved[index])
        e = [np.exp(value - top) for value in moved[index]]
        out[index] = [value / sum(e) for value in e]
    return np.moveaxis(out, -1, axis)


@exercise.equivalent
def through_the_logarithm(x, axis=-1):
    return np.exp(x - np.logaddexp.reduce(x, axis=axis, keepdims=True))


@exercise.equivalent
def in_float32(x, axis=-1):
    x = (x - np.amax(x, axis, keepdims=True)).astype(np.float32)
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


@exercise.equivalent
def by_pairwise_differences(x, axis=-1):
    # weight_j = 1 / sum_k exp(x_k - x_j): inf in the sum means a weight of 0.
    moved = np.moveaxis(x, axis, -1)
    gaps = moved[..., None, :] - moved[..., :, None]
    weights = 1 / np.exp(np.where(np.isnan(gaps), -np.inf, gaps)).sum(-1)
    return np.moveaxis(np.where(np.isneginf(moved), 0.0, weights), -1, axis)


exercise.add_mistakes(
    (mc.NO_MAX, lambda x, axis=-1: np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)),
    (mc.NO_MAX, lambda x, axis=-1: np.nan_to_num(np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True))),
)


@exercise.mistake("`axis` is ignored")
def axis_ignored(x, axis=-1):
    """It works along the last axis whatever `axis` says.

    - Which lines of your code mention axis?
    - Both the maximum and the sum run along `axis`.
    - x.max(axis=axis, keepdims=True), and the same for the sum.
    """
    return softmax(x)


@exercise.mistake(axis_ignored)
def maximum_along_the_last(x, axis=-1):
    """The maximum is taken along the last axis, whatever `axis` says; only the sum follows `axis`."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@exercise.mistake(axis_ignored)
def sum_along_the_last(x, axis=-1):
    """The sum runs along the last axis, whatever `axis` says; only the maximum follows `axis`."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@exercise.mistake(mc.GLOBAL_MAX)
def global_max(x, axis=-1):
    e = np.exp(x - x.max())
    return e / e.sum(axis=axis, keepdims=True)


@exercise.mistake(mc.WHOLE_MATRIX)
def whole(x, axis=-1):
    e = np.exp(x - x.max())
    return e / e.sum()


@exercise.mistake(mc.WRONG_AXIS)
def first_axis(x, axis=-1):
    """It normalises along the first axis, whatever `axis` says: the columns sum to 1."""
    return softmax(x, 0)


@exercise.mistake("keepdims is missing")
def keepdims_missing(x, axis=-1):
    """The sums lost an axis, so they were divided into the wrong cells, or into none.

    - What is the shape of e.sum(axis=-1)?
    - (n, 1) divides rows, (n,) divides columns.
    - keepdims=True
    """
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis)


@exercise.mistake(mc.EPSILON)
def epsilon(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / (e.sum(axis=axis, keepdims=True) + 1e-3)


@exercise.mistake("No exponential")
def divided_without_exp(x, axis=-1):
    """The entries were divided by their sum; softmax divides exponentials.

    - What if an entry is negative?
    - exp(x_j) / sum_k exp(x_k)
    - np.exp first
    """
    return x / x.sum(axis=axis, keepdims=True)


@exercise.mistake("Not divided by the sum")
def not_normalised(x, axis=-1):
    """The exponentials don't sum to 1 yet.

    - What should a row sum to?
    - Divide by the sum along axis.
    - e / e.sum(axis=axis, keepdims=True)
    """
    return np.exp(x - x.max(axis=axis, keepdims=True))


@exercise.mistake("Large entries were clipped")
def clipped(x, axis=-1):
    """Clipping makes different scores equal; subtracting the maximum changes nothing.

    - Are 9000 and 10000 still different after clipping?
    - softmax(x) = softmax(x - max(x))
    - Subtract, don't clip.
    """
    e = np.exp(np.clip(x, -500, 500))
    return e / e.sum(axis=axis, keepdims=True)


@exercise.mistake("The minimum was subtracted")
def minimum_subtracted(x, axis=-1):
    """The largest exponent grows instead of becoming 0, and with -inf nothing is left.

    - Which entry overflows first?
    - Subtract the maximum.
    - x.max, not x.min
    """
    e = np.exp(x - x.min(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@exercise.mistake("The sign is flipped")
def softmin(x, axis=-1):
    """The smallest entry got the largest weight.

    - Which entry should weigh most?
    - exp(+x)
    - Leave out the minus.
    """
    return softmax(np.where(np.isinf(x), x, -x), axis)


@exercise.mistake(mc.HARD_ARGMAX)
def hard(x, axis=-1):
    """All the weight goes to the largest entry. Softmax is softer: every finite entry gets a share."""
    best = x == x.max(axis=axis, keepdims=True)
    return best / best.sum(axis=axis, keepdims=True)


@exercise.mistake(mc.MEAN_SUBTRACTED)
def mean_subtracted(x, axis=-1):
    e = np.exp(x - x.mean(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@exercise.mistake(mc.MAX_AT_LEAST_ZERO)
def maximum_at_least_zero(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True, initial=0.0))
    return e / e.sum(axis=axis, keepdims=True)


@exercise.mistake("Nearly zero is not zero")
def nearly_zero(x, axis=-1):
    """A tiny weight is left where exp gives 0 (from a fill in place of -inf, or from an epsilon); -inf gets exactly 0.

    - What is exp(-inf)?
    - exactly 0
    - Add nothing, and leave -inf as it is.
    """
    e = np.exp(x - x.max(axis=axis, keepdims=True)) + 1e-9
    return e / e.sum(axis=axis, keepdims=True)


@exercise.mistake("Another base")
def other_base(x, axis=-1):
    """2 or 10 was raised to the entries; softmax raises e, that is np.exp.

    - What is the softmax of log 1, log 2 and log 5?
    - exp(x_j) / sum_k exp(x_k)
    - np.exp, not 2 **
    """
    return softmax(x * np.log(2), axis)


exercise.add_mistakes(
    (other_base, lambda x, axis=-1: softmax(x * np.log(10), axis)),
)


@exercise.mistake("That is the logarithm of the softmax")
def logarithm_returned(x, axis=-1):
    """These are log-probabilities, 0 or below; the weights themselves are wanted.

    - Can a weight be negative?
    - exp(x_j) / sum_k exp(x_k)
    - Leave out the log, or take np.exp at the end.
    """
    return np.log(softmax(x, axis))


@exercise.mistake(mc.CHANGES_INPUTS)
def changes(x, axis=-1):
    x -= x.max(axis=axis, keepdims=True)
    np.exp(x, out=x)
    return x / x.sum(axis=axis, keepdims=True)
