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
    """The exercises, unit by unit."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("exercise", no_wrap=True)
    table.add_column("topic", overflow="fold")
    table.add_column("points", justify="right")
    table.add_column("mistakes known", justify="right")
    unit = None
    for row in rows:
        if row["unit"] != unit:
            unit = row["unit"]
            table.add_section()
            table.add_row(unit, style="bold")
        table.add_row(row["id"], row["topic"], f"{row['points']:g}", str(len(row["misconceptions"])))
    Console().print(table)
    print(f"{len(rows)} exercises.")


def print_proofs(proofs: Iterable[Proof]) -> None:
    """What was proven of each exercise, and of all."""
    proofs = sorted(proofs, key=lambda proof: (proof.unit, proof.exercise))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)  # fits 80 columns
    table.add_column("exercise", no_wrap=True)
    for name in ("right", "wrong", "named", "mutants", "killed", "equivalent"):
        table.add_column(name, justify="right", no_wrap=True)
    for proof in proofs:
        numbers = proof.right, proof.wrong, proof.named, proof.mutants, proof.killed, len(proof.equivalent)
        table.add_row(f"{'✗' if proof.problems else '✓'} {proof.exercise}", *map(str, numbers))
    Console().print(table)

    def total(name: str) -> int:
        return sum(getattr(proof, name) for proof in proofs)

    equivalent = sum(len(proof.equivalent) for proof in proofs)
    print(
        f"{_exercises(len(proofs))}: {total('right')} right answers pass; {total('wrong')} mistakes fail, "
        f"{total('named')} of them by name; {total('killed')} of {total('mutants')} mutants fail, {equivalent} are "
        f"equivalent to the solution; problems in {_exercises(sum(bool(proof.problems) for proof in proofs))}."
    )


def _exercises(number: int) -> str:
    return f"{number} exercise" if number == 1 else f"{number} exercises"
