"""`leftcontext grade`: read, run, record. One writer; each submission is entered whole, then noted in the journal."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict
from sqlalchemy.exc import SQLAlchemyError

from autograder.grading.calibrate import calibrate
from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Executor, Task, notes_on_tests
from autograder.grading.graded_submission import Graded, GradingStatus
from autograder.grading.journal import VERSION, Journal, code_lines, digest, file_lock
from autograder.grading.judged_finding import JudgedFinding
from autograder.grading.pool import Pool
from autograder.grading.reading import OpenSubmission, SubmissionReader
from autograder.grading.worker import ReadAhead, Worker
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.nbgrader.scores import Recorded
from autograder.notebook.graded import SameCells, encode, graded_notebook
from autograder.notebook.job import Counting, Job, Step, StepKind
from autograder.notebook.note import Note, NoteKind
from autograder.notebook.rebuild import MergedCell
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.submission import is_python, language_of
from autograder.sandbox.escape_attempts import escape_attempts, first_escape
from autograder.sandbox.levels import IsolationLevel, SandboxUnavailable, unmet_requirement
from autograder.sandbox.policy import SandboxPolicy

# What a submission may bring about in the grader that nobody has thought of. A full disk and a locked gradebook are no such.
OUR_FAULTS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    SQLAlchemyError,
)


class Grading:
    """One run over one assignment."""

    def __init__(
        self,
        course: NbgraderCourse,
        assignment: str,
        notebooks: tuple[ReleasedNotebook, ...],
        seconds: float | None,
        version: str,
    ) -> None:
        self.course, self.assignment = course, assignment
        self.seconds = seconds or course.seconds
        released = digest(version, [(n.name, n.cells, sorted(n.files.items())) for n in notebooks])
        self.reader = SubmissionReader(course, assignment, notebooks, self.seconds, released)
        self.notebooks = self.reader.notebooks
        self.journal = Journal(course.records / f"{assignment}.jsonl")
        self.open: dict[str, OpenSubmission] = {}
        self.same = {name: SameCells() for name in self.notebooks}
        self.kept: frozenset[str] = frozenset()  # tests whose scores stay, for the instructor's own solution fails them
        self.failures: list[Graded] = []
        self.on_message: Callable[[str], None] = lambda _: None

    @functools.cached_property
    def recorded(self) -> dict[str, Recorded]:
        """What the gradebook held before this run, by student."""
        return self.course.recorded(self.assignment)

    def waiting(self, force: bool) -> list[str]:
        """The students whose submission has to be graded: all, if `force`, else those that are new or changed.

        One that the gradebook does not hold is graded though the journal knows it: the gradebook may be another one by now.
        """
        recorded = self.recorded  # read before anything is written
        students = self.course.students(self.assignment)
        known = {} if force else {name: now for name, now in self.journal.digests.items() if name in recorded}
        graded = [name for name in students if name in known and self.course.folder("autograded", name, self.assignment).is_dir()]
        done = {student for student, now in self.reader.digests(graded).items() if now in (None, known[student])}
        return [student for student in students if student not in done]

    def reason(self, student: str, new: str) -> str:
        """Why a submission is graded, as what changed since it was last."""
        old = self.journal.digests.get(student)
        if old is None:
            return "it is new"
        if student not in self.recorded:
            return "the gradebook did not hold it"
        changed = [before != after for before, after in itertools.zip_longest(old.split("."), new.split("."))]
        causes = ("the released tests, points, files or solutions changed", "the time limit changed", "the submission changed")
        return " and ".join(cause for cause, is_so in zip(causes, changed, strict=False) if is_so) or "it was asked for"

    def calibrate(
        self,
        solutions: dict[str, bytes | None],
        executor: Executor,
        on_message: Callable[[str], None],
        overwrite: bool = False,
    ) -> None:
        """Try the tests on the instructor's own solutions; see autograder.grading.calibrate.

        A test that they fail tells nothing of a student: scores that it gave earlier stay, unless `overwrite`.
        """
        for name, notebook in self.notebooks.items():
            self.notebooks[name] = calibrate(notebook, solutions[name], self.seconds, executor, on_message)
        if not overwrite:
            self.kept = frozenset(test for notebook in self.notebooks.values() for test in notebook.unsolved_tests)
        if self.kept and self.recorded:
            on_message(f"Earlier scores of {', '.join(sorted(self.kept))} are kept. Use --force to overwrite them.")

    def run(self, students: Iterable[str], executor: Executor, on_message: Callable[[str], None]) -> Iterator[Graded]:
        """Grade these students' submissions; each is recorded before it is handed back."""
        self.on_message = on_message
        worker = self.reader.start(students)
        with contextlib.closing(ReadAhead(worker, lambda student: self._take(student, worker))) as tasks:
            for task, result in executor.results(tasks):
                submission = self.open[task.student]
                submission.results[task.notebook] = result
                if len(submission.results) == len(submission.merged):
                    del self.open[task.student]
                    try:
                        yield self._record(task.student, submission, executor)
                    except OUR_FAULTS as error:
                        self.failures.append(self._as_failed(task.student, error))
        yield from self.failures

    def _as_failed(self, student: str, error: Exception) -> Graded:
        """What is handed back where the grader itself fails on a submission: an earlier grade stays, and the run goes on."""
        where = getattr(error, "where", None) or traceback.extract_tb(error.__traceback__)[-1].name
        what = f"{type(error).__name__}: {str(error)[:200]}; {where}"
        note = Note(NoteKind.OTHER, f"The grader failed on it and recorded nothing ({what}). Please report this.")
        known = self.recorded.get(student) or Recorded(0.0, self.course.max_score(self.assignment), 0.0, {})
        return Graded(student, known.score, known.max_score, GradingStatus.FAILED, known.cells, known.late_penalty, notes=[note])

    def unchanged(self, students: Iterable[str]) -> Iterator[Graded]:
        """What the gradebook holds of these students, with penalties for being late computed again."""
        penalties = self.course.update_penalties(self.assignment)
        recorded = self.course.recorded(self.assignment) if penalties else self.recorded
        for student in students:
            if (now := recorded.get(student)) is None:
                continue
            reason = ""
            if student in penalties:
                before, after = penalties[student]
                reason = f"the penalty for being late changed from {before:g} to {after:g}"
            status = GradingStatus.UNCHANGED
            yield Graded(student, now.score, now.max_score, status, now.cells, now.late_penalty, now.score, reason)

    def _take(self, student: str, worker: Worker[str, OpenSubmission]) -> Iterator[Task]:
        """The tasks of a submission that a worker has read."""
        try:
            submission = self.reader.outcome(worker)
        except FileNotFoundError:
            self.on_message(f"{student}: the submission is gone since the run began; nothing was recorded.")
        except (*OUR_FAULTS, OSError) as error:  # nothing is written yet: what its disk does costs no other submission
            self.failures.append(self._as_failed(student, error))
        else:
            self.open[student] = submission
            for name, job in submission.jobs.items():
                yield Task(student, name, job, int(digest(submission.digest, name)[:8], 16))

    # --- Recording ------------------------------------------------------------------------------------------------------

    def _record(self, student: str, submission: OpenSubmission, executor: Executor) -> Graded:
        nodes: dict[str, NotebookNode | None] = {}
        files = dict(submission.beside)
        notes = submission.notes
        not_isolated: list[str] = []
        findings: dict[str, JudgedFinding] = {}
        comments: dict[str, str] = {}
        for name, merged in submission.merged.items():
            notebook, result = self.notebooks[name], submission.results[name]
            made = graded_notebook(notebook, merged, result.outputs, result.tests, executor.shown(name), self.same[name])
            files |= notebook.files
            files[f"{name}.ipynb"] = encode(made, self.same[name])
            marked = [cell for cell in made["cells"] if "grade_id" in cell["metadata"].get("nbgrader", {})]
            nodes[name] = from_dict({**made, "cells": marked})
            notes = notes + notes_on_tests(name, merged, result)
            notes = notes + [note.about(name) for note in result.notes]
            findings |= result.findings
            comments |= merged.comments
            not_isolated += [test for tests in notebook.not_isolated_by_answer().values() for test in tests]
        if submission.status == GradingStatus.MISSING:
            nodes = {}
        before = self.recorded.get(student)
        notes = notes + self._notes_on_kept(before)
        scores = self.course.save_submission(self.assignment, student, nodes, comments, self.kept)
        for name in self.course.write_autograded(self.assignment, student, files):
            notes.append(Note(NoteKind.LEFT_OUT, f"{name!r} could not be written into the graded folder."))
        graded = Graded(
            student,
            status=submission.status,
            previous_score=before.score if before else None,
            reason=self.reason(student, submission.digest),
            notes=notes,
            findings=findings,
            not_isolated=not_isolated,
            code_digests={name: code for merged in submission.merged.values() for name, code in _answer_digests(merged.cells)},
            **dataclasses.asdict(scores),
        )
        self.journal.add({**graded.entry(), "digest": submission.digest})
        return graded

    def _notes_on_kept(self, before: Recorded | None) -> list[Note]:
        """What is said of tests that the instructor's own solution fails."""
        notes = []
        for test in sorted(self.kept):
            score = before.cells.get(test) if before else None
            kept = f"its score of {score:g} was kept" if score is not None else "its score may not be right"
            notes.append(Note(NoteKind.OTHER, f"The instructor's own solution does not pass {test}: {kept}."))
        return notes


