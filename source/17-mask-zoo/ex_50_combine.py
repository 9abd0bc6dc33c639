"""### Put masks together

Real models put several masks together: causal *and* no padding *and* the same document.

Write `combine(*allowed)`: any number (at least one) of boolean masks whose shapes broadcast together, such as `(T, \
T)` and `(B, 1, T)`.
Return booleans: True where **all** of them allow. The inputs stay as they are.
"""

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array

exercise = Exercise(
    topic="combining masks",
    answer=Array("bool"),
    hints=(
        "Two masks: one allows, one forbids. What is right?",
        "Logical and, one mask after another; NumPy broadcasts by itself.",
        "Start with the first mask and use & in a loop.",
    ),
)


@exercise.solution
def combine(*allowed):
    """Boolean masks that broadcast together -> True where all of them allow."""
    together = allowed[0]
    for mask in allowed[1:]:
        together = together & mask
    return together


def _random(rng, *shape):
    return rng.random(shape) < 0.6


@exercise.part("Two masks", points=1)
def two(rng):
    yield case(np.tri(3, dtype=bool), np.array([[True, True, False]] * 3))
    yield case(np.array([True, True, False, False]), np.array([True, False, True, False]))


@exercise.part("Any number, any shape", points=1)
def any_number(rng):
    yield case(
        np.tri(4, dtype=bool),
        np.array([[[True, True, False, False]], [[True, True, True, False]]]),
        note="(T, T) and (B, 1, T)",
    )
    yield case(_random(rng, 3, 3))
    yield case(_random(rng, 5, 5), _random(rng, 5, 5), _random(rng, 5, 5))
    yield case(_random(rng, 2, 1, 1, 4), _random(rng, 3, 4, 4), _random(rng, 4, 1), _random(rng, 4))
    yield case(np.array([[True]]), np.array([[True]]))
    yield case(*(rng.random((20, 20)) < 0.9 for _ in range(7)), note="seven masks")


@exercise.equivalent
def with_reduce(*allowed):
    return np.logical_and.reduce(np.broadcast_arrays(*allowed))


@exercise.equivalent
def by_multiplying(*allowed):
    out = np.ones(np.broadcast_shapes(*(np.shape(mask) for mask in allowed)), dtype=bool)
    for mask in allowed:
        out *= mask
    return out


@exercise.equivalent
def none_forbids(*allowed):
    return ~np.any(np.stack([~mask for mask in np.broadcast_arrays(*allowed)]), axis=0)


@exercise.mistake("One mask is enough")
def any_instead_of_all(*allowed):
    """A position counts as allowed if any mask allows it; all of them must.

    - The causal mask forbids, the padding mask allows: what should win?
    - and, not or
    - & instead of |
    """
    return np.logical_or.reduce(np.broadcast_arrays(*allowed))


@exercise.mistake("Only the first two masks count")
def only_two_masks(*allowed):
    """From the third mask on nothing happens.

    - How many masks may come?
    - Loop over all of them.
    - for mask in allowed[1:]: ...
    """
    return allowed[0] & allowed[1] if len(allowed) > 1 else allowed[0]


@exercise.mistake("Only the last mask counts")
def only_the_last_mask(*allowed):
    """Each mask overwrote the one before.

    - What did the loop do with the first mask?
    - together & mask
    - Keep what you have so far.
    """
    return np.broadcast_to(allowed[-1], np.broadcast_shapes(*(m.shape for m in allowed))).copy()


@exercise.mistake("Only the first mask counts")
def only_the_first_mask(*allowed):
    """The other masks play no part.

    - Where do the other masks enter?
    - together & mask
    - Loop over all of them.
    """
    return np.broadcast_to(allowed[0], np.broadcast_shapes(*(m.shape for m in allowed))).copy()


@exercise.mistake("An odd number of masks")
def exclusive_or(*allowed):
    """xor is True where an odd number of masks allows.

    - Two masks allow: what should come out?
    - and, not xor
    - & instead of ^
    """
    return np.logical_xor.reduce(np.broadcast_arrays(*allowed))


@exercise.mistake(mc.INVERTED)
def inverted(*allowed):
    return ~combine(*allowed)


@exercise.mistake(mc.CHANGES_INPUTS)
def in_place(*allowed):
    """A mask that was passed in was changed in place (as &= does), so the caller's mask is different afterwards."""
    together = allowed[0]
    for mask in allowed[1:]:
        if np.broadcast_shapes(together.shape, mask.shape) == together.shape:
            together &= mask
        else:
            together = together & mask
    return together


@exercise.mistake("Different shapes break it")
def no_broadcasting(*allowed):
    """It works for masks of one shape only; `(T, T)` and `(B, 1, T)` have to broadcast.

    - What is the shape of (4, 4) & (2, 1, 4)?
    - & broadcasts by itself; np.stack and &= into the first mask do not.
    - Use out = out & mask, or np.broadcast_arrays first.
    """
    return np.all(np.stack(allowed), axis=0)


exercise.equivalent_mutant("1 -> 0", because="a mask and itself is that mask")
exercise.equivalent_mutant("1: -> :", because="a mask and itself is that mask")
