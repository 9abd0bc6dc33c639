"""### Sines and cosines

The first transformer (Vaswani et al., 2017) told its layers *where* a token stands by adding a vector of sines and \
cosines.

Write `sinusoidal_positions(T, d)`, `d` even: an array `(T, d)`. For position `t` and pair `m = 0 .. d/2 - 1`, with \
the angle `t * 10000 ** (-2 * m / d)`:
entry `2m` is the sine of the angle, entry `2m + 1` the cosine. Sines and cosines alternate.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="sinusoidal positions",
    answer=Array(),
    hints=(
        "What is row 0?",
        "angle[t, m] = t * 10000^(-2m/d); even columns are sines, odd ones cosines.",
        "out[:, 0::2] = np.sin(angle); out[:, 1::2] = np.cos(angle)",
    ),
)


@exercise.solution
def sinusoidal_positions(T, d):
    """T, d (even) -> (T, d): [sin, cos] of t * 10000^(-2m/d), interleaved."""
    pair = np.arange(d // 2)
    angle = np.arange(T)[:, None] * 10000.0 ** (-2 * pair / d)  # (T, d/2)
    out = np.empty((T, d))
    out[:, 0::2] = np.sin(angle)
    out[:, 1::2] = np.cos(angle)
    return out


@exercise.part("Three positions", points=1)
def three(rng):
    yield case(3, 4)
    yield case(2, 2)


@exercise.part("Any size", points=1)
def any_size(rng):
    for T, d in ((1, 2), (1, 8), (7, 6), (50, 16), (5, 10), (6, 6), (100, 64), (2100, 2)):
        yield case(T, d)


@exercise.equivalent
def with_loops(T, d):
    from math import cos, sin

    return [[(sin if c % 2 == 0 else cos)(t / 10000 ** ((c - c % 2) / d)) for c in range(d)] for t in range(T)]


@exercise.equivalent
def with_stack(T, d):
    angle = np.outer(np.arange(T), np.exp(-np.log(10000.0) * np.arange(0, d, 2) / d))
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(T, d)


@exercise.equivalent
def with_complex_numbers(T, d):
    turn = np.exp(1j * np.arange(T)[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d))
    return np.stack([turn.imag, turn.real], axis=2).reshape(T, -1)


def _angle(T, d, base=10000.0, scale=2.0):
    return np.arange(T)[:, None] * base ** (-scale * np.arange(d // 2) / d)


def _interleave(even, odd):
    return np.stack([even, odd], axis=-1).reshape(len(even), -1)


@exercise.mistake("Sines first, cosines second")
def halves_not_interleaved(T, d):
    """All the sines stand before all the cosines; here they alternate.

    - What is entry 1 of row 0?
    - Entry 2m is a sine, 2m + 1 a cosine.
    - out[:, 0::2] and out[:, 1::2]
    """
    return np.concatenate([np.sin(_angle(T, d)), np.cos(_angle(T, d))], axis=1)


@exercise.mistake("Sine and cosine are swapped")
def sine_and_cosine_swapped(T, d):
    """Row 0 should be 0, 1, 0, 1, ...: the sine comes first.

    - What is sin(0)?
    - Entry 2m is the sine.
    - Swap the two.
    """
    return _interleave(np.cos(_angle(T, d)), np.sin(_angle(T, d)))


@exercise.mistake("The exponent is m/d")
def exponent_without_two(T, d):
    """The frequencies fall too slowly: the exponent is -2m/d.

    - What is the last frequency for d = 4?
    - 10000^(-2m/d)
    - Mind the factor 2.
    """
    return _interleave(np.sin(_angle(T, d, scale=1.0)), np.cos(_angle(T, d, scale=1.0)))


@exercise.mistake("The exponent counts columns twice")
def exponent_four_m(T, d):
    """m runs over pairs 0, 1, 2, ...; with column numbers 0, 2, 4 and another factor 2 the frequencies fall too fast.

    - Is m a pair or a column?
    - 10000^(-2m/d), m = 0 .. d/2 - 1
    - Leave out one factor 2.
    """
    return _interleave(np.sin(_angle(T, d, scale=4.0)), np.cos(_angle(T, d, scale=4.0)))


@exercise.mistake("The frequencies grow")
def frequencies_grow(T, d):
    """The exponent's sign is flipped: later pairs should turn more slowly.

    - Which pair turns slowest?
    - 10000^(-2m/d)
    - Mind the minus.
    """
    return _interleave(np.sin(_angle(T, d, scale=-2.0)), np.cos(_angle(T, d, scale=-2.0)))


def _sines(T, d, base):
    return _interleave(np.sin(_angle(T, d, base)), np.cos(_angle(T, d, base)))


@exercise.mistake("Another base")
def other_base(T, d):
    """The base is 10000.

    - Which number is raised to -2m/d?
    - 10000
    - 10000.0 ** ...
    """
    return _sines(T, d, 1000.0)


exercise.add_mistakes(
    (other_base, lambda T, d: _sines(T, d, 100000.0)),
    (other_base, lambda T, d: _sines(T, d, 500000.0)),
    (other_base, lambda T, d: _sines(T, d, np.e)),
)


@exercise.mistake("Positions start at 1")
def positions_from_one(T, d):
    """The first position is 0, and its row is 0, 1, 0, 1, ...

    - What is row 0?
    - t = 0, 1, ..., T - 1
    - np.arange(T)
    """
    return sinusoidal_positions(T + 1, d)[1:]


@exercise.mistake("Every column has a frequency of its own")
def one_frequency_each_column(T, d):
    """A sine and its cosine share one angle; here the cosine's is another.

    - Do entries 2m and 2m + 1 have the same angle?
    - One angle a pair.
    - Use c - c % 2 for column c.
    """
    return np.where(np.arange(d) % 2 == 0, np.sin(_columns(T, d)), np.cos(_columns(T, d)))


@exercise.mistake("Rows and columns are swapped")
def transposed_table(T, d):
    """Rows are positions: the shape is (T, d).

    - Which axis counts positions?
    - (T, d)
    - Swap the axes.
    """
    return sinusoidal_positions(T, d).T


@exercise.mistake("Only sines")
def only_sines(T, d):
    """The cosines are missing.

    - What stands in the odd columns?
    - The cosine.
    - np.cos
    """
    return _interleave(np.sin(_angle(T, d)), np.sin(_angle(T, d)))


def _columns(T, d):
    return np.arange(T)[:, None] * 10000.0 ** (-np.arange(d) / d)


exercise.equivalent_mutant("0::2 -> ::2", because="a slice begins at 0 by itself")
exercise.equivalent_mutant("d // 2 -> d / 2", because="d is even")
