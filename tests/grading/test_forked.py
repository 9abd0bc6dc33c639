"""A student's code may fork and go on in both processes: the notebook goes on in one of them, as in a kernel of Jupyter's."""

from collections.abc import Iterator

import pytest
from support import small_course
from support.small_course import Grader

BOOK = small_course.notebook(
    small_course.answer("total", "total = 6"),
    small_course.check("total_test", "assert total == 6"),
    small_course.answer("twice", "def twice(x):\n    return 2 * x"),
    small_course.check("twice_test", "assert twice(4) == 8\nassert twice(5) == 10"),
    small_course.answer("last", "last = 'end'"),
    small_course.check("last_test", "assert last == 'end'"),
)
RIGHT = small_course.solutions(BOOK)
FORKS = {
    "both end the cell": {"total": "import os\nos.fork()\ntotal = 6"},
    "one ends it with an error": {"total": "import os\nassert os.fork()\ntotal = 6"},
    "one exits": {"total": "import os, sys\nif os.fork() == 0:\n    sys.exit()\ntotal = 6"},
    "both return": {"twice": "import os\ndef twice(x):\n    os.fork()\n    return 2 * x"},
    "one raises": {"twice": "import os\ndef twice(x):\n    if os.fork() == 0:\n        raise ValueError\n    return 2 * x"},
}


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with small_course.grader(BOOK) as made:
        yield made


@pytest.mark.parametrize("name", FORKS)
def test_a_fork_of_a_right_answer_costs_nothing(grader: Grader, name: str) -> None:
    points, result = grader.grade(small_course.submission(BOOK, {**RIGHT, **FORKS[name]}))
    assert points == {"total_test": 1.0, "twice_test": 1.0, "last_test": 1.0}, result.notes
    assert not result.notes


def test_a_wrong_answer_in_a_forked_process_is_not_believed(grader: Grader) -> None:
    child = "import os\nif os.fork() == 0:\n    total = 6\nelse:\n    os.wait()\n    total = 5"
    points, _ = grader.grade(small_course.submission(BOOK, {**RIGHT, "total": child}))
    assert points == {"total_test": 0.0, "twice_test": 1.0, "last_test": 1.0}
