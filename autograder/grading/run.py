"""`leftcontext grade`: read, run, record. One writer; each submission is entered whole, then noted in the journal."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, from_dict

from autograder.grading.calibrate import calibrate
from autograder.grading.executor import Executor, Result, Task
from autograder.grading.fork_server import NotHeld
from autograder.grading.journal import VERSION, Journal, code_lines, digest, file_lock
from autograder.grading.pool import Pool
from autograder.nbgrader.gradebook import Course, NotThere
from autograder.notebook.graded import encode, graded_notebook
from autograder.notebook.note import Note, NoteKind
from autograder.notebook.rebuild import MergedCell, MergedNotebook, matches, merge
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.submission import Unreadable, read
from autograder.sandbox import levels
from autograder.sandbox.policy import Terms


@dataclass(frozen=True)
class Graded:
    """What one submission came to."""

    student: str
    score: float
    max_score: float
    status: str  # graded, or unreadable: none of its files is a notebook
    cells: dict[str, float | None]
    notes: list[Note] = field(default_factory=list)
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_isolated: list[str] = field(default_factory=list)  # grade ids of the tests that ran in the student's process
    code_digests: dict[str, str] = field(default_factory=dict)  # of each answer, by grade id

    def to_json(self) -> str:
        """A line for programs."""
        shown = {name: getattr(self, name) for name in ("student", "score", "max_score", "status", "cells")}
        return json.dumps({**shown, "notes": [note.text for note in self.notes]})

    def entry(self) -> dict[str, Any]:
        """For the journal."""
        return {**dataclasses.asdict(self), "notes": [note.to_json() for note in self.notes]}


@dataclass
class _Open:
    """A submission of which some notebooks are still out."""

    merged: dict[str, MergedNotebook]
    files: dict[str, bytes]
    digest: str
    status: str
    notes: list[Note]
    results: dict[str, Result] = field(default_factory=dict)


class Grading:
    """One run over one assignment."""

    def __init__(
        self, course: Course, assignment: str, notebooks: tuple[ReleasedNotebook, ...], seconds: float | None, version: str
    ) -> None:
        self.course, self.assignment = course, assignment
        self.notebooks = {notebook.name: notebook for notebook in notebooks}
        self.seconds = seconds or course.seconds
        self.journal = Journal(course.records / f"{assignment}.jsonl")
        self.open: dict[str, _Open] = {}
        self.released = digest(version, [(n.name, n.cells, sorted(n.files.items())) for n in notebooks])

    def waiting(self, again: bool) -> list[str]:
        """The students whose submission has to be graded: all, if `again`, else those that are new or changed."""
        return [student for student in self.course.students(self.assignment) if again or not self._is_done(student)]

    def _is_done(self, student: str) -> bool:
        known = self.journal.digests.get(student)
        if known is None or not self.course.folder("autograded", student, self.assignment).is_dir():
            return False
        return known == self._digest(self.course.submitted_files(self.assignment, student))

    def _digest(self, files: dict[str, bytes | None]) -> str:
        return digest(self.released, self.seconds, *(part for name in sorted(files) for part in (name, files[name])))

    def calibrate(self, solutions: dict[str, bytes | None], executor: Executor, on_message: Callable[[str], None]) -> None:
        """Try the tests on the instructor's own solutions; see autograder.grading.calibrate."""
        for name, notebook in self.notebooks.items():
            self.notebooks[name] = calibrate(notebook, solutions[name], self.seconds, executor, on_message)

    def run(self, students: Iterable[str], executor: Executor) -> Iterator[Graded]:
        """Grade these students' submissions; each is recorded before it is handed back."""
        for task, result in executor.results(self._tasks(students)):
            submission = self.open[task.student]
            submission.results[task.notebook] = result
            if len(submission.results) == len(submission.merged):
                del self.open[task.student]
                yield self._record(task.student, submission, executor)

    def _tasks(self, students: Iterable[str]) -> Iterator[Task]:
        for student in students:
            submission = self.open[student] = self._read(student)
            beside = {name: content for name, content in submission.files.items() if not name.endswith(".ipynb")}
            for name, merged in submission.merged.items():
                notebook = self.notebooks[name]
                job = notebook.job(merged, {**beside, **notebook.files}, self.seconds)
                yield Task(student, name, job, int(digest(submission.digest, name)[:8], 16))

    # --- Reading --------------------------------------------------------------------------------------------------------

    def _read(self, student: str) -> _Open:
        submitted = self.course.submitted_files(self.assignment, student)
        files, notes = self._rename_notebooks(submitted)
        notes += self._unread_files(student, submitted)
        merged: dict[str, MergedNotebook] = {}
        unreadable = 0
        for name, notebook in self.notebooks.items():
            if f"{name}.ipynb" not in files:
                notes.append(Note(NoteKind.NOT_SUBMITTED, f"{name}.ipynb was not handed in."))
                continue
            try:
                cells, repairs = read(files[f"{name}.ipynb"])
            except Unreadable as reason:
                unreadable += 1
                cells, repairs = [], [Note(NoteKind.UNREADABLE, str(reason))]
            merged[name] = merge(notebook.cells, cells, repairs)
            notes += [note.about(name) for note in merged[name].notes]
        status = "unreadable" if unreadable and unreadable == len(merged) else "graded" if merged else "missing"
        if not merged:  # something has to be run, for the submission to be entered: the notebook as it was released
            name, notebook = next(iter(self.notebooks.items()))
            merged[name] = merge(notebook.cells, [])
        readable = {name: content for name, content in files.items() if content is not None}
        return _Open(merged, readable, self._digest(submitted), status, notes)

    def _rename_notebooks(self, submitted: dict[str, bytes | None]) -> tuple[dict[str, bytes | None], list[Note]]:
        """What was handed in, a notebook under another name as the one that is missing and that it was made of."""
        files, notes = dict(submitted), list[Note]()
        others = [name for name in files if name.endswith(".ipynb") and "/" not in name and name[:-6] not in self.notebooks]
        for other in others:
            missing = [notebook for notebook in self.notebooks.values() if f"{notebook.name}.ipynb" not in files]
            name = _made_of(files[other], missing)
            if name is not None:
                files[f"{name}.ipynb"] = files.pop(other)
                notes.append(Note(NoteKind.REPAIRED, f"{other} was read as {name}.ipynb, which was missing."))
            else:
                why = "no notebook of this name was released, and none is missing that it was made of"
                notes.append(Note(NoteKind.NOT_READ, f"{other} was not read: {why}."))
        return files, notes

    def _unread_files(self, student: str, files: dict[str, bytes | None]) -> list[Note]:
        """Notes on what of a submission is not taken into account; of notebooks more is said elsewhere."""
        lost = sorted(name for name, content in files.items() if content is None and not name.endswith(".ipynb"))
        notes = [Note(NoteKind.LEFT_OUT, f"{name!r} can't be read, or is too large; it was left out.") for name in lost]
        try:
            self.course.handed_in(self.assignment, student)
        except ValueError:
            notes.append(Note(NoteKind.OTHER, "timestamp.txt holds no date: nothing was taken off for handing in late."))
        return notes

    # --- Recording ------------------------------------------------------------------------------------------------------

    def _record(self, student: str, submission: _Open, executor: Executor) -> Graded:
        nodes: dict[str, NotebookNode | None] = {}
        files = {name: content for name, content in submission.files.items() if not name.endswith(".ipynb")}
        notes = submission.notes
        not_isolated: list[str] = []
        findings: dict[str, Any] = {}
        comments: dict[str, str] = {}
        for name, merged in submission.merged.items():
            notebook, result = self.notebooks[name], submission.results[name]
            made = graded_notebook(notebook, merged, result.outputs, executor.shown(name))
            files |= notebook.files
            files[f"{name}.ipynb"] = encode(made)
            nodes[name] = from_dict({**made, "cells": [cell for cell in made["cells"] if "nbgrader" in cell["metadata"]]})
            notes = notes + [note.about(name) for note in result.notes]
            findings |= result.findings
            comments |= self.comments(notebook, merged)
            not_isolated += [test for tests in notebook.in_process_tests_by_answer().values() for test in tests]
        if submission.status == "missing":
            nodes = {}
        scores = self.course.record(self.assignment, student, nodes, comments)
        self.course.publish(self.assignment, student, files)
        graded = Graded(
            student,
            status=submission.status,
            notes=notes,
            findings=findings,
            not_isolated=not_isolated,
            code_digests={name: code for merged in submission.merged.values() for name, code in _answer_digests(merged.cells)},
            **scores,
        )
        self.journal.add({**graded.entry(), "digest": submission.digest})
        return graded

    def comments(self, notebook: ReleasedNotebook, merged: MergedNotebook) -> dict[str, str]:
        """Automatic comments by grade id: what was repaired, and which points of an answer are not isolated."""
        found = dict(merged.comments)
        written = {grade_id for grade_id, _ in _answer_digests(merged.cells)}
        for answer, tests in notebook.in_process_tests_by_answer().items():
            if answer in written:
                names = ", ".join(tests)
                sentence = f"The points of {names} are not isolated: counted in one process with the student's code."
                found[answer] = f"{found[answer]} {sentence}" if answer in found else sentence
        return found


