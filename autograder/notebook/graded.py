"""The graded notebook: the rebuilt cells with nbgrader's marks, and what each showed."""

from __future__ import annotations

import json
from typing import Any

from autograder.notebook.rebuild import Rebuilt, Written
from autograder.notebook.released import Notebook

Node = dict[str, Any]


def document(notebook: Notebook, rebuilt: Rebuilt, outputs: dict[str, list[Node]], shown: dict[str, list[Node]]) -> Node:
    """A notebook of nbformat 4.5. `outputs` are by step; `shown`, by released cell, is what was run once for all."""
    numbers = {id(cell): str(n) for n, cell in enumerate(notebook.cells)}
    cells: list[Node] = []
    count = 0
    for step, written in enumerate(rebuilt.cells):
        cell = _cell(written, step)
        if written.kind == "code":
            known = outputs.get(str(step))
            if known is None:
                known = shown.get(numbers.get(id(written.released), ""))
            count += known is not None
            cell |= {"outputs": _counted(known or [], count), "execution_count": count if known is not None else None}
        cells.append(cell)
    return {"cells": cells, "metadata": notebook.metadata, "nbformat": 4, "nbformat_minor": 5}


def encoded(made: Node) -> bytes:
    """A notebook's file, a line for each cell: what indents is Python's slow encoder, and a class has a million lines."""
    rest = {name: part for name, part in made.items() if name != "cells"}
    cells = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in made["cells"])
    return f'{{"cells": [\n{cells}\n],\n{json.dumps(rest, ensure_ascii=False)[1:]}\n'.encode("utf-8", "replace")


def _cell(written: Written, step: int) -> Node:
    released = written.released
    metadata: Node = {}
    if released is not None:
        if released.metadata:
            metadata["nbgrader"] = released.metadata
        if released.tags:
            metadata["tags"] = list(released.tags)
    # An added cell's own id is not believed: it could be another's.
    return {
        "id": released.id if released is not None else f"added-{step}",
        "cell_type": written.kind,
        "metadata": metadata,
        "source": written.source,
    }


def _counted(outputs: list[Node], count: int) -> list[Node]:
    return [{**one, "execution_count": count} if one["output_type"] == "execute_result" else one for one in outputs]
