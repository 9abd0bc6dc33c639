"""What several commands share: the option `--json`, the exit codes, the names that a shell can complete."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]
# Exit codes: an answer (or a notebook, the bank, a model) is wrong; the input can't be used.
WRONG, UNUSABLE = 1, 2


def exercise_ids(incomplete: str) -> list[str]:
    """Ids of exercises, for a shell to complete."""
    from autograder.bank import catalog

    return [id for id in catalog.entries() if id.startswith(incomplete)]


def unit_names(incomplete: str) -> list[str]:
    """Names of units, for a shell to complete."""
    from autograder.course.course import Course

    return [name for name in Course.around(Path.cwd()).units() if name.startswith(incomplete)]


def say_present_ids(ids: Iterable[str]) -> None:
    """A line on standard error for each former id among `ids`."""
    from autograder.bank.former_names import id_notice

    for id in ids:
        if notice := id_notice(id):
            typer.echo(f"leftcontext: {notice}", err=True)