def _made_of(data: bytes | None, notebooks: list[ReleasedNotebook]) -> str | None:
    """The name of the released notebook that a submitted one was made of; None if there is none among these."""
    try:
        cells, _ = read(data)
    except Unreadable:
        return None
    best = max(notebooks, key=lambda notebook: matches(notebook.cells, cells), default=None)
    return best.name if best is not None and matches(best.cells, cells) else None


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
    rung: int = levels.HIGHEST,
    again: bool = False,
    students: Iterable[str] | None = None,
    seconds: float | None = None,
    executor: Callable[..., Any] = Pool,
    on_start: Callable[[int], None] = lambda _: None,
    on_message: Callable[[str], None] = lambda _: None,
) -> Iterator[Graded]:
    """Grade an assignment's submissions in the nbgrader course of the current folder.

    `on_start` hears how many there are, `on_message` a sentence now and then. Raises NotThere, NotHeld.
    """
    if lacking := levels.missing(rung):
        raise NotHeld(lacking)
    course = Course()
    if not course.has_gradebook:  # opening one would make it, wherever this is
        raise NotThere(f"There is no gradebook here. In a course, run `nbgrader generate_assignment {assignment}` first.")
    waiting_for_lock = "Another run grades this course; waiting for it to end."
    with file_lock(course.records / "lock", lambda: on_message(waiting_for_lock)), course.open():
        notebooks = course.released(assignment)
        solutions = {notebook.name: course.solved(assignment, notebook.name) for notebook in notebooks}
        grading = Grading(course, assignment, notebooks, seconds, digest(VERSION, *solutions.values()))
        if grading.journal.is_outdated:
            on_message("The journal is of an earlier version of the grader, so everything is graded anew.")
        waiting, there = grading.waiting(again), set(course.students(assignment))
        if not there:
            raise NotThere(f"Nobody handed in {assignment}: there is no {course.folder('submitted', 'STUDENT', assignment)}.")
        if students is not None:
            chosen = set(students)
            if unknown := chosen - there:
                raise NotThere(f"No submission of {assignment} by {', '.join(sorted(unknown))}.")
            waiting = [student for student in waiting if student in chosen]
        for student in [student for student in waiting if not _is_text(student)]:
            on_message(f"The name of the folder {student!r} is no text; it was left out.")
            waiting.remove(student)
        on_start(len(waiting))
        if not waiting:
            return
        imported = {name for notebook in notebooks for name in notebook.packages()}
        terms = levels.terms(rung, imported)
        with executor(notebooks, terms, jobs) as running:
            verify_sandbox(running, notebooks[0], terms, course.records / "lock")
            on_message(f"sandbox: rung {rung} holds ({levels.MEANING[rung]})")
            grading.calibrate(solutions, running, on_message)
            yield from grading.run(waiting, running)


def _is_text(name: str) -> bool:
    """Whether a folder's name is UTF-8; the gradebook can hold no other."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def verify_sandbox(executor: Executor, notebook: ReleasedNotebook, terms: Terms, secret: Path) -> None:
    """Have a student's process try what it must not do. Raises NotHeld where it can."""
    if terms.rung == 0:
        return
    tried = levels.attempts(str(secret.resolve()), terms.hidden)
    cells = tuple(MergedCell(None, "code", source) for source in tried.values())
    ((_, result),) = executor.results([Task("", notebook.name, notebook.job(MergedNotebook(cells), {}, 20.0))])
    if escape := levels.escaped(tried, result.to_json()):
        raise NotHeld(escape)
