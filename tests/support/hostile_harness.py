"""Running the corpus: by the grader's own parts, by its command, by stock nbgrader."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from corpus import EVALUATING_TEST, FULL, PARTS, RIGHT, Case, written
from support import sample_course
from support.clone import ROOT, run

from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Result, Task
from autograder.grading.pool import Pool
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.nbgrader.scores import score_of_test
from autograder.notebook.rebuild import MergedNotebook, merge
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.submission import Unreadable, read
from autograder.notebook.test_result import explicit_outputs, not_run
from autograder.sandbox.levels import IsolationLevel

SECONDS = 2.0  # of processor time that a cell may take
SECRET = "the-secret-of-the-course"
NEIGHBOUR = Case("an honest neighbour", "", written(RIGHT), FULL, "")


class Field:
    """A course, and a place outside it that no student may reach."""

    def __init__(self, folder: Path) -> None:
        self.course = folder / "course"
        self.course.mkdir()
        sample_course.course(self.course)
        self.outside = folder / "outside"
        self.outside.mkdir(mode=0o777)
        (self.outside / "secret").write_text(SECRET)
        self.release = (self.course / "release/plain/one.ipynb").read_text(encoding="utf-8")
        here = Path.cwd()
        os.chdir(self.course)  # where every nbgrader command is run
        try:
            with NbgraderCourse().open() as course:
                released = next(one for one in course.released("plain") if one.name == "one")
        finally:
            os.chdir(here)
        self.notebook = dataclasses.replace(released, partial_credit_tests=frozenset({"test_biggest"}))  # as a grading run finds out
        changed = {"test_total": EVALUATING_TEST}
        cells = tuple(dataclasses.replace(cell, source=changed.get(str(cell.grade_id), cell.source)) for cell in self.notebook.cells)
        self.evaluating = dataclasses.replace(self.notebook, cells=cells)

    def with_evaluating_test(self) -> Field:
        """The same course, released anew with a last test that evaluates the answer to it."""
        source = self.course / "source/plain/one.ipynb"
        node = json.loads(source.read_text(encoding="utf-8"))
        tests = {"test_total": EVALUATING_TEST, "total": "### BEGIN SOLUTION\ntotal = 'value = 6'\n### END SOLUTION"}
        for cell in node["cells"]:
            cell["source"] = tests.get(cell["metadata"].get("nbgrader", {}).get("grade_id"), cell["source"])
        source.write_text(json.dumps(node), encoding="utf-8")
        done = run(self.course, "nbgrader", "generate_assignment", "plain", env={"PYTHONPATH": str(ROOT)})
        assert done.returncode == 0, done.stderr
        self.release = (self.course / "release/plain/one.ipynb").read_text(encoding="utf-8")
        return self

    def copy(self, folder: Path) -> Field:
        """Another such course."""
        other = copy.copy(self)
        other.course, other.outside = folder / "course", folder / "outside"
        sample_course.copied(self.course, other.course)
        shutil.copytree(self.outside, other.outside)
        return other

    def data(self, case: Case) -> bytes:
        return case.make(json.loads(self.release)).replace(b"{outside}", str(self.outside).encode())

    def submit(self, case: Case, student: str) -> None:
        place = self.course / "submitted" / student / "plain"
        place.mkdir(parents=True)
        (place / "one.ipynb").write_bytes(self.data(case))
        for name, content in case.files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)

    def left(self) -> list[str]:
        """What somebody left outside."""
        return sorted(path.name for path in self.outside.iterdir() if path.name.startswith("left"))

    def pool(self, level: str, jobs: int = 1) -> Pool:
        return Pool([self.notebook], course_policy(IsolationLevel(level), self.notebook.packages()), jobs)

    def merged(self, case: Case) -> MergedNotebook:
        try:
            cells, _ = read(self.data(case))
        except Unreadable:
            cells = []
        return merge(self.released(case).cells, cells)

    def released(self, case: Case) -> ReleasedNotebook:
        return self.evaluating if case.evaluates else self.notebook

    def run(self, pool: Pool, cases: Iterable[Case], in_process: bool = False) -> Iterator[tuple[tuple[float, ...], Result]]:
        """The points of each case, and its result; in one process with the tests, if `in_process`."""
        for case in cases:
            notebook = self.released(case)
            if in_process:
                notebook = dataclasses.replace(notebook, one_kernel_tests=frozenset(PARTS))
            merged = self.merged(case)
            ((_, result),) = pool.results([Task(case.name, "one", notebook.job(merged, case.files, SECONDS), 1)])
            yield points(notebook, merged, result), result


def points(notebook: ReleasedNotebook, merged: MergedNotebook, result: Result) -> tuple[float, ...]:
    found = {}
    for number, cell in enumerate(merged.cells):
        if cell.released is not None and cell.released.grade_id in PARTS:
            outcome = result.tests.get(str(number)) or not_run()
            found[cell.released.grade_id] = outcome.points
            shown = explicit_outputs(outcome, result.outputs.get(str(number), []), cell.released.points)
            assert score_of_test(cell.released, shown) == outcome.points  # nbgrader counts the same
    return tuple(found[name] for name in PARTS)
