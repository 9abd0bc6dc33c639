"""Execute a worked notebook, and keep only what is reproducible in its outputs."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from autograder.environment import prefer_own_kernel
from autograder.errors import UserError
from autograder.feedback.solution import SOLUTIONS
from autograder.paths import WORKSPACE
from autograder.variant_seed import INSTRUCTOR, STUDENT

CELL_TIMEOUT = 300  # seconds
SKIP_TAG = "skip-execution"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # an error without its kernel; the picture beside it stays
MEMORY_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")


class RunError(UserError):
    """A cell that fails or warns; `cell` is its id."""

    def __init__(self, cell: str, message: str) -> None:
        super().__init__(message)
        self.cell = cell


def execute_notebook(notebook: NotebookNode, folder: Path, on_cell: Callable[[int], None] = lambda number: None) -> None:
    """Run every cell in `folder`, in place; `on_cell` hears each cell's number. Raises RunError."""
    metadata = dict(notebook.metadata)
    prefer_own_kernel()
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        on_cell_start=lambda cell, cell_index: on_cell(cell_index),
    )
    try:
        environment = {**os.environ, WORKSPACE: "", SOLUTIONS: "off", STUDENT: INSTRUCTOR, "OPENBLAS_NUM_THREADS": "1"}
        client.execute(env=environment, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        raise RunError(_last_run(notebook).id, f"{error.ename}: {error.evalue}") from None
    except (asyncio.CancelledError, AssertionError) as error:  # what nbclient makes of Ctrl-C
        if isinstance(error, AssertionError) and client.km is not None:
            raise
        raise KeyboardInterrupt from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise RunError(_last_run(notebook).id, str(error).splitlines()[0]) from None
    notebook.metadata = metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            _raise_for_warnings(cell)
            cell.outputs = [_reproducible(output) for output in cell.outputs]


def is_executed(notebook: NotebookNode) -> bool:
    """Whether every cell that runs at all has run."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    return all(cell.execution_count is not None for cell in code if SKIP_TAG not in cell.metadata.get("tags", ()))


def _last_run(notebook: NotebookNode) -> NotebookNode:
    started = [cell for cell in notebook.cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]
    return started[-1] if started else notebook.cells[0]


def _raise_for_warnings(cell: NotebookNode) -> None:
    """Raise RunError for a warning, and for a check that fails: its cell may raise, but not in a worked notebook."""
    for output in cell.outputs:
        if output.output_type == "error" and "nbgrader" in cell.metadata:
            raise RunError(cell.id, f"{output.ename}: {output.evalue}")
        if output.get("name") == "stderr":
            raise RunError(cell.id, f"it writes on stderr: {output.text.strip().splitlines()[-1]}")


def _reproducible(output: NotebookNode) -> NotebookNode:
    """An output without what differs from run to run: a widget's model id, an address in memory."""
    data = output.get("data", {})
    data.pop(WIDGET_VIEW, None)
    if "text/plain" in data:
        data["text/plain"] = MEMORY_ADDRESS.sub("0x…", data["text/plain"])
    return output
