"""The tables that `leftcontext` prints for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from autograder.bank.verify import Verification


def print_bank(rows: Sequence[Mapping[str, Any]]) -> None:
    """The exercises, by unit."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("exercise", no_wrap=True)
    table.add_column("topic", overflow="fold")
    table.add_column("points", justify="right")
    table.add_column("known mistakes", justify="right")
    unit = None
    for row in rows:
        if row["unit"] != unit:
            unit = row["unit"]
            table.add_section()
            table.add_row(unit, style="bold")
        table.add_row(row["id"], row["topic"], f"{row['points']:g}", str(len(row["misconceptions"])))
    Console().print(table)
    print(f"{plural(len(rows), 'exercise')}.")


def print_verifications(verified: Iterable[Verification]) -> None:
    """The result for each exercise, and a summary."""
    verified = sorted(verified, key=lambda result: (result.unit, result.exercise))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)  # most ids fit into 80 columns
    table.add_column("exercise", overflow="fold")
    for name in ("correct", "incorrect", "identified", "mutants", "killed", "equivalent"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in verified:
        numbers = result.right, result.wrong, result.named, result.mutants, result.killed, len(result.equivalent)
        table.add_row(f"{'✗' if result.problems else '✓'} {result.exercise}", *map(str, numbers))
    Console().print(table)
    print(_summary(verified))


def _summary(verified: Sequence[Verification]) -> str:
    def total(name: str) -> int:
        return sum(getattr(result, name) for result in verified)

    correct, incorrect, mutants = total("right"), total("wrong"), total("mutants")
    equivalent, failed = sum(len(result.equivalent) for result in verified), sum(bool(result.problems) for result in verified)
    return (
        f"{plural(len(verified), 'exercise')}: {plural(correct, 'correct answer')} {'passes' if correct == 1 else 'pass'}; "
        f"{plural(incorrect, 'incorrect answer')} {'fails' if incorrect == 1 else 'fail'}, {total('named')} identified; "
        f"{total('killed')} of {plural(mutants, 'mutant')} killed, {equivalent} equivalent; "
        f"{plural(failed, 'exercise')} {'has' if failed == 1 else 'have'} problems."
    )


def plural(number: int, noun: str) -> str:
    """A number and what it counts: "1 exercise", "2 exercises"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
