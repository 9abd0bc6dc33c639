"""### A slope for each head

Write `alibi_slopes(heads)`: `heads` is a whole number, at least 1. Return `(heads,)` floats, the slopes of ALiBi as \
its authors' code gives them:

- if `heads` is a power of two, head `h = 1, 2, ..., heads` has the slope `2 ** (-8 * h / heads)`;
- otherwise, let `n` be the largest power of two below `heads`. First come the slopes for `n` heads, then as many as \
are missing of the slopes for `2 * n` heads: the first, the third, the fifth and so on.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="ALiBi",
    answer=Array(rtol=1e-6, atol=1e-12),
    hints=(
        "What are the slopes for 2 heads, and for 4? Which of them are new?",
        "2 ** (-8 * h / n) for h = 1 to n; then the missing ones from the slopes for 2 n, at the places 0, 2, 4, ...",
        "np.concatenate([sequence(n), sequence(2 * n)[::2][: heads - n]])",
    ),
)


@exercise.solution
def alibi_slopes(heads):
    """heads -> (heads,) float: the geometric sequence, and for no power of two the authors' rule."""

    def sequence(n):
        return 2.0 ** (-8 * np.arange(1, n + 1) / n)

    n = 2 ** (heads.bit_length() - 1)  # the largest power of two up to heads
    return np.concatenate([sequence(n), sequence(2 * n)[::2][: heads - n]])


@exercise.part("Powers of two", points=1)
def powers(rng):
    for heads in (2, 4, 8, 1, 64):
        yield case(heads)


@exercise.part("Any number", points=1)
def any_number(rng):
    for heads in (3, 12, 6, 40, 71, 127):
        yield case(heads)


@exercise.equivalent
def recursive(heads):
    n = 1
    while 2 * n <= heads:
        n *= 2
    first = [2 ** (-8 * h / n) for h in range(1, n + 1)]
    return first if n == heads else first + list(recursive(2 * n))[0::2][: heads - n]


@exercise.equivalent
def between_the_others(heads):
    n = 2 ** int(np.floor(np.log2(heads)))
    exponents = np.append(np.arange(1, n + 1), np.arange(heads - n) + 0.5) * (8 / n)
    return np.exp2(-exponents)


@exercise.equivalent
def by_multiplying(heads):
    n = 1 << (int(heads).bit_length() - 1)
    ratio = 256.0 ** (-1 / n)
    slopes = np.cumprod(np.full(n, ratio))
    return np.concatenate((slopes, np.sqrt(ratio) * ratio ** np.arange(heads - n)))


def _sequence(n):
    return 2.0 ** (-8 * np.arange(1, n + 1) / n)


# https://github.com/ml-explore/mlx/pull/3071
@exercise.mistake("The formula for any number of heads")
def formula_for_all(heads):
    """The sequence was used for a number of heads that is no power of two; a model trained with the other rule needs
    it.

    - Which slopes do 12 heads get from those of 8?
    - All eight, and four of those for 16 heads.
    - np.concatenate([sequence(n), sequence(2 * n)[::2][: heads - n]])
    """
    return _sequence(heads)


# https://github.com/paiml/aprender/pull/2143
@exercise.mistake("The sequence starts with 1")
def starts_at_one(heads):
    """The exponent of the first head is 0, so each slope is that of the head before.

    - Which slope has the first of 8 heads?
    - 1/2: h begins with 1.
    - np.arange(1, n + 1)
    """
    slopes = alibi_slopes(heads)
    n = 2 ** (heads.bit_length() - 1)
    return np.concatenate([2.0 ** (-8 * np.arange(n) / n), slopes[n:]])


exercise.add_mistakes((starts_at_one, lambda heads: 2.0 ** (-8 * np.arange(heads) / heads)))


# https://github.com/antofuller/CROMA/issues/12 suggests sorting; a trained model keeps its order.
@exercise.mistake("The slopes were sorted")
def sorted_slopes(heads):
    """The slopes are right and in another order, so the heads of a trained model get each other's slopes.

    - Where does the first slope for 2 n heads go?
    - Behind the n slopes of the first sequence.
    - Leave out the sort.
    """
    return np.sort(alibi_slopes(heads))[::-1]


@exercise.mistake("The wrong half of the second sequence")
def wrong_half(heads):
    """The second, fourth, ... of the slopes for 2 n heads were taken: these are there already.

    - Which of the slopes for 16 heads are also those of 8 heads?
    - Every second one, beginning with the second.
    - [::2], not [1::2]
    """
    n = 2 ** (heads.bit_length() - 1)
    return np.concatenate([_sequence(n), _sequence(2 * n)[1::2][: heads - n]])


@exercise.mistake("Too many heads")
def next_power(heads):
    """The slopes are the first ones of the next power of two.

    - Which power of two is n for 12 heads, 8 or 16?
    - The largest below: 8.
    - n = 2 ** (heads.bit_length() - 1)
    """
    n = 1
    while n < heads:
        n *= 2
    return _sequence(n)[:heads]


@exercise.mistake("A penalty with a sign")
def negative(heads):
    """The slopes are positive; `alibi_bias` puts the minus in front.

    - What does alibi_bias do with a slope?
    - -slope * (i - j)
    - Return positive numbers.
    """
    return -alibi_slopes(heads)


@exercise.mistake("Exponents, not slopes")
def exponents_only(heads):
    """These are the exponents of 2.

    - Which slope has the first of 8 heads?
    - 2 ** -1
    - 2.0 ** exponents
    """
    return np.log2(alibi_slopes(heads))


@exercise.mistake("Halved from head to head")
def always_halves(heads):
    """Each slope is half of the one before, for any number of heads; then 16 heads end at 1/65536.

    - Which slope has the last head, for 8 heads and for 16?
    - 1/256 for both.
    - 2 ** (-8 * h / heads)
    """
    return 0.5 ** np.arange(1, heads + 1)
