"""`leftcontext build`: `source/<unit>/` → the instructor's, the learner's and the worked notebook.

What is built is committed, so that people can open it anywhere. It is text that follows from the source alone, byte for
byte; only the worked notebook's outputs come from running it, which happens when its cells have changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from autograder.atomic_write import write_atomically
from autograder.course.checksums import HandEdit, cells_of, edited_by_hand, hand_edit, record_checksums
from autograder.course.course import Course
from autograder.course.execute import RunError, execute_notebook, is_executed
from autograder.course.explanations import open_explanations
from autograder.course.lesson import read_lesson
from autograder.nbgrader import converters
from autograder.paths import list_files

OnCell = Callable[[int], None]


@dataclass
class Unit:
    """A unit as it should be on disk: every built file by its path, and where its cells come from."""

    name: str
    files: dict[str, bytes]
    worked: str  # the path of the worked notebook; in `files` it has not been run
    origins: dict[str, str]

    @property
    def cells(self) -> int:
        return len(self.origins)


@dataclass
class BuildResult:
    """What one build of a unit did."""

    written: list[str] = field(default_factory=list)
    refused: list[HandEdit] = field(default_factory=list)
    needs_execution: bool = False  # the worked notebook's cells have changed


def render_unit(course: Course, name: str) -> Unit:
    """All files of a unit, in memory: nothing is executed or written. Raises LessonError."""
    lesson = read_lesson(course.root / "source" / name)
    instructor = nbformat.writes(lesson.notebook) + "\n"
    opened = nbformat.writes(open_explanations(lesson.notebook)) + "\n"
    files = {course.instructor(name): instructor.encode()}
    for folder, converted in (
        (course.release(name), converters.release(course.root, name, instructor)),
        (course.worked(name), converters.worked(course.root, name, opened)),
    ):
        files |= {f"{folder}/{file}": content for file, content in converted.items()}
    return Unit(name, files, f"{course.worked(name)}/{name}.ipynb", lesson.origins)


def write_unit(course: Course, unit: Unit, force: bool = False, execute: bool = False) -> BuildResult:
    """Write what has changed, except the worked notebook, and refuse what was edited by hand."""
    result = BuildResult()
    for path, content in unit.files.items():
        old = _read(course.root / path)
        same = old is not None and (_has_cells(old, content) if path == unit.worked else old == content)
        if not same and old is not None and not force and edited_by_hand(course.root, path, old):
            result.refused.append(hand_edit(path, old, content, unit.origins))
        elif path == unit.worked:
            result.needs_execution = execute or not same
        elif not same:
            _write(course.root / path, content)
            result.written.append(path)
    refused = {edit.path for edit in result.refused} | {unit.worked}
    record_checksums(course.root, {path: content for path, content in unit.files.items() if path not in refused})
    return result


def run_unit(course: Course, unit: Unit, on_cell: OnCell = lambda number: None) -> None:
    """Run the worked notebook and write it. Raises RunError, with the place in the source that the cell comes from."""
    notebook = nbformat.reads(unit.files[unit.worked].decode(), as_version=4)
    path = course.root / unit.worked
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        execute_notebook(notebook, path.parent, on_cell)
    except RunError as error:
        place = unit.origins.get(error.cell, unit.name)
        raise RunError(error.cell, f"{place}: the worked notebook fails: {error}") from None
    content = (nbformat.writes(notebook) + "\n").encode()
    _write(path, content)
    record_checksums(course.root, {unit.worked: content})


def find_drift(course: Course, unit: Unit) -> list[str]:
    """The built files of a unit that are not what the source makes; outputs are not compared."""
    problems = []
    for path, content in unit.files.items():
        old = _read(course.root / path)
        if old is None:
            problems.append(f"{path} is missing.")
        elif not (_has_cells(old, content) if path == unit.worked else old == content):
            problems.append(f"{path} is not what source/{unit.name} makes.")
    for folder in (course.release(unit.name), course.worked(unit.name)):
        files = (path.relative_to(course.root).as_posix() for path in list_files(course.root / folder))
        stray = [path for path in files if path not in unit.files]
        problems += [f"{path} is not built from anything. Delete it." for path in stray]
    return problems


def find_leftovers(course: Course) -> list[str]:
    """Built folders whose unit is gone."""
    units = set(course.units())
    folders = [path for step in ("notebooks", "solutions") for path in sorted((course.root / step).glob("*/"))]
    stray = [path.relative_to(course.root).as_posix() for path in folders if path.name not in units]
    return [f"{path}/ has no unit in source/. Delete it." for path in stray]


def _has_cells(old: bytes, fresh: bytes) -> bool:
    """Whether a worked notebook has these cells, and has been run."""
    try:
        return cells_of(old) == cells_of(fresh) and is_executed(nbformat.reads(old.decode(), as_version=4))
    except ValueError:
        return False


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ipynb":
        write_atomically(path, content.decode())
    else:
        path.write_bytes(content)
