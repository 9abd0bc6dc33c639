"""nbgrader's gradebook and folders, as the grader reads and writes them: through nbgrader's own models and settings.

What is written is what `nbgrader autograde` writes, so that formgrader, feedback and export never know the difference.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.apps.baseapp import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    Execute,
    IncludeHeaderFooter,
    LockCells,
)
from numpy.typing import NDArray
from sqlalchemy.exc import DBAPIError, OperationalError
from traitlets.config import Config

from autograder.notebook.cell import LESSON, MANUAL, SOLUTION, TASK, TEST, Cell
from autograder.notebook.released import ReleasedNotebook

MOST_HANDED_IN = 64 * 1024 * 1024  # bytes of one submission
PATIENCE = 60.0  # seconds to wait for another program's lock on the gradebook
Done = TypeVar("Done")


@dataclass(frozen=True)
class Marks:
    """An assignment's points as the gradebook has them, those given by hand too, before penalties.

    Rows of `scores` (S, C) are students, columns the graded cells; NaN where the instructor still has to look.
    """

    students: tuple[str, ...]
    cells: tuple[str, ...]  # grade ids
    points: NDArray[np.float64]  # (C,) the most that each gives
    scores: NDArray[np.float64]  # (S, C)
    penalties: NDArray[np.float64]  # (S,) taken off for handing in late


class NotThere(Exception):
    """What a course lacks; the message says what to run."""


class Course:
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
        """`step` is submitted, autograded or source."""
        return Path(self.folders.format_path(getattr(self.folders, f"{step}_directory"), student, assignment))

    @property
    def has_gradebook(self) -> bool:
        """Whether there is one already; opening makes one."""
        kind, _, path = self.folders.db_url.partition(":///")
        return kind != "sqlite" or Path(path).is_file()

    @contextlib.contextmanager
    def open(self) -> Iterator[Course]:
        """The gradebook, for as long as the block runs. Raises NotThere where it is none."""
        try:
            self.gradebook = Gradebook(self.folders.db_url, self.folders.course_id)
        except DBAPIError as error:
            raise NotThere(f"The gradebook {self.folders.db_url} can't be opened: {error.orig}.") from None
        try:
            yield self
        finally:
            self.gradebook.close()

    def assignments(self) -> list[str]:
        return sorted(assignment.name for assignment in self.gradebook.assignments)

    def students(self, assignment: str) -> list[str]:
        """Who handed in something for an assignment."""
        pattern = self.folders.format_path(self.folders.submitted_directory, "*", assignment)
        folders = sorted(path for path in Path("/").glob(pattern.lstrip("/")) if path.is_dir())
        excluded = set(filter(None, (self.folders.student_id_exclude or "").split(",")))
        place = Path(pattern).parts.index("*")
        return [name for path in folders if (name := path.parts[place]) not in excluded]

    def released(self, assignment: str) -> tuple[ReleasedNotebook, ...]:
        """The assignment's notebooks as they were released, hidden tests and all. Raises NotThere."""
        try:
            known = self.gradebook.find_assignment(assignment).notebooks
        except MissingEntry:
            known = []
        if not known:
            others = ", ".join(self.assignments()) or "none"
            raise NotThere(
                f"{assignment} is not in the gradebook (it holds: {others}). "
                f"Run `nbgrader generate_assignment {assignment}` first."
            )
        folder = self.folder("source", ".", assignment)
        beside = _files_in(folder, [*self.folders.ignore, "*.ipynb"])  # the notebooks hold the solutions
        files = {name: content for name, content in beside.items() if content is not None}
        return tuple(self._notebook(notebook, folder, files) for notebook in sorted(known, key=lambda one: one.name))

    def solved(self, assignment: str, notebook: str) -> bytes | None:
        """The instructor's own notebook, with solutions; None where it isn't here."""
        path = self.folder("source", ".", assignment) / f"{notebook}.ipynb"
        return path.read_bytes() if path.is_file() else None

    def _notebook(self, known: Any, folder: Path, files: dict[str, bytes]) -> ReleasedNotebook:
        path = folder / f"{known.name}.ipynb"
        if not path.is_file():
            raise NotThere(f"{path} is missing: the order of the cells and the lesson around them stand in it.")
        node = nbformat.read(path, as_version=4)
        resources: dict[str, Any] = {"nbgrader": {"notebook": known.name}, "metadata": {"path": str(folder)}}
        node, resources = IncludeHeaderFooter(config=self.config).preprocess(node, resources)
        own = [str(cell.source) for cell in node.cells]
        for step in (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums):
            node, resources = step(config=self.config).preprocess(node, resources)
        sources = {cell.name: cell for cell in known.source_cells}
        points = {cell.name: float(cell.max_score) for cell in (*known.grade_cells, *known.task_cells)}
        cells = tuple(
            _cell(cell, number, sources, points, own[number]) for number, cell in enumerate(node.cells)
        )
        metadata = {name: node.metadata[name] for name in ("kernelspec", "language_info") if name in node.metadata}
        return ReleasedNotebook(known.name, cells, json.loads(json.dumps(metadata)), files)

    def submitted_files(self, assignment: str, student: str) -> dict[str, bytes | None]:
        """Everything that a student handed in, notebooks too, by relative path; None for what can't be read, or is too much.

        Links out of the folder are no files.
        """
        return _files_in(self.folder("submitted", student, assignment), self.folders.ignore, MOST_HANDED_IN)

    def handed_in(self, assignment: str, student: str) -> datetime | None:
        """When, if timestamp.txt says so. Raises ValueError where that is no date."""
        try:
            stamp: datetime | None = self.folders.get_existing_timestamp(str(self.folder("submitted", student, assignment)))
        except Exception as error:  # nbgrader's own way of saying so is to call what is not there
            raise ValueError(str(error)) from None
        return stamp

    def max_score(self, assignment: str) -> float:
        return float(self.gradebook.find_assignment(assignment).max_score)

    def marks(self, assignment: str) -> Marks:
        """What the students have for an assignment. Raises NotThere where nothing of it is graded."""
        if assignment not in self.assignments():
            raise NotThere(f"{assignment} is not in the gradebook (it holds: {', '.join(self.assignments()) or 'none'}).")
        notebooks = sorted(self.gradebook.find_assignment(assignment).notebooks, key=lambda one: one.name)
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
            raise NotThere(f"No submission of {assignment} is graded yet. Run `leftcontext grade {assignment}` first.")
        row = {student: number for number, student in enumerate(students)}
        owner = {id: row[student] for student, id, _ in entries}
        scores, penalties = np.zeros((len(students), len(graded))), np.zeros(len(students))
        for student, _, penalty in entries:
            penalties[row[student]] += penalty or 0
        found = self.gradebook.db.query(Grade.notebook_id, Grade.cell_id, Grade.score, Grade.needs_manual_grade)
        for id, cell, score, waits in found.filter(Grade.cell_id.in_(list(column))):
            scores[owner[id], column[cell]] = float("nan") if waits else score
        points = np.array([float(cell.max_score) for cell in graded])
        return Marks(students, tuple(cell.name for cell in graded), points, scores, penalties)

    def record(
        self, assignment: str, student: str, notebooks: dict[str, NotebookNode | None], remarks: dict[str, str]
    ) -> dict[str, Any]:
        """Enter a graded submission: a notebook's graded cells with their outputs, or None where it was not handed in.

        `remarks` are automatic comments by grade id. One commit; manual scores and comments stay. Returns the scores
        as the gradebook has them: {"score", "max_score", "cells": {grade_id: score}}.
        """
        return self._patiently(lambda: self._record(assignment, student, notebooks, remarks))

    def _record(
        self, assignment: str, student: str, notebooks: dict[str, NotebookNode | None], remarks: dict[str, str]
    ) -> dict[str, Any]:
        book = self.gradebook
        with _one_commit(book):
            book.update_or_create_student(student)
            known = _loaded(book, assignment)
            stamp = None
            with contextlib.suppress(ValueError):
                stamp = self.handed_in(assignment, student)
            with book.db.no_autoflush:  # nbgrader adds the submission last
                submission = book.update_or_create_submission(assignment, student, **({"timestamp": stamp} if stamp else {}))
            cells: dict[str, float | None] = {}
            for entry in submission.notebooks:
                cells |= _graded(entry, notebooks.get(entry.name), remarks)
            book.db.flush()
            del known
            for entry in submission.notebooks:
                self._penalise(student, submission, entry)
        book.db.refresh(submission)
        result = {"score": float(submission.score), "max_score": float(submission.max_score), "cells": cells}
        book.db.expunge_all()  # ten thousand submissions must not pile up
        return result

    def _penalise(self, student: str, submission: Any, entry: SubmittedNotebook) -> None:
        entry.late_submission_penalty = None
        if submission.total_seconds_late > 0:
            self.gradebook.db.flush()
            self.gradebook.db.refresh(entry)
            penalty = self.penalties.plugin_inst.late_submission_penalty(student, entry.score, submission.total_seconds_late)
            if penalty is not None:
                entry.late_submission_penalty = min(max(penalty, 0), entry.score)

    def _patiently(self, work: Callable[[], Done]) -> Done:
        """Formgrader, or another program, may hold the gradebook's lock for a moment."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return work()
            except OperationalError as error:
                self.gradebook.db.rollback()
                if "locked" not in str(error) or time.monotonic() > until:
                    raise NotThere(f"The gradebook can't be written: {error.orig}. Close what else is using it.") from None
                time.sleep(0.2)

    def publish(self, assignment: str, student: str, files: dict[str, bytes]) -> None:
        """Put the graded files into the autograded folder, all at once."""
        place = self.folder("autograded", student, assignment)
        aside = place.parent / f".{place.name}.new"
        shutil.rmtree(aside, ignore_errors=True)
        permissions = 0o664 if self.folders.groupshared else 0o444
        for name, content in files.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(permissions)
        aside.mkdir(parents=True, exist_ok=True)
        if place.exists():
            shutil.rmtree(place, ignore_errors=True)
        aside.rename(place)


def _cell(cell: NotebookNode, number: int, sources: dict[str, Any], points: dict[str, float], solved: str) -> Cell:
    marks = cell.metadata.get("nbgrader", {})
    known = sources.get(marks.get("grade_id")) if marks else None
    role = LESSON
    if known is not None:
        if utils.is_grade(cell):
            role = MANUAL if utils.is_solution(cell) else TEST
        elif utils.is_task(cell):
            role = TASK
        elif utils.is_solution(cell):
            role = SOLUTION
    return Cell(
        id=str(cell.get("id", f"cell-{number}")),
        cell_type=known.cell_type if known else cell.cell_type,
        source=known.source if known else cell.source,
        role=role,
        grade_id=marks.get("grade_id") if known else None,
        points=points.get(marks.get("grade_id", ""), 0.0),
        tags=tuple(cell.metadata.get("tags", ())),
        solved=solved if role in (SOLUTION, MANUAL) else "",
        metadata={**json.loads(json.dumps(marks)), **({"checksum": known.checksum} if known else {})},
    )


def credit(cell: Cell, outputs: list[dict[str, Any]]) -> float:
    """The points of a test with these outputs, as nbgrader counts them."""
    marked = {"cell_type": cell.cell_type, "source": cell.source, "metadata": {"nbgrader": cell.metadata}}
    node = nbformat.from_dict({**marked, "outputs": outputs})
    return float(utils.determine_grade(node)[0] or 0.0)


def _loaded(book: Gradebook, assignment: str) -> list[Any]:
    """Each cell of an assignment, in one query; while they are held, no grade asks for its own."""
    notebooks = book.find_assignment(assignment).notebooks
    return [[*one.grade_cells, *one.solution_cells, *one.task_cells] for one in notebooks]


def _graded(entry: SubmittedNotebook, node: NotebookNode | None, remarks: dict[str, str]) -> dict[str, float | None]:
    """Enter one notebook's scores and automatic comments, as nbgrader's SaveAutoGrades does."""
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in node.cells} if node else {}
    scores: dict[str, float | None] = {}
    for grade in entry.grades:
        if node is None:
            grade.auto_score, grade.needs_manual_grade = 0, False
        elif grade.name in cells and utils.is_grade(cells[grade.name]):  # a task has no automatic score
            grade.auto_score, _ = utils.determine_grade(cells[grade.name])
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        scores[grade.name] = grade.auto_score if grade.manual_score is None else grade.manual_score
    for comment in entry.comments:
        cell = cells.get(comment.name)
        if cell is not None:
            same = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell) and not utils.is_task(cell)
            said = ("No response." if same else "", remarks.get(comment.name, ""))
            comment.auto_comment = " ".join(filter(None, said)) or None
    return scores


@contextlib.contextmanager
def _one_commit(book: Gradebook) -> Iterator[None]:
    """nbgrader commits after every step; a submission is entered whole or not at all."""
    commit = book.db.commit
    book.db.commit = book.db.flush
    try:
        yield
    except BaseException:
        book.db.rollback()
        raise
    finally:
        book.db.commit = commit
    book.db.commit()


def _files_in(folder: Path, ignore: list[str], most: int | None = None) -> dict[str, bytes | None]:
    """What lies below a folder. With `most`, no file is believed: each may be larger, and all of them together."""
    found: dict[str, bytes | None] = {}
    room = most
    for name in sorted(utils.find_all_files(str(folder), ignore), key=lambda name: (not name.endswith(".ipynb"), name)):
        path = Path(name)
        with contextlib.suppress(OSError, RuntimeError):  # a name too long, a ring of links
            if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
                continue
        content = _read(path, room)
        found[path.relative_to(folder).as_posix()] = content
        if room is not None:
            room -= len(content or b"")
    return found


def _read(path: Path, most: int | None) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read() if most is None else file.read(most + 1)
    except OSError:
        return None
    return None if most is not None and len(content) > most else content
