"""Reads what a student handed in and plans what is to be run of it, in a process of its own."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

from autograder.grading.executor import Result
from autograder.grading.graded_submission import GradingStatus
from autograder.grading.journal import digest
from autograder.grading.student_variant import as_students_own
from autograder.grading.worker import Worker, WorkFailed
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.nbgrader.submitted_files import SubmittedFiles
from autograder.notebook.job import Job, Step, StepKind
from autograder.notebook.note import Note, NoteKind
from autograder.notebook.rebuild import MergedNotebook, matches, merge
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.submission import SubmittedCell, Unreadable, read


@dataclass
class OpenSubmission:
    """A submission that is read, and of which some notebooks are still to be run."""

    merged: dict[str, MergedNotebook]
    jobs: dict[str, Job]
    files: dict[str, bytes]
    digest: str
    status: GradingStatus
    notes: list[Note]
    results: dict[str, Result] = field(default_factory=dict)

    @property
    def beside(self) -> dict[str, bytes]:
        """The files that are no notebooks."""
        return _beside(self.files)


class SubmissionReader:
    """Reads the submissions of an assignment. `released` is a digest of all that is the instructor's."""

    def __init__(
        self,
        course: NbgraderCourse,
        assignment: str,
        notebooks: Iterable[ReleasedNotebook],
        seconds: float,
        released: str,
    ) -> None:
        self.course, self.assignment, self.seconds, self.released = course, assignment, seconds, released
        self.notebooks = {notebook.name: notebook for notebook in notebooks}

    def start(self, students: Iterable[str]) -> Worker[str, OpenSubmission]:
        """Begin to read submissions in a process of its own, which `outcome` then asks for each."""
        return Worker(self.read, students, self._known())

    def _known(self) -> list[object]:
        """What a submission holds of the release: it is not sent from one process to the other."""
        return [part for notebook in self.notebooks.values() for part in (*notebook.cells, *notebook.files.values())]

    def outcome(self, worker: Worker[str, OpenSubmission]) -> OpenSubmission:
        """The next submission. One on which its process failed is worth nothing, and a note says so.

        Raises FileNotFoundError where it is gone, and whatever else `read` raises.
        """
        try:
            return worker.result()
        except WorkFailed as reason:
            return self._unread(str(reason))

    def read_in_child(self, student: str) -> OpenSubmission:
        """`start` and `outcome` in one."""
        return self.outcome(self.start([student]))

    def plan_in_child(self, student: str, name: str, data: bytes) -> tuple[MergedNotebook, Job]:
        """A student's notebook merged into the released one, and what is to be run, in a process of its own.

        Raises Unreadable, or WorkFailed where the process failed.
        """

        def plan(file: bytes) -> tuple[MergedNotebook, Job]:
            merged = self._merge(student, name, *read(file))
            return merged, self._job(student, name, merged, {})

        return Worker(plan, [data], self._known()).result()

    def _unread(self, why: str) -> OpenSubmission:
        """A submission that could not be read: each notebook as it was released, and none of its tests run."""
        note = Note(NoteKind.UNREADABLE, f"The submission could not be read: {why}.")
        merged = {name: merge(notebook.cells, [], [note]) for name, notebook in self.notebooks.items()}
        jobs = {}
        for name, notebook in self.notebooks.items():
            job = notebook.job(merged[name], {}, self.seconds)
            steps = tuple(step if step.is_test else Step(StepKind.DISPLAY, step.source) for step in job.steps)
            tests = {number: note.text for number, step in enumerate(steps) if step.is_test}
            jobs[name] = dataclasses.replace(job, steps=steps, skipped_steps=tests)
        # Its digest is no submission's, so that it is read again the next time.
        return OpenSubmission(merged, jobs, {}, self._digest({}), GradingStatus.UNREADABLE, [note])

    def digests(self, students: list[str]) -> dict[str, str | None]:
        """A name for what each grade follows from, in a process of its own; None where the submission is gone.

        What can't be read is left out.
        """
        found: dict[str, str | None] = {}
        with contextlib.closing(Worker(self.digest, students)) as worker:
            for student in students:
                with contextlib.suppress(WorkFailed):
                    found[student] = worker.result()
        return found

    def digest(self, student: str) -> str | None:
        """A name for what a student's grade follows from; None where the submission is gone."""
        try:
            return self._digest(self._files(student).contents)
        except FileNotFoundError:
            return None  # what it was graded with stays

    def _digest(self, files: dict[str, bytes | None]) -> str:
        """A name for all that a grade follows from; of three parts, so that what changed can be told."""
        submitted = (part for name in sorted(files) for part in (name, files[name]))
        return ".".join((self.released, digest(self.seconds), digest(*submitted)))

    def _files(self, student: str) -> SubmittedFiles:
        return self.course.submitted_files(self.assignment, student, list(self.notebooks))

    def _merge(self, student: str, name: str, cells: list[SubmittedCell], notes: list[Note]) -> MergedNotebook:
        return as_students_own(self.notebooks[name], merge(self.notebooks[name].cells, cells, notes), cells, student)

    def _job(self, student: str, name: str, merged: MergedNotebook, files: dict[str, bytes]) -> Job:
        notebook = self.notebooks[name]
        return notebook.job(merged, {**_beside(files), **notebook.files}, self.seconds, student)

    def read(self, student: str) -> OpenSubmission:
        """What a student handed in, merged into the released notebooks. Raises FileNotFoundError where it is gone."""
        found = self._files(student)
        files, notes = self._rename_notebooks(found)
        notes += self._unread_files(student, found)
        merged: dict[str, MergedNotebook] = {}
        unreadable = 0
        for name in self.notebooks:
            file = f"{name}.ipynb"
            if file not in files and file not in found.left_out:
                notes.append(Note(NoteKind.NOT_SUBMITTED, f"{file} was not handed in."))
                continue
            try:
                if file in found.left_out:
                    raise Unreadable(f"The notebook handed in {found.left_out[file]}.")
                cells, repairs = read(files[file])
            except Unreadable as reason:
                unreadable += 1
                cells, repairs = [], [Note(NoteKind.UNREADABLE, str(reason))]
            merged[name] = self._merge(student, name, cells, repairs)
            notes += [note.about(name) for note in merged[name].notes]
        status = GradingStatus.GRADED if merged else GradingStatus.MISSING
        if unreadable and unreadable == len(merged):
            status = GradingStatus.UNREADABLE
        if not merged:  # something has to be run, for the submission to be entered: the notebook as it was released
            name, notebook = next(iter(self.notebooks.items()))
            merged[name] = merge(notebook.cells, [])
        jobs = {name: self._job(student, name, one, files) for name, one in merged.items()}
        return OpenSubmission(merged, jobs, files, self._digest(found.contents), status, notes)

    def _rename_notebooks(self, submitted: SubmittedFiles) -> tuple[dict[str, bytes], list[Note]]:
        """What was handed in, a notebook under another name as the one that is missing and that it was made of."""
        files, notes = dict(submitted.files), list[Note]()
        others = [name for name in files if name.endswith(".ipynb") and "/" not in name and name[:-6] not in self.notebooks]
        for other in others:
            there = {*files, *submitted.left_out}
            missing = [notebook for name, notebook in self.notebooks.items() if f"{name}.ipynb" not in there]
            if name := _made_of(files[other], missing):
                files[f"{name}.ipynb"] = files.pop(other)
                notes.append(Note(NoteKind.REPAIRED, f"{other} was read as {name}.ipynb, which was missing."))
            else:
                why = "no notebook of this name was released, and none is missing that it was made of"
                notes.append(Note(NoteKind.NOT_READ, f"{other} was not read: {why}."))
        return files, notes

    def _unread_files(self, student: str, files: SubmittedFiles) -> list[Note]:
        """Notes on what of a submission is not taken into account, or was read under another name."""
        released = {f"{name}.ipynb" for name in self.notebooks}  # of these, `read` tells
        notes = [Note(NoteKind.LEFT_OUT, sentence) for sentence in files.left_out_sentences(except_for=released)]
        notes += [Note(NoteKind.REPAIRED, sentence) for sentence in files.notes]
        try:
            self.course.submitted_at(self.assignment, student)
        except ValueError:
            notes.append(Note(NoteKind.OTHER, "timestamp.txt holds no date: nothing was taken off for handing in late."))
        return notes


def _beside(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if not name.endswith(".ipynb")}


def _made_of(data: bytes, notebooks: list[ReleasedNotebook]) -> str | None:
    """The name of the released notebook that a submitted one was made of; None if there is none among these."""
    try:
        cells, _ = read(data)
    except Unreadable:
        return None
    best = max(notebooks, key=lambda notebook: matches(notebook.cells, cells), default=None)
    return best.name if best is not None and matches(best.cells, cells) else None