def _answer_digests(cells: Iterable[MergedCell]) -> Iterator[tuple[str, str]]:
    """A digest of each code cell that a student wrote something into."""
    for cell in cells:
        released = cell.released
        if released is None or not released.is_answer or cell.cell_type != "code" or released.grade_id is None:
            continue
        if cell.source.strip() != released.source.strip():
            yield released.grade_id, digest(code_lines(cell.source))


def grade(
    assignment: str,
    *,
    jobs: int,
    isolation: IsolationLevel = IsolationLevel.FULL,
    force: bool = False,
    students: Iterable[str] | None = None,
    timeout: float | None = None,
    executor: Callable[..., Any] = Pool,
    on_start: Callable[[int], None] = lambda _: None,
    on_message: Callable[[str], None] = lambda _: None,
    course: NbgraderCourse | None = None,
) -> Iterator[Graded]:
    """Grade an assignment's submissions in an nbgrader course, by default that of the current folder.

    `on_start` hears how many there are, `on_message` a sentence now and then. Raises MissingData, SandboxUnavailable.
    """
    if lacking := unmet_requirement(isolation):
        raise SandboxUnavailable(lacking)
    course = course or NbgraderCourse()
    if not course.has_gradebook and not course.is_released(assignment):  # opening one would make it, wherever this is
        raise MissingData(f"There is no gradebook here. In a course, run `nbgrader generate_assignment {assignment}` first.")
    waiting_for_lock = "Another run grades this course; waiting for it to end."
    with file_lock(course.records / "lock", lambda: on_message(waiting_for_lock)), course.open():
        if course.register(assignment):
            on_message(f"{assignment} was entered into the gradebook, as it is released.")
        notebooks = course.released(assignment)
        _refuse_other_languages(notebooks)
        for sentence in course.release_differences(assignment):
            on_message(sentence)
        solutions = {notebook.name: course.solved(assignment, notebook.name) for notebook in notebooks}
        grading = Grading(course, assignment, notebooks, timeout, digest(VERSION, *solutions.values()))
        if grading.journal.is_outdated:
            on_message("The journal is of an earlier version of the grader, so everything is graded again.")
        chosen = choose(course, assignment, students, on_message)
        waiting = [student for student in grading.waiting(force) if student in chosen]
        on_start(len(waiting))
        if waiting:
            policy = course_policy(isolation, {name for notebook in notebooks for name in notebook.packages()})
            with executor(notebooks, policy, jobs) as running:
                verify_sandbox(running, notebooks[0], policy, course.records / "lock")
                on_message(f"Sandbox: {isolation} ({isolation.meaning}).")
                grading.calibrate(solutions, running, on_message, overwrite=force)
                yield from grading.run(waiting, running, on_message)
        done = set(waiting)
        yield from grading.unchanged(student for student in chosen if student not in done)


