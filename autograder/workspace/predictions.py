"""What a learner has predicted: `predictions.json` in a workspace, one entry for each question of each unit.

It is a file beside `progress.json`, because an older version of the course drops from that what it does not know.
Outside a workspace a prediction lives as long as the kernel. An error here stays silent, as in `progress`.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from autograder.paths import workspace
from autograder.workspace.progress import file_lock, keep_damaged, read_entries, write_entries

PREDICTIONS_FILE = "predictions.json"


class PredictionEntry(TypedDict):
    """`predicted` is when the answer was last changed; `result` is None where the lesson did not name one."""

    unit: str
    question: str
    answer: str
    predicted: str
    result: str | None


_of_this_kernel: dict[str, PredictionEntry] = {}


def load(folder: Path | None = None) -> dict[str, PredictionEntry]:
    """Every prediction in the workspace `folder` (default: the one around), or of this kernel where there is none."""
    folder = folder or workspace()
    if folder is None:
        return dict(_of_this_kernel)
    return read_entries(folder / PREDICTIONS_FILE, PredictionEntry)


def answer_to(question: str) -> str:
    """What was predicted; empty where nothing was."""
    entry = load().get(_key(question))
    return entry["answer"] if entry else ""


def record(question: str, answer: str) -> None:
    """Keep an answer in place of an earlier one; an empty one takes the prediction back."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    old = load().get(_key(question))
    entry = PredictionEntry(
        unit=_unit(), question=question, answer=answer, predicted=now, result=old["result"] if old else None
    )
    _write(_key(question), entry if answer else None)


def record_result(question: str, result: str) -> None:
    """Put the result beside the prediction; nothing is kept where nothing was predicted."""
    old = load().get(_key(question))
    if old is not None:
        _write(_key(question), PredictionEntry(**{**old, "result": result}))


def _write(key: str, entry: PredictionEntry | None) -> None:
    """Set an entry, or drop it where it is None."""
    folder = workspace()
    if folder is None:
        _set(_of_this_kernel, key, entry)
        return
    with contextlib.suppress(OSError):
        if not folder.is_dir():
            return
        with file_lock(folder):
            keep_damaged(folder / PREDICTIONS_FILE)
            entries = load(folder)
            _set(entries, key, entry)
            write_entries(folder / PREDICTIONS_FILE, entries)


def _set(entries: dict[str, PredictionEntry], key: str, entry: PredictionEntry | None) -> None:
    if entry is None:
        entries.pop(key, None)
    else:
        entries[key] = entry


def _key(question: str) -> str:
    return f"{_unit()}: {question}"


def _unit() -> str:
    """The folder that the notebook lies in, which is its unit's."""
    return Path.cwd().name
