"""The evidence of the attentions to repair is that of the code which is handed out, and the diagnosis comes before it."""

import re

import numpy as np
import pytest
from support.clone import ROOT
from support.sizes import share

from autograder.bank import catalog
from autograder.exercise import misconceptions as mc
from leftcontext.bugs import attention_bugs, repairs

# The suspect behind each misconception that a repair's starter has.
SUSPECT = {
    mc.ONE_AHEAD.id: 5,
    mc.TRANSPOSED.id: 9,
    mc.MASK_AFTER_SOFTMAX.id: 3,
    mc.WRONG_AXIS.id: 7,
    mc.SCALE_BY_T.id: 6,
    mc.FILL_ZERO.id: 2,
    mc.CHANGES_INPUTS.id: 8,
}


@pytest.mark.parametrize("number", repairs.BROKEN)
def test_the_evidence_is_that_of_the_code_that_is_handed_out(number: int) -> None:
    handed_out = catalog.find(f"repair_{number}").load().handed_out
    assert handed_out is not None
    for T in (1, 4, 9):
        Q, K, V = np.random.default_rng(T).normal(size=(3, T, 5))
        mine, theirs = [Q.copy(), K.copy(), V.copy()], [Q.copy(), K.copy(), V.copy()]
        assert np.allclose(repairs.BROKEN[number](*mine), handed_out(*theirs), rtol=1e-9)
        assert all(np.allclose(one, other) for one, other in zip(mine, theirs, strict=True))
        unchanged = all(np.array_equal(one, before) for one, before in zip(mine, (Q, K, V), strict=True))
        assert unchanged == (number != 7)


@pytest.mark.parametrize("number", repairs.BROKEN)
def test_the_diagnosis_is_that_of_the_bug(number: int) -> None:
    exercise = catalog.find(f"repair_{number}").load()
    (bug,) = (m.misconception.id for m in exercise.wrong_answers if m.function is exercise.handed_out)
    assert catalog.find("diagnose_repairs").load().reference(number) == SUSPECT[bug]
    assert SUSPECT[bug] in repairs.SUSPECTS


@pytest.mark.parametrize("number", share(repairs.BROKEN, 4))
def test_the_evidence_names_no_bug_and_differs_from_a_causal_attention(number: int) -> None:
    picture = repairs.evidence(number)
    for words in repairs.SUSPECTS.values():
        assert words not in picture.html + picture.text
    assert repairs.BROKEN[number].__name__ not in picture.html
    assert ("A second call gives the same." in picture.text) == (number != 7)
    given, causal = picture.text.split("output for V = I")[1].split("of a causal attention")
    assert re.findall(r"\d\.\d\d", given) != re.findall(r"\d\.\d\d", causal)


@pytest.mark.long
def test_each_two_attentions_have_different_evidence() -> None:
    assert len({repairs.evidence(number).text.split("\n", 1)[1] for number in repairs.BROKEN}) == len(repairs.BROKEN)


@pytest.mark.long
def test_asking_for_evidence_changes_nothing() -> None:
    assert repairs.evidence(7).text == repairs.evidence(7).text
    assert np.array_equal(attention_bugs.causal(*np.ones((3, 2, 2))), np.ones((2, 2)))


def test_the_diagnosis_comes_before_the_code() -> None:
    lesson = (ROOT / "source/11-clinic/lesson.md").read_text(encoding="utf-8")
    asked = re.findall(r"\{exercise\}`(\w+)`", lesson)
    first = min(asked.index(id) for id in asked if id.startswith("repair_"))
    assert asked.index("diagnose_repairs") < first


@pytest.mark.parametrize("id", [*(f"repair_{number}" for number in repairs.BROKEN), "repair_two"])
def test_neither_id_nor_title_names_the_bug(id: str) -> None:
    title = catalog.find(id).prompt.splitlines()[0].lower()
    given_away = "ahead off by one transpose triu tril softmax axis scale sqrt zero fill in place window spread columns"
    assert not [word for word in given_away.split(" ") if len(word) > 3 and word in f"{id} {title}"]
