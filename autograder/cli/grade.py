"""`leftcontext grade` at a terminal: the bar, the lines, and what is said at the end."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from autograder.grading.dask_cluster import Cluster, NoCluster
from autograder.grading.fork_server import NotHeld
from autograder.grading.pool import Pool
from autograder.grading.run import Graded, grade
from autograder.nbgrader.gradebook import NotThere
from autograder.sandbox import levels

STOPPED, REFUSED = 130, 2


@dataclass
class Tally:
    """What is said of a class at the end; the submissions themselves are in the gradebook and the journal."""

    number: int = 0
    score: float = 0.0
    max_score: float = 0.0
    loose: int = 0

    def add(self, one: Graded) -> None:
        self.number += 1
        self.score += one.score
        self.max_score = one.max_score
        self.loose += bool(one.not_isolated)


def run(
    assignment: str,
    jobs: int | None,
    as_json: bool,
    students: Iterable[str] | None,
    again: bool,
    seconds: float | None,
    rung: int,
    scheduler: str | None = None,
) -> int:
    """Grade, and show how it goes on standard error; a line of JSON each on standard output. Returns an exit code."""
    console = Console(stderr=True)
    columns = (TextColumn("grading"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    start, graded = time.monotonic(), Tally()
    try:
        with Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=None, rate="")
            for one in grade(
                assignment,
                jobs=jobs or os.cpu_count() or 1,
                rung=rung,
                again=again,
                students=students,
                seconds=seconds,
                executor=functools.partial(Cluster, scheduler) if scheduler else Pool,
                on_start=lambda total: bar.update(task, total=total),
                on_message=lambda sentence: bar.console.print(sentence, highlight=False, markup=False, soft_wrap=True),
            ):
                graded.add(one)
                bar.update(task, advance=1, rate=f"{graded.number / (time.monotonic() - start):.1f} a second")
                _tell(one, as_json, bar.console)
    except (NotThere, NotHeld, NoCluster, OSError) as reason:  # a disk that is full, a folder that is read-only
        print(f"leftcontext: {_advice(reason, rung)}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(f"Stopped. {graded.number} are graded and kept; the same command goes on.", file=sys.stderr)
        return STOPPED
    if not as_json:
        _sum_up(assignment, graded, time.monotonic() - start)
    return 0


def _tell(one: Graded, as_json: bool, console: Console) -> None:
    if as_json:
        print(one.to_json(), flush=True)
    elif one.notes:
        text = " ".join(note.text for note in one.notes)
        console.print(f"{one.student}: {text}", highlight=False, markup=False, soft_wrap=True)


def _advice(reason: Exception, rung: int) -> str:
    if not isinstance(reason, NotHeld):
        return str(reason)
    lower = f" Rung {rung - 1} asks for less: --rung {rung - 1}." if rung > 1 else ""
    return f"rung {rung} of the sandbox ({levels.MEANING[rung]}) does not hold here: {reason}.{lower} Without any: --unsafe."


def _sum_up(assignment: str, graded: Tally, took: float) -> None:
    if not graded.number:
        print(f"{assignment}: nothing new to grade. All again: --again.")
        return
    rate = f"{took:.1f} s ({graded.number / took:.1f} a second)"
    print(f"{assignment}: {graded.number} graded in {rate}, mean {graded.score / graded.number:.2f} of {graded.max_score:g}.")
    if graded.loose:
        print(f"{graded.loose} have points that are not isolated: see the comments in formgrader.")
