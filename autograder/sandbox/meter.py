"""The processor time and the memory that another process uses, measured from outside: it can't be asked."""

from __future__ import annotations

import contextlib
import os
import sys
import time

from autograder.sandbox import linux

_MOST = 4096  # bytes of a file in /proc that are read
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Meter:
    """What a process uses, by its number as this process sees it. Whoever makes a meter ends the process later."""

    def __init__(self, process: int, reset: int | None = None) -> None:
        """`reset` is an open file as `open_reset` makes it, for who may not open that itself."""
        self.process = process
        self._reset = reset
        self._files: list[int] = []  # its stat and its children in /proc, open: a new look at them opens no path
        self._seconds = 0.0
        self._started = time.monotonic()

    def cpu_seconds(self) -> float:
        """The processor time of the process and its descendants so far, in steps of 10 ms; it never falls.

        Descendants that have ended count where their parent has waited for them. Outside Linux it is the time on the wall.
        """
        if sys.platform != "linux":
            return time.monotonic() - self._started
        used = 0.0
        with contextlib.suppress(OSError):  # it has ended
            fields, has_children = self._look()
            used = _seconds(fields)
            if has_children or int(fields[17]) > 1:  # threads, which may have children of their own
                used += sum(map(_cpu_seconds, linux.descendants(self.process)))
        self._seconds = max(self._seconds, used)
        return self._seconds

    def _look(self) -> tuple[list[str], bool]:
        """The fields of /proc/PID/stat, and whether the first thread has children. Raises OSError where the process has ended."""
        if not self._files:
            places = ("stat", f"task/{self.process}/children")
            self._files = [os.open(f"/proc/{self.process}/{place}", os.O_RDONLY | os.O_CLOEXEC) for place in places]
        stat, children = (os.pread(file, _MOST, 0) for file in self._files)
        return _split(stat.decode("ascii", "replace")), bool(children)

    def past_children(self) -> int:
        """A number that grows with each child that has ended and was waited for: the page faults of all. Raises OSError."""
        fields = _fields(self.process)
        return int(fields[8]) + int(fields[10])  # cminflt, cmajflt

    def has_children(self) -> bool:
        """Whether a descendant is there, though it may have ended. Raises OSError."""
        return any(linux.descendants(self.process))

    def reset_peak_memory(self) -> int:
        """Begin to measure the peak; the memory in bytes that the process has now. Raises OSError where it is hidden."""
        if self._reset is None:
            self._reset = open_reset(self.process)
        os.write(self._reset, b"5")  # see proc_pid_clear_refs(5)
        return linux.memory(self.process, "VmRSS")

    def close(self) -> None:
        """Close what it holds open."""
        for file in (*self._files, *([] if self._reset is None else [self._reset])):
            os.close(file)
        self._files, self._reset = [], None

    def peak_memory(self) -> int:
        """The most memory in bytes that the process has had at once since the last reset. Raises OSError."""
        return linux.memory(self.process, "VmHWM")


def open_reset(process: int) -> int:
    """The open file by which the peak of a process's memory is reset; whoever holds it may do so. Raises OSError."""
    return os.open(f"/proc/{process}/clear_refs", os.O_WRONLY | os.O_CLOEXEC)


def _cpu_seconds(process: int) -> float:
    """Of one process, all its threads, and its children that have ended and were waited for."""
    try:
        return _seconds(_fields(process))
    except OSError:
        return 0.0


def _seconds(fields: list[str]) -> float:
    return sum(map(int, fields[11:15])) / _TICKS  # utime, stime, cutime, cstime


def _fields(process: int) -> list[str]:
    """What /proc/PID/stat says behind the program's name, which may hold anything; see proc_pid_stat(5)."""
    with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
        return _split(file.read())


def _split(stat: str) -> list[str]:
    return stat.rpartition(")")[2].split()
