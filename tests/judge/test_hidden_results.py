"""Exercises whose answer is found out rather than computed: no feedback on a wrong try prints it."""

import html
import re

import numpy as np
import pytest
from support.exercise_ids import CODE

from autograder.bank import catalog
from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz
from autograder.feedback import render
from autograder.judge.judge import judge
from autograder.judge.trials import draw_trials


def can_be_read_off(exercise: Exercise) -> bool:
    """Whether every case is the same call for all, or looks a name up: then the results are the whole answer."""
    calls = {tuple(map(repr, trial.case.args)) for seed in range(2) for trial in draw_trials(exercise, seed)}
    return len(calls) == 1 or all(trial.case.args and isinstance(trial.case.args[0], str) for trial in draw_trials(exercise, 0))


@pytest.fixture(scope="module")
def readable() -> list[Exercise]:
    """The exercises of that kind."""
    return [exercise for exercise in map(load, CODE) if can_be_read_off(exercise)]


def load(id: str) -> Exercise:
    """The exercise on code with this id."""
    exercise = catalog.find(id).load()
    assert not isinstance(exercise, Quiz)
    return exercise


def digits(text: str) -> str:
    """The digits in a text, tags and everything else left out."""
    return re.sub(r"\D", "", re.sub(r"<[^>]*>", "", html.unescape(text)))


def test_the_rule_finds_the_exercises_that_are_typed(readable: list[Exercise]) -> None:
    assert {"weight_pattern", "diagnose_clinic"} <= {exercise.id for exercise in readable}


def test_an_answer_that_can_be_read_off_is_kept_back(readable: list[Exercise]) -> None:
    printed = [exercise.id for exercise in readable if not exercise.hides_expected]
    assert not printed, "write `hides_expected=True`: the first wrong try would print the answer"


@pytest.mark.parametrize("typed", [np.zeros((4, 4)), np.ones((4, 4)), np.tri(4)[::-1], np.eye(4), [[1, 0], [1, 1]]])
def test_a_first_wrong_pattern_does_not_print_the_right_one(typed: object) -> None:
    verdict = judge(catalog.find("weight_pattern").load(), lambda: typed)
    right = "1000110011101111"
    for text in (render.message(verdict), render.text(verdict, hints=1), render.as_html(verdict, hints=1)):
        assert "Expected" not in text
        assert right not in digits(text)


def test_the_rows_of_a_wrong_pattern_are_named() -> None:
    typed = [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1]]
    assert "Not right yet: rows 2, 3." in render.message(judge(catalog.find("weight_pattern").load(), lambda: typed))
