"""The isolated runner for `nbgrader autograde` and for formgrader's button, in the place of nbgrader's kernel.

Two lines in nbgrader_config.py:

    from autograder.nbgrader_plugins import PREPROCESSORS
    c.Autograde.autograde_preprocessors = PREPROCESSORS

`c.ExecuteIsolated.isolation = "basic"` asks for less isolation, where namespaces are forbidden.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from traitlets import Enum

from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Task
from autograder.grading.journal import digest
from autograder.grading.pool import Pool
from autograder.grading.run import Grading, verify_sandbox
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.notebook.graded import graded_notebook, results
from autograder.notebook.rebuild import merge
from autograder.notebook.submission import read
from autograder.notebook.test_result import not_run
from autograder.sandbox.levels import LEVEL_BY_RUNG, IsolationLevel

COMMENTS, RESULTS = "left_context_comments", "left_context_results"  # among nbconvert's resources, by grade id
_last: dict[str, Any] = {}  # the fork servers of the assignment that was graded last, warm for the next submission


class ExecuteIsolated(NbGraderPreprocessor):
    """Runs a notebook as `leftcontext grade` does: the student's code in a sandbox, the tests in another process."""

    isolation = Enum(
        [level.value for level in IsolationLevel], "full", help="full, basic (without namespaces) or none."
    ).tag(config=True)

    def _level(self) -> IsolationLevel:
        """The configured level; `c.ExecuteApart.rung` of older configurations still counts."""
        rung = self.config.get("ExecuteApart", {}).get("rung")
        return IsolationLevel(self.isolation) if rung is None else LEVEL_BY_RUNG[int(rung)]

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Give the notebook the outputs that nbgrader then counts."""
        about = resources["nbgrader"]
        grading, pool = self._running(about["assignment"], about["db_url"])
        notebook = grading.notebooks[about["notebook"]]
        source = nbformat.writes(nb).encode()
        merged = merge(notebook.cells, read(source)[0])
        files = {**_beside(Path(resources["metadata"]["path"])), **notebook.files}
        task = Task(about["student"], notebook.name, notebook.job(merged, files, grading.seconds), int(digest(source)[:8], 16))
        ((_, result),) = pool.results([task])
        for note in (*merged.notes, *result.notes):
            self.log.warning("%s: %s", about["student"], note.text)
        resources[COMMENTS] = merged.comments
        made = graded_notebook(notebook, merged, result.outputs, result.tests, pool.shown(notebook.name))
        resources[RESULTS] = results(made)
        return nbformat.from_dict(made), resources

    def _running(self, assignment: str, gradebook: str) -> tuple[Grading, Pool]:
        course, level = NbgraderCourse(self.config), self._level()
        with course.open():
            notebooks = course.released(assignment)
            solved = {notebook.name: course.solved(assignment, notebook.name) for notebook in notebooks}
        released = [(one.name, one.cells, sorted(one.files.items()), solved[one.name]) for one in notebooks]
        key = (gradebook, level, assignment, digest(released))  # formgrader's server outlives a change of the assignment
        if _last.get("key") != key:
            _stop()
            with contextlib.ExitStack() as stack:
                imported = {name for notebook in notebooks for name in notebook.packages()}
                policy = course_policy(level, imported)
                pool = stack.enter_context(Pool(notebooks, policy, 1))
                verify_sandbox(pool, notebooks[0], policy, Path(course.folders.root, "nbgrader_config.py"))
                grading = Grading(course, assignment, notebooks, None, "")
                grading.calibrate(solved, pool, self.log.warning)
                _last.update(key=key, grading=grading, pool=pool, end=stack.pop_all().close, process=os.getpid())
        return _last["grading"], _last["pool"]


class SaveGradesAndComments(SaveAutoGrades):
    """nbgrader's own, with the points that our run has counted, and at each answer what was repaired in it."""

    def _add_score(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        """A code test gives what our run says, nothing where it says nothing."""
        super()._add_score(cell, resources)
        if cell.cell_type == "code" and not utils.is_solution(cell):
            grade_id = cell.metadata.nbgrader.grade_id
            grade = self.gradebook.find_grade(grade_id, self.notebook_id, self.assignment_id, self.student_id)
            grade.auto_score = resources.get(RESULTS, {}).get(grade_id, not_run()).points
            grade.needs_manual_grade = grade.manual_score is not None
            self.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: dict[str, Any]) -> None:
        super()._add_comment(cell, resources)
        if comment_text := resources.get(COMMENTS, {}).get(cell.metadata.nbgrader.grade_id):
            comment = self.gradebook.find_comment(
                cell.metadata.nbgrader.grade_id, self.notebook_id, self.assignment_id, self.student_id
            )
            comment.auto_comment = " ".join(filter(None, (comment.auto_comment, comment_text)))
            self.gradebook.db.commit()


@atexit.register
def _stop() -> None:
    if _last.get("process") == os.getpid():
        _last["end"]()
    _last.clear()


def _beside(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and path.suffix != ".ipynb")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


ExecuteApart = ExecuteIsolated  # its former name, which other configurations may have in their list
PREPROCESSORS = [
    ExecuteIsolated,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveGradesAndComments,
    AssignLatePenalties,
    CheckCellMetadata,
]
