"""How an exercise and a quiz are written: what is read out of a file, and what a slip in one is told."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clone import ROOT

from autograder.bank import catalog
from autograder.errors import ExerciseError
from autograder.exercise import misconceptions as mc
from autograder.exercise.attention_mistakes import (
    WRONG_MASKS,
    WRONG_OUTPUTS,
    WRONG_SCORES,
    WRONG_SOFTMAXES,
    Attention,
    attend,
    wrong_attentions,
)
from autograder.exercise.exercise import Exercise, Misconception
from autograder.exercise.explanation import read_explanation
from autograder.exercise.quiz import Quiz, read_quiz
from autograder.judge.judge import judge

# The docstring of a mistake.


def explained(doc: str | None) -> tuple[str | None, tuple[str, ...] | None]:
    def function() -> None: ...

    function.__doc__ = doc
    return read_explanation(function)


def test_a_docstring_is_a_sentence_and_hints() -> None:
    doc = """The window is too
        wide - by one.

        - How many keys are there?
        - Compare
          - 1 with 0.
        """
    assert explained(doc) == ("The window is too wide - by one.", ("How many keys are there?", "Compare - 1 with 0."))


@pytest.mark.parametrize(
    ("doc", "read"),
    [
        (None, (None, None)),
        ("One sentence.", ("One sentence.", None)),
        ("- Hints\n- only", (None, ("Hints", "only"))),
    ],
)
def test_either_may_be_left_out(doc: str | None, read: object) -> None:
    assert explained(doc) == read


@pytest.mark.parametrize("doc", ["A sentence.\n- A hint without an empty line.", "One.\n\nTwo.", "One.\n\n- Two\nthree"])
def test_any_other_form_is_refused(doc: str) -> None:
    with pytest.raises(ExerciseError, match="function is a sentence, an empty line, and the hints"):
        explained(doc)


words = st.lists(st.text("abc1+*=()[]`.", min_size=1, max_size=8), min_size=1, max_size=30).map(" ".join)


@given(words, st.lists(words, max_size=4), st.integers(20, 100))
def test_what_is_wrapped_is_read_as_it_was(sentence: str, hints: list[str], width: int) -> None:
    def wrapped(text: str, first: str, rest: str) -> str:
        return textwrap.fill(
            text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
        )

    listed = "\n".join(wrapped(hint, "- ", "  ") for hint in hints)
    doc = wrapped(sentence, "", "") + (f"\n\n{listed}" if hints else "")
    assert explained(doc) == (sentence, tuple(hints) or None)


def one_ahead(T):  # type: ignore[no-untyped-def]
    """One key too far.

    - Which?
    """
    return np.tri(T, k=1)


def bare(T):  # type: ignore[no-untyped-def]
    return T


def test_a_new_misconception_is_named_by_its_function() -> None:
    exercise = Exercise("a topic")
    exercise.mistake("Sees one token ahead")(one_ahead)
    assert exercise.wrong_answers[0].misconception == Misconception(
        "one_ahead", "Sees one token ahead", "One key too far.", ("Which?",)
    )


def test_a_shared_misconception_keeps_its_words_unless_there_are_others() -> None:
    exercise = Exercise("a topic")
    exercise.mistake(mc.ONE_AHEAD)(bare)
    exercise.mistake(mc.ONE_AHEAD)(one_ahead)
    plain, reworded = (mistake.misconception for mistake in exercise.wrong_answers)
    assert plain == mc.ONE_AHEAD
    assert reworded == mc.ONE_AHEAD.with_text("One key too far.", ("Which?",))


def test_another_form_of_a_mistake_has_its_words() -> None:
    exercise = Exercise("a topic")
    exercise.mistake("Sees one token ahead")(one_ahead)
    exercise.mistake(one_ahead)(bare)
    exercise.add_mistakes((one_ahead, lambda T: np.tri(T, k=2)))
    assert len({mistake.misconception for mistake in exercise.wrong_answers}) == 1


def test_a_starters_docstring_is_its_contract() -> None:
    exercise = Exercise("a topic")
    exercise.mistake(mc.ONE_AHEAD)(exercise.starter(one_ahead))
    assert exercise.wrong_answers[0].misconception == mc.ONE_AHEAD
    assert exercise.handed_out is one_ahead


def test_the_exercises_own_words_come_before_a_shared_table() -> None:
    exercise = Exercise("a topic")
    exercise.mistake(mc.ONE_AHEAD)(one_ahead)
    table = [(mc.ONE_AHEAD, bare), (mc.NO_MASK, bare), (mc.NO_SCALE, bare)]
    exercise.add_shared_mistakes(table, without=[mc.NO_SCALE])
    assert [mistake.misconception.id for mistake in exercise.wrong_answers] == ["one_ahead", "no_mask"]


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        (lambda exercise: exercise.mistake("Without words")(bare), "the mistake bare has no docstring"),
        (lambda exercise: exercise.mistake(bare)(one_ahead), "bare is not a mistake of this exercise"),
        (lambda exercise: exercise.part(bare), "is called with a text"),
        (lambda exercise: exercise.reference, "no @exercise.solution"),
        (lambda exercise: [exercise.solution(bare) for _ in range(2)], "one @exercise.solution"),
        (lambda exercise: [exercise.mistake("Ahead")(one_ahead) for _ in range(2)], "a mistake one_ahead already"),
    ],
)
def test_a_slip_is_told_in_a_sentence(slip, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ExerciseError, match=says):
        slip(Exercise("a topic"))


# The table of wrong attentions.


def plain_attention(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Row by row, with no mask at all."""
    out = []
    for i in range(len(Q)):
        scores = K[: i + 1] @ Q[i] / np.sqrt(len(Q[i]))
        e = np.exp(scores - scores.max())
        out.append(e @ V[: i + 1] / e.sum())
    return np.array(out)


