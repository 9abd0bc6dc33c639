"""Landlock: restricts, for good, which files this process and its children can open.

None of the bindings on PyPI knows the rules for the network (ABI 4) and for signals (ABI 6), hence our own few calls.
Source: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator

from autograder.sandbox.linux import call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL_DEV = 1, 2, 4, 8, 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV  # the other rights apply to folders only
READ = _EXECUTE | _READ_FILE | _READ_DIR
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def abi() -> int:
    """The version of Landlock's interface in this kernel; 0 where it has none."""
    try:
        return call("syscall", _CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def restrict(readable: Iterable[str], writable: Iterable[str], hidden: Iterable[str] = ()) -> None:
    """Allow reading below `readable` but for `hidden`, everything below `writable`, and nothing else.

    Raises OSError where the kernel refuses.
    """
    version = abi()
    everything = _RIGHTS_BY_ABI[max((known for known in _RIGHTS_BY_ABI if known <= version), default=1)]
    wanted = _Ruleset(everything, 3 if version >= 4 else 0, 3 if version >= 6 else 0)  # bind, connect; abstract sockets, signals
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = call("syscall", _CREATE_RULESET, ctypes.pointer(wanted), size, 0)
    try:
        for path in writable:
            _allow(ruleset, path, everything)
        for rights, path in _rules_around(readable, tuple(hidden)):
            _allow(ruleset, path, rights & everything)
        call("syscall", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _rules_around(paths: Iterable[str], hidden: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Rules, as pairs of rights and path, that allow reading below `paths` but for `hidden`.

    A rule can't take back what one for an outer folder allows. So a folder that holds something hidden may be listed only, and
    what lies beside the hidden one gets rules of its own.
    """
    for path in paths:
        if not any(f"{secret}/".startswith(f"{path.rstrip('/')}/") for secret in hidden):
            yield READ, path
        elif path not in hidden:
            yield _READ_DIR, path
            # A symbolic link needs no rule; a rule for it would be one for its target.
            yield from _rules_around((entry.path for entry in os.scandir(path) if not entry.is_symlink()), hidden)


def _allow(ruleset: int, path: str, rights: int) -> None:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(rights if os.path.isdir(path) else rights & _FILE_RIGHTS, folder)
        call("syscall", _ADD_RULE, ruleset, _PATH_BENEATH, ctypes.pointer(rule), 0)
    finally:
        os.close(folder)
