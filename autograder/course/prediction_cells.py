"""A lesson's **Predict**: where a text asks for a prediction and code follows, the build puts a field for it in between.

The field is the build's, not the lesson's: a lesson writes `**Predict.**`, `**Predict:**` or `**Predict**` and its
question, as it would on paper. Where its next cell calls `predict` by itself, nothing is added.
"""

from __future__ import annotations

import json
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

PLACE = "autograder/course/prediction_cells.py"
MARK = re.compile(r"\*\*Predict(?P<end>[.:]?)\*\*(?P<stop>[.:,]?)\s*(?P<rest>.*?)(?:\n\s*\n|\Z)", re.DOTALL)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
CALL = re.compile(r"\bpredict\(")


def question_in(text: str) -> str | None:
    """The last thing that a text asks its reader to predict, without Markdown's marks; None where it asks for nothing."""
    found = list(MARK.finditer(text))
    if not found:
        return None
    mark = found[-1]
    rest = " ".join(LINK.sub(r"\1", mark["rest"]).split())
    plain = re.sub(r"\*+|`", "", rest)
    if not mark["end"] and mark["stop"] not in (".", ":"):
        return f"Predict{mark['stop']} {plain}"
    return plain if rest.startswith("`") else plain[:1].upper() + plain[1:]  # a name in code keeps its small letter


def prediction_cell(question: str) -> NotebookNode:
    """The cell, folded away in JupyterLab. The install guard above it has imported `leftcontext`."""
    call = f"leftcontext.predict({json.dumps(question, ensure_ascii=False)}, asks=False)"
    return new_code_cell(call, metadata={"jupyter": {"source_hidden": True}})


def needs_cell(text: NotebookNode, following: NotebookNode | None) -> bool:
    """Whether a field belongs between a text and the cell that follows it."""
    if text.cell_type != "markdown" or following is None or following.cell_type != "code":
        return False
    return MARK.search(text.source) is not None and CALL.search(following.source) is None
