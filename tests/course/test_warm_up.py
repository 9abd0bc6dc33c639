"""Each unit but the first opens with three questions from earlier units, each with its answer folded away."""

import re
from pathlib import Path

import numpy as np
import pytest
from support.clone import ROOT

from leftcontext.language import LITTLE_LANGUAGE

LESSONS = {path.parent.name[:2]: path for path in sorted((ROOT / "source").glob("*/lesson.md"))}
LATER = list(LESSONS)[1:]
QUESTION = re.compile(
    r"\*\*From unit (?P<unit>\d\d)\.\*\* (?P<question>[^\n]+)\n\n"
    r"<details><summary>Answer</summary>\n\n(?P<answer>[^\n]+)\n\n</details>"
)


def opening(number: str) -> str:
    """The text of a lesson before its first code cell, without its title."""
    return LESSONS[number].read_text(encoding="utf-8").split("```{code-cell}")[0].partition("\n")[2]


def questions(number: str) -> list[re.Match[str]]:
    return list(QUESTION.finditer(opening(number)))


def quiz_texts(folder: Path) -> str:
    return " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in folder.glob("quiz_*.md"))


def test_the_first_unit_has_none() -> None:
    assert "Warm-up" not in LESSONS["01"].read_text(encoding="utf-8")


@pytest.mark.parametrize("number", LATER)
def test_a_unit_opens_with_three_questions_from_earlier_units(number: str) -> None:
    assert re.findall(r"^## (.+)$", opening(number), re.MULTILINE) == ["Warm-up"]
    asked = questions(number)
    assert len(asked) == opening(number).count("**From unit") == 3
    named = [match["unit"] for match in asked]
    assert set(named) <= set(LESSONS)
    assert all(unit < number for unit in named)
    assert len(set(named)) > 1 or number == LATER[0], "Questions from several units are remembered longer."


@pytest.mark.parametrize("number", LATER)
def test_a_question_is_asked_and_answered_in_whole_sentences(number: str) -> None:
    for match in questions(number):
        assert re.search(r"\?", match["question"]), match["question"]
        assert re.match(r"[A-Z].*\.$", match["answer"]), match["answer"]
        assert len(match["answer"].split()) >= 5, match["answer"]
        assert len(match[0].split()) <= 100, "A question and its answer take half a minute."


@pytest.mark.parametrize("number", LATER)
def test_no_quiz_of_the_unit_repeats_a_question(number: str) -> None:
    quizzes = quiz_texts(LESSONS[number].parent)
    assert not [match["question"] for match in questions(number) if match["question"] in quizzes]


def test_no_question_is_asked_twice_in_the_course() -> None:
    asked = [match["question"] for number in LATER for match in questions(number)]
    assert len(set(asked)) == len(asked) == 3 * len(LATER)


@pytest.mark.parametrize("number", LATER)
def test_a_question_is_a_cell_of_its_own_and_asks_for_no_prediction(number: str) -> None:
    cells = opening(number).split("\n+++\n")[1:]
    assert [len(QUESTION.findall(cell)) for cell in cells] == [1, 1, 1]
    assert all(cell.rstrip().endswith("</details>") for cell in cells)
    assert "**Predict" not in opening(number), "The build would put a field for it in front of the imports."


# The numbers that the answers give.


def softmax(scores: list[float]) -> list[float]:
    e = np.exp(np.array(scores) - np.max(scores))
    return [float(weight) for weight in (e / e.sum()).round(6)]


def ratio(scores: list[float]) -> float:
    first, second = softmax(scores)
    return first / second


def carried(state: tuple[float, float], score: float) -> tuple[float, float]:
    m, l = state
    new = max(m, score)
    return new, l * np.exp(m - new) + np.exp(score - new)


