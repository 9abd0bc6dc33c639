"""An autograder for Gradescope: a zip file with this course's grader in it, and what it says of a submission.

By https://gradescope-autograders.readthedocs.io: the zip has setup.sh, which prepares a container once, and run_autograder,
which finds a submission in /autograder/submission and writes /autograder/results/results.json.
"""

from __future__ import annotations

import functools
import json
import shlex
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autograder import paths
from autograder.grading.alone import GradedAlone, assignment_folders, grade_alone
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.notebook.cell import without_prefix
from autograder.sandbox.levels import IsolationLevel, SandboxUnavailable

LEVELS = (IsolationLevel.FULL, IsolationLevel.BASIC, IsolationLevel.NONE)
METADATA = "submission_metadata.json"  # beside the folder of the submission: who handed it in, and when
MAX_OUTPUT = 20_000  # characters of one test's output
MOMENT = (2020, 1, 1, 0, 0, 0)  # the same contents make the same file
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}

SETUP = """#!/usr/bin/env bash
# Gradescope runs this once, when it builds the image.
set -euo pipefail
cd /autograder/source
python=
for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" > /dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    apt-get update
    apt-get install -y python3.11 python3.11-venv || {{ python3 -m pip install uv; python3 -m uv python install 3.12; }}
    python=$(command -v python3.11 || python3 -m uv python find 3.12)
fi
apt-get install -y libseccomp2 || true
# Debian and Ubuntu keep what `venv` needs in a package of its own.
"$python" -c 'import ensurepip' 2> /dev/null || {{ apt-get update; apt-get install -y "$(basename "$python")-venv"; }}
"$python" -m venv /autograder/venv
/autograder/venv/bin/python -m pip install --no-cache-dir -r requirements.txt
id grader > /dev/null 2>&1 || useradd --system --create-home grader
"""
RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission.
cd {root}/source
export PYTHONPATH={root}/source
become=
if [ "$(id -u)" = 0 ] && id grader > /dev/null 2>&1; then
    # Root in a container lacks rights that the sandbox needs to hold another user's processes; an ordinary user needs none.
    mkdir -p {root}/results
    chown grader {root}/results
    chmod -R a+rX {root}/source {root}/submission
    chmod a+r {root}/submission_metadata.json 2> /dev/null || true
    become="setpriv --reuid=grader --regid=grader --clear-groups env HOME=/home/grader"
fi
exec $become {python} -m autograder.lms.gradescope {assignment} {root}/submission {root}/results/results.json {least}
"""


def write_autograder(assignment: str, output: Path, least: IsolationLevel = IsolationLevel.BASIC) -> Path:
    """Write the zip file. `least` is the lowest isolation level that is accepted. Raises MissingData, OSError."""
    files = dict(_files(assignment))
    files["setup.sh"] = SETUP.format().encode()
    run = RUN.format(
        root="/autograder", python="/autograder/venv/bin/python", assignment=shlex.quote(assignment), least=least
    )
    files["run_autograder"] = run.encode()
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, MOMENT)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            archive.writestr(member, files[name])
    return output


def _files(assignment: str) -> Iterator[tuple[str, bytes]]:
    """The grader, the bank, and the assignment, by their paths in the zip file. Raises MissingData."""
    lock = paths.PACKAGE.parent / "requirements.txt"
    if not lock.is_file():
        raise MissingData("The autograder is made from a clone of Left Context: requirements.txt is not beside the package.")
    yield "requirements.txt", lock.read_bytes()
    for package in (paths.PACKAGE, paths.PACKAGE.parent / "leftcontext"):
        yield from _below(package, package.name)
    for path in sorted(paths.source().glob("*/*")):
        if path.is_file() and path.suffix in (".py", ".md"):
            yield f"source/{path.parent.name}/{path.name}", path.read_bytes()
    if (settings := paths.source() / "course.toml").is_file():
        yield "source/course.toml", settings.read_bytes()
    source, released = assignment_folders(NbgraderCourse(), assignment)
    yield from _below(source, f"source/{assignment}")
    yield from _below(released, f"notebooks/{assignment}")


def _below(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    for path in paths.list_files(folder):
        if not LEFT_OUT & set(path.parts) and path.suffix != ".pyc":
            yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def results(alone: GradedAlone, level: IsolationLevel) -> dict[str, Any]:
    """What Gradescope shows: a test for each exercise that has a score; notes of the grader go to the instructors only."""
    graded = alone.graded
    tests = []
    for test, score in graded.cells.items():
        if score is None:
            continue
        most = alone.points[test]
        finding = graded.findings.get(test)
        said = finding.text[:MAX_OUTPUT] if finding else ""
        status = "passed" if score >= most - 1e-9 else "failed"
        name = without_prefix(test)
        tests.append({
            "name": name, "score": score, "max_score": most, "status": status, "output": said, "output_format": "text",
            "visibility": "visible",
        })  # fmt: skip
    by_hand = sum(score is None for score in graded.cells.values())
    answers = "answer is" if by_hand == 1 else "answers are"
    said = f"{by_hand} {answers} graded by the instructor." if by_hand else ""
    about = {"isolation": str(level), "status": str(graded.status), "notes": [note.text for note in graded.notes]}
    return {
        "score": sum(float(score) for score in graded.cells.values() if score is not None),
        "output": said,
        "output_format": "text",
        "stdout_visibility": "hidden",  # what is printed is for the instructors
        "tests": tests,
        "extra_data": {**about, "not_isolated": graded.not_isolated},
    }


def submitter(metadata: Path, declared: str) -> str:
    """Who handed in, for an assignment with variants: the id that the notebook names where it is one of theirs, else the
    first one's e-mail address. Without Gradescope's metadata, the id that the notebook names.
    """
    try:
        users = json.loads(metadata.read_bytes())["users"]
        emails = [str(user["email"]) for user in users]
        ids = {str(value).casefold() for user in users for value in (user["email"], user.get("id"), user.get("sid")) if value}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return declared
    ids |= {email.casefold().partition("@")[0] for email in emails}
    return declared if declared.casefold() in ids or not emails else emails[0]


def failure(sentence: str) -> dict[str, Any]:
    """What Gradescope shows where a submission could not be graded: no score of it is the student's fault."""
    return {
        "score": 0.0,
        "output": "Your submission could not be graded. This is a fault of the autograder; your instructor can see which one.",
        "output_format": "text",
        "stdout_visibility": "hidden",
        "extra_data": {"error": sentence},
    }


def run(assignment: str, submission: Path, least: IsolationLevel, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Grade what lies in `submission` at the highest isolation level that this container allows, if it is not below `least`."""
    owner = functools.partial(submitter, submission.parent / METADATA)
    reasons = []
    for level in LEVELS[: LEVELS.index(least) + 1]:
        try:
            alone = grade_alone(assignment, submission, isolation=level, student=owner, on_message=say)
        except SandboxUnavailable as error:
            reasons.append(f"level {level}: {error}")
            say(reasons[-1])
            continue
        for note in alone.graded.notes:
            say(note.text)
        return results(alone, level)
    return failure(f"No isolation level of at least {least} can be used in this container ({'; '.join(reasons)}).")


def main(arguments: list[str]) -> int:
    """Called by run_autograder: the assignment, the folder of the submission, the file of the results, the least level."""
    from autograder.environment import ensure_home

    ensure_home()
    assignment, submission, output, least = arguments
    try:
        found = run(assignment, Path(submission), IsolationLevel(least))
    except Exception as error:  # whatever it is, Gradescope must be told in its own words
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        found = failure(f"{type(error).__name__}: {error}")
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
