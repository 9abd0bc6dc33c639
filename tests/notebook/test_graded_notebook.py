"""The graded notebook gives points for results alone: a test that has none gives nothing, to us and to nbgrader."""

import nbformat
import pytest
from nbgrader.utils import determine_grade
from support import small_course

from autograder.notebook.graded import encode, graded_notebook, results
from autograder.notebook.test_result import Status, TestResult, passed, result_output

BOOK = small_course.notebook(
    small_course.answer("one", "one = 1"),
    small_course.check("t_one", "assert one == 1", 2.0),
    small_course.check("t_two", "assert one < 2", 1.5),
)
TESTS = {"1": "t_one", "2": "t_two"}


@pytest.mark.parametrize("shown", [{}, {"1": [], "2": []}, {"1": [result_output("2")], "2": [result_output("1.5")]}])
@pytest.mark.parametrize("known", [(), ("1",), ("2",), ("1", "2")])
def test_a_test_without_a_result_gives_no_points_whatever_it_has_shown(known: tuple[str, ...], shown: dict[str, list[dict]]) -> None:
    merged = small_course.submission(BOOK, small_course.solutions(BOOK))
    points = {"1": 2.0, "2": 1.5}
    found: dict[str, TestResult] = {step: passed(points[step]) for step in known}
    made = graded_notebook(BOOK, merged, shown, found, {})
    nbgraders = {cell.metadata.nbgrader.grade_id: determine_grade(cell)[0] for cell in nbformat.reads(encode(made).decode(), 4).cells[1:]}
    assert nbgraders == {name: points[step] if step in known else 0.0 for step, name in TESTS.items()}
    read = results(made)
    assert {name: result.points for name, result in read.items()} == nbgraders
    assert {name for name, result in read.items() if result.status is Status.NOT_RUN} == {TESTS[step] for step in TESTS if step not in known}


def test_a_graded_notebook_from_elsewhere_says_nothing_of_its_tests() -> None:
    merged = small_course.submission(BOOK, small_course.solutions(BOOK))
    made = graded_notebook(BOOK, merged, {}, {step: passed(1.0) for step in TESTS}, {})
    for cell in made["cells"]:
        cell["metadata"].pop("left_context_result", None)
    assert {result.status for result in results(made).values()} == {Status.NOT_RUN}
