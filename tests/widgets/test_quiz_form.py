"""A quiz to click: judged as a typed answer is, and shown only where somebody can click."""

from typing import Any

import pytest

from autograder import check_answer
from autograder.bank import catalog
from autograder.check_answer import CheckFailed, OpenQuiz, check
from autograder.exercise.quiz import Quiz
from autograder.workspace import progress
from leftcontext.widgets.quiz import QuizForm

QUIZ = "quiz_one_mechanism"


def open_quiz(id: str = QUIZ, seed: int = 0) -> OpenQuiz:
    quiz = catalog.find(id).load()
    assert isinstance(quiz, Quiz)
    return OpenQuiz(id, quiz, seed, None)


@pytest.fixture(autouse=True)
def tries(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was written into the learner's record."""
    seen: list[tuple[Any, ...]] = []
    monkeypatch.setattr(check_answer, "failures", {})
    monkeypatch.setattr(progress, "record", lambda *entry: seen.append(entry[:2]))
    return seen


def test_a_click_is_judged_and_recorded_as_a_typed_answer_is(tries: list[tuple[Any, ...]]) -> None:
    form = QuizForm(open_quiz())
    form.chosen = ["A"]  # as the browser sets it
    assert "✗" in form.feedback and "Hint 1" in form.feedback
    assert form.line == f'{QUIZ} = "A"'
    form.chosen = ["C"]
    assert "✓" in form.feedback
    assert tries == [(QUIZ, False), (QUIZ, True)]


def test_the_line_to_hand_in_is_the_right_answers() -> None:
    for entry in catalog.entries().values():
        if isinstance(entry.load(), Quiz):
            for seed in (0, 1):
                asked = open_quiz(entry.id, seed)
                names: dict[str, Any] = {}
                exec(asked.quiz.answer_line(asked.quiz.variant(seed).key), names)
                check(entry.id, names[entry.id], seed=seed)  # raises where it is not right


def test_an_option_is_escaped_and_what_can_not_be_shown_is_left_to_the_question() -> None:
    quiz = Quiz("quiz_x", "x")
    quiz.right("`a < b` holds", "why")
    quiz.wrong("$x^2$", "why", "m")
    form = QuizForm(OpenQuiz("quiz_x", quiz, 0, None))
    assert form.options == [["A", "<code>a &lt; b</code> holds"], ["B", ""]]
    assert "Answer with a letter out of A, B" in form.picture().text


@pytest.mark.parametrize("answer", ["", "A", "C"])
@pytest.mark.parametrize("execution", ["", "validate", "autograde"])
@pytest.mark.parametrize("session", ["", "unit.ipynb"])
def test_a_form_is_shown_to_a_learner_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, execution: str, session: str
) -> None:
    shown: list[OpenQuiz] = []
    monkeypatch.setattr(check_answer, "_forms", [shown.append])
    monkeypatch.setenv("JPY_SESSION_NAME", session)
    monkeypatch.setenv("NBGRADER_EXECUTION", execution)
    try:
        check(QUIZ, answer)
        assert answer == "C"
    except CheckFailed:
        assert answer != "C"
    assert len(shown) == (1 if session and not execution and answer != "C" else 0)
    assert bool(capsys.readouterr().out) == (not shown or answer != "")
