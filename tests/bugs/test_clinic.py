"""The clinic and its specimens do what their names say; finite differences are the oracle."""

import dataclasses
import re

import numpy as np
import pytest

from autograder.bank import catalog
from autograder.judge.judge import judge
from leftcontext.bugs import attention_bugs, clinic, mask_gallery
from leftcontext.language.language import LITTLE_LANGUAGE


def findings(seed=9):
    return {letter: clinic.BUGS[patient.attend] for letter, patient in clinic.ward(seed).items()}


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


@pytest.mark.parametrize("attend", attention_bugs.HONEST, ids=lambda f: f.__name__)
def test_honest_specimens_only_round(attend):
    assert max(greatest_leak(attend, seed) for seed in range(20)) < 1e-11


@pytest.mark.parametrize("attend", attention_bugs.LEAKY, ids=lambda f: f.__name__)
def test_leaky_specimens_leak_far_more_than_rounding(attend):
    assert min(greatest_leak(attend, seed) for seed in range(20)) > 1e-8


def test_the_second_call_leaks():
    assert greatest_leak(attention_bugs.LeaksFromTheSecondCall(), 0) > 1e-3


@pytest.mark.parametrize("seed", [0, 9, 10])
def test_a_ward_holds_every_bug_once_and_one_patient_with_two(seed):
    found = findings(seed)
    assert "".join(found) == "ABCDEFGHIJKLM"
    assert sorted(numbers for letter in "ABCDEFGHIJKM" for numbers in found[letter]) == list(clinic.DIAGNOSES)
    assert len(found["L"]) == 2 and found["M"] == [clinic.ASLEEP]


def test_the_second_bug_of_l_is_drawn_too():
    assert {tuple(findings(seed)["L"]) for seed in range(40)} == {(2, 8), (3, 8), (4, 8), (8, 10), (8, 11)}
    assert findings(9)["L"] == [2, 8]


@pytest.mark.parametrize("seed", range(20))
def test_the_mean_hides_the_mask_behind_it_from_the_influence_and_not_from_the_output(seed):
    last = clinic.ward(seed)["L"]
    (number,) = set(clinic.BUGS[last.attend]) - {clinic.IN_FRONT}
    behind = dataclasses.replace(last, attend=clinic.DIAGNOSES[number][1])
    assert last.influence.all() and not behind.influence.all()
    np.testing.assert_allclose(last.weights + 1 / 6, behind.weights, atol=1e-12)
    assert np.abs(last.weights - dataclasses.replace(last, attend=clinic.DIAGNOSES[8][1]).weights).max() > 0.02


def test_the_same_seed_gives_the_same_ward_and_another_seed_another():
    assert findings(3) == findings(3) != findings(4)


def test_the_key_of_the_exercise_is_the_ward_of_the_lesson():
    answer = catalog.find("diagnose_clinic").load().reference
    assert {letter: answer(letter) for letter in "ABCDEFGHIJKLM"} == findings()


@pytest.mark.parametrize("seed", range(20))
def test_every_wrong_diagnosis_can_be_seen_to_be_wrong(seed):
    for patient in clinic.ward(seed).values():
        for attend, numbers in clinic.BUGS.items():
            if attend is not patient.attend:
                expected = attend(patient.Q, patient.K, np.eye(6))
                assert (expected.round(2) != patient.weights.round(2)).any(), numbers


def test_a_ward_says_what_is_right_and_what_speaks_against_the_rest():
    ward, found = clinic.ward(3), findings(3)
    told = ward.diagnose(found).text.splitlines()
    assert told == [f"✓ {letter}: right." for letter in "ABCDEFGHIJKLM"] + ["Right so far: 13 of 13."]
    for letter in "ABCDEFGHIJKM":
        for number in set(clinic.DIAGNOSES) - set(found[letter]):
            said, count = ward.diagnose({letter: number}).text.splitlines()
            wanted, query, key, here = re.fullmatch(
                rf"✗ {letter}: not {number}\. With that bug, (.+) would stand at query (\d), key (\d) .* here it is (.+)\.",
                said,
            ).groups()
            assert float(here) == pytest.approx(ward[letter].weights[int(query), int(key)], abs=0.006)
            assert wanted != here and count == "Right so far: 0 of 13."


