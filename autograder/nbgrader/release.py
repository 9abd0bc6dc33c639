"""What was released: the notebook that students were handed, with the tests and points that the gradebook holds.

The gradebook is written when an assignment is generated, and is the truth. The source may have been edited since, or the
release built again: that changes no grade and is reported. The source is read for the instructor's solutions only.
"""

from __future__ import annotations

import copy
import json
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import nbformat.reader
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    IncludeHeaderFooter,
    LockCells,
)
from traitlets.config import Config

from autograder.notebook.cell import Cell, Role
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.solution_stubs import without_stubs

MAX_NAMED = 5  # cells named in a sentence
Key = tuple[Any, ...]


@dataclass(frozen=True)
class _Entry:
    """A cell as the gradebook holds it."""

    source: str
    cell_type: str
    points: float
    grade: bool
    solution: bool
    task: bool
    locked: bool
    checksum: str | None

    @property
    def role(self) -> Role:
        if self.task:
            return Role.TASK
        if self.grade:
            return Role.MANUAL if self.solution else Role.TEST
        return Role.SOLUTION if self.solution else Role.LESSON


def entries(known: Any) -> dict[str, _Entry]:
    """The cells of a notebook of the gradebook, by grade id."""
    points = {cell.name: float(cell.max_score or 0) for cell in (*known.grade_cells, *known.task_cells)}
    grades, solutions, tasks = (
        {cell.name for cell in cells} for cells in (known.grade_cells, known.solution_cells, known.task_cells)
    )
    return {
        cell.name: _Entry(
            cell.source or "", cell.cell_type, points.get(cell.name, 0.0), cell.name in grades, cell.name in solutions,
            cell.name in tasks, bool(cell.locked), cell.checksum,
        )
        for cell in known.source_cells
    }  # fmt: skip


def read_notebook(config: Config, known: Any, release: Path, source: Path, files: dict[str, bytes]) -> ReleasedNotebook | None:
    """A notebook as it was released; None where neither the released file nor the source holds its cells.

    `known` is the gradebook's notebook, `release` and `source` are the paths of the .ipynb files.
    """
    cells = entries(known)
    worked = read_file(source)
    marks = ClearSolutions(config=config)
    delimiters = str(marks.begin_solution_delimeter), str(marks.end_solution_delimeter)  # as nbgrader spells it
    solved = {
        cell.metadata.nbgrader.grade_id: without_stubs(str(cell.source), *delimiters)
        for cell in (_cells_with_id(worked) if worked else ())
    }
    node = read_file(release)
    if node is None or not _holds(node, cells):
        node = _without_solutions(config, known.name, source)
    if node is None or not _holds(node, cells):  # a test that is in neither could not be run, and would keep an old score
        return None
    metadata = {name: node.metadata[name] for name in ("kernelspec", "language_info") if name in node.metadata}
    made = tuple(_cell(cell, number, cells, solved) for number, cell in enumerate(node.cells))
    return ReleasedNotebook(known.name, made, json.loads(json.dumps(metadata)), files)


def _holds(node: NotebookNode, cells: dict[str, _Entry]) -> bool:
    """Whether a notebook has all of these cells."""
    return cells.keys() <= {cell.metadata.nbgrader.grade_id for cell in _cells_with_id(node)}


def differences(config: Config, known: Any, release: Path, source: Path) -> list[str]:
    """How the source, and the released file, differ from what the gradebook holds; each as a clause of a sentence."""
    cells = {name: (entry.source, entry.points, entry.role) for name, entry in entries(known).items()}
    try:
        node = _without_solutions(config, known.name, source)
    except Exception as error:  # a notebook that nbgrader itself refuses
        return [f"{source.name} in the source can't be read ({type(error).__name__}: {str(error)[:200]})"]
    if node is None:
        return []
    found = _compare(cells, _keys(node))
    handed_out = read_file(release)
    if handed_out is not None and _lesson(node) != _lesson(handed_out):
        found.append("the text or code around the graded cells")
    return found


def _lesson(node: NotebookNode) -> list[str]:
    return [str(cell.source) for cell in node.cells if not cell.metadata.get("nbgrader")]


def _compare(cells: dict[str, Key], now: dict[str, Key]) -> list[str]:
    """How the source's cells `now` differ from those released, as clauses; white space around a text does not count."""
    points, texts, types, gone = list[str](), list[str](), list[str](), list[str]()
    for name, (released_text, released_points, released_role) in cells.items():
        if name not in now:
            gone.append(name)
            continue
        text_now, points_now, role_now = now[name]
        if released_points != points_now:
            points.append(f"{name} ({released_points:g} released, {points_now:g} now)")
        if released_text.strip() != text_now.strip():
            texts.append(name)
        if released_role != role_now:
            types.append(name)
    clauses = {
        "the points of {}": points,
        "the text of {}": texts,
        "the type of {}": types,
        "{}, which is new": [name for name in now if name not in cells],
        "{}, which is gone": gone,
    }
    return [clause.format(_list(names)) for clause, names in clauses.items() if names]


