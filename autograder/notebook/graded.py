"""The graded notebook: the merged cells with nbgrader's metadata, and what each showed."""

from __future__ import annotations

import json
from typing import Any

from autograder.notebook.rebuild import MergedCell, MergedNotebook
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.test_result import TestResult, explicit_outputs, not_run
from autograder.plain_text import inert_markdown

RESULT = "left_context_result"  # a test's result among its cell's metadata
Node = dict[str, Any]


def graded_notebook(
    notebook: ReleasedNotebook,
    merged: MergedNotebook,
    outputs: dict[str, list[Node]],
    tests: dict[str, TestResult],
    shared: dict[str, list[Node]],
) -> Node:
    """A notebook of nbformat 4.5. `outputs` and the results of `tests` are by step; `shared`, by released cell, are those of
    the cells run once for all. A test without a result could not be run: its cell says so, and gives no points.
    """
    numbers = {id(cell): str(n) for n, cell in enumerate(notebook.cells)}
    cells: list[Node] = []
    count = 0
    for step, cell in enumerate(merged.cells):
        node = _cell(cell, step)
        if cell.cell_type == "code":
            shown = outputs.get(str(step))
            if shown is None:
                shown = shared.get(numbers.get(id(cell.released), ""))
            if cell.released is not None and cell.released.is_code_test:
                result = tests.get(str(step)) or not_run()
                shown = explicit_outputs(result, shown or [], cell.released.points)
                node["metadata"][RESULT] = result.to_json()
            count += shown is not None
            node |= {"outputs": _number_results(shown or [], count), "execution_count": count if shown is not None else None}
        cells.append(node)
    return {"cells": cells, "metadata": notebook.metadata, "nbformat": 4, "nbformat_minor": 5}


def encode(notebook: Node) -> bytes:
    """A notebook's file, a line for each cell: what indents is Python's slow encoder, and a class has a million lines."""
    rest = {name: part for name, part in notebook.items() if name != "cells"}
    write = json.JSONEncoder(ensure_ascii=False).encode
    cells = ",\n".join(map(write, notebook["cells"]))
    return f'{{"cells": [\n{cells}\n],\n{write(rest)[1:]}\n'.encode("utf-8", "replace")


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
