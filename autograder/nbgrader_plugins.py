"""The isolated runner for `nbgrader autograde` and for formgrader's button, in the place of nbgrader's kernel.

Two lines in nbgrader_config.py:

    from autograder.nbgrader_plugins import PREPROCESSORS
    c.Autograde.autograde_preprocessors = PREPROCESSORS

`c.ExecuteIsolated.isolation = "basic"` asks for less isolation, where namespaces are forbidden.
"""

from __future__ import annotations

import atexit
import contextlib
import fnmatch
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from nbgrader.server_extensions.formgrader.handlers import SubmissionFilesHandler
from traitlets import Enum

from autograder.errors import UserError
from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Task
from autograder.grading.journal import digest
from autograder.grading.pool import Pool
from autograder.grading.reading import OpenSubmission
from autograder.grading.run import Grading, verify_sandbox
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.nbgrader.written_files import write_files
from autograder.notebook.graded import encode, graded_notebook, results
from autograder.notebook.job import Job
from autograder.notebook.rebuild import MergedNotebook
from autograder.notebook.test_result import not_run
from autograder.plain_text import plain_line
from autograder.sandbox.levels import LEVEL_BY_FORMER_NUMBER, IsolationLevel

COMMENTS, RESULTS = "left_context_comments", "left_context_results"  # among nbconvert's resources, by grade id
_read: dict[str, OpenSubmission] = {}  # what is being graded now, by student
_last: dict[str, Any] = {}  # the fork servers of the assignment that was graded last, warm for the next submission


class ExecuteIsolated(NbGraderPreprocessor):
    """Runs a notebook as `leftcontext grade` does: the student's code in a sandbox, the tests in another process."""

    isolation = Enum(
        [level.value for level in IsolationLevel], "full", help="full, basic (without namespaces) or none."
    ).tag(config=True)

    def _level(self) -> IsolationLevel:
        """The configured level; `c.ExecuteApart.rung` of older configurations still counts."""
        rung = self.config.get("ExecuteApart", {}).get("rung")
        return IsolationLevel(self.isolation) if rung is None else LEVEL_BY_FORMER_NUMBER[int(rung)]

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Give the notebook the outputs that nbgrader then counts."""
        about = resources["nbgrader"]
        grading, pool = self.running(about["assignment"], about["db_url"])
        notebook = grading.notebooks[about["notebook"]]
        source = nbformat.writes(nb).encode()
        merged, job = _submission(about["student"], notebook.name, source, grading)
        try:
            ((_, result),) = pool.results([Task(about["student"], notebook.name, job, int(digest(source)[:8], 16))])
        except BaseException:
            _stop()  # a pool that has failed once is not used again
            raise
        for note in result.notes:
            self.log.warning("%s: %s", about["student"], plain_line(note.text))
        resources[COMMENTS] = merged.comments
        made = graded_notebook(notebook, merged, result.outputs, result.tests, pool.shown(notebook.name))
        resources[RESULTS] = results(made)
        return nbformat.from_dict(made), resources

    def running(self, assignment: str, gradebook: str) -> tuple[Grading, Pool]:
        """The assignment, and a pool that is warm for it."""
        course, level = NbgraderCourse(self.config), self._level()
        with course.open():
            notebooks = course.released(assignment)
            solved = {notebook.name: course.solved(assignment, notebook.name) for notebook in notebooks}
        released = [(book.name, book.cells, sorted(book.files.items()), solved[book.name]) for book in notebooks]
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


def _submission(student: str, notebook: str, sanitized: bytes, grading: Grading) -> tuple[MergedNotebook, Job]:
    """What was handed in, as it was read before nbgrader touched it; or else what nbgrader made of it, and no file."""
    submission = _read.get(student)
    if submission is None or notebook not in submission.merged:
        return grading.reader.plan_in_child(student, notebook, sanitized)
    return submission.merged[notebook], submission.jobs[notebook]


def _copy_submissions(autograde: Autograde, folder: Path) -> None:
    """Read submissions as `leftcontext grade` does, and write a clean copy of each below `folder` for nbgrader.

    nbgrader itself follows links, waits for pipes, reads devices without end, and refuses what it calls inconsistent.
    """
    executor = ExecuteIsolated(parent=autograde)
    assignment = autograde.coursedir.assignment_id
    grading, _ = executor.running(assignment, autograde.coursedir.db_url)
    course = grading.course
    with course.open():
        wanted = autograde.coursedir.student_id
        students = [name for name in course.students(assignment) if name == wanted or fnmatch.fnmatchcase(name, wanted)]
        for student in students:
            submission = _read[student] = grading.reader.read_in_child(student)
            for note in submission.notes:
                autograde.log.warning("%s: %s", student, plain_line(note.text))
            beside = submission.beside
            beside.pop("timestamp.txt", None)
            with contextlib.suppress(ValueError):  # a date that is none is left out, as when nobody handed one in
                stamp = course.submitted_at(assignment, student)
                beside |= {"timestamp.txt": f"{stamp} UTC".encode()} if stamp else {}
            for name, merged in submission.merged.items():
                beside[f"{name}.ipynb"] = encode(graded_notebook(grading.notebooks[name], merged, {}, {}, {}))
            write_files(Path(autograde.coursedir.format_path(str(folder), student, assignment)), beside)


def _start(autograde: Autograde) -> None:
    """In the place of nbgrader's Autograde.start, where our runner is among the preprocessors."""
    if ExecuteIsolated not in autograde.autograde_preprocessors:
        return nbgrader_start(autograde)
    submitted = autograde.coursedir.submitted_directory
    with tempfile.TemporaryDirectory(prefix="leftcontext-") as folder:
        place = Path(folder).resolve() / "submitted"
        try:
            _copy_submissions(autograde, place)
        except UserError as reason:
            autograde.log.error(str(reason))
            raise NbGraderException(str(reason)) from None
        try:
            autograde.coursedir.submitted_directory = str(place)
            nbgrader_start(autograde)
        finally:
            autograde.coursedir.submitted_directory = submitted
            _read.clear()


def _forbid_scripts(handler: SubmissionFilesHandler, _path: str) -> None:
    """What a student handed in beside the notebook is served as a document without scripts, of no origin.

    A link in the notebook may lead to a page or a drawing of theirs, which would run in the instructor's Jupyter server.
    """
    handler.set_header("Content-Security-Policy", "sandbox")
    handler.set_header("X-Content-Type-Options", "nosniff")


nbgrader_start = Autograde.start
Autograde.start = _start
SubmissionFilesHandler.set_extra_headers = _forbid_scripts  # tornado calls it last
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