i, j = np.arange(6)[:, None], np.arange(6)
JACOBIAN = np.diag([1 / 2, 1 / 2]) - np.outer([1 / 2, 1 / 2], [1 / 2, 1 / 2])
MERGED = np.broadcast_to(np.arange(5)[:, None] + 10 * np.arange(2)[:, None, None], (2, 5, 3))  # 10 · head + position
NUMBERS = [
    ("02", "The perplexity is 4.", np.exp(-np.log([1 / 2, 1 / 8]).mean()), 4),
    ("03", "The weights are 0.2, 0.3 and 0.5.", softmax(list(np.log([2, 3, 5]))), [0.2, 0.3, 0.5]),
    ("04", "the other three are 1/3 each", softmax([1, 1, 1, -np.inf]), [1 / 3, 1 / 3, 1 / 3, 0]),
    ("05", "The output is 5.", np.dot([1 / 2, 1 / 4, 1 / 4], [8, 4, 0]), 5),
    ("06", "may use keys 1 to 3", np.flatnonzero(~np.tri(4, dtype=bool)[0]), [1, 2, 3]),
    ("06", "The output is 4,", 3 / 4 * 2 + 1 / 4 * 10, 4),
    ("07", "The weights are 1/4, 3/4 and 0.", softmax([0, np.log(3), -np.inf]), [1 / 4, 3 / 4, 0]),
    ("07", "and so is the ratio", ratio([0, 2]), ratio([0, 1]) ** 2),
    ("08", "ln 20 = 2.996", np.log(20), 2.996),
    ("08", "Positions 0 and 1 of head 0", np.unique(MERGED.reshape(5, 6)[0]), [0, 1]),
    ("09", "ln 8 = 2.079", np.log(8), 2.079),
    ("10", "Two of the four positions", 4 * (np.log(8) / 2) / np.log(8), 2),
    ("10", "with equal weights", softmax([-1e9] * 3), [1 / 3] * 3),
    ("11", "Three quarters of the weight", sum(softmax([0, 0, 0, 0])[1:]), 3 / 4),
    ("11", r"\sqrt{8} = 2.83", np.sqrt(64 / 8), 2.83),
    ("13", "The weights are 3/4 and 1/4.", softmax([np.log(3), 0]), [3 / 4, 1 / 4]),
    ("14", "1/17 and 16/17, about 0.06 and 0.94", softmax([0, 2 * np.log(4)]), [1 / 17, 16 / 17]),
    ("15", "The nucleus keeps three tokens.", np.searchsorted(np.cumsum([0.6, 0.25, 0.1, 0.05]), 0.9) + 1, 3),
    ("16", "It sees 8 keys:", np.tri(4, 10, k=6)[1].sum(), 8),
    ("16", "They have 512 numbers", 8 * 64, 512),
    ("16", "= 0.73", softmax([1, 0])[0], 0.73),
    ("17", "Nine cells are allowed.", np.tri(2, 5, k=3).sum(), 9),
    ("17", "underflow to 0", np.exp([1 - 1000.0, 2 - 1000.0]), [0, 0]),
    ("18", "Thirteen cells are allowed", np.tri(4).sum() + np.tri(2).sum(), 13),
    ("19", "Fifteen pairs are allowed", ((j <= i) & (i - j < 3)).sum(), 15),
    ("19", "it would be 21", np.tri(6).sum(), 21),
    ("19", "they see 1 and 2 keys", np.tri(2, 5).sum(axis=1), [1, 2]),
    ("19", "instead of 4 and 5", np.tri(2, 5, k=3).sum(axis=1), [4, 5]),
    ("20", r"$m = \ln 2$ and $l = 2.5$", carried((0, 3), np.log(2)), [np.log(2), 2.5]),
    ("21", r"$64 \cdot 64 + 64 = 4160$", 64 * 64 + 64, 4160),
    ("22", "Head 2 uses rows 16 to 23.", np.arange(32).reshape(4, 8)[2][[0, -1]], [16, 23]),
    ("22", "ln 24 = 3.18", np.log(24), 3.18),
    ("23", "1/4 on the diagonal and −1/4 beside it", JACOBIAN, [[1 / 4, -1 / 4], [-1 / 4, 1 / 4]]),
]


@pytest.mark.parametrize(("number", "phrase", "computed", "stated"), NUMBERS)
def test_the_numbers_of_the_answers_are_right(number: str, phrase: str, computed: object, stated: object) -> None:
    assert phrase in opening(number)
    np.testing.assert_allclose(np.asarray(computed, dtype=float), np.asarray(stated, dtype=float), atol=0.005)


def test_after_cat_the_singular_verb_is_more_likely() -> None:
    assert "After *cat* alone, *sees* is more likely than *see*." in opening("03")
    texts = LITTLE_LANGUAGE.sample(2000, 16, np.random.default_rng(1))
    cat, see, sees = LITTLE_LANGUAGE.encode(["cat", "see", "sees"])
    after = texts[:, 1:][texts[:, :-1] == cat]
    assert np.mean(after == sees) > 1.5 * np.mean(after == see)
