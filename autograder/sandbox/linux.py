"""System calls that Python's own `os` does not have (in 3.11), one function each, under the names of their man pages."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import Any

NEWNS, NEWUTS, NEWIPC = 0x00020000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
MNT_DETACH = 2
CAP_DAC_READ_SEARCH = 2  # capabilities(7): read any file and search any folder; Landlock still applies
_SET_KEEPCAPS, _CAP_AMBIENT, _AMBIENT_RAISE = 8, 47, 2
_SET_PDEATHSIG, _SET_DUMPABLE, _CAPBSET_DROP, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 1, 4, 24, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522
_MOUNT_SETATTR, _CLOSE_RANGE = 442, 436
_AT_RECURSIVE = 0x8000
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def call(name: str, *arguments: Any) -> int:
    """Call a function of the C library. Raises OSError, with the function's name in it."""
    if _libc is None:
        raise OSError(f"{name}: this is no Linux")
    result = getattr(_libc, name)(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return int(result)


def unshare(flags: int) -> None:
    """Move this process into new namespaces of these kinds (unshare(2))."""
    call("unshare", flags)


def setns(descriptor: int, kind: int) -> None:
    """Move this process, or for a pid namespace its later children, into the namespace that `descriptor` stands for."""
    call("setns", descriptor, kind)


def mount(what: str, where: str, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    """Mount `what` on the folder or file `where` (mount(2))."""
    call("mount", what.encode(), where.encode(), kind.encode() if kind else None, flags, options.encode())


def bind_read_only(what: str, where: str, device: bool = False) -> None:
    """Bind-mount `what` on `where` read-only, with everything that is mounted below it (mount_setattr(2)).

    A `device` can still be written to, but its times and its owner can't be changed.
    """
    mount(what, where, flags=MS_BIND | MS_REC)
    flags = MS_RDONLY | MS_NOSUID | (0 if device else MS_NODEV)
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)  # set, clear, propagation, user namespace
    call("syscall", _MOUNT_SETATTR, -100, where.encode(), _AT_RECURSIVE, ctypes.pointer(attributes), ctypes.sizeof(attributes))


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root; the former root is then mounted on `old` (pivot_root(2))."""
    call("syscall", _PIVOT_ROOT[platform.machine()], new.encode(), old.encode())
    os.chdir("/")


def umount(where: str) -> None:
    """Unmount what is mounted on `where`, as soon as nobody uses it (umount2(2), MNT_DETACH)."""
    call("umount2", where.encode(), MNT_DETACH)


def set_parent_death_signal() -> None:
    """Have this process killed when its parent ends (prctl(2), PR_SET_PDEATHSIG). Does nothing on other systems than Linux."""
    if _libc is not None:
        call("prctl", _SET_PDEATHSIG, 9, 0, 0, 0)


def set_child_subreaper() -> None:
    """Become the parent of orphaned descendants (prctl(2), PR_SET_CHILD_SUBREAPER). Does nothing on other systems than Linux."""
    if _libc is not None:
        call("prctl", _SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(process: int) -> Iterator[int]:
    """The process ids of all descendants of a process, as /proc has them now. Raises OSError where the process has ended."""
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
            children = file.read().split()
        for child in map(int, children):
            yield child
            with contextlib.suppress(OSError):
                yield from descendants(child)


def memory(process: int, kind: str) -> int:
    """Bytes of memory by a line of /proc/PID/status, such as "VmHWM": proc_pid_status(5). Raises OSError where it has ended."""
    with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
        return memory_in(file, kind, process)


def memory_in(status: Iterable[str], kind: str, process: int) -> int:
    """The same of the lines of a process's `status`."""
    for line in status:
        if line.startswith(kind):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(process)  # a process that has ended has no memory


def address_space(proc: int | None = None) -> int:
    """Bytes of this process's address space; `proc` is an open /proc, for a process that sees none."""
    path = "/proc/self/statm" if proc is None else "self/statm"
    with open(os.open(path, os.O_RDONLY, dir_fd=proc), encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def kill_tree(process: int) -> None:
    """Kill a process and its descendants. They are all stopped first, so that none can fork while others are killed."""
    stopped: set[int] = set()
    with contextlib.suppress(OSError):
        while new := {process, *descendants(process)} - stopped:
            for pid in new:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            stopped |= new
    for pid in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def set_dumpable() -> None:
    """Own /proc/self again after a change of user (prctl(2), PR_SET_DUMPABLE)."""
    call("prctl", _SET_DUMPABLE, 1, 0, 0, 0)


def set_no_new_privs() -> None:
    """Grant no program that this process starts more privileges than it has (prctl(2), PR_SET_NO_NEW_PRIVS)."""
    call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def drop_capabilities(keep: int | None = None) -> None:
    """Drop all capabilities for good, from the bounding set too where that is allowed.

    With `keep`, that one stays, as do those that changing the user takes; `become_user` then drops these.
    """
    nothing = ctypes.c_ulong(0)
    for capability in range(64):  # forty calls or so for each process: `call` would take a while over them
        if capability != keep and (_libc is None or _libc.prctl(_CAPBSET_DROP, ctypes.c_ulong(capability), *3 * (nothing,)) < 0):
            break
    if keep is None:
        _set_capabilities(0)


def become_user(user: int, keep: int) -> None:
    """Become another user and group for good, with one ambient capability, which started programs inherit."""
    call("prctl", _SET_KEEPCAPS, 1, 0, 0, 0)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _set_capabilities(1 << keep)
    call("prctl", _CAP_AMBIENT, _AMBIENT_RAISE, keep, 0, 0)


def effective_capabilities() -> int:
    """The capabilities that this process can use, a bit for each number of capabilities(7) (capget(2))."""
    header, data = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    call("capget", ctypes.pointer(header), ctypes.pointer(data))
    return data[0] | data[3] << 32  # effective, permitted, inheritable: of the lower 32, then of the higher ones


def _set_capabilities(which: int) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    call("capset", ctypes.pointer(header), ctypes.pointer((ctypes.c_uint32 * 6)(which, which, which)))


def close_descriptors(kept: Iterable[int], proc: int | None = None) -> None:
    """Close every open file of this process but for standard input, output and error and those in `kept`, whatever its number.

    Limits do not matter: RLIMIT_NOFILE hides descriptors above it from sysconf(3), and close_range(2) closes them all. `proc`
    is an open /proc, for a process that sees none.
    """
    kept = sorted({0, 1, 2, *kept})
    last = 0xFFFF_FFFF
    try:
        for low, high in zip(kept, [*kept[1:], last + 1], strict=True):
            if low + 1 < high:
                call("syscall", _CLOSE_RANGE, low + 1, high - 1, 0)
    except OSError:  # before Linux 5.9
        for descriptor in _open_descriptors(proc):
            if descriptor not in kept:
                with contextlib.suppress(OSError):
                    os.close(descriptor)


def _open_descriptors(proc: int | None) -> list[int]:
    folder = os.open("/proc/self/fd" if proc is None else "self/fd", os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
    try:
        return [int(name) for name in os.listdir(folder)]
    finally:
        os.close(folder)


def is_mapped(user: int) -> bool:
    """Whether a user id exists in this process's user namespace; in a small one, root can't become another."""
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            ranges = [tuple(map(int, line.split())) for line in file]
    except OSError:
        return False
    return any(first <= user < first + count for first, _, count in ranges)


def malloc_trim() -> None:
    """Return free memory to the system (malloc_trim(3)), since each fork would copy the page tables that map it."""
    with contextlib.suppress(AttributeError):  # another C library than GNU's
        _libc.malloc_trim(0)  # type: ignore[union-attr]
