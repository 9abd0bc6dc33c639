"""What a test works with is the instructor's, however he came by it: no answer puts another tool in its hand."""

from collections.abc import Iterator

import pytest

from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Task
from autograder.grading.pool import Pool
from autograder.notebook.cell import Cell, Role
from autograder.notebook.rebuild import MergedCell, MergedNotebook
from autograder.notebook.released import ReleasedNotebook
from autograder.sandbox.levels import IsolationLevel, unmet_requirement


def graded(source: str, number: int, points: float = 1.0) -> Cell:
    marks = {"grade_id": f"test_{number}", "grade": True, "solution": False, "points": points, "schema_version": 3, "locked": True}
    return Cell(f"t{number}", "code", source, Role.TEST, f"test_{number}", points, metadata=marks)


def answer(source: str, solved: str, number: int) -> Cell:
    return Cell(f"a{number}", "code", source, Role.SOLUTION, f"answer_{number}", solved=solved)


STUB = "from numpy.testing import assert_equal\ndef g(x):\n    # YOUR CODE HERE\n    raise NotImplementedError"
NOTEBOOK = ReleasedNotebook(
    "tools",
    (
        Cell("0", "code", "import numpy as np\nfrom numpy.testing import *"),
        Cell("1", "code", "exec('def is_two(n):\\n    assert n == 2')"),
        answer("# YOUR CODE HERE", "def f(x):\n    return x + 1", 0),
        graded("assert_allclose(f(np.ones(2)), [2, 2])", 0),
        graded("is_two(f(1))", 1),
        answer(STUB, STUB.replace("# YOUR CODE HERE\n    raise NotImplementedError", "return 2 * x"), 1),
        graded("assert_equal(g(np.ones(2)), np.array([2, 2]))", 2),
        answer("# YOUR CODE HERE", "from math import floor", 2),  # here the import is what is asked for
        graded("assert floor(2.5) == 2", 3),
        graded("f(1) == 2 and np.float64(2)", 4, 2.0),
    ),
    partial_credit_tests=frozenset({"test_4"}),
)
HONEST = {"answer_0": "def f(x):\n    return x + 1", "answer_1": "from numpy.testing import assert_equal\ndef g(x):\n    return x + x", "answer_2": "from math import floor"}
NOTHING = "lambda *a, **k: None"
CHEATS = {
    "the star's names": {"answer_0": f"def f(x):\n    return x - 1\nassert_allclose = {NOTHING}\nis_two = {NOTHING}"},
    "the names of NumPy": {"answer_0": f"def f(x):\n    return x - 1\nassert_allclose = is_two = np = {NOTHING}"},
    "the import that was handed out": {"answer_1": f"assert_equal = {NOTHING}\ndef g(x):\n    return x"},
    "no import where one is asked for": {"answer_2": "import math"},
}
# A test that uses NumPy by the name that the student took fails as it does in nbgrader: the run in one kernel says so.
LOSES = {"the star's names": (0, 1, 4), "the names of NumPy": (0, 1, 2, 4), "the import that was handed out": (2,), "no import where one is asked for": (3,)}


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    level = IsolationLevel.BASIC if unmet_requirement(IsolationLevel.FULL) else IsolationLevel.FULL
    with Pool([NOTEBOOK], course_policy(level, NOTEBOOK.packages()), jobs=1) as made:
        yield made


def scores(pool: Pool, answers: dict[str, str]) -> list[float]:
    cells = tuple(MergedCell(cell, "code", {**HONEST, **answers}.get(str(cell.grade_id), cell.source)) for cell in NOTEBOOK.cells)
    ((_, result),) = pool.results([Task("ada", "tools", NOTEBOOK.job(MergedNotebook(cells), {}, 10.0))])
    return [result.tests[str(number)].points for number, cell in enumerate(NOTEBOOK.cells) if cell.role == Role.TEST]


def test_the_honest_answer_scores_full(pool: Pool) -> None:
    assert scores(pool, {}) == [1, 1, 1, 1, 2]


@pytest.mark.parametrize("name", CHEATS)
def test_a_tool_that_the_answer_rebinds_is_not_used(pool: Pool, name: str) -> None:
    assert scores(pool, CHEATS[name]) == [0 if n in LOSES[name] else 1 + (n == 4) for n in range(5)]
