"""The judge against answers that misbehave: each gets a finding of its own, and none brings the judge down."""

import decimal
import fractions
import random
import sys
import threading
import time
import unittest.mock
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.toy_exercise import doubling

from autograder.exercise.exercise import Exercise, case
from autograder.exercise.results import Array, InvalidResult
from autograder.feedback import render
from autograder.judge.judge import judge

EXERCISE = doubling()
HASTY = doubling(seconds=0.3)


# What an answer can do instead of answering.


def hangs(x):
    while True:
        pass


def sleeps(x):
    time.sleep(60)


def sleeps_a_little(x):
    while True:
        time.sleep(0.01)


def hangs_and_swallows(x):
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            x = x + 0


def hangs_and_answers(x):
    try:
        hangs(x)
    except BaseException:
        return 2 * x


def recurses(x):
    return recurses(x)


def floods(x):
    while True:
        print("again and again")


def floods_stderr(x):
    while True:
        sys.stderr.write("again and again")


def changes_its_input(x):
    x *= 2
    return x


def answers_at_random(x):
    return 2 * x + random.random()


def remembers(x, calls=[]):  # noqa: B006
    calls.append(x)
    return 2 * x if len(calls) < 4 else 2 * x + 1


def raises(x):
    raise ValueError("no such luck")


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


def raises_what_cannot_be_said(x):
    raise Unspeakable


def leaves(x):
    sys.exit(3)


def leaves_as_a_generator(x):
    raise GeneratorExit


def asks_for_too_much(x):
    raise MemoryError


def stub(x):
    """x (...) -> 2 x."""


def still_to_do(x):
    raise NotImplementedError


MISBEHAVED = {
    hangs: "hangs", sleeps: "hangs", hangs_and_swallows: "hangs", hangs_and_answers: "hangs", recurses: "recurses",
    floods: "floods", floods_stderr: "floods", changes_its_input: "changes_inputs",
    answers_at_random: "not_repeatable", remembers: "not_repeatable", raises: "raises",
    raises_what_cannot_be_said: "raises", leaves: "raises", leaves_as_a_generator: "raises",
    asks_for_too_much: "raises", stub: "not_written", still_to_do: "not_written",
}  # fmt: skip


@pytest.mark.parametrize(("answer", "expected"), MISBEHAVED.items(), ids=lambda x: getattr(x, "__name__", x))
def test_misbehaviour_has_a_finding_of_its_own(answer: Callable[..., Any], expected: str) -> None:
    remembers.__defaults__[0].clear()
    verdict = judge(HASTY, answer)
    assert verdict.misconception == expected
    assert not verdict.passed
    assert verdict.finding is not None
    assert verdict.finding.certain
    assert verdict.hints
    assert "Traceback" not in render.text(verdict)


@pytest.mark.skipif(sys.gettrace() is not None, reason="CPython 3.11 may trace one instruction of a thread for ever")
def test_an_answer_is_stopped_in_a_thread_too() -> None:
    found: list[str | None] = []
    thread = threading.Thread(target=lambda: found.append(judge(HASTY, hangs).misconception))
    thread.start()
    thread.join()
    assert found == ["hangs"]


def test_the_users_own_ctrl_c_is_not_swallowed() -> None:
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(EXERCISE, interrupted)


def test_an_error_shows_the_learners_own_line() -> None:
    verdict = judge(EXERCISE, raises)
    assert verdict.finding is not None
    assert "It raised ValueError: no such luck" in verdict.finding.message
    assert 'raise ValueError("no such luck")' in verdict.finding.message


# What an answer can return instead of the right thing.

