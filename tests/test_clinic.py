"""The clinic and its specimens do what their names say; finite differences are the oracle."""

import numpy as np
import pytest

from autograder import bank
from autograder.judge import judge
from leftcontext import clinic, specimens
from leftcontext.language import LITTLE_LANGUAGE


def findings(seed=9):
    numbers = {attend: [number] for number, (_, attend) in clinic.DIAGNOSES.items()} | {clinic.two_bugs: [2, 8]}
    return {letter: numbers[patient.attend] for letter, patient in clinic.ward(seed).items()}


def greatest_leak(attend, seed, T=6):
    rng = np.random.default_rng(seed)
    Q, K, V = rng.normal(size=(T, 4)), rng.normal(size=(T, 4)), rng.normal(size=(T, 6))
    before, leak = attend(Q, K, V), 0.0
    for j in range(1, T):
        K2, V2 = K.copy(), V.copy()
        K2[j] += rng.normal(size=4)
        V2[j] += rng.normal(size=6)
        leak = max(leak, np.abs(attend(Q, K2, V2) - before)[:j].max())
    return leak


@pytest.mark.parametrize("attend", specimens.HONEST, ids=lambda f: f.__name__)
def test_honest_specimens_only_round(attend):
    assert max(greatest_leak(attend, seed) for seed in range(20)) < 1e-11


@pytest.mark.parametrize("attend", specimens.LEAKY, ids=lambda f: f.__name__)
def test_leaky_specimens_leak_far_more_than_rounding(attend):
    assert min(greatest_leak(attend, seed) for seed in range(20)) > 1e-8


def test_the_second_call_leaks():
    assert greatest_leak(specimens.LeaksFromTheSecondCall(), 0) > 1e-3


@pytest.mark.parametrize("seed", [0, 9, 10])
def test_a_ward_holds_every_bug_once_and_one_patient_with_two(seed):
    found = findings(seed)
    assert "".join(found) == "ABCDEFGHIJKL"
    assert sorted(numbers for letter in "ABCDEFGHIJK" for numbers in found[letter]) == list(clinic.DIAGNOSES)
    assert found["L"] == [2, 8]


def test_the_same_seed_gives_the_same_ward_and_another_seed_another():
    assert findings(3) == findings(3) != findings(4)


def test_the_key_of_the_exercise_is_the_ward_of_the_lesson():
    answer = bank.find("diagnose_clinic").load().reference
    assert {letter: answer(letter) for letter in "ABCDEFGHIJKL"} == findings()


def test_no_two_patients_show_the_same_evidence():
    shown = [(p.influence.tobytes(), np.round(p.weights, 9).tobytes()) for p in clinic.ward().values()]
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("name", [
    "off_by_one", "transposed", "mask_after_softmax", "softmax_axis", "scale", "zero_fill", "in_place",
])  # fmt: skip
def test_the_code_to_mend_scores_nothing_and_is_named(name):
    exercise = bank.find(f"fix_{name}").load()
    verdict = judge(exercise, exercise.starter_function)
    assert verdict.score == 0
    (mistake,) = (m for m in exercise.mistakes if m.function is exercise.starter_function)
    assert verdict.misconception == mistake.misconception.id


def test_the_curves_of_whole_models_say_what_the_lesson_says():
    losses = {letter: clinic.train_under(allowed)[0] for letter, allowed in clinic.whole_models().items()}
    floor = LITTLE_LANGUAGE.entropy_per_position(16)
    assert (losses["Z"][1:-1] < 0.3).all()
    assert losses["Z"][0] > 0.8 * floor[0]
    assert (losses["X"] > 0.85 * floor).all()  # a hole that the training has not found
    assert (losses["Y"] > 0.85 * floor).all()
