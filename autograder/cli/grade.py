"""`leftcontext grade` at a terminal: the progress bar, a line for each submission with a note, and the summary."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from autograder.errors import UserError
from autograder.grading.dask_cluster import Cluster
from autograder.grading.graded_submission import Graded
from autograder.grading.pool import Pool
from autograder.grading.run import grade
from autograder.plain_text import plain_line
from autograder.sandbox.levels import LEVEL_BY_FORMER_NUMBER, IsolationLevel, SandboxUnavailable

STOPPED, REFUSED = 130, 2
FORMER_OPTIONS = {"again": "--force", "seconds": "--timeout N", "rung": "--isolation full|basic", "unsafe": "--isolation none"}


@dataclass
class Tally:
    """The numbers of the summary; the submissions themselves are in the gradebook and the journal."""

    number: int = 0
    unchanged: int = 0
    score: float = 0.0
    max_score: float = 0.0
    not_isolated: int = 0
    changes: dict[str, list[str]] = field(default_factory=dict)  # what became of whom, by the reason

    def add(self, submission: Graded) -> None:
        before, now = submission.previous_score, submission.score
        if not submission.is_new:
            self.unchanged += 1
            if submission.reason:
                self.changes.setdefault(submission.reason, []).append(submission.student)
            return
        if before is not None and abs(before - now) > 1e-9:
            self.changes.setdefault(submission.reason, []).append(f"{submission.student} {before:g} to {now:g}")
        self.number += 1
        self.score += submission.score
        self.max_score = submission.max_score
        self.not_isolated += bool(submission.not_isolated)


def current_options(options: dict[str, Any], former: dict[str, Any]) -> dict[str, Any]:
    """`options`, with what was asked for by former names taken over; a notice names the present one."""
    given = {name: value for name, value in former.items() if value not in (None, False)}
    for name in given:
        print(f"leftcontext: --{name} is now called {FORMER_OPTIONS[name]}.", file=sys.stderr)
    isolation = options["isolation"]
    if "unsafe" in given or "rung" in given:
        isolation = LEVEL_BY_FORMER_NUMBER[0 if "unsafe" in given else given["rung"]]
    return {
        "force": options["force"] or "again" in given,
        "timeout": given.get("seconds", options["timeout"]),
        "isolation": IsolationLevel(isolation),
    }


def run(
    assignment: str,
    *,
    jobs: int | None,
    as_json: bool,
    students: Iterable[str] | None,
    force: bool,
    timeout: float | None,
    isolation: IsolationLevel,
    scheduler: str | None = None,
) -> int:
    """Grade, and show how it goes on standard error; a line of JSON each on standard output. Returns an exit code."""
    console = Console(stderr=True)
    columns = (TextColumn("grading"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    start, graded = time.monotonic(), Tally()
    try:
        with Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=None, rate="")
            for submission in grade(
                assignment,
                jobs=jobs or os.cpu_count() or 1,
                isolation=isolation,
                force=force,
                students=students,
                timeout=timeout,
                executor=functools.partial(Cluster, scheduler) if scheduler else Pool,
                on_start=lambda total: bar.update(task, total=total),
                on_message=lambda sentence: _print_line(bar.console, sentence),
            ):
                graded.add(submission)
                _print_submission(submission, as_json, bar.console)
                if not submission.is_new:
                    continue
                bar.update(task, advance=1, rate=f"{graded.number / (time.monotonic() - start):.1f}/s")
    except (UserError, OSError) as reason:  # a disk that is full, a folder that is read-only
        print(f"leftcontext: {advice(reason, isolation)}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(f"Stopped. {graded.number} are graded and kept; the same command goes on.", file=sys.stderr)
        return STOPPED
    for why, changed in sorted(graded.changes.items()):
        _print_line(console, f"Changed, since {why}: {', '.join(sorted(changed))}.")
    if not as_json:
        _sum_up(assignment, graded, time.monotonic() - start)
    return 0


def _print_submission(submission: Graded, as_json: bool, console: Console) -> None:
    if as_json:
        print(submission.to_json(), flush=True)
    elif submission.notes:
        text = " ".join(note.text for note in submission.notes)
        _print_line(console, f"{submission.student}: {text}")


def _print_line(console: Console, sentence: str) -> None:
    """What a student wrote may stand in it: no escape sequence and no line break of theirs reaches the terminal."""
    console.print(plain_line(sentence), highlight=False, markup=False, soft_wrap=True)


def advice(reason: Exception, isolation: IsolationLevel) -> str:
    """What an error is, and where the sandbox is meant, what else can be asked for."""
    if not isinstance(reason, SandboxUnavailable):
        return str(reason)
    lower = " --isolation basic needs no namespaces;" if isolation == IsolationLevel.FULL else ""
    return (
        f"the sandbox of level {isolation} ({isolation.meaning}) can't be used here: {reason}."
        f"{lower} --isolation none has no sandbox, and is for code that you trust."
    )


def _sum_up(assignment: str, graded: Tally, took: float) -> None:
    if not graded.number:
        print(f"{assignment}: up to date ({graded.unchanged} graded). Use --force to regrade.")
        return
    rate = f"{took:.1f} s ({graded.number / took:.1f}/s)"
    print(f"{assignment}: {graded.number} graded in {rate}, mean {graded.score / graded.number:.2f} of {graded.max_score:g}.")
    if graded.not_isolated:
        names = f"`leftcontext report {assignment}` lists them"
        have = "has" if graded.not_isolated == 1 else "have"
        print(f"{graded.not_isolated} {have} points of tests that are not isolated: {names}.")
