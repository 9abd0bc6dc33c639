"""What a learner has tried and solved: `progress.json` in a workspace, one entry for each exercise.

`check` writes here. Outside a workspace (in a clone, under nbgrader) there is nothing to write to, and nothing is
written. Keeping a record must never cost a learner a point: an error here stays silent.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

from autograder.atomic_write import IN_BROWSER, write_atomically
from autograder.bank.former_names import present_id
from autograder.paths import MARKER, workspace

PROGRESS_FILE = "progress.json"


class _Tried(TypedDict):
    passed: bool
    score: float
    max_score: float
    failures: int
    solved: str | None


class ProgressEntry(_Tried, total=False):
    """`score` is the best so far; `failures` counts the failed tries before the first right answer, at `solved`.

    `hints` are those that the last failed try opened; records from before there were any don't have them.
    """

    hints: list[str]


def load(folder: Path | None = None) -> dict[str, ProgressEntry]:
    """Every exercise that was tried in the workspace `folder` (default: the one around); {} where there is none."""
    folder = folder or workspace()
    if folder is None:
        return {}
    return _by_present_id(read_entries(folder / PROGRESS_FILE, ProgressEntry))


def record(exercise: str, passed: bool, score: float, max_score: float, hints: Sequence[str] = ()) -> None:
    """Add one try; of its `hints`, as many are open as there were failed ones. What is solved stays solved."""
    with contextlib.suppress(OSError):
        folder = workspace()
        if folder is None or not folder.is_dir():
            return
        with file_lock(folder):
            keep_damaged(folder / PROGRESS_FILE)
            entries = load(folder)
            exercise = present_id(exercise)
            old = entries.get(exercise, ProgressEntry(passed=False, score=0.0, max_score=max_score, failures=0, solved=None))
            now = datetime.now(UTC).isoformat(timespec="seconds")
            failures = old["failures"] + (not passed and not old["passed"])
            entries[exercise] = ProgressEntry(
                passed=passed or old["passed"],
                score=max(float(score), old["score"]),
                max_score=float(max_score),
                failures=failures,
                solved=old["solved"] or (now if passed else None),
                hints=list(hints[:failures]),
            )
            write_entries(folder / PROGRESS_FILE, entries)


def attempts(exercise: str) -> int:
    """How many tries of `exercise` failed: as many hints may open."""
    entry = load().get(present_id(exercise))
    return entry["failures"] if entry else 0


def _by_present_id(entries: dict[str, ProgressEntry]) -> dict[str, ProgressEntry]:
    """One entry for each exercise: where there is one of a former id too, the better of the two."""
    found: dict[str, ProgressEntry] = {}
    for id, entry in entries.items():
        now = present_id(id)
        found[now] = max(found.get(now, entry), entry, key=lambda one: (one["passed"], one["score"], one["failures"]))
    return found


def read_entries(path: Path, kind: Any) -> dict[str, Any]:
    """The entries of a file that have all keys of the TypedDict `kind`; {} where the file is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: entry for key, entry in found.items() if isinstance(entry, dict) and entry.keys() >= kind.__required_keys__}


def write_entries(path: Path, entries: Mapping[str, Any]) -> None:
    """Write all entries of a file. Raises OSError."""
    write_atomically(path, json.dumps(entries, indent=1, sort_keys=True) + "\n")


def keep_damaged(path: Path) -> None:
    """Lay a file that is not ours to read beside the new one instead of writing over it."""
    with contextlib.suppress(FileNotFoundError):
        try:
            if isinstance(json.loads(path.read_text(encoding="utf-8")), dict):
                return
        except ValueError:
            pass
        os.replace(path, path.with_suffix(".damaged.json"))


@contextlib.contextmanager
def file_lock(folder: Path) -> Iterator[None]:
    """A file lock: two notebooks that run at once must not lose each other's entries."""
    try:
        import fcntl
    except ImportError:  # Windows: a lost entry comes back with the next try
        yield
        return
    if IN_BROWSER:  # JupyterLite hands out no hidden file, so no marker either, and knows no locks
        yield
        return
    with open(folder / MARKER, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
