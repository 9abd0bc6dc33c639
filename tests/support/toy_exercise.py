"""A small exercise of the tests' own, so that they measure the judge and not the bank."""

import numpy as np

from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array

TRIPLED = Misconception("tripled", "Tripled", "Every number is three times as large.", ("Is 3 the factor?", "Twice.", "2 * x"))


def doubling(seconds: float = 5.0) -> Exercise:
    """`doubled(x)`: three parts of one, one and two points."""
    exercise = Exercise("doubling", Array(), hints=("What is twice 2?", "x + x", "return 2 * x"), seconds=seconds)

    @exercise.solution
    def doubled(x):
        """x (...) -> 2 x."""
        return 2 * x

    @exercise.part("Two numbers", points=1)
    def two(rng):
        yield case(np.array([[1.0, 2.0]]), note="by hand")

    @exercise.part("Many", points=1)
    def many(rng):
        yield case(rng.normal(size=(3, 4)))

    @exercise.part("Large", points=2)
    def large(rng):
        yield case(1000 * rng.normal(size=(2, 2)))

    exercise.mistake(TRIPLED)(lambda x: 3 * x)
    return exercise
