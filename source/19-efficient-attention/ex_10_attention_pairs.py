"""### Count the pairs

How much of the `T × T` matrix does a causal layer really need?

Write `attention_pairs(T, window=None)`: the number of (query, key) pairs that a causal layer over `T` positions must \
compute, as an int. With a `window`, each query sees at most
`window` keys, its own included. `window` may exceed `T`. `T` may be as large as a million: count with a formula, not \
with a matrix.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Integer

exercise = Exercise(
    topic="the cost of attention",
    answer=Integer(),
    hints=(
        "How many keys does query i see?",
        "Query i sees i + 1 keys, or `window` if that is fewer.",
        "1 + 2 + ... + w, then T - w rows of w each (w = min(window, T)).",
    ),
)


@exercise.solution
def attention_pairs(T, window=None):
    """T, window or None -> int, the pairs a causal (windowed) layer must compute."""
    w = T if window is None else min(window, T)
    ramp = w * (w + 1) // 2  # the first w queries see 1, 2, ..., w keys
    return ramp + (T - w) * w


@exercise.part("Small", points=1)
def small(rng):
    yield case(4, note="1 + 2 + 3 + 4")
    yield case(4, 2, note="1 + 2 + 2 + 2")
    yield case(1)


@exercise.part("Any size", points=1)
def any_size(rng):
    for T, window in ((5, 1), (5, 5), (3, 10), (9, 4), (100, 7), (1, 1), (2, 1)):
        yield case(T, window)
    yield case(17)
    yield case(1_000_000, note="a million positions")
    yield case(1_000_000, 4096)


@exercise.equivalent
def whole_triangle_minus_the_rest(T, window=None):
    missing = max(0, T - window) if window else 0
    return T * (T + 1) // 2 - missing * (missing + 1) // 2


@exercise.equivalent
def with_a_sum(T, window=None):
    return sum(range(1, T + 1)) if window is None else sum(min(i + 1, window) for i in range(T))


@exercise.equivalent
def with_numpy(T, window=None):
    keys = np.arange(1, T + 1, dtype=np.int64)
    return np.minimum(keys, T if window is None else window).sum()


@exercise.mistake("All pairs, not only the causal ones")
def all_pairs(T, window=None):
    """Every query was given as many keys as the last one has, and that counts the future too.

    - How many keys does query 0 see?
    - 1 + 2 + ... + T
    - T * (T + 1) // 2
    """
    return T * T if window is None else T * min(window, T)


@exercise.mistake("The diagonal is missing")
def diagonal_not_counted(T, window=None):
    """T(T-1)/2 counts pairs with j < i; the own key counts as well.

    - How many keys does query 0 see?
    - i + 1, not i
    - T * (T + 1) // 2
    """
    return attention_pairs(T, window) - T


@exercise.mistake("The first queries can't fill the window")
def ramp_forgotten(T, window=None):
    """T times window counts keys before the beginning of the text.

    - How many keys does query 0 see, even with a window of 4?
    - min(i + 1, window)
    - The first rows are shorter.
    """
    return attention_pairs(T) if window is None else T * window


exercise.add_mistakes(
    (ramp_forgotten, lambda T, window=None: attention_pairs(T) if window is None else T * min(T, window)),
)


@exercise.mistake("The window plays no part")
def window_ignored(T, window=None):
    """That is the whole triangle.

    - How many keys does the last query see with window = 2?
    - min(i + 1, window)
    - Cut each row at window.
    """
    return attention_pairs(T)


@exercise.mistake("One key too many in each row")
def window_one_too_many(T, window=None):
    """The window counts the own key.

    - How many keys does a query see with window = 1?
    - At most window.
    - Leave out the + 1.
    """
    return attention_pairs(T, None if window is None else window + 1)


@exercise.mistake("A window longer than the text")
def window_larger_than_text(T, window=None):
    """The formula was used with window > T and counts keys that don't exist.

    - What is the answer for T = 3 and window = 10?
    - w = min(window, T)
    - Cut the window at T.
    """
    return attention_pairs(T) if window is None else window * (window + 1) // 2 + (T - window) * window


@exercise.mistake("A float came back")
def float_division(T, window=None):
    """/ makes a float; a count is an int.

    - What is the type of 10 / 2?
    - //
    - T * (T + 1) // 2
    """
    return attention_pairs(T, window) / 1


@exercise.mistake("Keys for one query, not for all")
def per_query(T, window=None):
    """That is the last row alone.

    - How many rows does the matrix have?
    - Add up the rows.
    - sum over i of min(i + 1, window)
    """
    return T if window is None else min(T, window)


@exercise.mistake("Overflow")
def thirty_two_bits(T, window=None):
    """The count does not fit into 32 bits: for a million positions it is 500,000,500,000.

    - What is 2 ** 31?
    - Python's own ints have no limit.
    - Use Python ints or np.int64.
    """
    return int(np.int64(attention_pairs(T, window)).astype(np.int32))


@exercise.mistake("Half of the square")
def half_of_the_square(T, window=None):
    """T * T // 2 takes half of the diagonal away; a query sees its own key as well.

    - How many keys does query 0 see?
    - 1 + 2 + ... + T
    - T * (T + 1) // 2
    """
    return T * T // 2 if window is None else T * T // 2 - max(0, T - window) ** 2 // 2
