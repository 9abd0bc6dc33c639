"""What is said of a wrong answer that resembles no known mistake is true of it, and of no right one."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array
from autograder.judge.judge import judge
from autograder.judge.symptom_names import SYMPTOMS


def shares() -> Exercise:
    """`shares(x)`: each entry's logarithm, in (T,), (B, T) or (B, T, d)."""
    exercise = Exercise("logarithms", Array())

    @exercise.solution
    def logs(x):
        return np.log(x)

    @exercise.part("Any shape", points=1)
    def any_shape(rng):
        for shape in ((5,), (4, 4), (1, 3), (2, 3, 4)):
            yield case(1.5 + rng.random(shape))
        yield case(100 + rng.random(6), note="large numbers")
        yield case(np.array([3, 5, 8, 9]), note="integers")

    return exercise


def under(n: int) -> Exercise:
    """`under(T)`: True where j < i."""
    exercise = Exercise("comparisons", Array("bool"))
    exercise.solution(lambda T: np.tri(T, k=-1, dtype=bool))
    exercise.part("Any size")(lambda rng: (case(T) for T in range(1, n)))
    return exercise


LOGS = shares()
WRONG: dict[str, list[Callable[[Any], Any]]] = {
    "sign_swapped": [lambda x: -np.log(x)],
    "logarithm_base": [np.log2, np.log10],
    "constant_factor": [lambda x: 3 * np.log(x)],
    "constant_offset": [lambda x: np.log(x) + 1],
    "exponential_of_result": [lambda x: np.asarray(x, dtype=float)],
    "reversed": [lambda x: np.log(x)[..., ::-1]],
    "shifted_by_one": [lambda x: np.log(np.roll(x, 1, axis=-1)), lambda x: np.log(np.roll(x, -1, axis=-1))],
    "other_order": [lambda x: np.log(np.roll(x, 2, axis=-1))],
    "nearly_right": [lambda x: np.log(x + 1e-2), lambda x: np.round(np.log(x), 2)],
    "wrong_for_large_numbers": [lambda x: np.log(np.minimum(x, 40.0))],
    "wrong_in_a_batch": [lambda x: np.log(x) if np.ndim(x) == 1 else np.log(x) ** 2],
    "wrong_for_integers": [lambda x: np.log(x).astype(np.asarray(x).dtype)],
    "too_small": [lambda x: np.log(x) / (1 + x)],
}


@pytest.mark.parametrize(("named", "answer"), [(name, answer) for name, answers in WRONG.items() for answer in answers])
def test_a_symptom_is_named(named: str, answer: Callable[[Any], Any]) -> None:
    verdict = judge(LOGS, answer)
    assert not verdict.passed
    assert verdict.misconception == named
    assert verdict.finding is not None
    assert verdict.finding.certain


@pytest.mark.parametrize(
    ("named", "answer"),
    [
        ("complement", lambda T: ~np.tri(T, k=-1, dtype=bool)),
        ("too_many_true", lambda T: np.tri(T, k=1, dtype=bool)),
        ("too_few_true", lambda T: np.tri(T, k=-2, dtype=bool) & (np.arange(T) != 1)),
        ("only_diagonal", lambda T: np.tri(T, dtype=bool) if T > 2 else np.tri(T, k=-1, dtype=bool)),
        ("wrong_for_one", lambda T: np.tri(T, k=-1, dtype=bool) if T > 1 else np.ones((1, 1), dtype=bool)),
    ],
)
def test_a_symptom_of_booleans_is_named(named: str, answer: Callable[[int], Any]) -> None:
    assert judge(under(7), answer).misconception == named


def test_the_number_that_is_said_is_the_answers_own() -> None:
    finding = judge(LOGS, lambda x: 2.5 * np.log(x)).finding
    assert finding is not None
    assert finding.message == "Every value is 2.5 times the right one."


def test_one_in_place_of_zero_is_not_called_an_exponential() -> None:
    exercise = Exercise("means", Array())
    exercise.solution(lambda x: x.mean() if x.size else 0.0)
    exercise.part("Any size")(lambda rng: (case(rng.random(n)) for n in (0, 1, 4)))
    assert judge(exercise, lambda x: x.mean() if x.size else 1.0).misconception == "wrong_for_empty"


def test_every_symptom_has_words() -> None:
    for misconception in SYMPTOMS.values():
        assert misconception.name
        assert misconception.hints


def test_a_rounded_gap_is_not_called_remembered() -> None:
    # A number of plain form agrees with an earlier case's by chance: that is no proof that it was kept.
    exercise = Exercise("gaps", Array())
    exercise.solution(lambda x: x[0] - x[1])

    @exercise.part("Gaps")
    def gaps(rng):
        yield case(np.array([1.0, 1.0]))
        yield case(np.array([1.0, 1.0 + 1e-4]))
        yield case(np.array([rng.random(), 0.5]))

    assert judge(exercise, lambda x: np.round(x[0] - x[1], 3)).misconception != "remembered"
