"""What stock nbgrader does with each case: `python tests/hostile/stock.py` runs it all, and keeps it in stock.json.

`--new` runs only the cases that are not in there yet.

A case that would take the machine with it is not run. Each gets twenty seconds a cell and five minutes in all, by the clock on
the wall as nbgrader counts: a busy machine must not be taken for a wrong grade.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from corpus import CASES, PARTS, Case  # noqa: E402
from nbgrader.api import Gradebook, MissingEntry  # noqa: E402
from rich.progress import track  # noqa: E402
from support import warm_command  # noqa: E402
from support.clone import ROOT  # noqa: E402
from support.hostile_harness import Field  # noqa: E402

KEPT = HERE / "stock.json"
NOT_RUN = ("it would take the machine", "nobody would want that to succeed here")
CELL_SECONDS = 20
warm_command.SECONDS = 300  # that a case may take


def is_run(case: Case) -> bool:
    return case.why_not not in NOT_RUN


def grade(field: Field, case: Case, student: str) -> list[float] | None:
    """The points that stock nbgrader gives in each part; None where it gives no grade at all."""
    config = field.course / "nbgrader_config.py"
    config.write_text(config.read_text().replace("timeout = 60", f"timeout = {CELL_SECONDS}"))
    field.submit(case, student)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(field.course.parent)}
    with contextlib.suppress(subprocess.TimeoutExpired):
        warm_command.run_warm(["nbgrader", "autograde", "plain", "--student", student], field.course, environment)
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
    found: dict[str, list[float] | None] = json.loads(KEPT.read_text(encoding="utf-8")) if "--new" in sys.argv else {}
    wanted = [case for case in CASES if is_run(case) and case.name not in found]
    with tempfile.TemporaryDirectory() as folder:
        first = Field(Path(tempfile.mkdtemp(dir=folder)))
        for case in track(wanted, "stock nbgrader"):
            field = first.copy(Path(tempfile.mkdtemp(dir=folder)))  # what one case spoils is nothing to the next
            if case.evaluates:
                field.with_evaluating_test()
            found[case.name] = grade(field, case, "ada")
            kept = [one.name for one in CASES if one.name in found]
            lines = [f"{json.dumps(name)}: {json.dumps(found[name])}" for name in kept]
            KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