def test_two_bugs_are_judged_together_and_no_number_is_given_away():
    ward, (first, second) = clinic.ward(3), findings(3)["L"]
    other = next(iter(set(clinic.DIAGNOSES) - {first, second}))
    message = {8: "one of them", other: "none of them", (first, other): "one of them", (first, second, other): "more"}
    for answer, expected in message.items():
        said = ward.diagnose({"L": answer}).text
        assert expected in said and said.startswith("✗ L: it has two bugs") and str(first) not in said.splitlines()[0]
    assert "exactly one bug" in ward.diagnose({"A": [1, 2]}).text
    assert ward.diagnose({"L": (second, first)}).text.startswith("✓ L: right")


def test_the_ward_of_the_exercise_tells_nothing():
    assert "✓" not in clinic.ward(9).diagnose(findings()).text
    assert "diagnose_clinic" in clinic.ward().diagnose({"A": 1}).html


@pytest.mark.parametrize(
    ("found", "complaint"), [({"N": 1}, "no patient 'N'"), ({"A": 13}, "no diagnosis 13"), ({"A": "3"}, "'3'")]
)
def test_what_does_not_exist_is_said(found, complaint):
    with pytest.raises(ValueError, match=complaint):
        clinic.ward(10).diagnose(found)


@pytest.mark.long
def test_the_evidence_is_four_pictures_in_words_too():
    sick = next(p for p in clinic.ward().values() if clinic.BUGS[p.attend] == [1])
    picture = sick.evidence()
    loss, influence, output = re.findall(r'<img [^>]*alt="([^"]+)"', picture.html)
    assert "0: 0.00, entropy 1.63" in loss and "15: 2.3" in loss
    assert influence.startswith("influence.") and "0: ✓, ✓, ✓, ✓, ✓, ✓" in influence
    assert f"{sick.weights[0, 0]:.2f}" in output
    words = LITTLE_LANGUAGE.words(sick.texts[0])
    legal = LITTLE_LANGUAGE.legal_tokens(sick.texts[0])
    assert re.findall(r"<u [^>]*solid[^>]*>([^<]+)</u>", picture.html) == words[:legal]
    assert re.findall(r"<s [^>]*wavy[^>]*>([^<]+)</s>", picture.html) == words[legal:] != []
    assert "of 32 texts" in picture.html and "of 32 texts" in picture.text
    for words, attend in clinic.DIAGNOSES.values():
        assert words not in picture.html and attend.__name__ not in picture.html


@pytest.mark.parametrize("number", [*range(1, 8), "two"])
def test_the_code_to_repair_scores_nothing_and_is_named(number):
    exercise = catalog.find(f"repair_{number}").load()
    verdict = judge(exercise, exercise.handed_out)
    assert verdict.score == 0
    (mistake,) = (m for m in exercise.wrong_answers if m.function is exercise.handed_out)
    assert verdict.misconception == mistake.misconception.id


@pytest.mark.long
def test_the_curves_of_whole_models_say_what_the_lesson_says():
    losses = {letter: clinic.train_under(allowed)[0] for letter, allowed in clinic.whole_models().items()}
    floor = LITTLE_LANGUAGE.entropy_per_position(16)
    assert (losses["Z"][1:-1] < 0.3).all()
    assert losses["Z"][0] > 0.8 * floor[0]
    assert (losses["X"] > 0.85 * floor).all()  # a hole that the training has not found
    assert (losses["Y"] > 0.85 * floor).all()


@pytest.mark.parametrize("seed", range(30))
def test_the_gallery_hangs_one_wrong_entry_on_each_mask(seed):
    rng = np.random.default_rng(seed)
    for exhibit in mask_gallery.gallery(seed):
        Q, K, V = rng.normal(size=(3, 6, 4))
        moves = attention_bugs.influence(exhibit.attend, Q, K, V) > 1e-9
        assert np.count_nonzero(moves != exhibit.expected) == 1


def test_the_gallery_is_drawn_by_its_seed():
    names = [exhibit.name for exhibit in mask_gallery.gallery(0)]
    assert len(set(names)) == 5

    def entries(seed):
        Q, K, V = np.random.default_rng(1).normal(size=(3, 6, 4))
        hung = mask_gallery.gallery(seed)
        return [np.argwhere((attention_bugs.influence(e.attend, Q, K, V) > 1e-9) != e.expected)[0].tolist() for e in hung]

    assert entries(3) == entries(3) != entries(4)
