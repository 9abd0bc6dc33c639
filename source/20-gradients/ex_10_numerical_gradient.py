"""### Measure a gradient

Before deriving a gradient, build the instrument that checks it. **Central differences**: nudge one entry up and down \
by `eps`, and see how much the function changes.

Write `numerical_gradient(f, x, eps=1e-6)`: `f` maps an array of `x`'s shape to one number. Return the gradient, an \
array of the shape of `x`: entry by entry `(f(x + eps e) - f(x - eps e)) / (2 eps)`,
where `e` is 1 at that entry and 0 elsewhere. `x` stays unchanged, and has any number of axes.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="numerical gradients",
    answer=Array(rtol=1e-6, atol=2e-6),
    hints=(
        "How many times is f called for an array of n entries?",
        "(f(x + eps e) - f(x - eps e)) / (2 eps) for each entry",
        "for index in np.ndindex(x.shape): up, down = x.copy(), x.copy(); up[index] += eps; down[index] -= eps; ...",
    ),
)


@exercise.solution
def numerical_gradient(f, x, eps=1e-6):
    """f: array -> float, x any shape -> gradient, the shape of x, by central differences."""
    grad = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = eps
        grad[index] = (f(x + step) - f(x - step)) / (2 * eps)
    return grad


def sum_of_squares(x):
    return float((x**2).sum())


def sum_of_cubes(x):
    return float((x**3).sum())


def first_times_last(x):
    return float(x.flat[0] * x.flat[-1] + 2 * x.flat[0])


def log_sum_exp(x):
    return float(np.log(np.exp(x).sum()))


def weighted_sines(x):
    return float((np.sin(x) * np.arange(1, x.size + 1).reshape(x.shape)).sum())


def of_a_product(x):
    """Uses both axes of x (2, 3)."""
    return float((np.array([[1.0, -2.0], [0.5, 3.0]]) @ x**2).sum())


@exercise.part("A vector", points=1)
def vector(rng):
    yield case(sum_of_squares, np.array([3.0, -1.0]), note="the gradient is 2x")
    yield case(first_times_last, np.array([2.0, 5.0, 7.0]))


@exercise.part("Any shape, any eps", points=1)
def any_shape(rng):
    for f, shape in (
        (log_sum_exp, (5,)),
        (weighted_sines, (2, 3)),
        (log_sum_exp, (2, 2, 2)),
        (first_times_last, (1,)),
        (sum_of_cubes, (3, 1)),
    ):
        yield case(f, rng.normal(size=shape))
    yield case(of_a_product, rng.normal(size=(2, 3)), note="f needs x in its shape")
    yield case(weighted_sines, rng.normal(size=(3, 2)).T, note="the transpose of an array")
    yield case(weighted_sines, np.arange(-9.0, 11.0) / 4, note="twenty entries, one of them 0")
    yield case(sum_of_cubes, np.array([1.0, 2.0]), eps=0.5, note="a coarse eps: central differences give 3x² + eps²")
    yield case(sum_of_cubes, np.array([[1.0, -2.0], [0.5, 3.0]]), eps=0.1)
    yield case(
        log_sum_exp, np.array([[0.5, -1.0, 2.0]]), eps=0.5, note="a coarse eps, and entries that depend on each other"
    )


@exercise.equivalent
def nudging_a_copy(f, x, eps=1e-6):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    for n in range(x.size):
        keep = x.flat[n]
        x.flat[n] = keep + eps
        up = f(x)
        x.flat[n] = keep - eps
        down = f(x)
        x.flat[n] = keep
        grad.flat[n] = (up - down) / eps / 2
    return grad


@exercise.equivalent
def with_an_identity_matrix(f, x, eps=1e-6):
    steps = eps * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([f(x + e) - f(x - e) for e in steps]).reshape(x.shape) / (2 * eps)


@exercise.equivalent
def with_a_list(f, x, eps=1e-6):
    flat = x.ravel().tolist()

    def at(n, by):
        return f(np.array([v + by if k == n else v for k, v in enumerate(flat)]).reshape(x.shape))

    return np.reshape([(at(n, eps) - at(n, -eps)) / (2 * eps) for n in range(len(flat))], x.shape).tolist()


def _differences(f, x, eps, up=1.0, down=1.0, divide=2.0):
    grad = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = eps
        grad[index] = (f(x + up * step) - f(x - down * step)) / (divide * eps)
    return grad


@exercise.mistake("One-sided, not central")
def one_sided_difference(f, x, eps=1e-6):
    """(f(x + eps) - f(x)) / eps has an error that grows with eps; the central difference has one that grows with eps
    squared.

    - What is the error for x squared at eps = 0.5?
    - Step up and down.
    - f(x + e) - f(x - e), over 2 eps
    """
    return _differences(f, x, eps, down=0.0, divide=1.0)


@exercise.mistake(one_sided_difference)
def one_sided_backwards(f, x, eps=1e-6):
    """(f(x) - f(x - eps)) / eps has an error that grows with eps; the central difference has one that grows with eps
    squared.

    - What is the error for x squared at eps = 0.5?
    - Step up and down.
    - f(x + e) - f(x - e), over 2 eps
    """
    return _differences(f, x, eps, up=0.0, divide=1.0)


@exercise.mistake("Half the step")
def half_the_step(f, x, eps=1e-6):
    """eps was taken for the whole distance; here x moves by eps up and by eps down, 2 eps in all.

    - How far apart are the two points?
    - 2 eps
    - A step of eps, not of eps / 2.
    """
    return _differences(f, x, eps / 2)


@exercise.mistake("Divided by eps, not 2 eps")
def divided_by_eps(f, x, eps=1e-6):
    """The two points are 2 eps apart, so the result is twice too large.

    - How far apart are x + eps and x - eps?
    - 2 eps
    - / (2 * eps)
    """
    return _differences(f, x, eps, divide=1.0)


@exercise.mistake("The sign is flipped")
def sign_flipped(f, x, eps=1e-6):
    """f(x - eps) - f(x + eps) is the negative gradient.

    - Where does x squared grow?
    - Up minus down.
    - f(x + step) - f(x - step)
    """
    return -_differences(f, x, eps)


@exercise.mistake("All entries were nudged together")
def all_entries_at_once(f, x, eps=1e-6):
    """That measures one directional derivative; each entry needs a nudge of its own.

    - How many numbers are in the gradient?
    - One entry at a time.
    - A step that is eps at one index, 0 elsewhere.
    """
    return np.full(x.shape, (f(x + eps) - f(x - eps)) / (2 * eps))


@exercise.mistake("Not divided by the distance")
def not_divided(f, x, eps=1e-6):
    """The difference of f is not yet a slope.

    - What are the units of a slope?
    - Divide by 2 eps.
    - / (2 * eps)
    """
    return _differences(f, x, eps) * 2 * eps


@exercise.mistake("eps is ignored")
def eps_ignored(f, x, eps=1e-6):
    """A step of its own was used, whatever eps says.

    - Where does eps enter?
    - The step is eps.
    - step[index] = eps
    """
    return _differences(f, x, 1e-6)


@exercise.mistake("Whole rows were nudged")
def first_axis_only(f, x, eps=1e-6):
    """The loop ran over the first axis only, so a row shares one number.

    - How many entries has a (2, 3) array?
    - One entry at a time.
    - np.ndindex(x.shape)
    """
    grad = np.empty(x.shape)
    for i in range(len(x)):
        step = np.zeros(x.shape)
        step[i] = eps
        grad[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return grad


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(f, x, eps=1e-6):
    """x was nudged in place and not put back exactly."""
    grad = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += eps
        up = f(x)
        x[index] -= 2 * eps
        grad[index] = (up - f(x)) / (2 * eps)
    return grad


@exercise.mistake("The nudges pile up")
def nudge_not_taken_back(f, x, eps=1e-6):
    """After an entry was measured it stayed nudged while the next one was measured.

    - Where should x be when the next entry is measured?
    - Start from x each time.
    - A fresh step for each entry.
    """
    x, grad = x.copy(), np.empty(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += eps
        up = f(x)
        x[index] -= 2 * eps
        grad[index] = (up - f(x)) / (2 * eps)
    return grad


@exercise.mistake("Divided by 2 and multiplied by eps")
def divided_then_multiplied(f, x, eps=1e-6):
    """Python works from left to right: a / 2 * eps is (a / 2) * eps.

    - What is 8 / 2 * 4?
    - The whole of 2 eps belongs under the fraction.
    - / (2 * eps)
    """
    return _differences(f, x, eps) * eps**2


@exercise.mistake("Nothing was subtracted")
def nothing_subtracted(f, x, eps=1e-6):
    """f(x + eps) was divided as it is; a gradient measures how much f changes between two points.

    - What does your code give for a constant f?
    - f(x + eps e) - f(x - eps e)
    - Subtract f(x - step).
    """
    grad = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = eps
        grad[index] = f(x + step) / (2 * eps)
    return grad


@exercise.mistake(eps_ignored)
def a_large_step(f, x, eps=1e-6):
    return _differences(f, x, 1e-2)