RETURNED = {
    "nothing": (None, "returned_none"),
    "a string": ("[[2, 4]]", "wrong_type"),
    "bytes": (b"24", "wrong_type"),
    "rows of different lengths": ([[2.0], [4.0, 6.0]], "wrong_type"),
    "a generator": ((i for i in (2, 4)), "wrong_type"),
    "an object": (object(), "wrong_type"),
    "a dict": ({0: 2.0}, "wrong_type"),
    "a set": ({2.0, 4.0}, "wrong_type"),
    "a function": (len, "wrong_type"),
    "a list of strings": ([["2", "4"]], "wrong_type"),
    "complex numbers": (np.array([[2 + 1j, 4]]), "wrong_type"),
    "dates": (np.array(["2020-01-01"], dtype="datetime64[D]"), "wrong_type"),
    "another shape": (np.array([2.0, 4.0]), "wrong_shape"),
    "a single number": (2.0, "wrong_shape"),
    "an empty list": ([], "wrong_shape"),
    "NaN": (np.array([[np.nan, 4.0]]), "has_nan"),
    "a list with None": ([[2.0, None]], "has_nan"),
}


@pytest.mark.parametrize("what", RETURNED)
def test_a_wrong_kind_of_result_is_told_in_a_sentence(what: str) -> None:
    raw, expected = RETURNED[what]
    verdict = judge(EXERCISE, lambda x: (2 * x, raw)[1])
    assert verdict.misconception == expected
    assert verdict.score == 0
    assert verdict.finding is not None
    assert verdict.finding.message.endswith((".", "?"))


class Liar(np.ndarray):
    """Says that it equals everything, and hands out what is wanted to whoever asks politely."""

    def __eq__(self, other):
        return np.ones(self.shape, dtype=bool)

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.ones(self.shape, dtype=bool)


class Chameleon:
    """Becomes another array each time it is looked at."""

    def __array__(self, dtype=None, copy=None):
        return np.array([[random.random(), 4.0]])


@pytest.mark.parametrize("lie", [np.array([[0.0, 0.0]]).view(Liar), Chameleon(), unittest.mock.MagicMock()])
def test_lies_are_not_believed(lie: Any) -> None:
    assert judge(EXERCISE, lambda x: lie).score == 0


LENIENT = {
    "nested lists": lambda x: (2 * x).tolist(),
    "tuples": lambda x: tuple(map(tuple, 2 * x)),
    "float32": lambda x: (2 * x).astype(np.float32),
    "long doubles": lambda x: (2 * x).astype(np.longdouble),
    "objects": lambda x: (2 * x).astype(object),
    "a list of arrays": lambda x: list(2 * x),
    "a matrix": lambda x: np.asmatrix(2 * x),
    "a masked array": lambda x: np.ma.masked_array(2 * x),
    "an honest subclass": lambda x: (2 * x).view(type("Mine", (np.ndarray,), {})),
    "fractions": lambda x: [[fractions.Fraction(2 * y) for y in row] for row in x],
    "decimals": lambda x: [[decimal.Decimal(2 * y) for y in row] for row in x],
}


@pytest.mark.parametrize("style", LENIENT)
def test_a_right_result_may_come_in_any_form(style: str) -> None:
    assert judge(EXERCISE, LENIENT[style]).passed


def test_objects_are_read_as_what_they_are() -> None:
    with pytest.raises(InvalidResult, match="dtype object"):  # `~` of it would be -2 and -1
        Array("bool").parse(np.array([[True], [False]], dtype=object))
    assert Array("int").parse(np.array([2, 3], dtype=object)).tolist() == [2, 3]
    assert Array("int").parse(np.empty((0, 2), dtype=object)).shape == (0, 2)
    with pytest.raises(InvalidResult):
        Array("int").parse(np.array([2, 3.5], dtype=object))


def test_float16_is_too_coarse() -> None:
    assert not judge(EXERCISE, lambda x: (2 * x).astype(np.float16)).passed


def test_words_and_warnings_cost_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def talks(x):
        print("x is", x)
        print("mind the gap", file=sys.stderr)
        warnings.warn("deprecated", stacklevel=1)
        np.array([1.0]) / 0
        return 2 * x

    assert judge(EXERCISE, talks).passed
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("answer", [None, 3, "doubled", [1, 2], np.zeros(2), {}, object()])
def test_what_is_no_function_is_refused_in_words(answer: Any) -> None:
    verdict = judge(EXERCISE, answer)
    assert verdict.misconception == "wrong_type"
    assert "not a function" in render.message(verdict)
    assert verdict.score == 0


