"""What stock nbgrader does with each case: `python tests/hostile/stock.py`, as root, runs it all, and keeps it in stock.json.

`--new` runs only the cases that are not in there yet; a NAME runs that one.

nbgrader runs a student's code with all rights of whoever grades, so each case runs in a jail (tests/support/jail.py). It gets
forty seconds a cell and five minutes in all, by the clock on the wall as nbgrader counts: a busy machine must not be taken for
a wrong grade. A test may grade without the jail what is harmless.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import nbconvert.exporters  # noqa: E402, F401
from corpus import CASES, PARTS, Case  # noqa: E402
from nbgrader.api import Gradebook, MissingEntry  # noqa: E402
from nbgrader.apps.nbgraderapp import NbGraderApp  # noqa: E402
from support import warm_command  # noqa: E402
from support.clone import ROOT  # noqa: E402
from support.hostile_harness import Field  # noqa: E402
from support.jail import limited_folder, run_jailed  # noqa: E402

KEPT = HERE / "stock.json"
HARMFUL = ("it would take the machine", "nobody would want that to succeed here")  # why a case does not trip in a test
CELL_SECONDS = 40
SECONDS = 300  # that a case may take


def is_harmless(case: Case) -> bool:
    """Whether it may be run without a jail."""
    return case.why_not not in HARMFUL


def in_jail(course: Path, student: str) -> None:
    """`nbgrader autograde` of one student, in a fork of this process that can harm nothing."""

    def autograde() -> None:
        os.environ.update(PYTHONPATH=str(ROOT), HOME=str(course.parent), TMPDIR=str(course.parent))
        tempfile.tempdir = str(course.parent)
        os.chdir(course)
        NbGraderApp.launch_instance(["autograde", "plain", "--student", student])

    run_jailed(autograde, course.parent, SECONDS)


def unheld(course: Path, student: str) -> None:
    """The same as whoever grades runs it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(course.parent)}
    with contextlib.suppress(subprocess.TimeoutExpired):
        warm_command.run_warm(["nbgrader", "autograde", "plain", "--student", student], course, environment)


def grade(field: Field, case: Case, student: str, autograde: Callable[[Path, str], None]) -> list[float] | None:
    """The points that stock nbgrader gives in each part; None where it gives no grade at all."""
    config = field.course / "nbgrader_config.py"
    config.write_text(config.read_text().replace("timeout = 60", f"timeout = {CELL_SECONDS}"))
    field.submit(case, student)
    autograde(field.course, student)
    return points(field, student)


def points(field: Field, student: str) -> list[float] | None:
    if not (field.course / "autograded" / student / "plain" / "one.ipynb").exists():
        return None
    with Gradebook(f"sqlite:///{field.course}/gradebook.db", "honest") as book:
        try:
            notebook = book.find_submission_notebook("one", "plain", student)
        except MissingEntry:
            return None
        scores = {grade.name: grade.auto_score for grade in notebook.grades}
    found = [scores.get(name) for name in PARTS]
    return None if None in found else [float(score or 0) for score in found]


def main() -> None:
    named = [one for one in sys.argv[1:] if not one.startswith("-")]
    kept = "--new" in sys.argv or named
    found: dict[str, list[float] | None] = json.loads(KEPT.read_text(encoding="utf-8")) if kept else {}
    wanted = [case for case in CASES if (case.name in named if named else case.name not in found)]
    with tempfile.TemporaryDirectory() as folder:
        first = Field(Path(tempfile.mkdtemp(dir=folder)))
        for number, case in enumerate(wanted):
            print(f"{number + 1} of {len(wanted)}: {case.name}", flush=True)
            with limited_folder(Path(folder) / "case") as place:  # what one case spoils is nothing to the next
                field = first.copy(place)
                if case.evaluates:
                    field.with_evaluating_test()
                found[case.name] = grade(field, case, "ada", in_jail)
            in_order = [one.name for one in CASES if one.name in found]
            lines = [f"{json.dumps(name)}: {json.dumps(found[name])}" for name in in_order]
            KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
