"""A released notebook, read once; and the job that it and one submission make for a checker's process."""

from __future__ import annotations

import ast
import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from autograder.notebook import dependencies, rebuild
from autograder.notebook.names import parsed
from autograder.notebook.rebuild import TEST, Cell, Rebuilt

TOGETHER = "one-process"  # the tag by which a test asks to run in the student's process
TRIES = 4  # times the seconds of a cell, that a whole notebook may take beyond its own


@dataclass(frozen=True)
class Notebook:
    """What is known of a released notebook before any submission is seen."""

    name: str
    cells: tuple[Cell, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # that lie beside it, by their relative path
    together: frozenset[str] = frozenset()  # grade ids of the tests that can't be run apart
    partial: frozenset[str] = frozenset()  # of those that give the instructor's own answer a number of points

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "ahead", dependencies.once(self.cells))
        set_(self, "aside", dependencies.aside(self.cells, self.ahead))
        code = [source for cell in self.cells if cell.kind == "code" for source in (cell.source, cell.solved)]
        set_(self, "modules", {name: module for source in code for name, module in _imports(source)})
        wanted = {n: dependencies.needs(self.cells, n) for n, cell in enumerate(self.cells) if cell.role == TEST}
        set_(self, "names", {n: sorted(one.theirs) for n, one in wanted.items()})
        set_(self, "unsure", {n: sorted(one.unsure) for n, one in wanted.items()})
        helping = sorted({n for one in wanted.values() for n in one.cells})
        set_(self, "given", {n: dependencies.imports(self.cells[n]) for one in wanted.values() for n in sorted(one.given)})
        set_(self, "helping", {n: sorted(self._theirs(n)) for n in helping})
        alone = {n for n in helping if n in self.ahead and self._alone(n)}
        set_(self, "ready", tuple(n for n in helping if n in alone))

    ahead: frozenset[int] = field(init=False)  # run once, in the students' parent
    aside: frozenset[int] = field(init=False)  # of those: run beside it, for they only show something
    modules: dict[str, str] = field(init=False)  # by the names that the instructor's cells and solutions give them
    names: dict[int, list[str]] = field(init=False)  # of the student's, by the test that needs them
    unsure: dict[int, list[str]] = field(init=False)  # of those names: the instructor's, if a cell of his turns out to bind them
    given: dict[int, str] = field(init=False)  # imports handed out in an answer's cell, that tests need
    helping: dict[int, list[str]] = field(init=False)  # lesson cells that tests need, and what of the student's these need
    ready: tuple[int, ...] = field(init=False)  # of those: run once, in the checkers' parent

    def _theirs(self, number: int) -> set[str]:
        return set(dependencies.code(self.cells[number].source).reads & dependencies.asked(self.cells))

    def _alone(self, number: int) -> bool:
        """Whether no other released cell binds its names to something else."""
        own = dependencies.code(self.cells[number].source)
        others = [dependencies.code(cell.source) for n, cell in enumerate(self.cells) if n != number and cell.kind == "code"]
        loose = own.binds - own.fixed
        return not any(loose & other.binds or (own.fixed & other.binds) - other.fixed for other in others)

    def is_together(self, test: Cell) -> bool:
        """Whether a test runs in the student's process: it asks for it, or can't be run apart."""
        return TOGETHER in test.tags or test.grade_id in self.together

    def loose(self) -> dict[str, list[str]]:
        """The tests that run in the student's process, by the answer before each."""
        found: dict[str, list[str]] = {}
        answer = ""
        for cell in self.cells:
            if cell.theirs:
                answer = str(cell.grade_id)
            elif cell.role == TEST and self.is_together(cell):
                found.setdefault(answer, []).append(str(cell.grade_id))
        return found

    def warm_students(self) -> dict[str, list[tuple[str, str]]]:
        """The code of the cells that the students' parent runs, and of those that it has run beside it."""
        parts = {"cells": self.ahead - self.aside, "aside": self.aside}
        return {part: [(str(n), self.cells[n].source) for n in sorted(numbers)] for part, numbers in parts.items()}

    def warm_checkers(self) -> list[tuple[str, str]]:
        return [(str(n), self.given.get(n) or self.cells[n].source) for n in sorted({*self.ready, *self.given})]

    def imported(self) -> set[str]:
        """The top-level modules that its cells name."""
        return {name for cell in self.cells if cell.kind == "code" for name in _modules(cell.source)}

    def job(self, rebuilt: Rebuilt, files: dict[str, bytes], seconds: float) -> dict[str, Any]:
        """What a checker's process is told."""
        looks_aside = dependencies.looks_aside(self.cells, self.ahead, self.aside, rebuilt)
        fits = dependencies.fits(self.cells, self.ahead, rebuilt) and not looks_aside
        numbers = {id(cell): n for n, cell in enumerate(self.cells)}
        steps = [self._step(written, numbers.get(id(written.released)), fits) for written in rebuilt.cells]
        return {
            "steps": steps,
            "files": {name: base64.b64encode(content).decode() for name, content in files.items()},
            "from_the_start": not fits,
            "modules": self.modules,
            "seconds": seconds,
            "seconds_in_all": TRIES * seconds,
            "given_up": {},
            "telling": False,
        }

    def _step(self, written: rebuild.Written, number: int | None, fits: bool) -> dict[str, Any]:
        step: dict[str, Any] = {"do": "show", "source": written.source}
        if number is None:
            return step | {"do": "run" if written.kind == "code" else "show"}
        cell = self.cells[number]
        if cell.role == TEST and cell.kind == "code":
            do: dict[str, Any] = {"do": "together" if self.is_together(cell) else "test"}
            do |= {"needs": self.names[number], "unsure": self.unsure[number]}
            return step | do | {"grade_id": cell.grade_id, "points": cell.points, "partial": cell.grade_id in self.partial}
        if written.kind != "code" or not dependencies.runs(cell):
            return step
        if number in self.given:
            return step | {"do": "run", "given": self.given[number]}
        ahead = fits and number in self.ahead
        if number in self.helping and number not in self.ready:
            return step | {"do": "own" if ahead else "help", "needs": self.helping[number], "ours": cell.source}
        return step | {"do": "show" if ahead else "run"}


def _imports(source: str) -> Iterator[tuple[str, str]]:
    """The names that a cell's imports bind to modules, or may: `from a import b` could name the module a.b."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            yield from ((one.asname, one.name) if one.asname else (one.name.split(".")[0],) * 2 for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)


def _modules(source: str) -> set[str]:
    found = set()
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
