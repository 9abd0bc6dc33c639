"""### A convolution that waits

Write `causal_conv1d(x, kernel)`: rows `x` `(T, d)` and a `kernel` `(k,)` → `(T, d)`. Each column is filtered by \
itself, always with the same kernel:

$$y_t = \\sum_{j=0}^{k-1} \\text{kernel}_j \\; x_{t-j}$$

So `kernel[0]` belongs to row `t` itself, `kernel[1]` to the row before it. There is nothing before row 0: those terms \
count as 0. `k` is at least 1 and may be larger than `T`. `x` may hold integers while the kernel holds fractions.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="causal convolution",
    hints=(
        "Which rows enter output 0, and which enter output 1?",
        "Output t needs the rows t - k + 1 to t, so only the left side needs filling, with k - 1 rows of zeros.",
        "For each j: y[j:] += kernel[j] * x[: T - j], as long as j < T.",
    ),
)


@exercise.solution
def causal_conv1d(x, kernel):
    """x (T, d), kernel (k,) -> (T, d): y[t] is the sum of kernel[j] * x[t - j]."""
    T = len(x)
    y = np.zeros(x.shape)
    for j, weight in enumerate(kernel[:T]):
        y[j:] += weight * x[: T - j]  # row t gets row t - j
    return y


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(
        np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([10.0, 1.0]), note="ten times a row, plus the row before"
    )
    yield case(np.array([[0.0], [1.0], [0.0], [0.0]]), np.array([5.0, 6.0, 7.0]), note="a single 1 shows the kernel")
    yield case(np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]), np.array([1.0, -1.0]), note="two columns")


@exercise.part("Any shape", points=1)
def any_shape(rng):
    for T, d, k in ((5, 3, 3), (6, 2, 1), (4, 4, 4), (9, 1, 2), (1, 2, 1), (40, 3, 7)):
        yield case(rng.normal(size=(T, d)), rng.normal(size=k))
    yield case(rng.normal(size=(3, 2)), rng.normal(size=6), note="a kernel longer than the text")
    yield case(rng.normal(size=(1, 3)), rng.normal(size=4), note="one row, four weights")
    yield case(rng.integers(-4, 5, size=(6, 2)), np.array([0.5, 0.25, 0.125]), note="integers in, fractions out")
    late = rng.normal(size=(7, 2))
    late[-1] = 1e6
    yield case(late, rng.normal(size=4), note="the last row is a million times as large")


@exercise.equivalent
def with_numpy(x, kernel):
    return np.stack([np.convolve(column, kernel)[: len(x)] for column in x.T], axis=1)


@exercise.equivalent
def as_a_matrix(x, kernel):
    back = np.arange(len(x))[:, None] - np.arange(len(x))
    weights = np.where((back >= 0) & (back < len(kernel)), kernel[np.clip(back, 0, len(kernel) - 1)], 0.0)
    return weights @ x


@exercise.equivalent
def padded_on_the_left(x, kernel):
    k = len(kernel)
    padded = np.concatenate([np.zeros((k - 1, x.shape[1])), x])
    windows = np.lib.stride_tricks.sliding_window_view(padded, k, axis=0)  # (T, d, k), the oldest row first
    return windows @ kernel[::-1]


@exercise.equivalent
def row_by_row(x, kernel):
    return [sum(kernel[j] * x[t - j] for j in range(len(kernel)) if j <= t) for t in range(len(x))]


def _between(x, kernel, left, fill=0.0):
    """The kernel slid over x with `left` rows of filling before it and k - 1 - left rows after it."""
    T, k = len(x), len(kernel)
    before, after = np.full((left, x.shape[1]), fill), np.full((k - 1 - left, x.shape[1]), fill)
    padded = np.concatenate([before, x, after])
    return sum(kernel[j] * padded[k - 1 - j : k - 1 - j + T] for j in range(k))


# https://github.com/maxim5/time-series-machine-learning/issues/12, https://github.com/microsoft/CNTK/issues/3053
@exercise.mistake("The kernel is centred")
def centred(x, kernel):
    """The filling is shared between both sides ("same" padding), so each output reads later rows.

    - Which is the last row that output 0 may read?
    - All k - 1 rows of filling belong on the left.
    - np.concatenate([zeros of k - 1 rows, x])
    """
    return _between(x, kernel, len(kernel) // 2)


@exercise.mistake(centred)
def centred_the_other_way(x, kernel):
    return _between(x, kernel, (len(kernel) - 1) // 2)


# https://github.com/locuslab/TCN/issues/8: padded on both sides, and the rows to remove are those on the right
@exercise.mistake("The filling is on the right")
def padded_on_the_right(x, kernel):
    """Output t reads row t and the rows after it: the filling is on the wrong side, or the wrong end was cut off.

    - Does output 0 need filling? And the last output?
    - In np.convolve(column, kernel), the first T numbers are the causal ones.
    - Put the k - 1 rows of zeros in front of x, or keep the first T outputs and not the last T.
    """
    return _between(x, kernel, 0)


# https://github.com/pytorch/pytorch/issues/117534: a library's "convolution" does not turn the kernel around
@exercise.mistake("The kernel is reversed")
def kernel_reversed(x, kernel):
    """The rows are the right ones, but kernel[0] got the oldest of them: this is a cross-correlation, as in PyTorch's
    conv1d.

    - Which weight belongs to row t itself?
    - kernel[0]. A window whose oldest row comes first needs the kernel from its end.
    - kernel[::-1]
    """
    return _between(x, kernel[::-1], len(kernel) - 1)


# https://github.com/state-spaces/mamba/issues/57: should a causal convolution shift by one?
@exercise.mistake("One row late")
def one_row_late(x, kernel):
    """No output reads its own row: the kernel starts with the row before. That is causal, and one row is lost.

    - What is output 0?
    - kernel[0] times row 0.
    - With k - 1 rows of filling (not k), the window of output t ends with row t.
    """
    return np.concatenate([np.zeros((1, x.shape[1])), _between(x, kernel, len(kernel) - 1)[:-1]])


@exercise.mistake("The own row is missing")
def own_row_missing(x, kernel):
    """kernel[0] was not used: the sum began with the row before.

    - Which row belongs to kernel[0]?
    - Row t itself.
    - j runs from 0 to k - 1.
    """
    return causal_conv1d(x, np.where(np.arange(len(kernel)) == 0, 0, kernel))


@exercise.mistake("The kernel was normalised")
def kernel_normalised(x, kernel):
    """The weights were divided by their sum; a convolution takes them as they are.

    - Does the formula divide?
    - No: the weights may have any sum, and 0 as well.
    - Leave out the division.
    """
    return causal_conv1d(x, kernel / (kernel.sum() or 1.0))


@exercise.mistake("The start reads the end")
def negative_index(x, kernel):
    """At the start, t - j is negative, and a negative index counts from the end: the first outputs read the last rows.

    - What is x[-1] in Python?
    - Terms with t - j < 0 have to be left out.
    - Add `if t >= j`, or fill with zeros; np.roll needs its first j rows set to 0.
    """
    return sum(weight * np.roll(x, j, axis=0) for j, weight in enumerate(kernel))


# https://github.com/facebookresearch/VideoPose3D/issues/44: the first frame stands before the first frame
@exercise.mistake("The first row was repeated")
def edge_repeated(x, kernel):
    """Before the start stands a copy of row 0 in place of zeros. That is causal, and other numbers.

    - What is output 0 for the kernel (10, 1)?
    - Ten times row 0, and nothing else.
    - Fill with zeros.
    """
    first = np.repeat(x[:1], len(kernel) - 1, axis=0)
    return _between(np.concatenate([first, x]), kernel, len(kernel) - 1)[len(kernel) - 1 :]


@exercise.mistake("The first outputs are rescaled")
def rescaled_at_the_start(x, kernel):
    """Where fewer than k rows exist, the sum was divided by the share of weights in use; missing rows count as 0 here.

    - What does the formula say about missing rows?
    - They add 0, and the other weights stay as they are.
    - Leave out the division.
    """
    used = np.cumsum(np.abs(kernel))
    share = used[np.minimum(np.arange(len(x)), len(kernel) - 1)] / used[-1]
    return _between(x, kernel, len(kernel) - 1) / share[:, None]


@exercise.mistake("Along the columns")
def along_the_columns(x, kernel):
    """The kernel ran along the columns of a row, so no row met the row before it.

    - Which axis of x counts positions?
    - Axis 0; each column is filtered by itself.
    - Use x.T, or slice the first axis.
    """
    return _between(x.T, kernel, len(kernel) - 1).T


@exercise.mistake("One long line of numbers")
def flattened(x, kernel):
    """The rows were laid end to end, so a column got numbers of its neighbour column.

    - Does column 0 of the output depend on column 1 of x?
    - No: filter every column by itself.
    - np.convolve(x[:, c], kernel)[:T] for each c
    """
    return np.convolve(x.ravel(), kernel)[: x.size].reshape(x.shape)


@exercise.mistake("Fractions were cut off")
def integer_output(x, kernel):
    """The outputs were stored in an array of the type of x, which cuts off the fractions where x holds integers.

    - What is the dtype of np.zeros_like(x)?
    - np.zeros(x.shape) holds floats.
    """
    return np.asarray(_between(x, kernel, len(kernel) - 1)).astype(x.dtype)


@exercise.mistake("A long kernel was cut short")
def kernel_cut(x, kernel):
    """The kernel was taken from its end where it is longer than the text; its first T weights are the ones in use.

    - Which weights does output T - 1 use?
    - kernel[0] to kernel[T - 1].
    - kernel[:T]
    """
    return _between(x, kernel[-len(x) :], min(len(x), len(kernel)) - 1)
