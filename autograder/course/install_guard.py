"""The install guard: a cell before a lesson's first code cell that says how to install the course where it is missing.

It is the build's, not the lesson's: every notebook that imports `leftcontext` gets the same one, folded away in JupyterLab.
"""

from __future__ import annotations

import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

ID = "install-guard"
PLACE = "autograder/course/install_guard.py"
IMPORT = re.compile(r"^\s*(from|import) leftcontext\b", re.MULTILINE)
# IPython shows what `_render_traceback_` returns instead of a traceback.
GUARD = '''\
try:  # Is the course installed?
    import leftcontext
except ModuleNotFoundError as missing:
    missing._render_traceback_ = lambda: [
        "Left Context is not installed in this Python. In a clone of the course, `make lab` installs and opens it.",
        "Or, in an environment of your own, run there: pip install -e '.[course]', and restart the kernel.",
    ]
    raise'''


def needs_guard(cell: NotebookNode) -> bool:
    """Whether a cell imports the course's library."""
    return cell.cell_type == "code" and IMPORT.search(cell.source) is not None


def guard_cell() -> NotebookNode:
    """The cell. Where the course is installed, it imports it and does nothing else."""
    cell = new_code_cell(GUARD, metadata={"jupyter": {"source_hidden": True}})
    cell.id = ID
    return cell
