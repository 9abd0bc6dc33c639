"""Imports in tests that repeat an import of a lesson cell, and so tell an analysis of the cells nothing.

The cell that checks an answer imports `check` again, for a learner whose kernel has just been started. Read as a definition
of the test's, that import would make every lesson cell depend on the test that defines a name which the cell defines too, or
uses, and nothing of such a lesson could run once for all students.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator

from autograder.notebook.cell import Cell, Role
from autograder.notebook.code import import_meanings, stable_names
from autograder.notebook.names import parse


def without_repeated_imports(released: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The cells, where a test's import of what a lesson cell before it imports under the same name is an empty line.

    Only names that mean the same in every cell and every solution are left out.
    """
    stable = stable_names([text for cell in released if cell.cell_type == "code" for text in (cell.source, cell.solved) if text])
    imported: set[tuple[str, str]] = set()  # names and meanings, by the lesson cells so far
    cells = []
    for cell in released:
        if cell.role == Role.LESSON and cell.cell_type == "code":
            found = (pair for node in _imports(cell.source) for pair in import_meanings(node))
            imported |= {(name, meaning) for name, meaning in found if name in stable}
        cells.append(_without(cell, imported) if cell.is_code_test else cell)
    return tuple(cells)


def _imports(source: str) -> Iterator[ast.Import | ast.ImportFrom]:
    return (node for node in parse(source).body if isinstance(node, ast.Import | ast.ImportFrom))


def _without(test: Cell, imported: set[tuple[str, str]]) -> Cell:
    needless = [node for node in _imports(test.source) if import_meanings(node) <= imported]
    lines = test.source.split("\n")
    for number in _own_lines(needless, lines):
        lines[number] = ""
    return dataclasses.replace(test, source="\n".join(lines)) if needless else test


def _own_lines(nodes: Iterable[ast.stmt], lines: list[str]) -> Iterator[int]:
    """The numbers of the lines of statements that share none with another statement."""
    for node in nodes:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        if not node.col_offset and not lines[node.end_lineno - 1].encode()[node.end_col_offset :].strip():
            yield from range(node.lineno - 1, node.end_lineno)
