"""What was graded already: a line for each submission, written when all else of it is safe. Kill it at any instant."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

VERSION = 3  # of the grader and of an entry's form: a change regrades what was graded
JournalEntry = dict[str, Any]


class Journal:
    """An entry for each graded submission; in memory only `digests`, which say what was graded, by student."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_outdated = False  # whether it holds entries of an earlier version, which are not read
        self.digests = {entry["student"]: entry["digest"] for entry in self._read()}

    def newest(self) -> dict[str, JournalEntry]:
        """The last entry of each student."""
        return {entry["student"]: entry for entry in self._read()}

    def _read(self) -> Iterator[JournalEntry]:
        with contextlib.suppress(FileNotFoundError), self.path.open(encoding="utf-8") as file:
            for line in file:
                with contextlib.suppress(ValueError):  # the line that a kill cut short
                    entry = json.loads(line)
                    if not isinstance(entry, dict) or not {"student", "digest"} <= entry.keys():
                        continue
                    if entry.get("version") == VERSION:
                        yield entry
                    else:
                        self.is_outdated = True

    def add(self, entry: JournalEntry) -> None:
        self.digests[entry["student"]] = entry["digest"]
        with self.path.open("a", encoding="utf-8", errors="replace") as file:  # a student's words may hold half a character
            if file.tell() and not self._whole():
                file.write("\n")
            file.write(json.dumps({**entry, "version": VERSION}, ensure_ascii=False) + "\n")
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


def code_lines(source: str) -> list[str]:
    """A cell's lines without those that are blank or comments: what a copy keeps when its author is in a hurry."""
    lines = (line.rstrip() for line in source.splitlines())
    return [line for line in lines if line and not line.lstrip().startswith("#")]


@contextlib.contextmanager
def file_lock(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file at `path`; call `on_wait` first where another run holds it."""
    import fcntl  # not on Windows, where the report is read all the same

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
