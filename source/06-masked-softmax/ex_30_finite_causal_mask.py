"""### A mask without -inf

Some hardware and some file formats do not support -inf. Then the mask holds the lowest *finite* number of \
its type instead.

Write `finite_causal_mask(T, dtype)`: `(T, T)` of exactly `dtype` (`float16`, `float32` or `float64`, given as a NumPy \
type or its name), with 0 where query `i` may attend to key `j`, and **the lowest finite value of that dtype** \
elsewhere. Nothing in it may be infinite.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, Misconception, Probe, case
from autograder.exercise.results import Array, Difference, InvalidResult, _as_array

FIXED_FILL = Misconception(
    "fixed_fill",
    "One number for every type",
    "The same number is written for every dtype; each has a lowest number of its own.",
    ("What is np.float16(-1e9)?", "np.finfo(dtype).min", "Ask np.finfo for the dtype's own lowest number."),
)


def _same_fill(answer):
    fills = [float(np.asarray(answer(2, dtype))[0, 1]) for dtype in (np.float32, np.float64)]
    return fills[0] < -1 and np.isclose(*fills, atol=0)


class Exactly(Array):
    """An array of one float dtype, equal to the last bit."""

    def __init__(self, dtype):
        object.__setattr__(self, "exact_dtype", np.dtype(dtype))
        super().__init__()

    def parse(self, raw):
        array = _as_array(raw)
        if array.dtype.newbyteorder("=") != self.exact_dtype:
            raise InvalidResult("wrong_dtype", f"It returned {array.dtype}, expected {self.exact_dtype}.")
        return array

    def compare(self, wanted, got):
        if wanted.shape != got.shape:
            return Difference(wanted, got)
        wrong = (wanted != got) & ~(np.isnan(wanted) & np.isnan(got))  # NaN twice is the same wrong answer twice
        return Difference(wanted, got, wrong) if wrong.any() else None


exercise = Exercise(
    topic="finite masks",
    answer=lambda T, dtype: Exactly(dtype),
    probes=(Probe(FIXED_FILL, _same_fill),),
    hints=(
        "What is the largest float16? And the lowest?",
        "np.finfo(dtype) knows the limits of a float type.",
        "np.where(np.tri(T, dtype=bool), 0, np.finfo(dtype).min).astype(dtype)",
    ),
)


@exercise.solution
def finite_causal_mask(T, dtype):
    """(T, T) of dtype: 0 where query i may attend to key j, the lowest finite value of dtype elsewhere."""
    mask = np.full((T, T), np.finfo(dtype).min, dtype=dtype)
    return np.triu(mask, k=1)


@exercise.part("Three positions", points=1)
def three(rng):
    yield case(3, np.float32)
    yield case(3, np.float16, note="the lowest float16 is -65504")


@exercise.part("Any length, any float type", points=1)
def any_length(rng):
    for T, dtype in (
        (1, np.float64),
        (2, np.float64),
        (5, "float16"),
        (9, np.dtype("float32")),
        (4, np.float64),
        (6, "float64"),
        (70, np.float16),
        (130, np.float32),
    ):
        yield case(T, dtype)


@exercise.equivalent
def with_where(T, dtype):
    return np.where(np.tri(T, dtype=bool), 0, np.finfo(dtype).min).astype(dtype)


@exercise.equivalent
def with_loops(T, dtype):
    lowest = np.finfo(dtype).min
    out = np.zeros((T, T), dtype)
    for i in range(T):
        for j in range(i + 1, T):
            out[i, j] = lowest
    return out


@exercise.equivalent
def minus_the_largest(T, dtype):
    i, j = np.indices((T, T))
    return (j > i).astype(dtype) * -np.finfo(dtype).max


@exercise.equivalent
def from_minus_inf(T, dtype):
    infinite = np.triu(np.full((T, T), -np.inf), 1).astype(dtype)
    return np.nextafter(infinite, np.zeros((), dtype)) * (infinite != 0)


@exercise.equivalent
def nan_to_num(T, dtype):
    return np.nan_to_num(np.where(np.arange(T) > np.arange(T)[:, None], -np.inf, 0.0).astype(dtype))


def _mask(T, fill, dtype, k=1):
    with np.errstate(over="ignore"):
        return np.triu(np.full((T, T), fill).astype(dtype), k=k)


@exercise.mistake("-inf is not finite")
def still_infinite(T, dtype):
    """This mask holds -inf; the lowest finite number is expected.

    - Is -inf a finite number?
    - np.finfo(dtype).min
    - Replace -np.inf.
    """
    return _mask(T, -np.inf, dtype)


@exercise.mistake(FIXED_FILL)
def a_billion(T, dtype):
    """-1e9 is not the lowest number of any type, and in float16 it becomes -inf."""
    return _mask(T, -1e9, dtype)


@exercise.mistake(FIXED_FILL)
def lowest_float16(T, dtype):
    """-65504 is the lowest float16; float32 and float64 go far lower."""
    return _mask(T, -65504.0, dtype)


@exercise.mistake(FIXED_FILL)
def ten_thousand(T, dtype):
    """-10000 is not the lowest number of any type: scores can come near it, and then the future shows."""
    return _mask(T, -1e4, dtype)


@exercise.mistake("The smallest is not the lowest")
def smallest_positive(T, dtype):
    """np.finfo(dtype).tiny is the smallest *positive* number, nearly 0: it hides nothing.

    - Is 1e-38 low or small?
    - min, not tiny
    - np.finfo(dtype).min
    """
    return _mask(T, np.finfo(dtype).tiny, dtype)


@exercise.mistake("The largest, without a minus")
def largest_not_lowest(T, dtype):
    """The future was raised to the largest number, so it gets all the weight.

    - Which weight does softmax give to the largest score?
    - min, not max
    - np.finfo(dtype).min
    """
    return _mask(T, np.finfo(dtype).max, dtype)


@exercise.mistake("Another dtype")
def wrong_dtype(T, dtype):
    """The values are right, but the array has another dtype than the one asked for.

    - What is the dtype of np.where(..., 0.0, x)?
    - dtype of the result = dtype
    - .astype(dtype), or dtype=dtype when you make it
    """
    return _mask(T, np.finfo(dtype).min, np.float64)


@exercise.mistake("The limits of another type")
def limits_of_float64(T, dtype):
    """The lowest float64 does not fit into a smaller type: there it becomes -inf.

    - What is np.float32(-1.8e308)?
    - The limits of `dtype` itself.
    - np.finfo(dtype), not np.finfo(float)
    """
    return _mask(T, np.finfo(np.float64).min, dtype)


@exercise.mistake("The limits of float32 for every type")
def limits_of_float32(T, dtype):
    """The lowest float32 becomes -inf in float16, and is not the lowest float64.

    - Does -3.4e38 fit into a float16?
    - The limits of `dtype` itself.
    - np.finfo(dtype), not np.finfo(np.float32)
    """
    return _mask(T, np.finfo(np.float32).min, dtype)


@exercise.mistake(mc.ZERO_TIMES_INF)
def zero_times_inf(T, dtype):
    """- What is 0 * inf?
    - The lowest finite number can be multiplied by 0; -inf can't.
    - np.where(allowed, 0, np.finfo(dtype).min)
    """
    return (np.triu(np.ones((T, T)), k=1) * -np.inf).astype(dtype)


exercise.add_mistakes(
    (mc.TRANSPOSED, lambda T, dtype: finite_causal_mask(T, dtype).T),
    (mc.OWN_POSITION_EXCLUDED, lambda T, dtype: _mask(T, np.finfo(dtype).min, dtype, k=0)),
    (mc.ONE_AHEAD, lambda T, dtype: _mask(T, np.finfo(dtype).min, dtype, k=2)),
    (mc.INVERTED, lambda T, dtype: np.tril(np.full((T, T), np.finfo(dtype).min, dtype))),
    (mc.ANTI_DIAGONAL, lambda T, dtype: np.fliplr(finite_causal_mask(T, dtype))),
)


@exercise.mistake("Half of the lowest number")
def half_the_range(T, dtype):
    """Some libraries take half, so that adding two masks does not overflow; here the lowest number itself is expected.

    - Which number is the lowest?
    - np.finfo(dtype).min
    - Leave out the / 2.
    """
    return _mask(T, np.finfo(dtype).min / 2, dtype)


exercise.equivalent_mutant(
    "np.full((T, T), np.finfo(dtype).min, dtype=dtype) -> np.full((T, T), np.finfo(dtype).min)",
    because="np.finfo(dtype).min is of that dtype already",
)
