"""What an instructor is told of the tests after their own solution has been tried, and that it is true."""

from support import small_course
from support.small_course import Grader

KERNEL = (
    small_course.answer("point", "class Point:\n    x = 1"),
    small_course.check("point_test", "assert isinstance(Point(), Point)"),
)
TWICE = (small_course.answer("twice", "def twice(x):\n    return 2 * x"), small_course.check("twice_test", "assert twice(4) == 8"))
FAILING = (small_course.answer("wrong", "wrong = 1"), small_course.check("wrong_test", "assert wrong == 2"))
NO_SOLUTION = (small_course.answer("stub", small_course.STUB), small_course.check("stub_test", "assert stub == 2"))


def told(*cells: object) -> list[str]:
    with small_course.grader(small_course.notebook(*cells)) as grader:
        assert isinstance(grader, Grader)
        return grader.messages


def test_a_test_that_the_solution_fails_is_not_said_to_pass_anywhere() -> None:
    assert told(*TWICE, *KERNEL, *FAILING) == [
        "one: the instructor's own solution does not pass wrong_test.",
        "one: not isolated, for the solution passes in one process with the tests only: point_test.",
        "one: not isolated, for no solution is known to pass them: wrong_test.",
    ]


def test_where_there_are_stubs_only_no_solution_is_spoken_of() -> None:
    assert told(*NO_SOLUTION) == [
        "one: there is no solution in the source, so nothing is known of its tests.",
        "one: not isolated, for no solution is known to pass them: stub_test.",
    ]


def test_why_the_solution_fails_is_said_where_it_is_how_the_cells_end() -> None:
    ends = (small_course.answer("total", "import os\nos._exit(3)"), small_course.check("total_test", "assert total == 6"))
    messages = told(*TWICE, *ends)
    assert "one: the instructor's own solution does not pass total_test." in messages
    assert [says for says in messages if says.startswith("one, with the instructor's own solution: A cell was left out (import os)")]


def test_nothing_is_said_where_all_is_well() -> None:
    assert told(*TWICE) == []