def choose(
    course: NbgraderCourse, assignment: str, students: Iterable[str] | None, on_message: Callable[[str], None]
) -> list[str]:
    """The students to be graded, those that were asked for. Raises MissingData where there is nobody."""
    there = course.students(assignment)
    if not there:
        raise MissingData(f"Nobody handed in {assignment}: there is no {course.folder('submitted', 'STUDENT', assignment)}.")
    if students is not None:
        wanted = set(students)
        if unknown := wanted - set(there):
            raise MissingData(f"No submission of {assignment} by {', '.join(sorted(unknown))}.")
        there = [student for student in there if student in wanted]
    for student in there:
        if not _is_text(student):
            on_message(f"The name of the folder {student!r} is no text; it was left out.")
    return [student for student in there if _is_text(student)]


def _refuse_other_languages(notebooks: Iterable[ReleasedNotebook]) -> None:
    """Raise MissingData for a release that is not written in Python; a class must not get 0 for that."""
    for notebook in notebooks:
        language = language_of(notebook.metadata)
        if language and not is_python(language):
            raise MissingData(f"{notebook.name}.ipynb is written in {language[:40]}; leftcontext grade runs Python only.")


def _is_text(name: str) -> bool:
    """Whether a folder's name is UTF-8; the gradebook can hold no other."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def verify_sandbox(executor: Executor, notebook: ReleasedNotebook, policy: SandboxPolicy, secret: Path) -> None:
    """Have a student's process, and one that runs tests, try what neither must be able to do.

    Raises SandboxUnavailable where one can.
    """
    if not policy.is_enforced:
        return
    attempts = escape_attempts(str(secret.resolve()), policy.hidden)
    in_test = escape_attempts(str(secret.resolve()))
    cells = tuple(Step(StepKind.STUDENT, source) for source in attempts.values())
    tests = tuple(Step(StepKind.TEST, in_test[what], grade_id=what, counting=Counting.ISOLATED) for what in in_test)
    ((_, result),) = executor.results([Task("", notebook.name, Job(cells + tests, 20.0, 80.0))])
    escape = first_escape(attempts, result.outputs) or first_escape(in_test, result.outputs, "a test", len(cells))
    if escape:
        raise SandboxUnavailable(escape)
