"""What is said stands only where it is true: hints name things that their exercise has; quizzes give nothing away."""

import inspect
import re
from collections import Counter

import pytest

from autograder.bank import catalog
from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz

CODE = [id for id in catalog.entries() if not id.startswith("quiz_")]
QUIZZES = [id for id in catalog.entries() if id.startswith("quiz_")]
# A name as code uses it: `Q.shape`, `scores[i]`, `mask = ...`, `Q /= ...`.
USED_NAME = re.compile(r"(?<![\w.])([QKV]|scores|weights|mask|allowed|logits|log_probs|tokens)(?=\.\w|\[|\s*/=|\s=\s)")
ASSIGNED = re.compile(r"(\w+)\s*=(?!=)")


def names_of(exercise: Exercise, prompt: str) -> set[str]:
    """Every name that a learner of the exercise meets: in the prompt, its code, its right answers."""
    functions = [exercise.reference, exercise.handed_out, *exercise.right_answers]
    sources = [inspect.getsource(function) for function in functions if inspect.isfunction(function)]
    words = set(re.findall(r"[A-Za-z_]\w*", "\n".join([prompt, *sources, *exercise.hints])))
    return words | {word.upper() for word in words if word in "qkv"}  # a query q is one row of Q


@pytest.mark.parametrize("id", CODE)
def test_a_hint_names_what_its_exercise_has(id: str) -> None:
    entry = catalog.find(id)
    exercise = entry.load()
    assert isinstance(exercise, Exercise)
    known = names_of(exercise, entry.prompt)
    for misconception in exercise.misconceptions:
        for text in (misconception.message, *misconception.hints):
            own = set(ASSIGNED.findall(text))  # a hint may make names of its own
            strange = set(USED_NAME.findall(text)) - known - own
            assert not strange, f"{misconception.id}: {text!r} names {strange}"


@pytest.mark.parametrize("id", CODE)
def test_no_two_hints_of_a_mistake_are_the_same(id: str) -> None:
    exercise = catalog.find(id).load()
    for misconception in exercise.misconceptions:
        assert len(set(misconception.hints)) == len(misconception.hints), misconception.id


def single_answer_quizzes() -> list[Quiz]:
    quizzes = [catalog.find(id).load() for id in QUIZZES]
    return [quiz for quiz in quizzes if isinstance(quiz, Quiz) and len(quiz.key) == 1]


def test_no_letter_is_a_good_guess() -> None:
    letters = Counter(letter for quiz in single_answer_quizzes() for letter in quiz.key)
    assert max(letters.values()) <= 0.35 * letters.total(), letters


def test_the_longest_option_is_no_good_guess() -> None:
    longest = 0
    for quiz in single_answer_quizzes():
        lengths = {option.letter: len(option.text) for option in quiz.variant(0).options}
        (key,) = quiz.key
        others = max(length for letter, length in lengths.items() if letter != key)
        longest += lengths[key] > others
        assert lengths[key] <= 1.35 * others, f"{quiz.id}: the right option is much longer than the others"
    assert longest <= 0.35 * len(single_answer_quizzes())


@pytest.mark.parametrize("id", QUIZZES)
def test_letters_follow_from_the_seed(id: str) -> None:
    quiz = catalog.find(id).load()
    assert isinstance(quiz, Quiz)
    orders = {tuple(option.misconception for option in quiz.variant(seed).options) for seed in range(12)}
    assert (len(orders) > 1) == quiz.shuffle