def test_the_attention_that_the_wrong_ones_are_made_of_is_right() -> None:
    Q, K, V = np.random.default_rng(0).normal(size=(3, 7, 4))
    np.testing.assert_allclose(attend(Q, K, V), plain_attention(Q, K, V))
    np.testing.assert_allclose(attend(Q[-2:], K, V), plain_attention(Q, K, V)[-2:])


def inputs() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Ordinary scores with a few that are exactly 0, large ones at several levels, and some far below every fill."""
    rng = np.random.default_rng(1)
    Q, K, V = rng.normal(size=(2, 9, 4)), rng.normal(size=(2, 9, 4)), rng.normal(size=(2, 9, 3))
    K[:, 2] = 0.0
    yield Q, K, V
    levels = np.array([1.0, 0.0, 900.0, -900.0, 900.0, 1.0, 0.0, 1.0, 900.0])[:, None]
    yield levels * np.abs(Q), np.abs(K), V
    yield 30 * levels * np.abs(Q), 30 * np.abs(K), V
    yield np.ones((2, 9, 4)), -1e6 + K, V


def test_every_attention_of_the_table_is_wrong() -> None:
    for misconception, attention in wrong_attentions():
        assert any(goes_wrong(attention, *each) for each in inputs()), misconception


def goes_wrong(attention: Attention, Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> bool:
    before, right = Q.copy(), np.stack([plain_attention(*each) for each in zip(Q, K, V, strict=True)])
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(attention(Q, K, V), dtype=float)
    except ValueError:  # .T in a batch
        return True
    return found.shape != right.shape or not np.allclose(found, right, rtol=1e-7, atol=1e-9) or (before != Q).any()


def test_each_misconception_stands_in_one_part_of_the_table() -> None:
    parts = [{row[0] for row in part} for part in (WRONG_MASKS, WRONG_SOFTMAXES, WRONG_SCORES, WRONG_OUTPUTS)]
    assert sum(map(len, parts)) == len(set().union(*parts))


# A quiz.

QUIZ = """<!--
topic = "windows"
points = 2

