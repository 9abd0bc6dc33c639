"""The bank: where exercises live (`source/NN-unit/`) and how one is found by its id.

An exercise is a file `ex_NN_id.py`; a long one has its mistakes, or some of them, in a second file
`ex_NN_id_mistakes.py`, which imports `exercise` from the first. A quiz is a file `quiz_id.md`.
"""

from __future__ import annotations

import difflib
import functools
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from autograder import paths
from autograder.bank.former_names import present_id
from autograder.errors import ExerciseError, UserError
from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz, read_quiz

FILE_NAME = re.compile(r"ex_\d+_(?P<exercise>\w+)\.py|(?P<quiz>quiz_\w+)\.md")
MISTAKES = "_mistakes"
PACKAGE = "leftcontext_bank"  # in which the files of a unit are modules while they are loaded


class UnknownExercise(UserError, LookupError):
    """No exercise has this id; the message suggests the nearest ones."""


@dataclass(frozen=True)
class ExerciseFile:
    """One exercise of the bank, not yet loaded."""

    id: str
    unit: str
    path: Path

    def load(self) -> Exercise | Quiz:
        """The exercise. Raises ExerciseError: one line, with its place, on what is wrong in the file."""
        return _load(self.path)[1]

    @property
    def prompt(self) -> str:
        """What is asked, in Markdown: an exercise file's docstring, a quiz's question."""
        return _load(self.path)[0]


@functools.cache
def entries() -> dict[str, ExerciseFile]:
    """Every exercise by its id, unit by unit; ids are unique in the whole bank."""
    found: dict[str, ExerciseFile] = {}
    for path in sorted([*paths.source().glob("*/ex_*.py"), *paths.source().glob("*/quiz_*.md")]):
        if _main_file(path) != path:
            continue
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            raise ExerciseError(f"{place(path)}: an exercise's file is named ex_NN_id.py, a quiz's quiz_id.md")
        id = match["exercise"] or match["quiz"]
        if id in found:
            raise ExerciseError(f"{place(path)}: the id {id} is taken by {place(found[id].path)}")
        found[id] = ExerciseFile(id, path.parent.name, path)
    return found


def find(id: str) -> ExerciseFile:
    """The entry of `id`, or of the exercise that had this id before; raises UnknownExercise with a suggestion."""
    known = entries()
    if id in known:
        return known[id]
    if present_id(id) in known:
        return known[present_id(id)]
    near = difflib.get_close_matches(id, known, n=3, cutoff=0.5)
    advice = f"Did you mean {' or '.join(near)}?" if near else "`leftcontext exercises` lists them."
    raise UnknownExercise(f"There is no exercise called {id!r}. {advice}")


def place(path: Path, line: int | None = None) -> str:
    """A file of the bank as people name it, with the line if it is known: source/NN-unit/file.py:12."""
    return "/".join(path.parts[-3:]) + (f":{line}" if line else "")


def slip(error: Exception, path: Path) -> str:
    """An error that came out of an exercise's file or its second one: one line, with its place."""
    where, line = path, getattr(error, "line", None)
    if isinstance(error, SyntaxError) and error.filename:
        where, line = Path(error.filename), error.lineno
    elif line is None:
        own = (str(path), str(_mistakes_file(path)))
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in own]
        if frames:
            where, line = Path(frames[-1].filename), frames[-1].lineno
    said = str(error)
    if not isinstance(error, ExerciseError):  # with the kind of error, and Python's "Did you mean ...?"
        said = list(traceback.TracebackException.from_exception(error, limit=0).format_exception_only())[-1]
    return f"{place(where, line)}: {' '.join(said.split())}"


@functools.cache
def _load(path: Path) -> tuple[str, Exercise | Quiz]:
    """The prompt and the exercise that a file holds."""
    try:
        if path.suffix == ".md":
            return read_quiz(path.stem, path.read_text(encoding="utf-8"))
        return _run(path)
    except Exception as error:
        raise ExerciseError(slip(error, path)) from None


def _run(path: Path) -> tuple[str, Exercise]:
    """Run an exercise's file, and the one with its mistakes if there is one."""
    with _as_package(path.parent):
        module = _module(path)
        exercise = getattr(module, "exercise", None)
        if not isinstance(exercise, Exercise):
            raise ExerciseError("it defines no `exercise = Exercise(...)`")
        if _mistakes_file(path).is_file():
            _module(_mistakes_file(path))
    return (module.__doc__ or "").strip(), exercise


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{PACKAGE}.{path.parent.name}.{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _as_package(unit: Path) -> Iterator[None]:
    """A unit's folder as a package, so that its files can import from one another: `from .ex_10_softmax import ...`."""
    for name, folder in ((PACKAGE, unit.parent), (f"{PACKAGE}.{unit.name}", unit)):
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [str(folder)]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def _mistakes_file(path: Path) -> Path:
    return path.with_name(f"{path.stem}{MISTAKES}.py")


def _main_file(path: Path) -> Path:
    """The file that a second one belongs to; any other path as it is."""
    main = path.with_name(f"{path.stem.removesuffix(MISTAKES)}.py")
    return main if path.stem.endswith(MISTAKES) and main.is_file() else path
