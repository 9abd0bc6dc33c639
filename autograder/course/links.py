"""Links in a built lesson: to each unit that it mentions, and at its end to the first page and to what one can look up.

A lesson names units by their numbers, as it would on paper; the build makes links of these. The first page and the reference
lie in a learner's workspace.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode

MENTION = re.compile(r"\b([Uu]nit )(\d\d)\b|(?<=Next, in )\*\*(\d\d)\*\*")
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
TO_UNIT = re.compile(r"\[([^\]]*)\]\(\.\./(\d\d[^/]*)/\2\.ipynb\)")
LAST = "## What you can now do"
BACK = (
    "Back to the [first page](../start.ipynb). To look something up: [cheat sheet](../reference/cheat-sheet.md), "
    "[glossary](../reference/glossary.md), [bibliography](../reference/bibliography.md)."
)


def link_units(cells: Sequence[NotebookNode], unit: Path) -> None:
    """Make links of the units that the texts of a notebook mention, in place; `unit` is the lesson's own folder."""
    folders = {folder.name[:2]: folder.name for folder in unit.parent.glob("[0-9][0-9]-*") if folder.name != unit.name}
    for cell in cells:
        if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata:
            cell.source = _linked(cell.source, folders)
            if f"\n{LAST}\n" in f"\n{cell.source}":
                cell.source += f"\n\n{BACK}"


def without_links(text: str) -> str:
    """A text in which units are named, not linked, and no way leads back; for slides, which lie elsewhere."""
    return TO_UNIT.sub(r"\1", text).removesuffix(BACK).rstrip()


def _linked(text: str, folders: dict[str, str]) -> str:
    def link(found: re.Match[str]) -> str:
        folder = folders.get(found[2] or found[3])
        return f"[{found[0]}](../{folder}/{folder}.ipynb)" if folder else found[0]

    parts = CODE.split(text)  # text, code, text, ..., text
    return "".join(part if number % 2 else MENTION.sub(link, part) for number, part in enumerate(parts))
