"""`leftcontext grade --file` and `--dry-run` at a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.cli.grade import REFUSED, advice
from autograder.cli.options import WRONG
from autograder.cli.tables import plural
from autograder.errors import UserError
from autograder.grading.alone import GradedAlone, grade_alone
from autograder.grading.graded_submission import GradingStatus
from autograder.grading.plan import plan
from autograder.plain_text import plain, plain_line
from autograder.sandbox.levels import IsolationLevel


def run_file(
    assignment: str | None,
    file: Path,
    as_json: bool,
    isolation: IsolationLevel,
    timeout: float | None,
    students: Sequence[str] = (),
) -> int:
    """Grade one file, that of the student in `students` if there is one.

    Exit code 0 where it has all points, 1 where it has not, 2 where it can't be graded.
    """
    if len(students) > 1:
        raise UserError("One file has one student: give --student once.")
    name = assignment or re.sub(r" ?\(\d+\)$|-\d+$", "", file.name.split(".")[0])
    try:
        found = grade_alone(
            name, file, isolation=isolation, timeout=timeout, student=lambda declared: next(iter(students), declared)
        )
    except (UserError, OSError) as reason:
        which = "" if assignment else f" Which assignment is it? Give its name: leftcontext grade ASSIGNMENT --file {file.name}"
        print(f"leftcontext: {plain_line(advice(reason, isolation))}{which}", file=sys.stderr)
        return REFUSED
    graded = found.graded
    if as_json:
        print(json.dumps({**json.loads(graded.to_json()), "file": str(file), "assignment": name, "points": found.points}))
    else:
        _show(found, name)
    usable = graded.status == GradingStatus.GRADED
    return REFUSED if not usable else 0 if graded.score >= graded.max_score - 1e-9 else WRONG


def _show(found: GradedAlone, assignment: str) -> None:
    for test, score in found.graded.cells.items():
        most, finding = found.points[test], found.graded.findings.get(test)
        name = test.removeprefix("check_")
        if score is None:
            print(f"… {name}: waiting for manual grading ({most:g} points)")
        elif finding and not finding.passed:
            print(f"{plain(finding.text)}\n")
        else:
            print(f"{'✓' if score >= most - 1e-9 else '✗'} {name}: {score:g} of {most:g} points")
    for note in found.graded.notes:
        print(plain_line(note.text), file=sys.stderr)
    print(f"{assignment}: {found.graded.score:g} of {found.graded.max_score:g} points.")


def show_plan(
    assignment: str, students: Iterable[str] | None, force: bool, timeout: float | None, as_json: bool
) -> int:
    """Print who would be graded, and why."""
    made = plan(assignment, students, force, timeout)
    for note in made.notes:
        print(plain_line(note), file=sys.stderr)
    for student, reason in made.graded.items():
        print(json.dumps({"student": student, "status": "to grade", "reason": reason}) if as_json else f"{student}: {reason}")
    if as_json:
        for student in made.unchanged:
            print(json.dumps({"student": student, "status": "unchanged", "reason": ""}))
    else:
        count = plural(len(made.graded), "submission")
        print(f"{assignment}: {count} would be graded, {len(made.unchanged)} would stay as they are. Nothing was written.")
    return 0
