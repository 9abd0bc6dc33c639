"""`leftcontext build` at a terminal: what was written, refused and executed, and what has drifted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from rich.console import Console
from rich.progress import Progress, TaskID, TimeElapsedColumn

from autograder.cli.tables import plural
from autograder.course import build
from autograder.course.course import Course
from autograder.course.execute import RunError
from autograder.course.style_check import check_style


def report_drift(course: Course, units: Sequence[build.Unit], everything: bool) -> bool:
    """Print every built file that does not follow from the source. Returns whether there is none."""
    wrong = {unit.name: build.find_drift(course, unit) for unit in units}
    lost = build.find_leftovers(course) if everything else []
    for line in [*(line for lines in wrong.values() for line in lines), *lost]:
        print(line, file=sys.stderr)
    stale = [name for name, lines in wrong.items() if lines]
    if stale:
        print(f"Run: leftcontext build {' '.join(stale)}", file=sys.stderr)
    if stale or lost:
        return False
    print(f"Up to date with source/: {plural(len(units), 'unit')}.")
    return True


def build_all(
    course: Course, units: Sequence[build.Unit], force: bool, execute: bool | None, noun: str = "unit"
) -> bool:
    """Write every unit, then execute the worked notebooks: those that changed, or all or none, as `execute` says.

    Returns whether all went well. `noun` is what the user calls a unit.
    """
    good, to_run = True, []
    for unit in units:
        done = build.write_unit(course, unit, force=force, execute=bool(execute))
        for path in done.written:
            print(f"wrote {path}")
        for problem in [*done.refused, *check_style(unit)]:
            print(problem, file=sys.stderr)
        good = good and not done.refused
        if done.needs_execution and execute is not False:
            to_run.append(unit)
    good = _run_all(course, to_run) and good
    if good:
        print(f"Built: {plural(len(units), noun)}.")
    return good


def _run_all(course: Course, units: Sequence[build.Unit]) -> bool:
    good = True
    columns = *Progress.get_default_columns()[:3], TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        for unit in units:
            task = bar.add_task(f"executing {unit.worked}", total=unit.cells)
            try:
                build.run_unit(course, unit, partial(_advance, bar, task))
                bar.update(task, completed=unit.cells)
                bar.console.print(f"wrote {unit.worked}", highlight=False)
            except RunError as error:
                good = False
                bar.console.print(str(error), style="red", highlight=False, markup=False)
    return good


def _advance(bar: Progress, task: TaskID, cells_run: int) -> None:
    bar.update(task, completed=cells_run)
