"""The bank: where exercises live (`source/NN-unit/ex_NN_id.py`) and how one is found by its id."""

from __future__ import annotations

import difflib
import functools
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from autograder import paths
from autograder.errors import UserError
from autograder.exercise.exercise import Exercise, Quiz

FILE_NAME = re.compile(r"ex_\d+_(\w+)\.py")


class UnknownExercise(UserError, LookupError):
    """No exercise has this id; the message suggests the nearest ones."""


@dataclass(frozen=True)
class Entry:
    """One exercise of the bank, not yet loaded."""

    id: str
    unit: str
    path: Path

    def load(self) -> Exercise | Quiz:
        return _load(self.path)

    @property
    def prompt(self) -> str:
        """The exercise file's docstring: Markdown."""
        self.load()
        return _PROMPTS[self.path]


_PROMPTS: dict[Path, str] = {}


@functools.cache
def entries() -> dict[str, Entry]:
    """Every exercise by its id, in the order of the course; ids are unique in the whole bank."""
    found: dict[str, Entry] = {}
    for path in sorted(paths.source().glob("*/ex_*.py")):
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path}: an exercise's file is named ex_NN_id.py")
        id = match[1]
        if id in found:
            raise ValueError(f"{path}: the id {id} is taken by {found[id].path}")
        found[id] = Entry(id, path.parent.name, path)
    return found


def find(id: str) -> Entry:
    """The entry of `id`; raises UnknownExercise with a suggestion."""
    known = entries()
    if id in known:
        return known[id]
    near = difflib.get_close_matches(id, known, n=3, cutoff=0.5)
    advice = f"Did you mean {' or '.join(near)}?" if near else "`leftcontext exercises` lists them."
    raise UnknownExercise(f"There is no exercise called {id!r}. {advice}")


@functools.cache
def _load(path: Path) -> Exercise | Quiz:
    """Run an exercise file and take its `exercise`."""
    spec = importlib.util.spec_from_file_location(f"leftcontext_bank.{path.parent.name}.{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    exercise = getattr(module, "exercise", None)
    if not isinstance(exercise, Exercise | Quiz):
        raise ValueError(f"{path}: it defines no `exercise = Exercise(...)` or `Quiz(...)`")
    _PROMPTS[path] = (module.__doc__ or "").strip()
    return exercise
