"""### Back through the softmax

A row of weights `w = softmax(s)` sums to 1, so raising one score lowers all other weights. In matrix form: `dL/ds_j = \
w_j (g_j - sum_k w_k g_k)`, with `g = dL/dw`.

Write `softmax_backward(weights, grad_weights)`: both `(..., T_k)`, rows along the last axis. Return the gradient with \
respect to the scores, the same shape. A weight of exactly 0 (a masked key) gives exactly 0.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="softmax backward",
    answer=Array(exact_zeros=True),
    hints=(
        "What does the gradient of a row of scores sum to, and why?",
        "ds = w * (g - sum(w * g)), the sum along the row",
        "weights * (grad_weights - (weights * grad_weights).sum(axis=-1, keepdims=True))",
    ),
)


@exercise.solution
def softmax_backward(weights, grad_weights):
    """weights, grad_weights (..., T_k) -> the gradient with respect to the scores, same shape."""
    mean = (weights * grad_weights).sum(axis=-1, keepdims=True)
    return weights * (grad_weights - mean)


def _weights(rng, *shape):
    e = np.exp(rng.normal(size=shape))
    return e / e.sum(axis=-1, keepdims=True)


@exercise.part("One row", points=1)
def one_row(rng):
    yield case(np.array([0.25, 0.25, 0.5]), np.array([1.0, 3.0, 4.0]))
    yield case(np.array([0.75, 0.25, 0.0]), np.array([2.0, 4.0, 100.0]), note="the last key is masked")


@exercise.part("Any shape", points=1)
def any_shape(rng):
    for shape in ((1,), (4, 4), (5, 3), (2, 3, 4), (2, 2, 3, 5), (20, 40)):
        yield case(_weights(rng, *shape), rng.normal(size=shape))
    e = np.tril(np.exp(rng.normal(size=(5, 5))))
    yield case(e / e.sum(axis=-1, keepdims=True), rng.normal(size=(5, 5)), note="causal weights")
    e = np.tril(np.exp(rng.normal(size=(2, 6, 6))))
    yield case(e / e.sum(axis=-1, keepdims=True), 50 * rng.normal(size=(2, 6, 6)))


@exercise.equivalent
def with_the_jacobian(weights, grad_weights):
    n = weights.shape[-1]
    jacobian = weights[..., :, None] * (np.eye(n) - weights[..., None, :])
    return np.einsum("...jk,...k->...j", jacobian, grad_weights)


@exercise.equivalent
def with_loops(weights, grad_weights):
    out = np.zeros(weights.shape)
    for lead in np.ndindex(*weights.shape[:-1]):
        w, g = weights[lead], grad_weights[lead]
        out[lead] = [w[j] * (g[j] - sum(w[k] * g[k] for k in range(len(w)))) for j in range(len(w))]
    return out


@exercise.equivalent
def with_vecdot(weights, grad_weights):
    wg = np.multiply(weights, grad_weights)
    return wg - weights * np.vecdot(weights, grad_weights)[..., None]


@exercise.mistake("Only the diagonal of the Jacobian")
def diagonal_only(weights, grad_weights):
    """w (1 - w) g treats each weight alone; raising one score lowers all the others.

    - What happens to w_2 when s_1 grows?
    - Subtract the weighted mean of g.
    - g - sum(w * g)
    """
    return weights * (1 - weights) * grad_weights


@exercise.mistake("The mean was not subtracted")
def mean_not_subtracted(weights, grad_weights):
    """w * g alone: the gradient of a row of scores has to sum to 0.

    - What happens to the weights if all scores grow by 1?
    - ds sums to 0.
    - Subtract sum(w * g).
    """
    return weights * grad_weights


@exercise.mistake("The plain mean was subtracted")
def plain_mean_subtracted(weights, grad_weights):
    """The mean has to be weighted by the weights.

    - Which mean makes ds sum to 0?
    - sum_k w_k g_k
    - (w * g).sum, not g.mean
    """
    return weights * (grad_weights - grad_weights.mean(axis=-1, keepdims=True))


@exercise.mistake("The sum ran over the whole array")
def sum_over_everything(weights, grad_weights):
    """Each row has a mean of its own.

    - Do the rows influence each other?
    - axis=-1, keepdims=True
    - .sum(axis=-1, keepdims=True)
    """
    return weights * (grad_weights - (weights * grad_weights).sum())


@exercise.mistake("The sum ran over the queries")
def sum_over_queries(weights, grad_weights):
    """The softmax was along the keys (the last axis), and so is its backward pass.

    - Along which axis do the weights sum to 1?
    - axis=-1
    - .sum(axis=-1, keepdims=True)
    """
    return weights * (grad_weights - (weights * grad_weights).sum(axis=max(-2, -weights.ndim), keepdims=True))


@exercise.mistake("The factor w is missing")
def weight_outside_missing(weights, grad_weights):
    """g - mean is not yet multiplied by the weights.

    - What is the gradient for a masked key?
    - w_j (g_j - mean)
    - weights * (...)
    """
    return grad_weights - (weights * grad_weights).sum(axis=-1, keepdims=True)


@exercise.mistake("The sign is flipped")
def sign_flipped(weights, grad_weights):
    """mean - g instead of g - mean.

    - If g_j is above the mean, should s_j's gradient be positive?
    - w (g - mean)
    - Swap the two terms.
    """
    return weights * ((weights * grad_weights).sum(axis=-1, keepdims=True) - grad_weights)


@exercise.mistake("The softmax was skipped")
def gradient_passed_through(weights, grad_weights):
    """The gradient of the weights came back unchanged.

    - What lies between scores and weights?
    - w (g - mean)
    - Multiply by the Jacobian.
    """
    return grad_weights.copy()


@exercise.mistake(mc.CHANGES_INPUTS)
def changes_inputs(weights, grad_weights):
    return _in_place(weights, grad_weights)


def _in_place(weights, grad_weights):
    grad_weights -= (weights * grad_weights).sum(axis=-1, keepdims=True)
    return weights * grad_weights


@exercise.mistake("keepdims is missing")
def keepdims_missing(weights, grad_weights):
    """The sums lost an axis and were subtracted from the wrong cells, or from none.

    - What is the shape of the sum?
    - (..., 1)
    - keepdims=True
    """
    return weights * (grad_weights - (weights * grad_weights).sum(axis=-1))


@exercise.mistake("Added, not subtracted")
def mean_added(weights, grad_weights):
    """g + mean was taken; what an equal rise of all scores does has to cancel.

    - What is the sum of a row of your result?
    - w (g - mean), whose sum is 0
    - Put a minus in front of the sum.
    """
    return weights * (grad_weights + (weights * grad_weights).sum(axis=-1, keepdims=True))


@exercise.mistake("Another sum was subtracted")
def another_sum(weights, grad_weights):
    """What is subtracted has to be the weighted sum of the row, sum_k w_k g_k; here it is another sum or mean.

    - What does the formula sum over k?
    - sum_k w_k g_k
    - (weights * grad_weights).sum(axis=-1, keepdims=True)
    """
    return weights * (grad_weights - grad_weights.sum(axis=-1, keepdims=True))


exercise.add_mistakes((another_sum, lambda w, g: w * (g - (w * g).mean(axis=-1, keepdims=True))))


@exercise.mistake("The weights went through a softmax again")
def softmax_again(weights, grad_weights):
    """What is given is the weights already, not the scores.

    - What does a row of `weights` sum to?
    - Use the weights as they are.
    - No np.exp is needed.
    """
    e = np.exp(weights)
    w = e / e.sum(axis=-1, keepdims=True)
    return w * (grad_weights - (w * grad_weights).sum(axis=-1, keepdims=True))
