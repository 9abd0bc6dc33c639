"""What the exercises on rotary positions share: cases, and wrong turns. They differ in which coordinates form a pair.

Each is `rope(x, positions)` for x (..., T, d), d even, and positions (T,). An exercise says how it turns its pairs::

    add_wrong_angles(exercise, turn)  # turn(x, positions, base=10000.0, scale=1.0)

where the angle of pair m is position * base ** (-scale * 2m / d).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Case, Exercise, case

Turn = Callable[..., Any]


def any_shape(rng: np.random.Generator) -> Iterator[Case]:
    """Batches, heads, one row, wide and narrow ones; positions from 0 on, far out, and in any order."""
    for shape in ((1, 2), (5, 6), (6, 6), (2, 4, 8), (2, 3, 5, 4), (4, 4, 4), (40, 32)):
        yield case(rng.normal(size=shape), np.arange(shape[-2]))
    yield case(rng.normal(size=(3, 4)), np.array([7, 2, 100]), note="positions in any order")
    yield case(rng.normal(size=(3, 4)), np.array([200, 201, 202]), note="positions from 200 on")
    yield case(rng.normal(size=(2, 4)), np.array([3000, 131072]), note="positions far out")
    yield case(rng.normal(size=(2, 1, 6)), np.array([41]), note="one new token at position 41")


def add_wrong_angles(exercise: Exercise, turn: Turn) -> None:
    """The right pairs, turned by other angles."""

    @exercise.mistake("The positions are ignored")
    def positions_ignored(x: Any, positions: Any) -> Any:
        """The rows were turned by 0, 1, 2, ..., whatever `positions` says.

        - Where does positions enter?
        - positions[t] belongs to row t.
        - positions[:, None] * frequency
        """
        return turn(x, np.arange(x.shape[-2]))

    @exercise.mistake("The exponent counts columns twice")
    def exponent_four_m(x: Any, positions: Any) -> Any:
        """The frequencies fall too fast: the exponent is -2m/d, where m counts pairs.

        - Is your counter a pair or a column?
        - 10000^(-2m/d)
        - np.arange(0, d, 2) / d has the factor 2 already.
        """
        return turn(x, positions, scale=2.0)

    @exercise.mistake("The exponent is m/d")
    def exponent_without_two(x: Any, positions: Any) -> Any:
        """The frequencies fall too slowly: the exponent is -2m/d.

        - What is the last frequency for d = 4?
        - 10000^(-2m/d)
        - Mind the factor 2.
        """
        return turn(x, positions, scale=0.5)

    @exercise.mistake("Another base")
    def other_base(x: Any, positions: Any) -> Any:
        """The base is 10000.

        - Which number is raised to -2m/d?
        - 10000
        - 10000.0 ** ...
        """
        return turn(x, positions, base=1000.0)

    for base in (100000.0, 500000.0):
        exercise.add_mistakes((other_base, lambda x, positions, base=base: turn(x, positions, base=base)))


def add_unturned(exercise: Exercise, turn: Turn) -> None:
    """Pairs that are not turned, that are turned alike, or that are turned in place."""

    @exercise.mistake("Nothing is turned")
    def nothing_turned(x: Any, positions: Any) -> Any:
        """x came back as it was.

        - What should happen at position 1?
        - A rotation by the angle.
        - Return the rotated pairs.
        """
        return x.copy()

    @exercise.mistake("Every pair turns equally fast")
    def one_angle_for_all_pairs(x: Any, positions: Any) -> Any:
        """All the pairs use the frequency of pair 0.

        - How fast does the last pair turn?
        - 10000^(-2m/d)
        - A frequency for each pair.
        """
        return turn(x, positions, scale=0.0)

    @exercise.mistake(mc.CHANGES_INPUTS)
    def in_place(x: Any, positions: Any) -> Any:
        x[...] = turn(x.copy(), positions)
        return x
