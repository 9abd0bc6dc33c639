"""The judge against answers that are right now and then: by call, by shape, by chance, or but for a hair."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.toy_exercise import doubling

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, Number
from autograder.judge.judge import judge
from autograder.judge.verdict import Verdict

EXERCISE = doubling()


def lone() -> Exercise:
    """`shares(x)`: each entry's share of its row; one number has the whole."""
    exercise = Exercise("shares", Array(exact_zeros=True))

    @exercise.solution
    def shares(x):
        return x / x.sum(axis=-1, keepdims=True)

    @exercise.part("Shares", points=1)
    def some(rng):
        yield case(np.array([[1.0, 0.0], [1.0, 3.0]]))

    return exercise


def by_shape() -> Callable[[Any], Any]:
    known: dict[tuple[int, ...], Any] = {}
    return lambda x: known.setdefault(x.shape, 2 * x)


def once_in(n: int, first: bool = True) -> Callable[[Any], Any]:
    calls: list[int] = []

    def answer(x):
        calls.append(1)
        return (3 if len(calls) % n == (0 if first else 1) else 2) * x

    return answer


def the_first_for_all() -> Callable[[Any], Any]:
    known: list[Any] = []

    def answer(x):
        known.append(2 * x)
        return known[0]

    return answer


def test_what_is_remembered_by_its_shape_is_wrong() -> None:
    verdict = judge(EXERCISE, by_shape())
    assert not verdict.passed
    assert [part.passed for part in verdict.parts] == [True, False, False]  # two numbers by hand have no twin
    assert verdict.misconception == "remembered"


def by_identity() -> Callable[[Any], Any]:
    known: dict[int, Any] = {}  # with the array itself, so that no other one gets its number

    def answer(x):
        return known.setdefault(id(x), (x, 2 * x))[1]

    return answer


def test_what_is_remembered_by_the_array_itself_is_wrong() -> None:
    verdict = judge(EXERCISE, by_identity())
    assert not verdict.passed
    assert verdict.misconception == "remembered"
    assert verdict.finding is not None
    assert verdict.finding.certain
    assert "the same array was given twice" in verdict.finding.message.lower()


def test_what_is_remembered_by_all_numbers_is_right() -> None:
    known: dict[bytes, Any] = {}
    assert judge(EXERCISE, lambda x: known.setdefault(x.tobytes() + bytes(x.shape), 2 * x).copy()).passed


@pytest.mark.parametrize("answer", [once_in(2), once_in(3), once_in(4), once_in(2, first=False)])
def test_an_answer_that_is_wrong_at_some_calls_is_told_so(answer: Callable[[Any], Any]) -> None:
    verdict = judge(EXERCISE, answer)
    assert not verdict.passed
    assert verdict.misconception == "not_repeatable"
    assert verdict.finding is not None
    assert verdict.finding.message.startswith("The same input gave another output")


def test_one_case_is_asked_often_enough_to_find_what_is_seldom_wrong() -> None:
    exercise = Exercise("nothing", Number())
    exercise.solution(lambda: 7)
    exercise.part("Seven")(lambda rng: iter([case()]))
    calls: list[int] = []
    verdict = judge(exercise, lambda: 8 if (calls.append(1), len(calls))[1] % 6 == 0 else 7)
    assert verdict.misconception == "not_repeatable"


def test_the_first_result_for_all_is_named() -> None:
    exercise = Exercise("doubling", Array())
    exercise.solution(lambda x: 2 * x)
    exercise.part("Three")(lambda rng: (case(np.array([n, 5.0])) for n in (1.0, 2.0, 3.0)))
    assert judge(exercise, the_first_for_all()).misconception == "same_for_all"


def _shares(epsilon: float, dtype: type = np.float64) -> Verdict:
    small = dtype(epsilon)
    return judge(lone(), lambda x: x.astype(dtype) / (x.astype(dtype).sum(axis=-1, keepdims=True) + small))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_epsilon_in_a_denominator_shows_at_a_lone_weight(dtype: type) -> None:
    assert _shares(0.0, dtype).passed
    assert _shares(1e-300, dtype).passed
    assert not _shares(1e-6, dtype).passed


def test_the_last_digit_of_a_float32_is_forgiven() -> None:
    below = np.nextafter(np.float32(1), np.float32(0))
    assert judge(lone(), lambda x: np.array([[below, 0.0], [0.25, 0.75]])).passed
    assert not judge(lone(), lambda x: np.array([[1 - 1e-7, 0.0], [0.25, 0.75]])).passed


def test_a_case_can_ask_for_more_digits_than_its_exercise() -> None:
    exercise = Exercise("halving", Number())
    exercise.solution(lambda x: x / 2)
    exercise.part("Loose")(lambda rng: iter([case(3.0)]))
    exercise.part("Sharp")(lambda rng: iter([case(3.0, answer=Number(rtol=1e-9, atol=1e-9))]))
    assert judge(exercise, lambda x: x / (2 + 1e-6)).score == 1


def test_a_float16_is_told_that_it_has_too_few_digits() -> None:
    assert judge(EXERCISE, lambda x: (2 * x).astype(np.float16)).misconception == "float16_inside"


def test_a_part_that_is_remembered_by_shape_is_told() -> None:
    exercise = Exercise("products", Array())

    @exercise.solution
    def products(x, y):
        return x * y

    @exercise.part("Products", points=1)
    def some(rng):
        yield case(rng.normal(size=3), rng.normal(size=3))
        yield case(rng.normal(size=(2, 3)), rng.normal(size=(2, 3)))

    known: dict[tuple[int, ...], Any] = {}
    verdict = judge(exercise, lambda x, y: x * known.setdefault(y.shape, y))
    assert verdict.misconception == "remembered"
    assert judge(exercise, lambda x, y: np.round(x, 1) * y).misconception != "remembered"


def test_an_array_that_is_given_for_two_arguments_is_not_refilled() -> None:
    exercise = Exercise("products", Array())

    @exercise.solution
    def products(x, y):
        return x * y

    @exercise.part("Products", points=1)
    def some(rng):
        for _ in range(2):
            x = rng.normal(size=3)
            yield case(x, x)
        yield case(rng.normal(size=3), rng.normal(size=3))

    assert judge(exercise, lambda x, y: y * x).passed
