"""The invented class hands in the bank's own answers, as cells that need nothing else, and is the same for the same seed."""

import ast
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.sizes import LONG, share

from autograder.bank import catalog
from autograder.exercise.quiz import Quiz
from autograder.judge.judge import judge
from autograder.report.answers import program_digest
from autograder.report.invented_class import (
    CannotInvent,
    bank_answers,
    invent_students,
    invent_submissions,
    make_course,
    renamed,
)

CODE = [id for id in catalog.entries() if not id.startswith("quiz_")]
# Each of its answers trains a model, which takes as long as all others here: `make test-long` tries it.
QUICK = [id for id in CODE if id != "train_mini_gpt"]


@pytest.mark.parametrize("id", CODE if LONG else share(QUICK, 12))
def test_right_answers_are_right_and_wrong_ones_are_wrong(id: str) -> None:
    answers, exercise = bank_answers(id), catalog.find(id).load()
    assert answers.right
    for source, expected in [(answers.right[0], True), *((source, False) for source in answers.wrong[:2])]:
        namespace: dict[str, object] = {"np": np}
        exec(source, namespace)
        assert judge(exercise, namespace[id]).passed == expected


def test_a_quizzes_options() -> None:
    quiz = catalog.find("quiz_left_context").load()
    assert isinstance(quiz, Quiz)
    answers = bank_answers("quiz_left_context")
    assert len(answers.wrong) == sum(not option.right for option in quiz.options)
    assert all(isinstance(ast.parse(source).body[0], ast.Assign) for source in (*answers.right, *answers.wrong))


def test_the_same_seed_makes_the_same_class(tmp_path: Path) -> None:
    released = Path(__file__).parents[2] / "notebooks/04-single-token"
    first, again, other = (dict(_by_id(released, seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert len(first) == 11  # the last one hands in nothing
    assert all(json.loads(content)["cells"] for content in first.values())


def _by_id(released: Path, seed: int) -> list[tuple[str, bytes]]:
    handed_in = invent_submissions(released, invent_students(12), seed)
    return [(made.student.id, next(iter(made.files.values()))) for made in handed_in]


def test_no_folder_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(CannotInvent, match="is not empty"):
        make_course(tmp_path, "04-single-token", 3)
    with pytest.raises(CannotInvent, match="no unit called"):
        make_course(tmp_path / "new", "99-nothing", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_renamed_copy_is_the_same_program_and_still_right() -> None:
    source = 'def f(mask, kind):\n    allowed = mask == "allowed"\n    table = {"allowed": allowed}\n    return table[kind]'
    other = renamed(source)
    assert "allowed" in other and '"allowed"' in other.replace("'", '"') and "allowed =" not in other
    assert program_digest(source, "f") == program_digest(other, "f")
    namespace: dict[str, object] = {}
    exec(other, namespace)
    assert namespace["f"](1, "allowed") is False  # type: ignore[operator]


def test_only_those_who_copy_have_the_same_program() -> None:
    """So that a report on an invented class points at somebody."""
    released = Path(__file__).parents[2] / "notebooks/05-causal-mask"
    special, programs = {}, defaultdict(list)
    for made in invent_submissions(released, invent_students(30), 0):
        special[made.student.id] = made.special
        for cell in json.loads(next(iter(made.files.values())))["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == "convert_mask":
                programs[program_digest("".join(cell["source"]), "convert_mask")].append(made.student.id)
    together = [students for students in programs.values() if len(students) > 1]
    assert together == [["dana", "mateo", "priya"]]
    assert special["mateo"] == "convert_mask is copied from dana"
    assert special["priya"] == "convert_mask is copied from dana, with names changed"
    assert sum(bool(what) for what in special.values()) == 7


def test_who_hands_in_the_published_solutions_has_those_of_the_worked_notebook() -> None:
    root = Path(__file__).parents[2]
    worked = json.loads((root / "solutions/05-causal-mask/05-causal-mask.ipynb").read_text())
    solutions = {id: "".join(cell["source"]) for cell in worked["cells"] if (id := grade_id(cell)) in CODE}
    everybody = invent_submissions(root / "notebooks/05-causal-mask", invent_students(30), 0)
    kenji = next(made for made in everybody if made.student.id == "kenji")
    handed_in = {grade_id(cell): "".join(cell["source"]) for cell in json.loads(next(iter(kenji.files.values())))["cells"]}
    assert solutions and kenji.special == "the code is the published solutions"
    for id, solution in solutions.items():
        assert program_digest(handed_in[id], id) == program_digest(solution, id)


def grade_id(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))
