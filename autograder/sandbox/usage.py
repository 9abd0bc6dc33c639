"""What a sandboxed process and its descendants use, measured from outside: they can't be asked."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import stat
from collections.abc import Iterable

from autograder.sandbox import linux
from autograder.sandbox.policy import SandboxPolicy

_MAX_FILES = 20_000  # of a home that are looked at
_MAX_LEFT = 8  # threads that a program may leave behind where it is suspected to make more and more


def exceeded_limit(policy: SandboxPolicy, first: int, base_memory: int, home: str | None = None) -> str | None:
    """Which limit a process `first` and its descendants exceed together: "memory", "processes", "disk", or None.

    `base_memory` is resident memory in bytes that each shares with the process that forked it. `home` is the folder on the
    machine's own disk that they write to, where they have no file system of their own. Raises OSError where it has ended.
    """
    family = [first, *linux.descendants(first)]
    if sum(max(0, resident_memory(process) - base_memory) for process in family) > policy.total_memory:
        return "memory"
    if home is None:
        return None  # in namespaces of its own, the kernel counts processes and files
    if sum(_threads(process) for process in family) > policy.processes:
        return "processes"
    return "disk" if _disk(home) + sum(_deleted_files(process) for process in family) > policy.disk else None


def leaves_processes(first: int) -> bool:
    """Whether a process has descendants, or many threads: it is asked where nothing of its program runs any more."""
    with contextlib.suppress(OSError):  # it has ended
        return any(linux.descendants(first)) or _threads(first) > _MAX_LEFT
    return False


def resident_memory(process: int) -> int:
    """The memory in bytes that a process has, its own or shared."""
    with open(f"/proc/{process}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _threads(process: int) -> int:
    try:
        return len(os.listdir(f"/proc/{process}/task"))
    except OSError:  # it has just ended
        return 0


def _disk(home: str) -> int:
    """Bytes on the disk below a folder."""
    found = count = 0
    for folder, _, names in os.walk(home):
        for name in names:
            with contextlib.suppress(OSError):
                found += os.lstat(f"{folder}/{name}").st_blocks * 512
            count += 1
            if count > _MAX_FILES:  # so many take their place as well
                return 1 << 62
    return found


def _deleted_files(process: int) -> int:
    """Bytes of the files that a process has open and that have no name any more."""
    found = 0
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            with contextlib.suppress(OSError):
                about = os.stat(f"/proc/{process}/fd/{descriptor}")
                if stat.S_ISREG(about.st_mode) and about.st_nlink == 0:
                    found += about.st_blocks * 512
    return found


def remove_home(home: str) -> None:
    """Remove a folder with all that is in it, also where its owner has taken the right to list or to change it."""
    for folder, folders, _ in os.walk(home):
        _make_removable([folder, *(f"{folder}/{name}" for name in folders)])
    shutil.rmtree(home, ignore_errors=True)


def _make_removable(folders: Iterable[str]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            if not os.path.islink(folder):
                os.chmod(folder, 0o700)
