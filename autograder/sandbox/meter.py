"""The processor time and the memory that another process uses, measured from outside: it can't be asked."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence

from autograder.sandbox import linux

_MOST = 1 << 16  # bytes of a file in /proc that are read
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_STAT, _CHILDREN, _STATUS, _RESET = range(4)  # where `open_files` has them


class Meter:
    """What a process uses, by its number as this process sees it. Whoever makes a meter ends the process later."""

    def __init__(self, process: int, files: Sequence[int] = ()) -> None:
        """`files` are those that `open_files` has opened, for who may not open them itself; the meter closes them."""
        self.process = process
        self._files = list(files)  # open: a new look at them opens no path
        self._seconds = 0.0
        self._started = time.monotonic()

    def cpu_seconds(self) -> float:
        """The processor time of the process and its descendants so far, in steps of 10 ms; it never falls.

        Descendants that have ended count where their parent has waited for them; those that /proc hides count only then.
        Outside Linux it is the time on the wall.
        """
        if sys.platform != "linux":
            return time.monotonic() - self._started
        used = 0.0
        with contextlib.suppress(OSError):  # it has ended
            fields = _split(self._read(_STAT))
            used = _seconds(fields)
            if self._read(_CHILDREN) or int(fields[17]) > 1:  # threads, which may have children of their own
                used += sum(map(_cpu_seconds, linux.descendants(self.process)))
        self._seconds = max(self._seconds, used)
        return self._seconds

    def _read(self, which: int) -> str:
        """What one of the files says now. Raises OSError where the process has ended."""
        if not self._files:
            self._files = open_files(self.process)
        return os.pread(self._files[which], _MOST, 0).decode("ascii", "replace")

    def past_children(self) -> int:
        """A number that grows with each child that has ended and was waited for: the page faults of all. Raises OSError."""
        fields = _split(self._read(_STAT))
        return int(fields[8]) + int(fields[10])  # cminflt, cmajflt

    def has_children(self) -> bool:
        """Whether a descendant is there, though it may have ended. Raises OSError."""
        return bool(self._read(_CHILDREN)) or any(linux.descendants(self.process))

    def reset_peak_memory(self) -> int:
        """Begin to measure the peak; the memory in bytes that the process has now. Raises OSError where that can't be done."""
        self._read(_STATUS)
        if len(self._files) <= _RESET:
            raise PermissionError(f"/proc/{self.process}/clear_refs")
        os.write(self._files[_RESET], b"5")  # see proc_pid_clear_refs(5)
        return self._memory("VmRSS")

    def peak_memory(self) -> int:
        """The most memory in bytes that the process has had at once since the last reset. Raises OSError."""
        return self._memory("VmHWM")

    def _memory(self, kind: str) -> int:
        return linux.memory_in(self._read(_STATUS).splitlines(), kind, self.process)

    def close(self) -> None:
        """Close what it holds open."""
        for file in self._files:
            os.close(file)
        self._files = []


def open_files(process: int) -> list[int]:
    """The files in /proc that tell what a process uses; whoever holds them may measure it. Raises OSError.

    A process with restrictions of its own may not open that which resets the peak of the memory, and where /proc is mounted
    with the option hidepid none of them.
    """
    opened: list[int] = []
    with contextlib.ExitStack() as undo:
        for name in ("stat", f"task/{process}/children", "status"):
            opened.append(file := os.open(f"/proc/{process}/{name}", os.O_RDONLY | os.O_CLOEXEC))
            undo.callback(os.close, file)
        undo.pop_all()
    with contextlib.suppress(OSError):  # not everybody may open it, and not every kernel has it
        opened.append(os.open(f"/proc/{process}/clear_refs", os.O_WRONLY | os.O_CLOEXEC))
    return opened


def _cpu_seconds(process: int) -> float:
    """Of one process, all its threads, and its children that have ended and were waited for."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return _seconds(_split(file.read()))
    except OSError:
        return 0.0


def _seconds(fields: list[str]) -> float:
    return sum(map(int, fields[11:15])) / _TICKS  # utime, stime, cutime, cstime


def _split(stat: str) -> list[str]:
    """What /proc/PID/stat says behind the program's name, which may hold anything; see proc_pid_stat(5)."""
    return stat.rpartition(")")[2].split()
