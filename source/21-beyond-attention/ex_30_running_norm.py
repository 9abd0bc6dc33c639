"""### A norm that waits

A norm over the whole text uses the mean and the variance of rows that are not known yet. A causal one uses those of \
the rows so far.

Write `running_norm(x, eps)`: `x` `(T, d)` → `(T, d)`. Let $m_t$ and $v_t$ be the mean and the variance of **all** \
$(t + 1) \\, d$ numbers in rows 0 to t. Then

$$y_t = \\frac{x_t - m_t}{\\sqrt{v_t + \\text{eps}}}$$

The variance is the mean of the squared distances from $m_t$. `eps` is above 0. The numbers may all lie near one that \
is large, such as 100,000,000, so do not subtract the square of the mean from the mean of the squares.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="norms over time",
    hints=(
        "Which numbers enter the mean of row 0, and which that of row 1?",
        "All numbers of x[: t + 1], over both axes; the variance is their mean squared distance from that mean.",
        "seen = x[: t + 1]; (x[t] - seen.mean()) / np.sqrt(seen.var() + eps)",
    ),
)


@exercise.solution
def running_norm(x, eps):
    """x (T, d), eps -> (T, d): each row less the mean of all numbers so far, over the root of their variance + eps."""
    y = np.empty(x.shape)
    for t in range(len(x)):
        seen = x[: t + 1]  # (t + 1, d)
        y[t] = (x[t] - seen.mean()) / np.sqrt(seen.var() + eps)
    return y


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(np.array([[1.0, 3.0], [2.0, 6.0]]), 1e-5, note="means 2 and 3, variances 1 and 3.5")
    yield case(np.array([[0.0], [2.0], [4.0]]), 1.0, note="one column, eps = 1")


@exercise.part("Any shape", points=1)
def any_shape(rng):
    for T, d, eps in ((5, 4, 1e-5), (8, 3, 1e-3), (6, 1, 1e-2), (1, 3, 1e-5), (30, 2, 1e-6), (3, 7, 0.5)):
        yield case(rng.normal(size=(T, d)), eps)
    yield case(np.array([[4.0]]), 1e-5, note="one number: its distance from the mean is 0")
    yield case(np.full((3, 2), 5.0), 1e-5, note="all numbers are equal")
    yield case(1e8 + rng.normal(size=(6, 3)), 1e-5, note="all numbers near 100,000,000")
    yield case(rng.normal(size=(5, 2)) * 1e-3 - 5e4, 1e-9, note="small differences near -50,000")
    late = rng.normal(size=(6, 2))
    late[-1] = 1e6
    yield case(late, 1e-5, note="the last row is a million times as large")
    yield case(rng.integers(-3, 4, size=(5, 2)), 1e-5, note="integers")


@exercise.equivalent
def shifted_running_sums(x, eps):
    z = x - x[0, 0]  # near 0, so that squares lose no digits
    count = x.shape[1] * np.arange(1, len(x) + 1)
    mean, square = np.cumsum(z.sum(axis=1)) / count, np.cumsum((z**2).sum(axis=1)) / count
    return (z - mean[:, None]) / np.sqrt(np.maximum(square - mean**2, 0) + eps)[:, None]


@exercise.equivalent
def welford(x, eps):
    count, mean, apart, out = 0, 0.0, 0.0, []
    for row in np.asarray(x, dtype=float):
        for value in row:
            count += 1
            step = value - mean
            mean += step / count
            apart += step * (value - mean)
        out.append((row - mean) / np.sqrt(apart / count + eps))
    return np.array(out)


@exercise.equivalent
def with_a_mask(x, eps):
    T, d = x.shape
    seen = np.tri(T) / (d * np.arange(1, T + 1))[:, None]
    mean = seen @ x.sum(axis=1)
    spread = (x[None] - mean[:, None, None]) ** 2  # (T, T, d): distances from the mean of row t
    variance = (seen * spread.sum(axis=2)).sum(axis=1)
    return (x - mean[:, None]) / np.sqrt(variance + eps)[:, None]


def _so_far(x, eps, seen, spread=np.var, mean=np.mean):
    return np.array([(x[t] - mean(seen(t))) / np.sqrt(spread(seen(t)) + eps) for t in range(len(x))])


# https://github.com/espnet/espnet/issues/5900, https://github.com/asteroid-team/asteroid/pull/503,
# https://github.com/kaituoxu/Conv-TasNet/issues/32
@exercise.mistake("Statistics of the whole text")
def over_all_time(x, eps):
    """Mean and variance were taken over all rows, so every output depends on every later row.

    - What is known at row 0?
    - Row t may use x[: t + 1] only.
    - seen = x[: t + 1]; seen.mean(), seen.var()
    """
    return (x - x.mean()) / np.sqrt(x.var() + eps)


@exercise.mistake(over_all_time)
def columns_over_all_time(x, eps):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)


# https://github.com/speechbrain/speechbrain/issues/1772: a norm of single rows under the name of a cumulative one
@exercise.mistake("Each row by itself")
def each_row_alone(x, eps):
    """Every row was normalised alone, as in a layer norm. That is causal, but the rows before belong to the statistics
    here.

    - Which numbers enter the mean of row 1?
    - Those of row 0 too.
    - x[: t + 1].mean(), not x[t].mean()
    """
    return (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + eps)


@exercise.mistake("Each column by itself")
def each_column_alone(x, eps):
    """Every column got a mean and a variance of its own; here all columns share one of each.

    - How many means are there for row t?
    - One, over both axes of x[: t + 1].
    - .mean() without an axis
    """
    return np.array([(x[t] - x[: t + 1].mean(axis=0)) / np.sqrt(x[: t + 1].var(axis=0) + eps) for t in range(len(x))])


@exercise.mistake("One row ahead")
def one_row_ahead(x, eps):
    """The statistics of row t already hold row t + 1.

    - Where does the slice x[: t + 2] end?
    - Behind row t + 1.
    - x[: t + 1]
    """
    return _so_far(x, eps, lambda t: x[: t + 2])


@exercise.mistake("The row itself is missing")
def rows_before_only(x, eps):
    """The statistics hold the rows before row t only, and row 0 has none.

    - Which rows does x[:t] hold?
    - Rows 0 to t - 1. Row t belongs to the statistics too.
    - x[: t + 1]
    """
    return _so_far(x, eps, lambda t: x[: max(t, 1)] if t else 0 * x[:1])


# https://github.com/asteroid-team/asteroid/issues/648
@exercise.mistake("The sum of squares was not divided")
def squares_not_divided(x, eps):
    """The sum of the squares stands where their mean belongs, so the variance grows with the text.

    - What is the variance in terms of means?
    - The mean of the squared distances.
    - Divide by the count, (t + 1) * d.
    """
    return _so_far(x, eps, lambda t: x[: t + 1], spread=lambda s: (s**2).sum() - s.mean() ** 2)


@exercise.mistake(squares_not_divided)
def distances_not_divided(x, eps):
    return _so_far(x, eps, lambda t: x[: t + 1], spread=lambda s: ((s - s.mean()) ** 2).sum())


# https://github.com/pytorch/pytorch/issues/40302, https://github.com/patrick-kidger/equinox/pull/314
@exercise.mistake("The variance was lost by rounding")
def square_of_the_mean_subtracted(x, eps):
    """The variance was computed as the mean of the squares less the square of the mean. Near 100,000,000 both have 17
    digits, and nothing is left of their difference.

    - How many digits has a float64, and how many has the square of 100,000,001?
    - Subtract the mean first, and square then.
    - seen.var(), or running sums of x - x[0, 0]
    """
    x = np.asarray(x, dtype=float)
    count = x.shape[1] * np.arange(1, len(x) + 1)
    mean, square = np.cumsum(x.sum(axis=1)) / count, np.cumsum((x**2).sum(axis=1)) / count
    return (x - mean[:, None]) / np.sqrt(np.maximum(square - mean**2, 0) + eps)[:, None]


# https://github.com/tky823/DNN-based_source_separation/issues/101: which mean belongs into the variance
@exercise.mistake("Distances from old means")
def distances_from_old_means(x, eps):
    """Each row's distances were taken from the mean at that row and then summed up; the variance of row t uses the mean
    of row t for all rows.

    - From which mean is row 0 measured in the variance of row 5?
    - From the mean of rows 0 to 5.
    - seen.var() computes it anew.
    """
    means = np.array([x[: t + 1].mean() for t in range(len(x))])
    apart = ((x - means[:, None]) ** 2).mean(axis=1)
    variance = np.cumsum(apart) / np.arange(1, len(x) + 1)
    return (x - means[:, None]) / np.sqrt(variance + eps)[:, None]


@exercise.mistake("eps outside the root")
def eps_outside_the_root(x, eps):
    """eps was added to the standard deviation; in the formula it is added to the variance.

    - Where does eps stand in the formula?
    - Under the root.
    - np.sqrt(variance + eps)
    """
    return np.array([(x[t] - x[: t + 1].mean()) / (x[: t + 1].std() + eps) for t in range(len(x))])


@exercise.mistake("No eps")
def eps_ignored(x, eps):
    """eps was left out, so a row whose numbers are all equal gives 0 / 0.

    - What is the variance of equal numbers?
    - 0, and 0 / 0 is NaN.
    - np.sqrt(variance + eps)
    """
    return _so_far(x, 0.0, lambda t: x[: t + 1])


# https://github.com/131250208/TPlinker-joint-extraction/issues/37: the power of the standard deviation
@exercise.mistake("Divided by the variance")
def no_root(x, eps):
    """The root is missing: the distances were divided by the variance.

    - Which unit does a variance have, if x is in metres?
    - Square metres; its root is in metres.
    - np.sqrt(variance + eps)
    """
    return np.array([(x[t] - x[: t + 1].mean()) / (x[: t + 1].var() + eps) for t in range(len(x))])


@exercise.mistake("Divided by one less")
def one_less(x, eps):
    """The squares were divided by their number less 1; here the variance is their plain mean.

    - What is the variance of 1 and 3 here?
    - 1: both are 1 away from their mean.
    - .var() without ddof=1
    """
    return _so_far(x, eps, lambda t: x[: t + 1], spread=lambda s: s.var(ddof=1) if s.size > 1 else 0.0)


@exercise.mistake("The mean was not subtracted")
def not_centred(x, eps):
    """The rows were divided, but not centred: the mean so far is still in them.

    - What should come out where all numbers are equal?
    - 0.
    - Subtract the mean of x[: t + 1] from x[t] first.
    """
    return np.array([x[t] / np.sqrt(x[: t + 1].var() + eps) for t in range(len(x))])


exercise.add_mistakes(
    (not_centred, lambda x, eps: np.array([x[t] / np.sqrt((x[: t + 1] ** 2.0).mean() + eps) for t in range(len(x))])),
)
