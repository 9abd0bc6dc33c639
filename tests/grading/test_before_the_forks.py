"""What each process would load anew is loaded before they are forked."""

from __future__ import annotations

import subprocess
import sys

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