[numbers]
layers = [3, 4]

[derived]
reach = "layers * 2"
-->
### How far?

There are $layers layers.

```text
- [ ] not an option
```

- [ ] $layers positions <!-- one_layer_only -->
  > That is one layer.
- [x] $reach positions,
  and no more
  > Each layer adds 2,
  > $layers times.

#### Hints

1. How many layers?
2. Multiply
   them.
"""


def test_a_quiz_is_read_from_markdown() -> None:
    prompt, quiz = read_quiz("quiz_far", QUIZ)
    assert prompt.startswith("### How far?") and prompt.endswith("```") and "not an option" in prompt
    assert (quiz.topic, quiz.points, quiz.key) == ("windows", 2, {"B"})
    assert quiz.hints == ("How many layers?", "Multiply them.")
    wrong, right = quiz.variant(0).options
    assert (wrong.text, wrong.misconception, wrong.why) == ("3 positions", "one_layer_only", "That is one layer.")
    assert (right.text, right.why) == ("6 positions, and no more", "Each layer adds 2, 3 times.")


def test_a_variant_is_shuffled_unless_the_file_says_no() -> None:
    orders = {
        shuffle: {
            tuple(option.misconception for option in quiz.variant(seed).options)
            for seed in range(20)
            for _, quiz in [read_quiz("quiz_far", QUIZ.replace("points = 2", f"shuffle = {shuffle}"))]
        }
        for shuffle in ("true", "false")
    }
    assert len(orders["true"]) == 2 and len(orders["false"]) == 1


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("<!--\ntopic", "topic", 1, "begins with a comment"),
        ("-->\n###", "###", 1, "not closed"),
        ("points = 2", "points = two", 3, "not TOML"),
        ("points = 2", "pionts = 2", 3, "`pionts` is unknown"),
        ("points = 2", 'points = "two"', 3, "wrong type"),
        ("[3, 4]", "3", 1, "numbers.layers"),
        ('"windows"', '""', 1, "no `topic"),
        (" <!-- one_layer_only -->", "", 19, "misconception's id"),
        ("positions,", "positions, <!-- id -->", 21, "has no misconception"),
        ("  > That is one layer.\n", "", 19, "no explanation"),
        ("  and no more", "and no more", 22, "indented by two"),
        ("- [x]", "- [y]", 21, "is written"),
        ("- [x] $reach positions,", "- [ ] $reach positions, <!-- id -->", 19, "one of them holds"),
        ("1. How", "How", 28, "numbered list"),
        ("$reach", "$rich", 19, "rich is not among the numbers"),
        ('"layers * 2"', '"layers / 0"', 19, "can't be filled in"),
    ],
)
def test_a_slip_in_a_quiz_has_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in QUIZ
    with pytest.raises(ExerciseError, match=says) as caught:
        read_quiz("quiz_far", QUIZ.replace(old, new, 1))
    assert caught.value.line == line


# A slip in a file of the bank.

FILE = '''"""### A prompt"""

from autograder.exercise.exercise import Exercise, case

exercise = Exercise("a topic")


@exercise.solution
def doubled(x):
    """x -> 2 x."""
    return 2 * x


@exercise.part("A part")
def part(rng):
    yield case(1)


@exercise.mistake("Tripled")
def tripled(x):
    """Three times."""
    return 3 * x
