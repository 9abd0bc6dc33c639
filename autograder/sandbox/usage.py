"""What a sandboxed process and its descendants use, measured from outside: they can't be asked."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import resource
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.sandbox import linux
from autograder.sandbox.policy import SandboxPolicy

MAX_FILES = 20_000  # and folders, of a home that are looked at
MAX_DEPTH = 100  # of folders in it
_TOO_MUCH = 1 << 62  # bytes
_FEW_DESCRIPTORS = 32  # open files of a process that do not count as sockets
_MAX_MAPPINGS = 100_000  # of all processes together that are looked at; PyTorch has some thousand
_DELETED = b" (deleted)\n"  # how /proc/PID/maps ends the line of a file without a name
_SHARED_MEMORY = "/dev/zero (deleted)"  # so it names memory that processes share
_MAX_LEFT = 8  # threads that a program may leave behind where it is suspected to make more and more


def exceeded_limit(policy: SandboxPolicy, first: int, base_memory: int, home: str | None = None) -> str | None:
    """Which limit a process `first` and its descendants exceed together: "memory", "processes", "disk", or None.

    `base_memory` is resident memory in bytes that each shares with the process that forked it. `home` is the folder on the
    machine's own disk that they write to, where they have no file system of their own. Raises OSError where it has ended.
    """
    resident_memory(first)
    family = [first, *linux.descendants(first)]
    mapped: list[_MappedFile] = []
    looked_at = 0
    for process in family:
        try:
            looked_at += _add_mapped_files(process, mapped)
        except PermissionError:  # a process that nobody may look into is one more than there may be
            return "processes"
        if looked_at > _MAX_MAPPINGS:
            return "memory"
    memory = sum(max(0, _resident_or_none(process) - base_memory) for process in family)
    if memory + _unseen_memory(family, mapped) + sum(map(_socket_memory, family)) > policy.total_memory:
        return "memory"
    if home is None:
        return None  # in namespaces of its own, the kernel counts processes and files
    if sum(_threads(process) for process in family) > policy.processes:
        return "processes"
    return "disk" if _disk(home) + _deleted_files(family, mapped, home, policy.disk) > policy.disk else None


def leaves_processes(first: int) -> bool:
    """Whether a process has descendants, or many threads: it is asked where nothing of its program runs any more."""
    with contextlib.suppress(OSError):  # it has ended
        return any(linux.descendants(first)) or _threads(first) > _MAX_LEFT
    return False


def has_ended(process: int) -> bool:
    """Whether a process is seen to have ended while nobody has waited for it yet. One whose first thread has ended goes on."""
    state = ""
    with contextlib.suppress(OSError), open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
        state = file.read().rpartition(")")[2][1:2]  # see proc_pid_stat(5)
    return state in ("Z", "X") and _threads(process) <= 1


def resident_memory(process: int) -> int:
    """The memory in bytes that a process has, its own or shared. Raises OSError where it has ended."""
    found = _resident(f"/proc/{process}")
    if not found:  # its first thread has ended, and says 0; the others have the memory
        with contextlib.suppress(OSError):
            threads = os.listdir(f"/proc/{process}/task")
            found = max((_resident(f"/proc/{process}/task/{thread}") for thread in threads), default=0)
    return found


def _resident(place: str) -> int:
    with open(f"{place}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _resident_or_none(process: int) -> int:
    try:
        return resident_memory(process)
    except OSError:  # it has just ended
        return 0


@dataclass(frozen=True)
class _MappedFile:
    path: str
    inode: int
    size: int  # bytes that are mapped


def _add_mapped_files(process: int, found: list[_MappedFile]) -> int:
    """Add the files without a name that a process has mapped; how many mappings it has of any kind.

    Raises PermissionError where nobody may know.
    """
    lines = 0
    try:
        threads = os.listdir(f"/proc/{process}/task")
        with open(f"/proc/{process}/task/{max(threads, key=int)}/maps", "rb") as file:
            for line in file:
                lines += 1
                if lines > _MAX_MAPPINGS:
                    break
                if line.endswith(_DELETED):
                    fields = line.decode(errors="replace").split(maxsplit=5)
                    low, high = (int(end, 16) for end in fields[0].split("-"))
                    found.append(_MappedFile(fields[5].strip(), int(fields[4]), high - low))
    except PermissionError:
        raise
    except (OSError, ValueError):  # it has just ended
        pass
    return lines


def _unseen_memory(family: Iterable[int], mapped: Iterable[_MappedFile]) -> int:
    """Bytes of shared memory that no process has among its resident pages at present; they are kept all the same."""
    shared = {file.inode: 0 for file in mapped if file.path == _SHARED_MEMORY}
    if not shared:
        return 0
    for file in mapped:
        if file.inode in shared:
            shared[file.inode] = max(shared[file.inode], file.size)
    return max(0, sum(shared.values()) - sum(map(_resident_shared, family)))


def _socket_memory(process: int) -> int:
    """The most bytes that may wait in a process's sockets, which the kernel keeps and counts as nobody's.

    Each open file may be a socket; only who has many can hold much. Each thread may have open files of its own.
    """
    found = 0
    with contextlib.suppress(OSError):  # it has just ended
        for thread in os.listdir(f"/proc/{process}/task"):
            found += max(0, len(os.listdir(f"/proc/{process}/task/{thread}/fd")) - _FEW_DESCRIPTORS)
    return found * _socket_buffer()


@functools.cache
def _socket_buffer() -> int:
    """The bytes that one socket may hold, as long as nobody changes that."""
    try:
        with open("/proc/sys/net/core/wmem_default", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 212_992  # Linux's own default


def _resident_shared(process: int) -> int:
    with contextlib.suppress(OSError):  # it has just ended
        return linux.memory(process, "RssShmem")
    return 0


def _threads(process: int) -> int:
    try:
        return len(os.listdir(f"/proc/{process}/task"))
    except OSError:  # it has just ended
        return 0


def _disk(home: str) -> int:
    """Bytes on the disk below a folder. What can't be seen to be little is `_TOO_MUCH`.

    That is: more than `MAX_FILES` files and folders, folders more than `MAX_DEPTH` deep, and one that its owner may not list.
    """
    found = count = 0
    unseen: list[OSError] = []
    above = home.count("/")
    for folder, folders, files, descriptor in os.fwalk(home, onerror=unseen.append):
        count += len(folders) + len(files)
        is_hidden = any(error.errno == errno.EACCES for error in unseen)  # others have just been removed
        if is_hidden or count > MAX_FILES or folder.count("/") - above > MAX_DEPTH:
            return _TOO_MUCH
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                found += os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_blocks * 512
    return _TOO_MUCH if any(error.errno == errno.EACCES for error in unseen) else found


def _deleted_files(family: Iterable[int], mapped: Iterable[_MappedFile], home: str, most: int) -> int:
    """Bytes of the files in `home` that are in use and have no name any more; `most` for one that is only mapped."""
    found: dict[int, int] = {}
    for process in family:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{process}/task"):  # each may have open files of its own
                found |= _open_deleted(f"/proc/{process}/task/{thread}/fd")
    below = os.path.realpath(home) + "/"
    return sum(found.values()) + sum(most for file in mapped if file.path.startswith(below) and file.inode not in found)


def _open_deleted(folder: str) -> dict[int, int]:
    """The bytes of open files without a name, by inode."""
    found = {}
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(folder):
            with contextlib.suppress(OSError):
                about = os.stat(f"{folder}/{descriptor}")
                if stat.S_ISREG(about.st_mode) and about.st_nlink == 0:
                    found[about.st_ino] = about.st_blocks * 512
    return found
