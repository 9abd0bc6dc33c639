"""The graded notebook of one student after another is the one that is made of nothing but its own submission."""

import dataclasses
import json

import pytest
from support import small_course

from autograder.notebook.graded import SameCells, encode, graded_notebook
from autograder.notebook.rebuild import MergedNotebook, merge
from autograder.notebook.submission import SubmittedCell
from autograder.notebook.test_result import Output, Status, TestResult

BOOK = small_course.notebook(
    small_course.lesson("x = 1\nx"),
    small_course.answer("f", "f = 1"),
    small_course.lesson("print('é')"),
    small_course.check("test_f", "assert f == 1"),
    small_course.lesson("never_run()"),
)
SHARED: dict[str, list[Output]] = {
    "0": [{"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}, "execution_count": 9}],
    "2": [{"output_type": "stream", "name": "stdout", "text": "é\n"}],
}
PASSED, FAILED = TestResult(Status.PASSED, 1.0), TestResult(Status.FAILED, 0.0, "no")
SUBMISSIONS = (
    small_course.submission(BOOK, {"f": "f = 1"}),
    small_course.submission(BOOK, {"f": "f = 2"}),
    small_course.submission(BOOK, {"f": "f = 3"}, first="# a cell of my own"),
    small_course.submission(BOOK, {}),
)


def made(merged: MergedNotebook, number: int, shared: dict[str, list[Output]], same: SameCells | None) -> bytes:
    own = next(step for step, cell in enumerate(merged.cells) if cell.changed)
    test = next(step for step, cell in enumerate(merged.cells) if cell.released is not None and cell.released.is_code_test)
    outputs: dict[str, list[Output]] = {str(own): [{"output_type": "stream", "name": "stdout", "text": f"by {number}"}]}
    results = {str(test): PASSED if number % 2 else FAILED}
    return encode(graded_notebook(BOOK, merged, outputs, results, shared, same), same)


def test_what_was_made_before_changes_no_notebook() -> None:
    same = SameCells()
    others = {"0": [{"output_type": "stream", "name": "stdout", "text": "of another run"}]}
    for shared in (SHARED, others, SHARED):
        for number, merged in enumerate(SUBMISSIONS * 2):
            assert made(merged, number, shared, same) == made(merged, number, shared, None)


@pytest.mark.parametrize("shared", [SHARED, {}])
@pytest.mark.parametrize("kind", ["code", "markdown", "raw"])
def test_a_type_that_one_student_gave_to_a_lessons_cells_is_no_others(kind: str, shared: dict[str, list[Output]]) -> None:
    text = dataclasses.replace(small_course.lesson("# A text"), id="text", cell_type="markdown")
    book = dataclasses.replace(BOOK, cells=(*BOOK.cells, text))
    of_one_type = [SubmittedCell(kind, cell.source, cell.grade_id, cell.id) for cell in book.cells]
    same = SameCells()
    for merged in (merge(book.cells, of_one_type), small_course.submission(book, {}), merge(book.cells, of_one_type)):
        assert graded_notebook(book, merged, {}, {}, shared, same) == graded_notebook(book, merged, {}, {}, shared)


def test_a_lessons_cell_is_made_once_and_a_students_each_time() -> None:
    same = SameCells()
    one, other = (graded_notebook(BOOK, merged, {}, {}, SHARED, same)["cells"] for merged in SUBMISSIONS[:2])
    assert [one[n] is other[n] for n in range(5)] == [True, False, True, False, True]
    assert [cell["execution_count"] for cell in one] == [1, None, 2, 3, None]


def test_the_file_is_json_of_the_same_notebook() -> None:
    same = SameCells()
    for merged in SUBMISSIONS[:2]:
        node = graded_notebook(BOOK, merged, {}, {}, SHARED, same)
        assert json.loads(encode(node, same)) == node
