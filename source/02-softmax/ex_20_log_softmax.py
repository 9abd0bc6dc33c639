"""### Write log-softmax

Taking `np.log` of a softmax fails where the softmax rounds to 0: the true logarithm may be an
ordinary number such as -2000.

Write `log_softmax(x, axis=-1)`: the natural logarithm of the softmax along `axis`, finite wherever `x` is finite, for \
entries up to
±10000. An entry of `-inf` gives `-inf`. Every row has at least one finite entry, `axis` may be any axis of `x`, and \
`x` stays as it is.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise import wrong_losses
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Array

EPSILON = Misconception(
    "epsilon_in_log",
    "A small number inside the logarithm",
    "log(p + 1e-12), or of p clipped from below, can't fall below the logarithm of that small number, and it is never "
    "exact.",
    ("What is log(0 + 1e-12)?", "The log of a fraction is a difference.", "No epsilon is needed then."),
)


MINUS_INF_LOST = Misconception(
    "minus_inf_lost",
    "-inf became a finite number",
    "The logarithm of a weight of 0 is -inf; here it was replaced by a large negative number.",
    ("What is log(0)?", "-inf stays -inf.", "Leave out the nan_to_num or the clip."),
)


def _minus_inf_lost(answer):
    return np.isfinite(np.ravel(answer(np.array([0.5, -np.inf, 0.5]))))[1]


def _floor(answer):
    return -1990 < np.ravel(answer(np.array([2000.0, 0.0])))[1] < -1


exercise = Exercise(
    topic="log-softmax",
    answer=Array(),
    probes=(Probe(EPSILON, _floor), Probe(MINUS_INF_LOST, _minus_inf_lost)),
    hints=(
        "What is the logarithm of a fraction?",
        "log softmax(x)_j = x_j - log sum_k exp(x_k)",
        "x = x - x.max(axis=axis, keepdims=True); x - np.log(np.exp(x).sum(axis=axis, keepdims=True))",
    ),
)


@exercise.solution
def log_softmax(x, axis=-1):
    """x of any shape -> log of its softmax along `axis`, same shape."""
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


@exercise.part("One row", points=1)
def one_row(rng):
    yield case(np.log([1.0, 2.0, 5.0]), note="log of 1/8, 2/8 and 5/8")
    yield case(rng.normal(size=6))
    yield case(np.array([0.5, -np.inf, 0.5]), note="-inf stays -inf")
    yield case(np.array([2.5]), note="one entry: log 1 is 0", answer=Array(atol=1e-8))


@exercise.part("Any axis", points=1)
def any_axis(rng):
    for shape, axis in (
        ((2, 3), -1),
        ((2, 3), 0),
        ((3, 3), 0),
        ((2, 4, 5), 1),
        ((2, 4, 5), -1),
        ((2, 4, 5), -2),
        ((3, 2, 4), -3),
    ):
        yield case(rng.normal(size=shape), axis=axis)
    yield case(np.array([[2.5], [-1.0], [0.0]]), note="a lone entry: log 1 is 0", answer=Array(atol=1e-8))


@exercise.part("Large entries", points=1)
def large(rng):
    yield case(np.array([2000.0, 0.0, 1999.0]), note="the middle one is -2000, not -inf")
    yield case(np.array([-1e4, 1e4]))
    yield case(np.array([[1e4, 1e4 - 3], [-1e4, -1e4 - 800.0]]), note="one row far above the other")


@exercise.equivalent
def with_logaddexp(x, axis=-1):
    return x - np.logaddexp.reduce(x, axis=axis, keepdims=True)


@exercise.equivalent
def with_loops(x, axis=-1):
    moved = np.moveaxis(x, axis, -1)
    out = np.empty(moved.shape)
    for index in np.ndindex(*moved.shape[:-1]):
        row = moved[index]
        top = max(row)
        total = top + np.log(sum(np.exp(value - top) for value in row))
        out[index] = [value - total for value in row]
    return np.moveaxis(out, -1, axis)


@exercise.equivalent
def with_expm1(x, axis=-1):
    shifted = x - np.max(x, axis=axis, keepdims=True)
    rest = np.exp(shifted).sum(axis=axis, keepdims=True) - 1
    return shifted - np.log1p(rest)


def _softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@exercise.mistake("The logarithm of 0")
def log_of_softmax(x, axis=-1):
    """The softmax rounded to 0 first, and log(0) is -inf; the true value is finite.

    - What is np.exp(-2000)?
    - The log of a fraction is a difference.
    - shifted - np.log(sum of exp(shifted))
    """
    return np.log(_softmax(x, axis))


exercise.add_mistakes(
    (EPSILON, lambda x, axis=-1: np.log(_softmax(x, axis) + 1e-12)),
    (EPSILON, lambda x, axis=-1: np.log(np.maximum(_softmax(x, axis), 1e-12))),
)


@exercise.mistake(EPSILON)
def epsilon(x, axis=-1):
    """A small number was added to the sum of exponentials: every result is a little too low. The sum is at least 1, no
    epsilon is needed.

    - Can the sum be 0 once the maximum is subtracted?
    - The largest entry contributes exp(0) = 1.
    - np.log of the plain sum.
    """
    return log_softmax(x, axis) - 1e-6


@exercise.mistake(mc.NO_MAX)
def no_max(x, axis=-1):
    """exp(2000) is infinite, so large entries give inf or NaN."""
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


@exercise.mistake("The logarithm is missing")
def softmax_not_log(x, axis=-1):
    """This is the softmax itself.

    - Can a log-probability be positive?
    - log of 1/8 is -2.08.
    - Return the logarithm.
    """
    return _softmax(x, axis)


@exercise.mistake("Only the maximum was subtracted")
def log_sum_missing(x, axis=-1):
    """The log of the sum of exponentials is missing, so exp of a row does not sum to 1.

    - What does exp of your row sum to?
    - x_j - max - log sum_k exp(x_k - max)
    - Subtract np.log(...sum()) too.
    """
    return x - x.max(axis=axis, keepdims=True)


@exercise.mistake("`axis` is ignored")
def axis_ignored(x, axis=-1):
    """It works along the last axis whatever `axis` says.

    - Which lines of your code mention axis?
    - Both the maximum and the sum run along `axis`.
    - Give axis=axis, keepdims=True to both.
    """
    return log_softmax(x)


@exercise.mistake(axis_ignored)
def maximum_along_the_last(x, axis=-1):
    """The maximum is taken along the last axis, whatever `axis` says; only the sum follows `axis`."""
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


@exercise.mistake("Another base")
def other_base(x, axis=-1):
    """This is the base-2 logarithm; natural logarithms are wanted.

    - Which base does np.log have?
    - log2(x) = log(x) / log(2)
    - np.log
    """
    return log_softmax(x, axis) / np.log(2)


@exercise.mistake("The sign is flipped")
def sign_flipped(x, axis=-1):
    """Log-probabilities are at most 0; these are their negatives.

    - Can log p be positive?
    - p <= 1, so log p <= 0.
    - Leave out the minus.
    """
    return -log_softmax(x, axis)


@exercise.mistake("The maximum was subtracted once only")
def maximum_not_given_back(x, axis=-1):
    """The sum used x - max, but x itself was not shifted; the two must agree.

    - Is your result smaller than it should be, or larger, by max(x)?
    - Shift both or neither.
    - Use the shifted x in both places.
    """
    top = x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x - top).sum(axis=axis, keepdims=True))


@exercise.mistake(mc.GLOBAL_MAX)
def global_max(x, axis=-1):
    """The largest entry of the whole array was subtracted, so a row far below it underflows to log(0)."""
    shifted = x - x.max()
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


@exercise.mistake(mc.CHANGES_INPUTS)
def changes(x, axis=-1):
    x -= x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


@exercise.mistake(wrong_losses.BASES_MIXED)
def bases_mixed(x, axis=-1):
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log2(np.exp(shifted).sum(axis=axis, keepdims=True))
