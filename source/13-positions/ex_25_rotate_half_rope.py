"""### Rotary positions, in halves

Hugging Face's Llama, GPT-NeoX and others pair coordinate `m` with coordinate `m + d/2`. It is RoPE with another \
layout: the angles are the same.

Write `rotate_half_rope(x, positions)`: `x` is `(..., T, d)`, `d` even; `positions` is `(T,)`. For pair `m`, the \
coordinates `m` and `m + d/2` at position `p` are rotated by the angle `p * 10000 ** (-2 * m / d)`: `(a, b)` becomes \
`(a cos - b sin, a sin + b cos)`. Return the shape of `x`.
"""

import numpy as np

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array
from autograder.exercise.rope_variants import add_unturned, add_wrong_angles, any_shape

exercise = Exercise(
    topic="rotary positions",
    answer=Array(),
    hints=(
        "Which coordinate is the partner of coordinate 0, and which angle belongs to both?",
        "rotate_half(x) is (-second half, first half); the result is x cos + rotate_half(x) sin.",
        "a, b = x[..., : d // 2], x[..., d // 2 :]; np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)",
    ),
)


@exercise.solution
def rotate_half_rope(x, positions):
    """x (..., T, d), d even, positions (T,) -> x with the pairs (m, m + d/2) rotated by position * 10000^(-2m/d)."""
    d = x.shape[-1]
    angle = positions[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)  # (T, d/2)
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[..., : d // 2], x[..., d // 2 :]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


@exercise.part("Two pairs", points=1)
def two_pairs(rng):
    yield case(np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]), np.array([0, 1, 2]), note="one pair: as in rope")
    yield case(np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]]), np.array([0, 3]))


exercise.part("Any shape and positions", points=1)(any_shape)


@exercise.equivalent
def as_in_libraries(x, positions):
    d = x.shape[-1]
    frequency = 1.0 / 10000.0 ** (np.arange(0, d, 2) / d)
    angle = np.tile(positions[:, None] * frequency, 2)  # (T, d)
    half = np.concatenate([-x[..., d // 2 :], x[..., : d // 2]], axis=-1)
    return x * np.cos(angle) + half * np.sin(angle)


@exercise.equivalent
def with_complex_numbers(x, positions):
    d = x.shape[-1]
    z = x[..., : d // 2] + 1j * x[..., d // 2 :]
    z = z * np.exp(1j * np.outer(positions, 10000.0 ** (-np.arange(0, d, 2) / d)))
    return np.concatenate([z.real, z.imag], axis=-1)


@exercise.equivalent
def with_loops(x, positions):
    out, d = np.array(x, dtype=float), x.shape[-1]
    for t, p in enumerate(positions):
        for m in range(d // 2):
            c, s = np.cos(p / 10000 ** (2 * m / d)), np.sin(p / 10000 ** (2 * m / d))
            a, b = x[..., t, m], x[..., t, m + d // 2]
            out[..., t, m], out[..., t, m + d // 2] = c * a - s * b, s * a + c * b
    return out


@exercise.equivalent
def reordered_interleaved(x, positions):
    d = x.shape[-1]
    z = np.stack([x[..., : d // 2], x[..., d // 2 :]], axis=-1)  # (..., T, d/2, 2) neighbours now
    angle = np.outer(positions, 10000.0 ** (-np.arange(0, d, 2) / d))
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.moveaxis(np.einsum("ijtm,...tmj->...itm", R, z), -3, -2).reshape(x.shape)


def _turn(x, positions, base=10000.0, scale=1.0, sign=1.0):
    d = x.shape[-1]
    angle = sign * positions[:, None] * base ** (-scale * np.arange(0, d, 2) / d)
    a, b = x[..., : d // 2], x[..., d // 2 :]
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], axis=-1)


# https://github.com/huggingface/transformers/issues/25199 and https://github.com/huggingface/nanotron/pull/427
@exercise.mistake("Neighbours were paired")
def neighbours_paired(x, positions):
    """Coordinate 2m was paired with 2m + 1, as in `rope`; here m goes with m + d/2.

    - Which coordinate is the partner of coordinate 0?
    - Coordinate d/2.
    - x[..., : d // 2] and x[..., d // 2 :]
    """
    d = x.shape[-1]
    angle = positions[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d)
    z = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angle)
    return np.stack([z.real, z.imag], axis=-1).reshape(x.shape)


# https://github.com/rasbt/LLMs-from-scratch/issues/838 asks which angle belongs to which coordinate.
@exercise.mistake("The angles are in the other layout")
def angles_repeated_in_place(x, positions):
    """Each angle was repeated beside itself (a, a, b, b); in halves the whole list stands twice (a, b, a, b).

    - Which angle has coordinate 1 if d is 4?
    - That of pair 1, as has coordinate 3.
    - np.tile, not np.repeat
    """
    d = x.shape[-1]
    angle = np.repeat(positions[:, None] * 10000.0 ** (-np.arange(0, d, 2) / d), 2, axis=-1)
    half = np.concatenate([-x[..., d // 2 :], x[..., : d // 2]], axis=-1)
    return x * np.cos(angle) + half * np.sin(angle)


@exercise.mistake("The minus sign is on the other half")
def half_with_wrong_sign(x, positions):
    """This turns the vectors the other way: rotate_half is (-second half, first half).

    - Where does (1, 0) go at position 1?
    - To (cos 1, sin 1).
    - The minus belongs to the second half, which moves to the front.
    """
    return _turn(x, positions, sign=-1.0)


@exercise.mistake("The halves were swapped")
def halves_swapped(x, positions):
    """The result's halves are the wrong way round.

    - Where does coordinate 0 end up at position 0?
    - Where it was.
    - a * cos - b * sin comes first.
    """
    return np.roll(_turn(x, positions), x.shape[-1] // 2, axis=-1)


@exercise.mistake("Written back as neighbours")
def written_back_interleaved(x, positions):
    """The pairs were turned rightly, but written back beside each other.

    - Where does the second entry of pair 0 belong?
    - To column d/2.
    - np.concatenate, not stack and reshape
    """
    turned, d = _turn(x, positions), x.shape[-1]
    return np.stack([turned[..., : d // 2], turned[..., d // 2 :]], axis=-1).reshape(x.shape)


add_wrong_angles(exercise, _turn)
add_unturned(exercise, _turn)
