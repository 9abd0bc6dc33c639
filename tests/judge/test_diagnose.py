"""What is said of a wrong answer is true of it: chance, None, a likeness, and the judge's own lines."""

import collections
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.toy_exercise import doubling

from autograder.bank import catalog
from autograder.exercise.exercise import Exercise, Misconception, case
from autograder.exercise.results import Array, Boolean, Integer, OrNone, Tuple
from autograder.feedback import render
from autograder.judge.judge import judge

EXERCISE = doubling()


def yes_or_no() -> Exercise:
    exercise = Exercise("is it even?", Boolean())
    exercise.solution(lambda n: n % 2 == 0)
    exercise.part("Numbers")(lambda rng: iter([case(n) for n in (2, 3, 4, 5, 7)]))
    exercise.mistake(Misconception("inverted", "Upside down", "Yes means even."))(lambda n: n % 2 == 1)
    return exercise


def test_agreeing_only_where_an_answer_is_wrong_is_no_likeness() -> None:
    assert judge(yes_or_no(), lambda n: n % 2 == 1).misconception == "inverted"
    assert judge(yes_or_no(), lambda n: n != 3).misconception == "right_for_some_inputs"  # and not "inverted"


def test_chance_is_named_and_not_the_value_that_it_gave() -> None:
    calls = itertools.count()
    assert judge(EXERCISE, lambda x: 2 * x if next(calls) == 0 else 0 * x).misconception == "not_repeatable"
    calls = itertools.count()  # the first case of no part, and so the call that the judge repeats anyway
    sixes = Exercise("sixes", Array())
    sixes.solution(lambda n: n + 6.0)
    sixes.part("Numbers")(lambda rng: iter([case(n) for n in range(9)]))
    assert judge(sixes, lambda n: n + 6.0 if n != 5 else 1.0 * next(calls)).misconception == "not_repeatable"


def test_an_exercise_with_results_of_two_types_is_judged() -> None:
    exercise = Exercise("roots", lambda n: Boolean() if n < 0 else Tuple(low=Integer(), high=Integer()))
    exercise.solution(lambda n: (n, n + 1) if n >= 0 else True)
    exercise.part("Numbers")(lambda rng: iter([case(n) for n in (2, 3, -1)]))
    verdict = judge(exercise, lambda n: (n, n + 2) if n >= 0 else True)
    assert not verdict.passed
    assert verdict.finding is not None
    assert verdict.finding.message


def test_lists_of_arrays_of_different_lengths_are_judged() -> None:
    exercise = Exercise("sums", Array("int"))
    exercise.solution(lambda rows: np.array([row.sum() for row in rows]))
    ragged = [[np.arange(2), np.arange(3)], [np.arange(4), np.arange(1)], [np.arange(5), np.arange(6)]]
    exercise.part("Rows")(lambda rng: iter([case(rows) for rows in ragged]))
    verdict = judge(exercise, lambda rows: np.array([row.sum() + (len(row) > 4) for row in rows]))
    assert not verdict.passed
    assert verdict.misconception == "constant_offset"


def test_an_input_that_was_changed_is_named_where_nothing_else_is_known() -> None:
    def shaken(x: np.ndarray) -> np.ndarray:
        x += 1
        return 2.5 * x

    assert judge(EXERCISE, shaken).misconception == "changes_inputs"


def pair_or_none() -> Exercise:
    exercise = Exercise("pairs", OrNone(Tuple(i=Integer(), j=Integer())))
    exercise.solution(lambda n: (n, n + 1) if n else None)
    exercise.part("Numbers")(lambda rng: iter([case(n) for n in (0, 1, 2)]))
    return exercise


@pytest.mark.parametrize(
    ("answer", "misconception", "words"),
    [
        (lambda n: (n, n + 1), None, "marked cells differ"),  # a pair for None has no wrong shape
        (
            lambda n: (n, n + 1) if n else (),
            "not_a_tuple",
            "length 0, expected the tuple (i, j). Where there is nothing",
        ),
        (lambda n: (n, None) if n else None, "wrong_type", "The item `j` of the tuple is None."),
        (lambda n: (n, "1") if n else None, "wrong_type", "expected one number"),
    ],
)
def test_none_and_pairs_have_words_of_their_own(
    answer: Callable[..., Any], misconception: str | None, words: str
) -> None:
    verdict = judge(pair_or_none(), answer)
    assert verdict.misconception == misconception
    assert words in render.message(verdict)


def test_a_missing_result_is_shown_beside_the_one_that_is_wanted() -> None:
    missing = render.text(judge(pair_or_none(), lambda n: print()))
    superfluous = render.text(judge(pair_or_none(), lambda n: (n, n + 1)))
    assert "Your result is None, expected (1, 2)." in missing
    assert "Your result is (0, 1), expected None." in superfluous


