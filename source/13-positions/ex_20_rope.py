"""### Rotary positions

RoPE (Su et al., 2021) turns each pair of a query's or key's coordinates by an angle that grows with its position. The \
dot product then depends only on how
far apart the two stand.

Write `rope(x, positions)`: `x` is `(..., T, d)`, `d` even; `positions` is `(T,)`. For pair `m`, the coordinates `(2m, \
2m+1)` at position `p` are rotated by the angle
`p * 10000 ** (-2 * m / d)`: `(a, b)` becomes `(a cos - b sin, a sin + b cos)`. Return the shape of `x`. \
(Other layouts pair `m` with `m + d/2`; a model needs the one that it was trained with.)
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array
from autograder.exercise.rope_variants import add_unturned, add_wrong_angles, any_shape

exercise = Exercise(
    topic="rotary positions",
    answer=Array(),
    hints=(
        "Which two coordinates form pair 0? And what happens to them at position 0?",
        "(a, b) -> (a cos - b sin, a sin + b cos), with the angle p * 10000^(-2m/d).",
        "a, b = x[..., 0::2], x[..., 1::2]; write both results back to the same columns.",
    ),
)


@exercise.solution
def rope(x, positions):
    """x (..., T, d), d even, positions (T,) -> x with the pairs (2m, 2m+1) rotated by position * 10000^(-2m/d)."""
    d = x.shape[-1]
    angle = positions[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)  # (T, d/2)
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[..., 0::2], x[..., 1::2]
    return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)


@exercise.part("One pair", points=1)
def one_pair(rng):
    yield case(np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]), np.array([0, 1, 2]), note="turned by 0, 1 and 2 radians")
    yield case(np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]]), np.array([0, 3]))


exercise.part("Any shape and positions", points=1)(any_shape)


@exercise.equivalent
def with_complex_numbers(x, positions):
    d = x.shape[-1]
    z = x[..., 0::2] + 1j * x[..., 1::2]
    z = z * np.exp(1j * np.outer(positions, 10000.0 ** (-np.arange(0, d, 2) / d)))
    return np.stack([z.real, z.imag], axis=-1).reshape(x.shape)


@exercise.equivalent
def with_loops(x, positions):
    out, d = np.array(x, dtype=float), x.shape[-1]
    for t, p in enumerate(positions):
        for m in range(d // 2):
            c, s = np.cos(p / 10000 ** (2 * m / d)), np.sin(p / 10000 ** (2 * m / d))
            out[..., t, 2 * m] = c * x[..., t, 2 * m] - s * x[..., t, 2 * m + 1]
            out[..., t, 2 * m + 1] = s * x[..., t, 2 * m] + c * x[..., t, 2 * m + 1]
    return out


@exercise.equivalent
def with_a_turned_copy(x, positions):
    d = x.shape[-1]
    angle = np.repeat(positions[:, None] / 10000.0 ** (np.arange(0, d, 2) / d), 2, axis=-1)
    turned = np.empty_like(x)
    turned[..., 0::2], turned[..., 1::2] = -x[..., 1::2], x[..., 0::2]
    return x * np.cos(angle) + turned * np.sin(angle)


@exercise.equivalent
def with_rotation_matrices(x, positions):
    d = x.shape[-1]
    angle = np.outer(positions, 10000.0 ** (-np.arange(0, d, 2) / d))
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # (2, 2, T, d/2)
    return np.einsum("ijtm,...tmj->...tmi", R, x.reshape(*x.shape[:-1], d // 2, 2)).reshape(x.shape)


def _turn(x, positions, base=10000.0, scale=1.0, sign=1.0):
    d = x.shape[-1]
    angle = sign * positions[:, None] * base ** (-scale * np.arange(0, d, 2) / d)
    a, b = x[..., 0::2], x[..., 1::2]
    return np.stack([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], axis=-1).reshape(
        x.shape
    )


@exercise.mistake("Turned the other way")
def rotated_backwards(x, positions):
    """The angle's sign is flipped: (a, b) becomes (a cos - b sin, a sin + b cos).

    - Where does (1, 0) go at position 1?
    - To (cos 1, sin 1).
    - Mind the minus sign.
    """
    return _turn(x, positions, sign=-1.0)


add_wrong_angles(exercise, _turn)
add_unturned(exercise, _turn)


@exercise.mistake("The halves were paired")
def halves_paired(x, positions):
    """Coordinate m was paired with m + d/2 (as some libraries do); here 2m goes with 2m + 1.

    - Which coordinate is the partner of coordinate 0?
    - Coordinate 1.
    - x[..., 0::2] and x[..., 1::2]
    """
    d = x.shape[-1]
    angle = positions[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    a, b = x[..., : d // 2], x[..., d // 2 :]
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], axis=-1)


@exercise.mistake("Put back in the wrong order")
def not_interleaved_back(x, positions):
    """The pairs were turned rightly, but written back as two halves.

    - Where does the first entry of pair 1 belong?
    - To column 2.
    - stack(..., axis=-1).reshape, not concatenate
    """
    turned = _turn(x, positions)
    return np.concatenate([turned[..., 0::2], turned[..., 1::2]], axis=-1)


@exercise.mistake("The new value was used too early")
def second_line_uses_the_first(x, positions):
    """b was turned with the *new* a: the first line had overwritten it.

    - Which a does the second line need?
    - The old one.
    - Compute both before writing either.
    """
    out, d = x.copy(), x.shape[-1]
    angle = positions[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    out[..., 0::2] = out[..., 0::2] * np.cos(angle) - out[..., 1::2] * np.sin(angle)
    out[..., 1::2] = out[..., 0::2] * np.sin(angle) + out[..., 1::2] * np.cos(angle)
    return out


@exercise.mistake("Positions were added, not turned")
def positions_added(x, positions):
    """The sinusoidal table was added; RoPE rotates.

    - Does the length of a vector change?
    - A rotation keeps it.
    - Multiply by cos and sin.
    """
    d = x.shape[-1]
    angle = positions[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    return x + np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(-1, d)


@exercise.mistake("The angles of an earlier call")
def table_kept_by_size(x, positions, tables={}):
    """A table of angles was kept for each size of x; the positions of this call play no part in it.

    - What besides T and d do the angles depend on?
    - positions
    - Compute the angles again, or keep them by position.
    """
    positions = tables.setdefault(x.shape[-2:], np.array(positions))
    return _turn(x, positions)


exercise.equivalent_mutant("0::2 -> ::2", because="a slice begins at 0 by itself")