class Prickly:
    """A callable that answers, but shouts at whoever looks at it closely."""

    def __call__(self, x):
        return 3 * x

    def __getattr__(self, name):
        raise RuntimeError(name)


class Disguised:
    """A callable with a `__code__` that is none."""

    __code__ = 5

    def __call__(self, x):
        return 2 * x


def test_strange_callables_are_judged_like_others() -> None:
    assert judge(EXERCISE, Prickly()).misconception == "tripled"
    assert judge(EXERCISE, Disguised()).passed
    assert judge(EXERCISE, unittest.mock.MagicMock()).score == 0
    assert judge(EXERCISE, int).misconception == "raises"


# Feedback.


def test_what_a_learner_printed_is_escaped() -> None:
    def scripted(x):
        print("<script>alert(1)</script>")
        return "<img src=x onerror=alert(1)>"

    page = render.as_html(judge(EXERCISE, scripted))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_partial_credit_goes_part_by_part() -> None:
    verdict = judge(EXERCISE, lambda x: 2 * x if abs(x).max() < 100 else 0 * x)
    assert (verdict.score, verdict.max_score) == (2, 4)
    assert [part.passed for part in verdict.parts] == [True, True, False]


def test_a_certain_and_a_likely_mistake_are_told_apart() -> None:
    certain = judge(EXERCISE, lambda x: 3 * x)
    likely = judge(EXERCISE, lambda x: 3 * x if x.size != 4 else 0 * x)
    assert (certain.misconception, likely.misconception) == ("tripled", "tripled")
    assert "looks like" not in render.text(certain)
    assert "looks like" in render.text(likely)


def test_an_answer_is_shown_on_the_smallest_input() -> None:
    finding = judge(EXERCISE, lambda x: 2.5 * x).finding
    assert finding is not None
    assert finding.trial is not None
    assert finding.trial.case.note == "by hand"


class Even(Array):
    """A kind of an exercise's own, with a misreading that the judge has never heard of."""

    def parse(self, raw: Any) -> np.ndarray:
        array = super().parse(raw)
        if (array % 2).any():
            raise InvalidResult("odd_numbers", "It returned odd numbers, expected even ones.")
        return array


def test_what_an_exercises_own_kind_cannot_read_is_told_in_its_words() -> None:
    exercise = Exercise("doubling", Even())
    exercise.solution(lambda x: 2 * x)
    exercise.part("Two numbers")(lambda rng: iter([case(np.array([1, 2]))]))
    verdict = judge(exercise, lambda x: 2 * x + 1)
    assert verdict.finding is not None and verdict.finding.misconception is None
    assert "It returned odd numbers, expected even ones." in render.text(verdict)


def test_an_argument_may_be_a_list_of_arrays_of_different_lengths() -> None:
    exercise = Exercise(topic="lists", answer=Array("int"))

    @exercise.solution
    def lengths(rows: list[np.ndarray]) -> np.ndarray:
        return np.array([len(row) for row in rows])

    @exercise.part("Rows")
    def rows(rng: np.random.Generator) -> Any:
        yield case([np.arange(3), np.arange(1), np.arange(4)])
        yield case([np.arange(2), np.arange(3)])

    verdict = judge(exercise, lambda rows: [0])
    assert verdict.finding is not None and not verdict.parts[0].passed
    assert judge(exercise, lambda rows: list(map(len, rows))).parts[0].passed


def test_an_argument_may_be_a_tuple_of_arrays_of_different_widths() -> None:
    exercise = Exercise(topic="caches", answer=Array())

    @exercise.solution
    def newest(x: np.ndarray, cache: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return x + cache[0].sum() + cache[1].sum()

    @exercise.part("A cache of keys and values")
    def pairs(rng: np.random.Generator) -> Any:
        for scale in (1.0, 100.0):
            yield case(scale * rng.normal(size=3), (rng.normal(size=(2, 3)), rng.normal(size=(2, 4))))

    def small_only(x: np.ndarray, cache: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return np.where(np.abs(x).max() < 10, 1, 2) * newest(x, cache)

    verdict = judge(exercise, small_only)  # right for the first, wrong for the second of the same shapes
    assert verdict.finding is not None and not verdict.parts[0].passed
