"""What `leftcontext verify` says besides its proof: what the build and the tests would ask of an exercise later."""

from pathlib import Path

import pytest

from autograder.bank import catalog, verify
from autograder.bank.catalog import ExerciseFile
from autograder.course.demands import unmet_demands

FILE = '''"""### A prompt"""

from autograder.exercise.exercise import Exercise, case

exercise = Exercise("a topic")


@exercise.solution
def {id}(x):
    """x -> 2 x."""
    return 2 * x


@exercise.part("A part")
def part(rng):
    yield case(1)
'''


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "01-unit"
    folder.mkdir(parents=True)
    (folder / "lesson.md").write_text("# A lesson\n\n{exercise}`softmax seed=3`\n\nNot {exercise}`doubled` here.\n")
    return folder


def entry(unit: Path, id: str = "doubled", text: str = FILE) -> ExerciseFile:
    path = unit / f"ex_10_{id}.py"
    path.write_text(text.replace("{id}", id))
    return ExerciseFile(id, unit.name, path)


def test_what_meets_them_all_is_told_nothing(unit: Path) -> None:
    assert unmet_demands(entry(unit, "softmax")) == []  # called in, and PyTorch and JAX have a counterpart of this name


def test_a_lesson_and_counterparts_are_asked_for(unit: Path) -> None:
    lesson, counterpart = unmet_demands(entry(unit))
    assert lesson == "no lesson contains it: write a line {exercise}`doubled` in source/01-unit/lesson.md"
    assert "leftcontext/torch_jax/in_torch and leftcontext/torch_jax/in_jax" in counterpart


def test_a_docstring_and_a_prompt_are_asked_for(unit: Path) -> None:
    bare = FILE.replace('    """x -> 2 x."""\n', "").replace('"""### A prompt"""', "")
    unmet = unmet_demands(entry(unit, "softmax", bare))
    assert unmet == [
        "it has no prompt: the docstring of its file, in Markdown",
        "the solution has a docstring (its contract) and a body",
    ]


def test_every_exercise_of_the_bank_meets_them() -> None:
    assert {entry.id: unmet for entry in catalog.entries().values() if (unmet := unmet_demands(entry))} == {}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("return 2 * x", "return (2 * x", "source/01-unit/ex_10_doubled.py:11: SyntaxError: '(' was never closed"),
        ("yield case(1)", "yield case(1 / 0)", "source/01-unit/ex_10_doubled.py:16: ZeroDivisionError: division by zero"),
    ],
)
def test_a_proof_tells_a_slip_in_one_line(
    unit: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, says: str
) -> None:
    slipped = entry(unit, text=FILE.replace(old, new))
    monkeypatch.setattr(catalog, "find", lambda id: slipped)
    assert says in verify.verify_exercise("doubled", seeds=1).problems