def _list(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def _keys(node: NotebookNode) -> dict[str, Key]:
    found = {}
    for cell in _cells_with_id(node):
        marks = cell.metadata.nbgrader
        kinds = (utils.is_grade(cell), utils.is_solution(cell), utils.is_task(cell), utils.is_locked(cell))
        is_graded = kinds[0] or kinds[2]
        if any(kinds):
            points = float(marks.get("points", 0)) if is_graded else 0.0
            found[marks.grade_id] = (str(cell.source), points, _Entry("", "", 0.0, *kinds, None).role)
    return found


def _cell(cell: NotebookNode, number: int, cells: dict[str, _Entry], solved: dict[str, str]) -> Cell:
    nbgrader_meta = cell.metadata.get("nbgrader", {})
    grade_id = nbgrader_meta.get("grade_id")
    entry = cells.get(grade_id) if nbgrader_meta else None
    id, tags = str(cell.get("id", f"cell-{number}")), tuple(cell.metadata.get("tags", ()))
    if entry is None:
        return Cell(id, cell.cell_type, cell.source, tags=tags)
    facts: dict[str, Any] = {"grade": entry.grade, "solution": entry.solution, "task": entry.task, "locked": entry.locked}
    facts |= {"checksum": entry.checksum, "cell_type": entry.cell_type}
    if entry.grade or entry.task:
        facts["points"] = entry.points
    return Cell(
        id=id,
        cell_type=entry.cell_type,
        source=entry.source,
        role=entry.role,
        grade_id=grade_id,
        points=entry.points,
        tags=tags,
        solved=solved.get(grade_id, "") if entry.solution else "",
        metadata={**json.loads(json.dumps(nbgrader_meta)), **facts},
    )


def _cells_with_id(node: NotebookNode) -> Iterator[NotebookNode]:
    for cell in node.cells:
        if isinstance(cell.metadata.get("nbgrader"), dict) and cell.metadata.nbgrader.get("grade_id"):
            yield cell


def read_file(path: Path) -> NotebookNode | None:
    """A notebook as `parse_file` returns it; None where the file is missing or holds none."""
    try:
        return parse_file(path)
    except (OSError, ValueError, KeyError, AttributeError, nbformat.ValidationError):
        return None


def parse_file(path: Path) -> NotebookNode:
    """A notebook, as nbformat.read returns it, but not validated: to compile its schema takes longer than all else here.

    What validation repairs is repaired: of cells with the same id the first alone keeps it.
    """
    node = nbformat.convert(nbformat.reader.reads(path.read_text(encoding="utf-8")), 4)
    seen: set[str] = set()
    for cell in node.cells:
        if (id := cell.get("id")) in seen:
            del cell["id"]
        elif id is not None:
            seen.add(id)
    return node


def _without_solutions(config: Config, name: str, source: Path) -> NotebookNode | None:
    """The source as nbgrader saves it in the gradebook: without solutions, with hidden tests."""
    if not source.is_file():
        return None
    node = parse_file(source)
    resources: dict[str, Any] = {"nbgrader": {"notebook": name}, "metadata": {"path": str(source.parent)}}
    for step in (IncludeHeaderFooter, LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums):
        node, resources = step(config=config).preprocess(node, resources)
    return node


def register(folders: CourseDirectory, config: Config, assignment: str) -> list[str]:
    """Enter a released assignment into the gradebook, as `nbgrader generate_assignment` does, and leave the release as it is.

    Returns how source and release differ, as clauses; then nothing was entered.
    """
    released = Path(folders.format_path(folders.release_directory, ".", assignment))
    with tempfile.TemporaryDirectory() as folder:
        made = generate(folders, config, assignment, Path(folder).resolve(), enter=False)
        found = _differing_files(made, released)
        if not found:
            generate(folders, config, assignment, Path(folder).resolve(), enter=True)
    return found


def generate(folders: CourseDirectory, config: Config, assignment: str, release: Path, enter: bool) -> Path:
    """Have nbgrader make a release below `release`, and `enter` it into the gradebook. Returns the assignment's folder."""
    own = copy.deepcopy(config)
    own.CourseDirectory.update(release_directory=str(release), assignment_id=assignment, root=folders.root)
    own.GenerateAssignment.force = True
    if not enter:
        own.SaveCells.enabled = False
        own.GenerateAssignment.no_database = True
    course = CourseDirectory(config=own)
    GenerateAssignment(coursedir=course, config=own, log=logging.Logger("nbgrader", logging.ERROR)).start()
    return Path(course.format_path(course.release_directory, ".", assignment))


def _differing_files(made: Path, released: Path) -> list[str]:
    names = sorted({path.name for folder in (made, released) for path in folder.glob("*.ipynb")})
    found = []
    for name in names:
        here, there = read_file(made / name), read_file(released / name)
        if here is None or there is None:
            found.append(f"{name} is not in the {'source' if here is None else 'release'}")
        elif [_comparable(cell) for cell in here.cells] != [_comparable(cell) for cell in there.cells]:
            found.append(f"{name} in the release is not what the source makes")
    return found


def _comparable(cell: NotebookNode) -> tuple[str, str, str]:
    return cell.cell_type, str(cell.source), json.dumps(cell.metadata.get("nbgrader", {}), sort_keys=True)
