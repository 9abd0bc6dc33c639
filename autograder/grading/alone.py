"""One submission without a class: graded in a course of its own, which is made for it and is gone afterwards."""

from __future__ import annotations

import contextlib
import copy
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder import paths
from autograder.course.roster import NAME
from autograder.grading.graded_submission import Graded
from autograder.grading.run import grade
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.nbgrader.submitted_files import MAX_BYTES, is_notebook, read_folder
from autograder.nbgrader.written_files import write_files
from autograder.notebook.dependencies import VARIANT
from autograder.notebook.submission import Unreadable, read
from autograder.notebook.variant_tests import declared_student
from autograder.sandbox.levels import IsolationLevel

STUDENT = "student"


@dataclass(frozen=True)
class GradedAlone:
    """What the submission came to, and the points that each graded cell gives, by grade id."""

    graded: Graded
    points: dict[str, float]


def grade_alone(
    assignment: str,
    handed_in: Path,
    *,
    isolation: IsolationLevel = IsolationLevel.FULL,
    timeout: float | None = None,
    student: Callable[[str], str] = lambda declared: declared,
    on_message: Callable[[str], None] = lambda _: None,
) -> GradedAlone:
    """Grade a notebook, or a folder with all that was handed in, as the assignment is released here or in the bank.

    `student` tells whose it is, given the id that the notebook names, if it does: variants depend on it. Neither the
    gradebook nor a folder of the course around is changed. Raises MissingData, SandboxUnavailable.
    """
    here = NbgraderCourse()
    with tempfile.TemporaryDirectory(prefix="leftcontext-") as folder:
        course = _own_course(here, assignment, Path(folder).resolve())
        files = _files(course, assignment, handed_in)
        place = course.folder("submitted", _owner(course, assignment, student(_declared(files))), assignment)
        place.mkdir(parents=True)
        write_files(place, files)
        (graded,) = grade(
            assignment, jobs=1, isolation=isolation, timeout=timeout, on_message=on_message, course=course
        )
        with course.open():
            table = course.score_table(assignment)
    return GradedAlone(graded, dict(zip(table.cells, map(float, table.points), strict=True)))


def _declared(files: dict[str, bytes]) -> str:
    """The student whose variant the notebooks were set to; "" where they do not say so."""
    ids = [""]
    for name in sorted(filter(is_notebook, files)):
        with contextlib.suppress(Unreadable):
            ids.append(declared_student(read(files[name])[0]))
    return next(filter(None, reversed(ids)), "")


def _owner(course: NbgraderCourse, assignment: str, student: str) -> str:
    """The folder's name for a submission. Raises MissingData where there are variants and nobody knows whose it is."""
    if NAME.fullmatch(student):
        return student
    release = course.release_folder(assignment)
    has_variants = any(f'"{VARIANT}"'.encode() in path.read_bytes() for path in release.glob("*.ipynb"))
    if has_variants:
        raise MissingData(f"{assignment} has variants, and nothing says whose submission this is. Say so: --student ID.")
    return STUDENT


def assignment_folders(course: NbgraderCourse, assignment: str) -> tuple[Path, Path]:
    """Where an assignment has its source and its release: in the course, else in the bank. Raises MissingData."""
    bank = paths.released()
    if course.is_released(assignment):
        return course.folder("source", ".", assignment), course.release_folder(assignment)
    if bank is not None and (bank / assignment).is_dir():
        return paths.source() / assignment, bank / assignment
    raise MissingData(f"There is no assignment {assignment!r} here, nor a unit of that name.")


def _own_course(here: NbgraderCourse, assignment: str, root: Path) -> NbgraderCourse:
    """A course at `root` with this assignment only, with the settings of the course around. Raises MissingData."""
    source, released = assignment_folders(here, assignment)
    ignore = shutil.ignore_patterns(*here.folders.ignore)
    shutil.copytree(source, root / "source" / assignment, ignore=ignore)
    shutil.copytree(released, root / "release" / assignment, ignore=ignore)
    config = copy.deepcopy(here.config)
    config.CourseDirectory.update(
        root=str(root), db_url=f"sqlite:///{root}/gradebook.db", source_directory="source", release_directory="release",
        submitted_directory="submitted", autograded_directory="autograded",
        directory_structure="{nbgrader_step}/{student_id}/{assignment_id}",
    )  # fmt: skip
    if not here.is_released(assignment):  # a unit of ours, wherever this is: as our own configuration makes its release
        config.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
    return NbgraderCourse(config)


def _files(course: NbgraderCourse, assignment: str, handed_in: Path) -> dict[str, bytes]:
    """What was handed in, by the names that the grader reads. Raises MissingData."""
    if handed_in.is_dir():
        return read_folder(handed_in, course.folders.ignore).files
    if not is_notebook(handed_in.name):
        raise MissingData(f"{handed_in} is no notebook: its name does not end in .ipynb.")
    try:
        with handed_in.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise MissingData(f"{handed_in} can't be read: {error.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise MissingData(f"{handed_in} is too large.")
    released = [path.name for path in sorted(course.release_folder(assignment).glob("*.ipynb"))]
    # A file of any name is meant as the notebook where there is only one.
    return {released[0] if len(released) == 1 else handed_in.name: content}