'''


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "01-unit"
    folder.mkdir(parents=True)
    return folder


def load(path: Path) -> Exercise | Quiz:
    return catalog.ExerciseFile(path.stem, path.parent.name, path).load()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("@exercise.mistake(", "@exercise.mistakes(", r"ex_10_doubled\.py:19: AttributeError: .* has no attribute 'mistakes'"),
        ("    return 3 * x", "    return (3 * x", r"ex_10_doubled\.py:22: SyntaxError: '\(' was never closed"),
        ("import Exercise, case", "import Exercise, cse", r"ex_10_doubled\.py:3: ImportError: cannot import name 'cse'"),
        ('    """Three times."""\n', "", r"ex_10_doubled\.py:19: the mistake tripled has no docstring"),
        ("exercise = ", "it = ", r"ex_10_doubled\.py:8: NameError: name 'exercise' is not defined"),
    ],
)
def test_a_slip_in_an_exercise_is_one_line_with_its_place(unit: Path, old: str, new: str, says: str) -> None:
    path = unit / "ex_10_doubled.py"
    assert old in FILE
    path.write_text(FILE.replace(old, new))
    with pytest.raises(ExerciseError, match=r"^source/01-unit/" + says) as caught:
        load(path)
    assert "\n" not in str(caught.value) and caught.value.__cause__ is None


def test_mistakes_may_stand_in_a_second_file(unit: Path) -> None:
    first, second = unit / "ex_10_doubled.py", unit / "ex_10_doubled_mistakes.py"
    first.write_text(FILE)
    second.write_text(
        "from .ex_10_doubled import doubled, exercise\n\n\n"
        '@exercise.mistake("Twice too often")\ndef quadrupled(x):\n    """Four times."""\n    return doubled(doubled(x))\n'
    )
    exercise = load(first)
    assert isinstance(exercise, Exercise)
    assert [mistake.misconception.id for mistake in exercise.wrong_answers] == ["tripled", "quadrupled"]
    assert exercise.wrong_answers[1].function(1) == 4


def test_a_slip_in_the_second_file_is_placed_there(unit: Path) -> None:
    first, second = unit / "ex_10_doubled.py", unit / "ex_10_doubled_mistakes.py"
    first.write_text(FILE)
    second.write_text("from .ex_10_doubled import exercise\n\nexercise.add_mistakes(1)\n")
    with pytest.raises(ExerciseError, match=r"^source/01-unit/ex_10_doubled_mistakes\.py:3: TypeError"):
        load(first)


def test_a_slip_in_a_quizs_file_is_placed_there(unit: Path) -> None:
    path = unit / "quiz_far.md"
    path.write_text(QUIZ.replace("  > That is one layer.\n", ""))
    with pytest.raises(ExerciseError, match=r"^source/01-unit/quiz_far\.md:19: the option has no explanation"):
        load(path)


def test_no_exercise_file_of_the_bank_is_long() -> None:
    files = {path: path.read_text(encoding="utf-8").count("\n") for path in catalog.paths.source().glob("*/ex_*.py")}
    assert {path.name: lines for path, lines in files.items() if lines > 300} == {}


def test_the_bank_fits_the_formatter() -> None:
    """No line asks it to look away, and none is longer than it makes them."""
    lines = [
        (path.name, number, line)
        for path in catalog.paths.source().glob("*/ex_*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]
    assert [place for *place, line in lines if "fmt:" in line or len(line) > 120] == []


def test_the_examples_of_the_documentation_can_be_loaded(unit: Path) -> None:
    text = (ROOT / "docs/exercise-format.md").read_text(encoding="utf-8")
    python, quiz = (re.search(rf"{fence}\n(.*?)\n`{{3,4}}\n", text, re.DOTALL) for fence in ("```python", "````markdown"))
    assert python and quiz
    path = unit / "ex_10_sliding_window_allowed.py"
    path.write_text(python[1])
    exercise = load(path)
    assert isinstance(exercise, Exercise) and exercise.id == "sliding_window_allowed"
    assert not judge(exercise, exercise.wrong_answers[0].function).passed
    assert judge(exercise, exercise.right_answers[0]).passed
    _, options = read_quiz("quiz_window_depth", quiz[1])
    assert options.variant(0).options[1].text == "9 positions"
