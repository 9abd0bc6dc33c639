"""### The same by FFT

Long kernels are slow to apply one weight at a time. The product of two discrete Fourier transforms is the transform \
of a convolution, but of a *circular* one.

Write `fft_causal_conv(x, kernel)`: the result of `causal_conv1d`, computed with `np.fft`: `x` `(T, d)`, `kernel` \
`(k,)` → `(T, d)`, real numbers, $y_t = \\sum_j \\text{kernel}_j \\, x_{t-j}$, nothing before row 0. `k` may be \
smaller than `T`, equal or larger; `T` may be odd. Only the result is checked, up to rounding.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case

exercise = Exercise(
    topic="convolution by FFT",
    hints=(
        "How long is the whole convolution of T rows with k weights?",
        "It has T + k - 1 rows. A transform that is shorter folds the end over the start.",
        "n = T + k - 1; np.fft.irfft(np.fft.rfft(x, n, axis=0) * np.fft.rfft(kernel, n)[:, None], n, axis=0)[:T]",
    ),
)


@exercise.solution
def fft_causal_conv(x, kernel):
    """x (T, d), kernel (k,) -> (T, d): y[t] is the sum of kernel[j] * x[t - j], by FFT."""
    T = len(x)
    n = T + len(kernel) - 1  # long enough for the whole convolution
    product = np.fft.rfft(x, n, axis=0) * np.fft.rfft(kernel, n)[:, None]  # both are filled up with zeros to n
    return np.fft.irfft(product, n, axis=0)[:T]


@exercise.part("By hand", points=1)
def by_hand(rng):
    yield case(
        np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([10.0, 1.0]), note="ten times a row, plus the row before"
    )
    yield case(np.array([[0.0], [0.0], [0.0], [1.0]]), np.array([5.0, 6.0, 7.0]), note="a single 1 in the last row")


@exercise.part("Any length", points=1)
def any_length(rng):
    for T, d, k in ((8, 3, 8), (7, 2, 7), (9, 1, 4), (6, 2, 1), (5, 3, 2), (1, 2, 1), (64, 2, 64), (33, 2, 20)):
        yield case(rng.normal(size=(T, d)), rng.normal(size=k))
    yield case(rng.normal(size=(4, 2)), rng.normal(size=9), note="a kernel of nine weights for four rows")
    yield case(rng.normal(size=(1, 3)), rng.normal(size=5), note="one row")
    yield case(rng.normal(size=(3, 1)), rng.normal(size=40), note="a kernel that is far longer than the text")
    late = rng.normal(size=(6, 2))
    late[-1] = 1e6
    yield case(late, rng.normal(size=6), note="the last row is a million times as large")


@exercise.equivalent
def complex_transform(x, kernel):
    n = 2 * max(len(x), len(kernel))
    return np.fft.ifft(np.fft.fft(x.T, n) * np.fft.fft(kernel, n)).real.T[: len(x)]


@exercise.equivalent
def padded_by_hand(x, kernel):
    T, used = len(x), kernel[: len(x)]
    padded = np.vstack([x, np.zeros((T, x.shape[1]))])
    weights = np.concatenate([used, np.zeros(2 * T - len(used))])
    spectrum = np.fft.rfft(padded, axis=0) * np.fft.rfft(weights)[:, None]
    return np.fft.irfft(spectrum, n=2 * T, axis=0)[:T]


@exercise.equivalent
def next_power_of_two(x, kernel):
    n = 1 << (len(x) + len(kernel)).bit_length()
    columns = [np.fft.irfft(np.fft.rfft(c, n) * np.fft.rfft(kernel, n), n)[: len(x)] for c in x.T]
    return np.stack(columns, axis=1)


@exercise.equivalent
def without_a_transform(x, kernel):
    return np.stack([np.convolve(column, kernel)[: len(x)] for column in x.T], axis=1)


def _transformed(x, kernel, n, start=0):
    product = np.fft.rfft(x, n, axis=0) * np.fft.rfft(kernel, n)[:, None]
    return np.fft.irfft(product, n, axis=0)[start : start + len(x)]


# https://github.com/HazyResearch/flash-fft-conv/issues/31, https://github.com/HazyResearch/safari/issues/47
@exercise.mistake("The end wraps around to the start")
def wraps_around(x, kernel):
    """The transform has the length of the text, so what runs over its end is added to the first outputs: they read the
    last rows.

    - How long is the whole convolution of T rows with k weights?
    - Transforms of length T + k - 1 or more leave room for all of it.
    - Hand n = T + k - 1 to all three transforms.
    """
    return _transformed(x, kernel, len(x))


@exercise.mistake(wraps_around)
def wraps_a_long_kernel(x, kernel):
    return _transformed(x, kernel, max(len(x), len(kernel)))


# https://github.com/Rich-Hall/sentinel1Level0DecodingDemo/issues/11: n has to be at least L + M - 1
@exercise.mistake("Room for a part of the end only")
def padded_too_little(x, kernel):
    """The transform is longer than the text, but not long enough: the last few rows still reach the first outputs.

    - How many rows does the convolution of 4 rows with 4 weights have?
    - Seven: T + k - 1.
    - n = T + k - 1
    """
    return _transformed(x, kernel, len(x) + len(kernel) // 2)


@exercise.mistake("One row short")
def one_row_short(x, kernel):
    """The transform is one row too short, so exactly one row wraps around: the last one reaches output 0.

    - How many rows does the convolution of 4 rows with 2 weights have?
    - Five: T + k - 1.
    - n = T + k - 1, not T + k - 2
    """
    return _transformed(x, kernel, max(1, len(x) + len(kernel) - 2))


# https://github.com/matteospanio/torchfx/issues/90, https://github.com/HazyResearch/safari/issues/47
@exercise.mistake("Room for a kernel of T weights only")
def twice_the_text(x, kernel):
    """Transforms of length 2 T are long enough up to k = T + 1; a longer kernel is cut or wraps around.

    - What does np.fft.rfft(kernel, n) do with a kernel that has more than n weights?
    - It cuts off its end; and the rest needs T + k - 1 rows.
    - Use n = T + k - 1, or cut the kernel to its first T weights before.
    """
    n = 2 * len(x)
    folded = np.zeros(n)
    np.add.at(folded, np.arange(len(kernel)) % n, kernel)
    return _transformed(x, folded, n)


# https://github.com/HazyResearch/safari/issues/4: which part of the result is the causal one
@exercise.mistake("The wrong part was kept")
def last_rows(x, kernel):
    """The last T rows of the convolution were kept, and they read later rows. The first T rows are the causal ones.

    - Which rows of the whole convolution depend on row 0 of x alone?
    - Row 0 of the result only.
    - [:T] in place of [-T:]
    """
    n = len(x) + len(kernel) - 1
    return _transformed(x, kernel, n, n - len(x))


@exercise.mistake("The middle was kept")
def middle_rows(x, kernel):
    """The middle T rows of the convolution were kept: the kernel is centred, and each output reads later rows.

    - Which row of the result is kernel[0] times row 0 of x?
    - The first one.
    - [:T]
    """
    n = len(x) + len(kernel) - 1
    return _transformed(x, kernel, n, (len(kernel) - 1) // 2)


@exercise.mistake("A correlation")
def correlated(x, kernel):
    """One of the spectra was conjugated, which turns the kernel around: each output reads row t and the rows after it.

    - Which operation needs the complex conjugate?
    - A cross-correlation does; a convolution is the plain product.
    - Leave out np.conj.
    """
    n = len(x) + len(kernel) - 1
    product = np.fft.rfft(x, n, axis=0) * np.conj(np.fft.rfft(kernel, n))[:, None]
    return np.fft.irfft(product, n, axis=0)[: len(x)]


@exercise.mistake("The length was lost on the way back")
def odd_length_lost(x, kernel):
    """irfft was not told the length. It takes an even one, and where T + k - 1 is odd the result is stretched.

    - How long is np.fft.irfft of a spectrum with 4 numbers?
    - 6, although the length before may have been 7.
    - np.fft.irfft(..., n, axis=0)
    """
    n = len(x) + len(kernel) - 1
    product = np.fft.rfft(x, n, axis=0) * np.fft.rfft(kernel, n)[:, None]
    back = np.fft.irfft(product, axis=0) if n > 1 else product.real
    return np.concatenate([back, np.zeros(x.shape)])[: len(x)]


@exercise.mistake("Magnitudes were multiplied")
def magnitudes(x, kernel):
    """The absolute values of the spectra were multiplied. Without their phases no time is left in them.

    - Where does a spectrum keep the time of a row?
    - In its phase, so multiply the complex numbers themselves.
    """
    n = len(x) + len(kernel) - 1
    product = np.abs(np.fft.rfft(x, n, axis=0)) * np.abs(np.fft.rfft(kernel, n))[:, None]
    return np.fft.irfft(product, n, axis=0)[: len(x)]


@exercise.mistake("The transform ran along the columns")
def along_the_columns(x, kernel):
    """np.fft works on the last axis unless it is told another one, so the kernel ran along the columns of each row.

    - Which axis of x counts positions?
    - axis=0, in both directions.
    """
    n = x.shape[1] + len(kernel) - 1
    return np.fft.irfft(np.fft.rfft(x, n, axis=1) * np.fft.rfft(kernel, n), n, axis=1)[:, : x.shape[1]]


exercise.equivalent_mutant("1 -> 0", because="a transform that is longer by one gives the same first T rows")
exercise.equivalent_mutant("T + len(kernel) - 1 -> T + len(kernel)", because="a longer transform gives the same rows")
exercise.equivalent_mutant(
    "T + len(kernel) - 1 -> T + len(kernel) + 1", because="a longer transform gives the same rows"
)
