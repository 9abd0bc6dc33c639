"""Every word that a learner reads about a wrong answer, kept in tests/golden so that a change shows in review.

After a change of wording that is meant, renew the files and read the difference:

    LEFTCONTEXT_GOLDEN=renew .venv/bin/python -m pytest tests/feedback/test_render.py
    git diff tests/golden
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import test_judge
from support.exercise_ids import CODE
from support.sizes import share
from support.toy_exercise import doubling

from autograder.bank import catalog
from autograder.exercise.quiz import Quiz
from autograder.feedback import render
from autograder.judge.judge import judge
from autograder.judge.verdict import Verdict

GOLDEN = Path(__file__).parents[1] / "golden"
EXERCISES = ("causal_mask", "causal_attention", "split_heads", "quiz_one_mechanism")


def wrong_answers(id: str) -> list[Verdict]:
    exercise = catalog.find(id).load()
    if isinstance(exercise, Quiz):
        return [judge(exercise, option.letter) for option in exercise.options] + [judge(exercise, "")]
    return [judge(exercise, mistake.function) for mistake in exercise.wrong_answers]


def failures() -> list[Verdict]:
    """What the judge says by itself, of answers to a toy exercise."""
    hasty = doubling(seconds=0.3)
    test_judge.remembers.__defaults__[0].clear()
    misbehaved = [judge(hasty, answer) for answer in test_judge.MISBEHAVED if answer is not test_judge.answers_at_random]
    shown = ("nothing", "a string", "rows of different lengths", "a generator", "another shape", "complex numbers", "NaN")
    returned = [judge(hasty, lambda x, raw=test_judge.RETURNED[what][0]: (x, raw)[1]) for what in shown]
    return [*misbehaved, *returned, judge(hasty, None), judge(hasty, lambda x: 2 * x)]


def compared(name: str, said: str) -> None:
    path = GOLDEN / name
    if os.environ.get("LEFTCONTEXT_GOLDEN") == "renew":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(said, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == said, "If this wording is meant, renew it as the top of this file says."


@pytest.mark.parametrize("id", EXERCISES)
def test_the_wording_of_an_exercise(id: str) -> None:
    compared(f"{id}.txt", "\n\n\n".join(render.text(verdict, hints=3) for verdict in wrong_answers(id)) + "\n")


@pytest.mark.parametrize("id", share(CODE, 4))
def test_there_are_words_for_any_answer(id: str) -> None:
    exercise = catalog.find(id).load()
    wrong = [lambda *_, **__: 0, lambda: None, *(mistake.function for mistake in exercise.wrong_answers[:2])]
    for verdict in (judge(exercise, function) for function in wrong):
        assert re.match(rf"[◐✗○] {id}: ", render.text(verdict))
        assert render.as_html(verdict)


@pytest.mark.parametrize(
    ("answer", "sign", "colour"),
    [
        (lambda x: 2 * x, "✓", render.PASSED),
        (lambda x: np.abs(2 * x), "◐", render.FAILED),
        (lambda x: 3 * x, "✗", render.FAILED),
        (test_judge.stub, "○", render.NOTICE),
        (test_judge.still_to_do, "○", render.NOTICE),
    ],
)
def test_a_sign_says_right_partly_right_wrong_or_not_written_yet(answer: object, sign: str, colour: str) -> None:
    verdict = judge(doubling(), answer)
    assert render.text(verdict)[0] == sign
    assert f"{sign} " in render.as_html(verdict) and f"5px solid {colour}" in render.as_html(verdict)


def test_the_wording_of_failures() -> None:
    texts = dict.fromkeys(re.sub(r"line \d+", "line N", render.text(verdict)) for verdict in failures())
    compared("failures.txt", "\n\n\n".join(texts) + "\n")


def test_the_html_of_a_verdict() -> None:
    first = wrong_answers("causal_attention")[0]
    compared("causal_attention.html", render.as_html(first, hints=2).replace("><", ">\n<") + "\n")


def test_a_message_is_one_line() -> None:
    for id in EXERCISES:
        for verdict in wrong_answers(id):
            assert "\n" not in render.message(verdict)


@pytest.mark.parametrize(("words", "html"), [
    ("No future *value* gets through.", "No future <em>value</em> gets through."),
    ("Divide by *the row's own* sum.", "Divide by <em>the row&#x27;s own</em> sum."),
    ("`w * g` is a*b*c or w * (g - s) * 2", "<code>w * g</code> is a*b*c or w * (g - s) * 2"),
    ("`a` and `b`", "<code>a</code> and <code>b</code>"),
    ("*1* < 2", "<em>1</em> &lt; 2"),
])  # fmt: skip
def test_stars_stress_and_backticks_quote(words: str, html: str) -> None:
    assert render.prose_html(words) == html


def test_one_wrong_option_is_named_once_and_several_by_their_letters() -> None:
    matrix = catalog.find("quiz_weight_matrix").load()
    assert isinstance(matrix, Quiz)
    letter = next(option.letter for option in matrix.options if option.why.startswith("Where the mask"))
    assert f"Option {letter}.</b> Where the mask" in render.as_html(judge(matrix, letter))
    blocks = catalog.find("quiz_blocks").load()
    assert isinstance(blocks, Quiz)
    wrong = [option.letter for option in blocks.options if not option.right]
    said = render.text(judge(blocks, set(wrong)))
    assert len(wrong) > 1 and all(f"{letter}: " in said for letter in wrong)
