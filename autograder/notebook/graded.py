"""The graded notebook: the merged cells with nbgrader's metadata, and what each showed."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from autograder.notebook.rebuild import MergedCell, MergedNotebook
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.test_result import TestResult, explicit_outputs, not_run
from autograder.plain_text import inert_markdown

RESULT = "left_context_result"  # a test's result among its cell's metadata
Node = dict[str, Any]


class SameCells:
    """The cells that are the same in one graded notebook after another, such as a lesson's with its pictures, as made before.

    Of each released cell one is kept: that with the execution count which it had first.
    """

    def __init__(self) -> None:
        self._shared: object = None
        self._nodes: dict[int, tuple[int | None, Node]] = {}  # by the released cell's number, with the execution count
        self._lines: dict[int, str] = {}  # in the file, by the identity of a node above; "" where it is not written yet
        self._write = json.JSONEncoder(ensure_ascii=False).encode

    def begin(self, shared: object) -> None:
        """Begin a notebook in which `shared` is what the shared cells showed."""
        if shared is not self._shared:
            self._nodes.clear()
            self._lines.clear()
            self._shared = shared

    def node(self, number: int, count: int | None, make: Callable[[], Node]) -> Node:
        """The node of a released cell that nobody has changed."""
        if number not in self._nodes:
            self._nodes[number] = count, make()
            self._lines[id(self._nodes[number][1])] = ""
        known, node = self._nodes[number]
        return node if known == count else make()

    def line(self, node: Node) -> str:
        """A cell's line in the file."""
        if id(node) not in self._lines:
            return self._write(node)
        self._lines[id(node)] = line = self._lines[id(node)] or self._write(node)
        return line


def graded_notebook(
    notebook: ReleasedNotebook,
    merged: MergedNotebook,
    outputs: dict[str, list[Node]],
    tests: dict[str, TestResult],
    shared: dict[str, list[Node]],
    same: SameCells | None = None,
) -> Node:
    """A notebook of nbformat 4.5. `outputs` and the results of `tests` are by step; `shared`, by released cell, are those of
    the cells run once for all. A test without a result could not be run: its cell says so, and gives no points.

    `same` are the cells of notebooks of this release that were made before; nobody may change them.
    """
    numbers = {id(cell): n for n, cell in enumerate(notebook.cells)}
    same = same or SameCells()
    same.begin(shared)
    cells: list[Node] = []
    count = 0
    for step, cell in enumerate(merged.cells):
        released = cell.released
        number = numbers.get(id(released), -1)
        shown = outputs.get(str(step))
        is_released = released is not None and not cell.changed and cell.cell_type == released.cell_type  # the type may be theirs
        is_own = shown is not None or not is_released or (released is not None and released.is_code_test)
        if shown is None:
            shown = shared.get(str(number))
        result = None
        if released is not None and released.is_code_test:
            result = tests.get(str(step)) or not_run()
            shown = explicit_outputs(result, shown or [], released.points)
        is_run = cell.cell_type == "code" and shown is not None
        count += is_run
        make = partial(_node, cell, step, shown, count if is_run else None, result)
        cells.append(make() if is_own else same.node(number, count if is_run else None, make))
    return {"cells": cells, "metadata": notebook.metadata, "nbformat": 4, "nbformat_minor": 5}


def encode(notebook: Node, same: SameCells | None = None) -> bytes:
    """A notebook's file, a line for each cell: what indents is Python's slow encoder, and a class has a million lines."""
    rest = {name: part for name, part in notebook.items() if name != "cells"}
    cells = ",\n".join(map((same or SameCells()).line, notebook["cells"]))
    return f'{{"cells": [\n{cells}\n],\n{json.dumps(rest, ensure_ascii=False)[1:]}\n'.encode("utf-8", "replace")


def _node(cell: MergedCell, step: int, shown: list[Node] | None, count: int | None, result: TestResult | None) -> Node:
    node = _cell(cell, step)
    if cell.cell_type == "code":
        if result is not None:
            node["metadata"][RESULT] = result.to_json()
        node |= {"outputs": _number_results(shown or [], count or 0), "execution_count": count}
    return node


def _cell(cell: MergedCell, step: int) -> Node:
    released = cell.released
    metadata: Node = {}
    if released is not None:
        if released.metadata:
            metadata["nbgrader"] = released.metadata
        if released.tags:
            metadata["tags"] = list(released.tags)
    # An added cell's own id is not believed: it could be another's.
    return {
        "id": released.id if released is not None else f"added-{step}",
        "cell_type": cell.cell_type,
        "metadata": metadata,
        "source": _source(cell),
    }


def _source(cell: MergedCell) -> str:
    """A cell's source. Formgrader renders Markdown and raw cells as they are, so those that a student wrote are made inert."""
    if cell.released is not None and cell.source == cell.released.source:
        return cell.source
    return cell.source if cell.cell_type == "code" else inert_markdown(cell.source)


def _number_results(outputs: list[Node], count: int) -> list[Node]:
    numbers = ({"execution_count": count} if output["output_type"] == "execute_result" else {} for output in outputs)
    return [{**output, **number} for output, number in zip(outputs, numbers, strict=True)]


def results(notebook: Node) -> dict[str, TestResult]:
    """The results of the tests of a graded notebook, by grade id; a test that has none could not be run."""
    found = {}
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and marks.get("grade") and not marks.get("solution"):
            known = cell["metadata"].get(RESULT)
            found[str(marks.get("grade_id"))] = TestResult.from_json(known) if known else not_run()
    return found