def test_a_text_for_a_truth_is_told_so() -> None:
    assert "It returned a str, expected True or False." in render.message(judge(yes_or_no(), str))


@pytest.mark.long
def test_a_misread_draw_is_no_error_of_the_learner() -> None:
    verdict = judge(catalog.find("sample_token").load(), lambda logits, rng, temperature=1.0, top_k=None: 1.0)
    assert verdict.misconception == "not_an_integer"


def test_a_line_of_an_exercise_file_is_not_shown_as_the_learners() -> None:
    def cuts(attend: Callable[..., Any], allowed: np.ndarray, Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> None:
        attend(Q[:2], K[:2], V[:2])

    message = render.message(judge(catalog.find("find_wrong_entry").load(), cuts))
    assert "It raised ValueError" in message
    assert "attend(Q[:2], K[:2], V[:2])" in message
    assert "np.where" not in message


@pytest.mark.parametrize("second", [lambda x: 2 * x, lambda x: x[..., :1]], ids=["of one shape", "of another shape"])
def test_two_arrays_in_place_of_one_are_no_array_of_another_shape(second: Callable[[np.ndarray], np.ndarray]) -> None:
    text = render.text(judge(EXERCISE, lambda x: (2 * x, second(x))))
    assert "It returned a tuple of 2 arrays, with the shapes " in text and ", expected one array" in text
    assert "Its shape is" not in text


def test_two_errors_are_alike_only_where_python_says_the_same() -> None:
    exercise = Exercise("batches", Array())
    exercise.solution(lambda x: x @ np.swapaxes(x, -1, -2))
    exercise.part("A matrix, and a batch")(lambda rng: iter([case(rng.normal(size=shape)) for shape in ((3, 2), (4, 3, 2))]))
    for_two = Misconception("turned", "All axes are turned over", "`.T` turns all axes over.")
    exercise.mistake(for_two)(lambda x: x @ x.T)

    def unpacks_two(x: np.ndarray) -> np.ndarray:
        rows, _width = x.shape
        return (x @ x.T).reshape(rows, rows)

    def turns_all(x: np.ndarray) -> np.ndarray:
        turned = x.T
        return x @ turned

    assert judge(exercise, turns_all).misconception == "turned"
    assert judge(exercise, unpacks_two).misconception == "raises"  # and not "turned": it ends in another error


def numbers_with_mistakes(calls: collections.Counter[str], **options: Any) -> Exercise:
    """Twice a number, with mistakes that count how often they are called: two that are 1 more, and twenty that are far off."""
    exercise = Exercise("numbers", Array(), **options)
    exercise.solution(lambda n: 2.0 * n)
    exercise.part("Small")(lambda rng: iter([case(n) for n in range(1, 9)]))
    exercise.part("Large")(lambda rng: iter([case(n) for n in range(100, 108)]))

    def add(id: str, gives: Callable[[int], float]) -> None:
        def counted(n: int) -> float:
            calls[id] += 1
            return gives(n)

        exercise.mistake(Misconception(id, id, id))(counted)

    for k in range(20):
        add(f"times {k + 3}", lambda n, k=k: (k + 3.5) * n)
    add("one more from 105", lambda n: 2.0 * n + (n >= 105))
    add("one more", lambda n: 2.0 * n + 1)
    return exercise


@pytest.mark.parametrize(
    ("answer", "named"),
    [(lambda n: 2.0 * n + 1, "one more"), (lambda n: 2.0 * n + (n >= 105), "one more from 105"), (lambda n: -n, None)],
)
def test_a_mistake_that_is_far_from_the_answer_is_called_once(answer: Callable[[int], float], named: str | None) -> None:
    calls: collections.Counter[str] = collections.Counter()
    exercise = numbers_with_mistakes(calls)
    judge(exercise, answer)
    assert {id: count for id, count in calls.items() if count > 1}.keys() <= {named, "one more"}
    assert calls.total() >= len(exercise.wrong_answers)
    known = {mistake.misconception.id for mistake in exercise.wrong_answers}
    found = judge(exercise, answer).misconception
    assert (found if found in known else None) == named
    before = calls.total()
    judge(exercise, answer)
    assert calls.total() == before  # what a mistake does is known by now


def test_an_exercise_whose_calls_take_long_wants_fewer_of_them() -> None:
    calls = []
    for exercise in (numbers_with_mistakes(collections.Counter(), min_calls=n) for n in (6, 40)):
        count = itertools.count()
        judge(exercise, lambda n, count=count: 2.0 * n + 0 * next(count))
        calls.append(next(count))
    assert calls == [16 + 2, 16 + 2 * 12]
