"""What a report says of a quiz's wrong option: its text, with its letter only where that is everybody's."""

from collections import Counter
from typing import Any

from autograder.bank import catalog
from autograder.exercise.quiz import Option, Quiz
from autograder.report import records
from autograder.report.options import option_texts, without_letters

QUIZ = "quiz_heads"


def quiz(id: str = QUIZ) -> Quiz:
    found = catalog.find(id).load()
    assert isinstance(found, Quiz)
    return found


def wrong(seed: int = 0) -> Option:
    return next(option for option in quiz().variant(seed).options if not option.right)


def idea(misconception: str, *exercises: str) -> records.MisconceptionSummary:
    return records.MisconceptionSummary(misconception, "t", 2, exercises, "m", "e", Counter(), is_option=True)


def test_the_letter_is_that_of_the_assignments_own_order() -> None:
    seed = next(seed for seed in range(1, 99) if quiz().variant(seed).options[0] != quiz().options[0])
    option = wrong(seed)
    assert option_texts([idea(option.misconception, QUIZ)], {QUIZ: seed}, ()) == {
        option.misconception: [f"{option.letter}. {option.text}"]
    }


def test_each_quiz_that_has_an_option_for_it_is_quoted() -> None:
    by_idea: dict[str, list[str]] = {}
    for id in catalog.entries():
        found = catalog.find(id).load()
        for option in found.options if isinstance(found, Quiz) else ():
            if not option.right and id not in by_idea.setdefault(option.misconception, []):
                by_idea[option.misconception].append(id)
    shared, quizzes = next((one, ids) for one, ids in by_idea.items() if len(ids) > 1)
    assert len(option_texts([idea(shared, *quizzes)], {}, ())[shared]) == len(quizzes)


def test_where_each_student_has_an_order_a_letter_says_nothing() -> None:
    option = wrong()
    assert option_texts([idea(option.misconception, QUIZ)], {}, {QUIZ}) == {option.misconception: [option.text]}
    finding: dict[str, Any] = {"exercise": QUIZ, "misconception": option.misconception, "title": "Option C", "is_option": True}
    entries = {letter: {"findings": {"check": {**finding, "title": f"Option {letter}"}}} for letter in "CDA"}
    named = without_letters(entries, {QUIZ})
    titles = {entry["findings"]["check"]["title"] for entry in named.values()}
    assert len(titles) == 1 and titles.pop().rstrip("…") in option.text
    assert without_letters(entries, ()) == entries
    assert entries["C"]["findings"]["check"]["title"] == "Option C"
    assert records.most_common_by_cell(named)["check"][1] == 3


def test_what_is_not_in_the_bank_any_more_has_no_text() -> None:
    assert option_texts([idea("x", "quiz_gone"), idea("no_such_idea", QUIZ)], {}, ()) == {}
