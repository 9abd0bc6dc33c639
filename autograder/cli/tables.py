"""The tables that `leftcontext` prints for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from autograder.bank.verify import Proof


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


def print_proofs(proofs: Iterable[Proof]) -> None:
    """The result for each exercise, and a summary."""
    proofs = sorted(proofs, key=lambda proof: (proof.unit, proof.exercise))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)  # most ids fit into 80 columns
    table.add_column("exercise", overflow="fold")
    for name in ("correct", "incorrect", "identified", "mutants", "killed", "equivalent"):
        table.add_column(name, justify="right", no_wrap=True)
    for proof in proofs:
        numbers = proof.right, proof.wrong, proof.named, proof.mutants, proof.killed, len(proof.equivalent)
        table.add_row(f"{'✗' if proof.problems else '✓'} {proof.exercise}", *map(str, numbers))
    Console().print(table)
    print(_summary(proofs))


def _summary(proofs: Sequence[Proof]) -> str:
    def total(name: str) -> int:
        return sum(getattr(proof, name) for proof in proofs)

    correct, incorrect, mutants = total("right"), total("wrong"), total("mutants")
    equivalent, failed = sum(len(proof.equivalent) for proof in proofs), sum(bool(proof.problems) for proof in proofs)
    return (
        f"{plural(len(proofs), 'exercise')}: {plural(correct, 'correct answer')} {'passes' if correct == 1 else 'pass'}; "
        f"{plural(incorrect, 'incorrect answer')} {'fails' if incorrect == 1 else 'fail'}, {total('named')} identified; "
        f"{total('killed')} of {plural(mutants, 'mutant')} killed, {equivalent} equivalent; "
        f"{plural(failed, 'exercise')} {'has' if failed == 1 else 'have'} problems."
    )


def plural(number: int, noun: str) -> str:
    """A number and what it counts: "1 exercise", "2 exercises"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
