"""What each process would load anew is loaded before they are forked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import small_course

PROGRAM = """
import sys
from autograder.grading import ipython_shell, checker_process, student_process
shell = ipython_shell.make()
assert shell.error_line == 0 and not hasattr(sys, "last_value")
before = set(sys.modules)
for source in ("def f(n):\\n    return 1 / n", "assert f(1) == 2, 'no'", "f(0)", "print(3)", "f(", "[f]"):
    shell.run(source)
print(*sorted(set(sys.modules) - before))
"""


def test_a_cell_that_passes_or_fails_imports_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("places", [{}, {"XDG_CACHE_HOME": "caches"}, {"MPLCONFIGDIR": "own", "XDG_CACHE_HOME": "caches"}])
def test_matplotlibs_list_of_fonts_is_looked_for_where_it_is(places: dict[str, str], tmp_path: Path) -> None:
    free = {name: value for name, value in os.environ.items() if name not in ("MPLCONFIGDIR", "XDG_CACHE_HOME")}
    environment = {**free, "HOME": str(tmp_path), **{name: str(tmp_path / folder) for name, folder in places.items()}}
    program = "import matplotlib; from autograder.grading.fork_server import fonts_folder; print(matplotlib.get_cachedir(), fonts_folder())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    theirs, ours = done.stdout.split()
    assert theirs == ours


NOT_NEEDED = {"IPython", "matplotlib", "dask", "arrow"}  # `isoduration` needs `arrow`, and no notebook a duration


def test_the_grader_imports_no_more_than_it_needs() -> None:
    program = "import sys; sys.modules['isoduration'] = None; from autograder.cli import grade; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert NOT_NEEDED & set(done.stdout.split()) == set()


def test_a_lesson_that_seeds_and_simulates_runs_once_for_the_class() -> None:
    """Each of the two fork servers runs it once: all students see the same moment, and so do all tests."""
    lesson = small_course.lesson(
        "import random, time\nrandom.seed(0)\nrolls = [random.randint(1, 6) for _ in range(1000)]\nran_at = time.monotonic_ns()"
    )
    answer = small_course.answer("share", "def share(n):\n    return rolls.count(n) / len(rolls)")
    test = small_course.check("test_share", "print(ran_at)\nassert 0.1 < share(6) < 0.2")
    book = small_course.notebook(lesson, answer, test)
    written = "def share(n):\n    return len([x for x in rolls if x == n]) / len(rolls)\nprint(ran_at)"
    moments: dict[str, set[str]] = {"the student's process": set(), "the test's": set()}
    with small_course.grader(book) as grader:
        for _ in range(3):
            merged = small_course.submission(book, {"share": written})
            points, result = grader.grade(merged)
            assert points == {"test_share": 1}
            for step, found in zip(("1", "2"), moments.values(), strict=True):
                found.add("".join(output["text"] for output in result.outputs[step]))
        job = grader.book.job(merged, {}, 20.0)
    assert [len(found) for found in moments.values()] == [1, 1]
    assert not any("" in found for found in moments.values())
    assert not job.fresh_kernel  # the run in one kernel, of which nothing is shown, begins behind the lesson too
