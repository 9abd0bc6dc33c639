"""The worked answer is offered to whoever has solved an exercise or has seen its last hint, and to nobody before."""

import ast
import contextlib

import pytest

from autograder import check, check_answer
from autograder.bank import catalog
from autograder.check_answer import CheckFailed
from autograder.exercise.quiz import Quiz
from autograder.exercise.worked_answer import worked_answer
from autograder.feedback import solution
from autograder.judge.judge import judge


@pytest.fixture(autouse=True)
def no_failures_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_answer, "failures", {})


def said_by(exercise: str, answer: object, capsys: pytest.CaptureFixture[str]) -> str:
    with contextlib.suppress(CheckFailed):
        check(exercise, answer)
    return capsys.readouterr().out


def test_it_opens_by_the_try_after_the_last_hint_and_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    shown = [said_by("split_heads", lambda x, n: x, capsys) for _ in range(5)]
    assert [text.count("Hint ") for text in shown] == [1, 2, 3, 3, 3]
    assert [solution.NEXT in text for text in shown] == [False, False, True, False, False]
    assert ["def split_heads(" in text for text in shown] == [False, False, False, True, True]


def test_it_is_offered_for_comparison_once_solved(capsys: pytest.CaptureFixture[str]) -> None:
    right = catalog.find("causal_mask").load().reference
    said = said_by("causal_mask", right, capsys)
    assert said.startswith("✓ causal_mask")
    assert f"{solution.TITLE_BESIDE}:\n\ndef causal_mask(" in said


def test_an_empty_cell_opens_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def causal_mask(T):
        """Nothing yet."""

    assert not any("def causal_mask(" in said_by("causal_mask", causal_mask, capsys) for _ in range(6))


def test_a_quiz_tells_the_letters_and_why_after_enough_tries(capsys: pytest.CaptureFixture[str]) -> None:
    quiz = catalog.find("quiz_left_context").load()
    assert isinstance(quiz, Quiz)
    (right,) = [option for option in quiz.options if option.right]
    wrong = next(option.letter for option in quiz.options if not option.right)
    shown = [said_by(quiz.id, wrong, capsys) for _ in range(4)]
    assert [right.why in text for text in shown] == [False, False, False, True]
    assert solution.TITLE not in said_by(quiz.id, right.letter, capsys), "its reasons stand in the verdict"


@pytest.mark.parametrize("variable", [("NBGRADER_EXECUTION", "autograde"), (solution.SOLUTIONS, "off")])
def test_neither_graded_feedback_nor_a_course_that_keeps_it_closed_shows_it(
    variable: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(*variable)
    shown = [said_by("split_heads", lambda x, n: x, capsys) for _ in range(5)]
    shown.append(said_by("split_heads", catalog.find("split_heads").load().reference, capsys))
    assert not any("def split_heads(" in text or solution.NEXT in text for text in shown)


def test_in_html_it_is_a_fold_and_escaped() -> None:
    exercise = catalog.find("causal_allowed").load()
    page = solution.as_html(exercise, judge(exercise, exercise.reference), 0)
    assert page.startswith("<details") and page.endswith("</details>")
    assert "<pre" in page and "<script" not in page
    assert "&lt;=" in page or "<=" not in worked_answer(exercise)


@pytest.mark.parametrize("id", list(catalog.entries()))
def test_every_exercise_has_one_that_can_be_read(id: str) -> None:
    exercise = catalog.find(id).load()
    answer = worked_answer(exercise)
    if isinstance(exercise, Quiz):
        assert {line[0] for line in answer.split("\n") if line[1:2] == ":"} >= set(exercise.key)
    else:
        (definition,) = ast.parse(answer).body
        assert isinstance(definition, ast.FunctionDef)
        assert definition.name == id
        assert not definition.decorator_list
