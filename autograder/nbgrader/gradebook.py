"""nbgrader's gradebook and folders, as the grader reads and writes them: through nbgrader's own models and settings.

What is written is what `nbgrader autograde` writes, so that formgrader, feedback and export never know the difference.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from nbformat import NotebookNode
from nbgrader.api import Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, Execute
from nbgrader.utils import parse_utc
from sqlalchemy.exc import DBAPIError, OperationalError
from traitlets.config import Config

from autograder.bank.former_names import unit_moved
from autograder.errors import UserError
from autograder.nbgrader import release, scores
from autograder.nbgrader.new_submission import enter_new
from autograder.nbgrader.one_commit import one_commit
from autograder.nbgrader.scores import Recorded, ScoreTable
from autograder.nbgrader.submitted_files import SubmittedFiles, may_be_folder, read_folder, with_notebooks_found
from autograder.nbgrader.written_files import remove_place, write_files
from autograder.notebook.released import ReleasedNotebook

MAX_TIMESTAMP = 1000  # bytes of timestamp.txt
_STUDENT = "STUDENT-ID"  # stands for a student's id while a path is taken apart
LOCK_TIMEOUT = 60.0  # seconds to wait for another program's lock on the gradebook
Done = TypeVar("Done")


class MissingData(UserError):
    """Something that a course lacks; the message says what to run."""


class NbgraderCourse:
    """An nbgrader course directory: by its `config`, else that of the current folder, as in every nbgrader command."""

    def __init__(self, config: Config | None = None) -> None:
        # nbgrader calls `alembic` by name when it makes a gradebook; without an activated venv, PATH has none.
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        app = NbGrader(**({"config": config} if config else {}))
        if config is None:
            app.log.setLevel(logging.ERROR)
            app.load_config_file()
        self.config = app.config
        self.folders = CourseDirectory(parent=app)
        self.penalties = AssignLatePenalties(parent=app)
        self.penalties.init_plugin()
        self.seconds = float(Execute(parent=app).timeout or 30)
        self.gradebook: Gradebook = None

    @property
    def root(self) -> Path:
        return Path(self.folders.root)

    @property
    def records(self) -> Path:
        """Where the grader keeps its journal: beside the gradebook."""
        kind, _, path = self.folders.db_url.partition(":///")
        folder = Path(path).parent if kind == "sqlite" else self.root
        return folder / "grading"

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """A folder of the course; `step` is "submitted", "autograded" or "source"."""
        return Path(self.folders.format_path(getattr(self.folders, f"{step}_directory"), student, assignment))

    @property
    def has_gradebook(self) -> bool:
        """Whether there is a gradebook already; `open` makes one."""
        kind, _, path = self.folders.db_url.partition(":///")
        return kind != "sqlite" or Path(path).is_file()

    @contextlib.contextmanager
    def open(self) -> Iterator[NbgraderCourse]:
        """Open the gradebook for as long as the block runs. Raises MissingData where the file is no gradebook."""
        try:
            self.gradebook = Gradebook(self.folders.db_url, self.folders.course_id)
        except DBAPIError as error:
            raise MissingData(f"The gradebook {self.folders.db_url} can't be opened: {error.orig}.") from None
        try:
            yield self
        finally:
            self.gradebook.close()

    def assignments(self) -> list[str]:
        return sorted(assignment.name for assignment in self.gradebook.assignments)

    def students(self, assignment: str) -> list[str]:
        """The ids of those who handed in something for an assignment."""
        parts = Path(self.folders.format_path(self.folders.submitted_directory, _STUDENT, assignment)).parts
        place = next(number for number, part in enumerate(parts) if _STUDENT in part)
        base, (before, after) = Path(*parts[:place]), parts[place].split(_STUDENT, 1)
        excluded = set(filter(None, (self.folders.student_id_exclude or "").split(",")))
        try:
            names = sorted(entry.name for entry in os.scandir(base))
        except (FileNotFoundError, NotADirectoryError):
            return []
        # A link is somebody's submission too, though nothing is read through it.
        handed_in = (name for name in names if may_be_folder(Path(base, name, *parts[place + 1 :])))
        found = (name[len(before) : len(name) - len(after)] for name in handed_in if _is_between(before, name, after))
        return [student for student in found if student not in excluded]

    def released(self, assignment: str) -> tuple[ReleasedNotebook, ...]:
        """The assignment's notebooks as they were released, with hidden tests. Raises MissingData."""
        files = self._released_files(assignment).files
        made = []
        for known in self._notebooks_of(assignment):
            paths = self._paths(assignment, known.name)
            notebook = release.read_notebook(self.config, known, *paths, files)
            if notebook is None:
                raise MissingData(
                    f"Neither {paths[0]} nor {paths[1]} holds all cells of {known.name} that the gradebook knows. "
                    f"Put back what was released; to release another one, run `nbgrader generate_assignment {assignment}`."
                )
            made.append(notebook)
        return tuple(made)

    def release_differences(self, assignment: str) -> list[str]:
        """Sentences on how the source differs from what was released, and on released files that no student's cell can read.

        The released tests and points are what counts.
        """
        found = {
            str(known.name): release.differences(self.config, known, *self._paths(assignment, known.name))
            for known in self._notebooks_of(assignment)
        }
        too_much = self._released_files(assignment).left_out_sentences()
        return [f"Of the files released with {assignment}: {sentence}" for sentence in too_much] + [
            f"The source of {name} differs from what was released in: {'; '.join(clauses)}. The released tests and "
            f"points are used. To release the change, run `nbgrader generate_assignment {assignment}`."
            for name, clauses in found.items()
            if clauses
        ]

    def _released_files(self, assignment: str) -> SubmittedFiles:
        """What lies beside the notebooks that were released."""
        folder = self.release_folder(assignment)
        return read_folder(folder, [*self.folders.ignore, "*.ipynb"]) if folder.is_dir() else SubmittedFiles()

    def is_released(self, assignment: str) -> bool:
        """Whether both the source and the release of an assignment are here."""
        released = Path(self.folders.format_path(self.folders.release_directory, ".", assignment))
        return released.is_dir() and self.folder("source", ".", assignment).is_dir()

    def is_entered(self, assignment: str) -> bool:
        """Whether the gradebook holds the cells of an assignment; it may hold its name and due date alone."""
        return assignment in self.assignments() and bool(self.gradebook.find_assignment(assignment).notebooks)

    def register(self, assignment: str) -> bool:
        """Enter an assignment that is released but not in the gradebook; whether there was one. Raises MissingData.

        A release whose source makes something else is not entered: nobody knows which of them is meant.
        """
        if self.is_entered(assignment) or not self.is_released(assignment):
            return False
        released = self.release_folder(assignment)
        if clauses := release.register(self.folders, self.config, assignment):
            raise MissingData(
                f"{assignment} is not in the gradebook, and its source and {released} differ: {'; '.join(clauses)}. "
                f"Run `nbgrader generate_assignment {assignment}` first."
            )
        return True

    def release_folder(self, assignment: str) -> Path:
        """What students were handed; where that is not here, the source that it was made of."""
        released = Path(self.folders.format_path(self.folders.release_directory, ".", assignment))
        return released if released.is_dir() else self.folder("source", ".", assignment)

    def solved(self, assignment: str, notebook: str) -> bytes | None:
        """The instructor's own notebook, with solutions; None where it isn't here."""
        path = self._paths(assignment, notebook)[1]
        return path.read_bytes() if path.is_file() else None

    def _notebooks_of(self, assignment: str) -> list[Any]:
        """The gradebook's notebooks of an assignment. Raises MissingData."""
        try:
            known = self.gradebook.find_assignment(assignment).notebooks
        except MissingEntry:
            known = []
        if not known:
            others = ", ".join(filter(self.is_entered, self.assignments())) or "none"
            raise MissingData(
                f"{assignment} is not in the gradebook (it holds: {others}). "
                f"Run `nbgrader generate_assignment {assignment}` first.{unit_moved(assignment)}"
            )
        return sorted(known, key=lambda notebook: str(notebook.name))

    def _paths(self, assignment: str, notebook: str) -> tuple[Path, Path]:
        """A notebook's file in the release, and in the source."""
        released = Path(self.folders.format_path(self.folders.release_directory, ".", assignment))
        return released / f"{notebook}.ipynb", self.folder("source", ".", assignment) / f"{notebook}.ipynb"

    def submitted_files(self, assignment: str, student: str, notebooks: Sequence[str]) -> SubmittedFiles:
        """What a student handed in, `notebooks` under their released names. Raises FileNotFoundError where it is gone.

        It asks no gradebook, which can't be used in a forked process.
        """
        folder = self.folder("submitted", student, assignment)
        own = len(folder.parts) - 1 - self._place_of_student(assignment)  # folders of the student's own in the path
        if any(map(os.path.islink, (folder, *list(folder.parents)[:own]))):
            return SubmittedFiles(left_out={".": "is a symbolic link"})
        first = [*(f"{name}.ipynb" for name in notebooks), "timestamp.txt"]
        return with_notebooks_found(read_folder(folder, self.folders.ignore, first), notebooks)

    def _place_of_student(self, assignment: str) -> int:
        parts = Path(self.folders.format_path(self.folders.submitted_directory, _STUDENT, assignment)).parts
        return next(number for number, part in enumerate(parts) if _STUDENT in part)

    def submitted_at(self, assignment: str, student: str) -> datetime | None:
        """When a submission was handed in, if timestamp.txt says so. Raises ValueError where that is no date."""
        folder = self.folder("submitted", student, assignment)
        try:
            content = read_folder(folder, ["?*"], ["timestamp.txt"]).files.get("timestamp.txt", b"")
        except OSError:
            return None
        text = content[:MAX_TIMESTAMP].decode("utf-8-sig").strip()  # UnicodeDecodeError is a ValueError
        try:
            return parse_utc(text) if text else None
        except (ValueError, OverflowError) as error:
            raise ValueError(str(error)) from None

    def max_score(self, assignment: str) -> float:
        return float(self.gradebook.find_assignment(assignment).max_score)

    def score_table(self, assignment: str) -> ScoreTable:
        """What the students have for an assignment. Raises MissingData where nothing of it is graded."""
        if assignment not in self.assignments():
            others = ", ".join(self.assignments()) or "none"
            raise MissingData(f"{assignment} is not in the gradebook (it holds: {others}).{unit_moved(assignment)}")
        notebooks = sorted(self.gradebook.find_assignment(assignment).notebooks, key=lambda notebook: notebook.name)
        graded = [cell for notebook in notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)]
        column = {cell.id: number for number, cell in enumerate(graded)}
        entry = SubmittedNotebook
        entries = (
            self.gradebook.db.query(SubmittedAssignment.student_id, entry.id, entry.late_submission_penalty)
            .filter(entry.assignment_id == SubmittedAssignment.id)
            .filter(entry.notebook_id.in_([notebook.id for notebook in notebooks]))
        ).all()
        students = tuple(sorted({student for student, _, _ in entries}))
        if not students:
            raise MissingData(f"No submission of {assignment} is graded yet. Run `leftcontext grade {assignment}` first.")
        row = {student: number for number, student in enumerate(students)}
        owner = {id: row[student] for student, id, _ in entries}
        scores, penalties = np.zeros((len(students), len(graded))), np.zeros(len(students))
        for student, _, penalty in entries:
            penalties[row[student]] += penalty or 0
        found = self.gradebook.db.query(Grade.notebook_id, Grade.cell_id, Grade.score, Grade.needs_manual_grade)
        for id, cell, score, waits in found.filter(Grade.cell_id.in_(list(column))):
            scores[owner[id], column[cell]] = float("nan") if waits else score
        points = np.array([float(cell.max_score) for cell in graded])
        return ScoreTable(students, tuple(cell.name for cell in graded), points, scores, penalties)

    def recorded(self, assignment: str) -> dict[str, Recorded]:
        """What the gradebook holds of each graded submission, by student."""
        return scores.recorded(self.gradebook, assignment)

    def save_submission(
        self,
        assignment: str,
        student: str,
        notebooks: dict[str, NotebookNode | None],
        remarks: dict[str, str],
        keep: frozenset[str] = frozenset(),
    ) -> Recorded:
        """Enter a graded submission: a notebook's graded cells with their outputs, or None where it was not handed in.

        `remarks` are automatic comments by grade id; a test in `keep` keeps the score that it has, if it has one. There is one
        commit; manual scores and comments stay. Returns what the gradebook then holds.
        """
        return self._retry_while_locked(lambda: self._save_submission(assignment, student, notebooks, remarks, keep))

    def _save_submission(
        self,
        assignment: str,
        student: str,
        notebooks: dict[str, NotebookNode | None],
        remarks: dict[str, str],
        keep: frozenset[str],
    ) -> Recorded:
        book = self.gradebook
        with one_commit(book), book.db.no_autoflush:
            stamp = None
            with contextlib.suppress(ValueError):
                stamp = self.submitted_at(assignment, student)
            if (entered := enter_new(book, assignment, student, stamp, notebooks, remarks)) is not None:
                return entered
            known = scores.load_assignment(book, assignment)
            book.update_or_create_student(student)
            book.db.flush()  # nbgrader looks for the student again
            submission = book.update_or_create_submission(assignment, student, **({"timestamp": stamp} if stamp else {}))
            cells: dict[str, float | None] = {}
            for entry in submission.notebooks:
                cells |= scores.enter_notebook(entry, notebooks.get(entry.name), remarks, keep)
            book.db.flush()  # all at once
            penalty = sum(self._penalise(student, submission, entry) for entry in submission.notebooks)
            score, max_score = scores.totals(book, submission)
            del known
        book.db.expunge_all()  # ten thousand submissions must not pile up
        return Recorded(score, max_score, penalty, cells)

    def _penalise(self, student: str, submission: Any, entry: SubmittedNotebook) -> float:
        """Set what a notebook loses for being late, by the plug-in that the course is configured with; how much it is."""
        penalty = None
        late = scores.seconds_late(submission)
        if late > 0:
            self.gradebook.db.flush()
            self.gradebook.db.refresh(entry)
            penalty = self.penalties.plugin_inst.late_submission_penalty(student, entry.score, late)
        if penalty is not None:
            penalty = min(max(float(penalty), 0.0), float(entry.score))
        if entry.late_submission_penalty != penalty:
            entry.late_submission_penalty = penalty
        return penalty or 0.0

    def update_penalties(self, assignment: str) -> dict[str, tuple[float, float]]:
        """Compute again what each submission loses for being late, for due dates and extensions move without a new submission.

        Returns the penalties before and after, by student, of those that changed. Nothing is run.
        """
        return self._retry_while_locked(lambda: self._update_penalties(assignment))

    def _update_penalties(self, assignment: str) -> dict[str, tuple[float, float]]:
        changed = {}
        with one_commit(self.gradebook):
            for submission in self.gradebook.find_assignment(assignment).submissions:
                before = sum(entry.late_submission_penalty or 0.0 for entry in submission.notebooks)
                if not before and scores.seconds_late(submission) <= 0:
                    continue
                student = submission.student.id
                after = sum(self._penalise(student, submission, entry) for entry in submission.notebooks)
                if abs(after - before) > 1e-9:
                    changed[student] = (float(before), float(after))
        self.gradebook.db.expunge_all()
        return changed

    def _retry_while_locked(self, work: Callable[[], Done]) -> Done:
        """Repeat `work` while another program, such as formgrader, holds the lock on the gradebook. Raises MissingData."""
        until = time.monotonic() + LOCK_TIMEOUT
        while True:
            try:
                return work()
            except OperationalError as error:
                self.gradebook.db.rollback()
                if "locked" not in str(error) or time.monotonic() > until:
                    raise MissingData(f"The gradebook can't be written: {error.orig}. Close what else is using it.") from None
                time.sleep(0.2)

    def write_autograded(self, assignment: str, student: str, files: dict[str, bytes]) -> list[str]:
        """Put the graded files into the autograded folder, all at once. Returns the names that could not be written."""
        place = self.folder("autograded", student, assignment)
        new = place.parent / f".{place.name}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        lost = write_files(new, files, 0o664 if self.folders.groupshared else 0o444)
        if place.exists() or place.is_symlink():
            remove_place(place)
        new.rename(place)
        return lost


def _is_between(before: str, name: str, after: str) -> bool:
    return name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)
