"""Calls of Linux that Python's own `os` does not have (in 3.11), one function each. See their man pages."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import sys
from collections.abc import Iterator
from typing import Any

NEWNS, NEWUTS, NEWIPC = 0x00020000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
DETACH = 2
CAN_REACH = 2  # the capability to read any file and go through any folder, as far as Landlock allows it
_SET_KEEPCAPS, _CAP_AMBIENT, _AMBIENT_RAISE = 8, 47, 2
_SET_PDEATHSIG, _SET_DUMPABLE, _CAPBSET_DROP, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 1, 4, 24, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522
_MOUNT_SETATTR = 442
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
    """Leave for new namespaces of these kinds."""
    call("unshare", flags)


def enter(descriptor: int, kind: int) -> None:
    """Go (or send one's later children) into a namespace that `descriptor` stands for."""
    call("setns", descriptor, kind)


def mount(what: str, where: str, kind: str | None = None, flags: int = 0, options: str = "") -> None:
    """As mount(2)."""
    call("mount", what.encode(), where.encode(), kind.encode() if kind else None, flags, options.encode())


def bind_read_only(what: str, where: str) -> None:
    """What stands at `what` is seen at `where` too, and can't be changed there, nor in what is mounted below it."""
    mount(what, where, flags=MS_BIND | MS_REC)
    attributes = (ctypes.c_uint64 * 4)(MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)  # set, clear, propagation, user namespace
    call("syscall", _MOUNT_SETATTR, -100, where.encode(), _AT_RECURSIVE, ctypes.pointer(attributes), ctypes.sizeof(attributes))


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root; what was the root is found at `old`."""
    call("syscall", _PIVOT_ROOT[platform.machine()], new.encode(), old.encode())
    os.chdir("/")


def unmount(where: str) -> None:
    """Take away what is mounted at `where`, as soon as nobody uses it."""
    call("umount2", where.encode(), DETACH)


def die_with_parent() -> None:
    """Be killed when the parent ends. Does nothing where there is no Linux."""
    if _libc is not None:
        call("prctl", _SET_PDEATHSIG, 9, 0, 0, 0)


def adopt_orphans() -> None:
    """Have the children of one's dead children become one's own. Does nothing where there is no Linux."""
    if _libc is not None:
        call("prctl", _SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(process: int) -> Iterator[int]:
    """The children of a process, their children, and so on, as /proc has them now. Raises OSError where it has ended."""
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
            children = file.read().split()
        for child in map(int, children):
            yield child
            with contextlib.suppress(OSError):
                yield from descendants(child)


def kill_all(process: int) -> None:
    """Kill a process and its descendants: first stop them one by one, for who is killed alone makes room for the next."""
    stopped: set[int] = set()
    with contextlib.suppress(OSError):
        while new := {process, *descendants(process)} - stopped:
            for one in new:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, signal.SIGSTOP)
            stopped |= new
    for one in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def be_dumpable() -> None:
    """Own one's /proc/self again, after a change of user."""
    call("prctl", _SET_DUMPABLE, 1, 0, 0, 0)


def gain_no_privileges() -> None:
    """No program that this process starts has more rights than it."""
    call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def drop_capabilities(keep: int | None = None) -> None:
    """All of them, for good, but for `keep` and what it takes to become another user. The bounding set too, if allowed."""
    for capability in range(64):
        if capability == keep:
            continue
        try:
            call("prctl", _CAPBSET_DROP, capability, 0, 0, 0)
        except OSError:
            break
    if keep is None:
        _have_capabilities(0)


def become(user: int, keep: int) -> None:
    """Be another user and group for good, with one capability, which the programs that it starts have too."""
    call("prctl", _SET_KEEPCAPS, 1, 0, 0, 0)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _have_capabilities(1 << keep)
    call("prctl", _CAP_AMBIENT, _AMBIENT_RAISE, keep, 0, 0)


def _have_capabilities(which: int) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    call("capset", ctypes.pointer(header), ctypes.pointer((ctypes.c_uint32 * 6)(which, which, which)))


def give_back() -> None:
    """Memory that is free again goes back to the system: each fork would copy what maps it."""
    with contextlib.suppress(AttributeError):  # another C library than GNU's
        _libc.malloc_trim(0)  # type: ignore[union-attr]
