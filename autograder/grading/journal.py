"""What was graded already: a line for each submission, written when all else of it is safe. Kill it at any instant."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """The newest entry of each student, by name; `digest` says what was graded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, Entry] = {}
        with contextlib.suppress(FileNotFoundError):
            for line in path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError):  # the line that a kill cut short
                    entry = json.loads(line)
                    self.entries[entry["student"]] = entry

    def add(self, entry: Entry) -> None:
        self.entries[entry["student"]] = entry
        with self.path.open("a", encoding="utf-8", errors="replace") as file:  # a student's words may hold half a character
            if file.tell() and not self._whole():
                file.write("\n")
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _whole(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def digest(*parts: object) -> str:
    """A short name for contents."""
    found = hashlib.sha256()
    for part in parts:
        found.update(repr(part).encode() if not isinstance(part, bytes) else part)
        found.update(b"\0")
    return found.hexdigest()[:32]


@contextlib.contextmanager
def only_one(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file at `path`; call `waiting` first where another run holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
