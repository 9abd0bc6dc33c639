"""What students wrote, read from the graded notebooks: errors of their environment, and programs to be compared."""

from __future__ import annotations

import ast
import builtins
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.plain_text import without_cell_names

MAX_SOURCE = 20_000  # characters of a cell that is compared
MAX_SAID = 200
NOT_INSTALLED = {"ModuleNotFoundError"}
NOT_PYTHON = {"SyntaxError", "IndentationError", "TabError"}


@dataclass(frozen=True)
class CellFailure:
    """A cell of a student's that could not even start: a package is missing, or it is no Python."""

    student: str
    cell: str  # its grade id, or what it is
    error: str
    said: str

    @property
    def is_missing_package(self) -> bool:
        return self.error in NOT_INSTALLED


@dataclass
class StudentAnswers:
    """One student's answers in code, by grade id, and the cells that failed at once."""

    sources: dict[str, str] = field(default_factory=dict)
    failures: list[CellFailure] = field(default_factory=list)


def read_answers(folder: Path, student: str, answer_ids: frozenset[str]) -> StudentAnswers:
    """Read a student's graded notebooks; one that is gone or broken is left out."""
    found = StudentAnswers()
    for path in sorted(folder.glob("*.ipynb")):
        try:
            cells = json.loads(path.read_bytes())["cells"]
        except (OSError, ValueError, KeyError, RecursionError):
            continue
        for cell in cells:
            if cell.get("cell_type") == "code":
                _read_cell(cell, student, answer_ids, found)
    return found


def _read_cell(cell: dict[str, Any], student: str, answer_ids: frozenset[str], found: StudentAnswers) -> None:
    marks = cell.get("metadata", {}).get("nbgrader", {})
    id = str(marks.get("grade_id", ""))
    if id in answer_ids:
        source = cell.get("source", "")
        found.sources[id] = "".join(source) if isinstance(source, list) else str(source)
    if marks.get("grade"):
        return  # what a test raises is the test's to say
    for output in cell.get("outputs", ()):
        error = str(output.get("ename", ""))
        if output.get("output_type") == "error" and error in NOT_INSTALLED | NOT_PYTHON:
            said = without_cell_names(str(output.get("evalue", "")))[:MAX_SAID]
            found.failures.append(CellFailure(student, id or "a cell of their own", error, said))


def program_digest(source: str, keep: str = "") -> str | None:
    """A digest of a program that comments, layout, docstrings and the names of its own variables do not change.

    `keep` is the name that it must define. None where it is no Python.
    """
    if len(source) > MAX_SOURCE:
        return None
    try:
        tree = ast.parse(source)
        _Anonymous(tree, keep).visit(tree)
        dumped = ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return hashlib.sha256(dumped.encode("utf-8", "replace")).hexdigest()[:32]


class _Anonymous(ast.NodeTransformer):
    """Numbers the names that a program binds itself, in the order in which they come, and drops docstrings."""

    def __init__(self, tree: ast.AST, keep: str) -> None:
        self.bound = set(_bound_names(tree)) - {keep} - set(dir(builtins))
        self.numbers: dict[str, str] = {}

    def _name(self, name: str) -> str:
        return self.numbers.setdefault(name, f"_{len(self.numbers)}") if name in self.bound else name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._name(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg, node.annotation = self._name(node.arg), None
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name, node.returns = self._name(node.name), None
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        self.generic_visit(node)
        return node


def _bound_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.arg(name) | ast.FunctionDef(name):
                yield name
            case ast.Name(name, ast.Store()):
                yield name


def program_digests(sources: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Digests of those answers in `names` that can be read, by grade id."""
    found = {id: program_digest(sources[id], id) for id in names if id in sources}
    return {id: digest for id, digest in found.items() if digest is not None}
