"""A course directory: where its units are, and what they are called when built."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.bank.former_names import unit_moved
from autograder.errors import UserError
from autograder.paths import NBGRADER_CONFIG

LESSON = "lesson.md"
COURSE_FILE = "course.toml"  # in source/: what concerns more than one unit


def read_extra(unit: Path) -> frozenset[str] | None:
    """The exercises that can be left out, by the course that a unit's folder lies in; None where it says nothing of the unit."""
    declared = unit.parent / COURSE_FILE
    if not re.match(r"\d\d-", unit.name) or not declared.is_file():  # an assignment of an instructor's own has a name
        return None
    return frozenset(tomllib.loads(declared.read_text(encoding="utf-8")).get("extra", ()))


class NoCourse(UserError, LookupError):
    """There is no course, or no such unit in it; the message says what to do."""


@dataclass(frozen=True)
class Course:
    """A folder with `source/` and an nbgrader_config.py: a clone of this project."""

    root: Path

    @classmethod
    def around(cls, folder: Path) -> Course:
        """The course that `folder` lies in. Raises NoCourse."""
        for root in (folder, *folder.parents):
            if (root / NBGRADER_CONFIG).is_file() and (root / "source").is_dir():
                return cls(root)
        raise NoCourse(f"There is no course in {folder}: no source/, no {NBGRADER_CONFIG}. Run this in a clone of Left Context.")

    def units(self, names: Iterable[str] = ()) -> list[str]:
        """The units with a lesson, in order, or those of the given names ("04" is enough). Raises NoCourse."""
        known = sorted(path.parent.name for path in (self.root / "source").glob(f"*/{LESSON}"))
        chosen = [next((unit for unit in known if unit.startswith(f"{name}-")), name) for name in names] or known
        for name in chosen:
            if name not in known:
                if moved := unit_moved(name):
                    raise NoCourse(f"There is no unit called {name!r}.{moved}")
                near = difflib.get_close_matches(name, known, n=2, cutoff=0.3)
                advice = f"Did you mean {' or '.join(near)}?" if near else f"It needs source/{name}/{LESSON}."
                raise NoCourse(f"There is no unit called {name!r}. {advice}")
        return chosen

    def instructor(self, unit: str) -> str:
        """The path of a unit's instructor notebook within the course."""
        return f"source/{unit}/{unit}.ipynb"

    def release(self, unit: str) -> str:
        return f"notebooks/{unit}"

    def worked(self, unit: str) -> str:
        return f"solutions/{unit}"
