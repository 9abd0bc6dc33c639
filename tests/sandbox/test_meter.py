"""What a process uses is measured from outside it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from autograder.sandbox.meter import Meter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
WORK = 0.3  # seconds of processor time


def work(seconds: float = WORK) -> None:
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass


def work_in_children() -> None:
    for _ in range(2):
        if not (child := os.fork()):
            work()
            os._exit(0)
        os.waitpid(child, 0)


def leave_children() -> None:
    for _ in range(2):
        if not os.fork():
            work()
            time.sleep(60)


@contextlib.contextmanager
def another(does: Callable[[], object]) -> Iterator[int]:
    """A process that does something and then waits until it is ended; its number, once it has done it."""
    ready, done = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.setsid()
            does()
            os.write(done, b"x")
            time.sleep(60)
        os._exit(0)
    try:
        os.read(ready, 1)
        yield child
    finally:
        os.killpg(child, 9)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(done)


def test_who_sleeps_uses_no_processor_time() -> None:
    with another(lambda: time.sleep(0.3)) as process:
        assert Meter(process).cpu_seconds() < 0.2


@pytest.mark.parametrize(("does", "seconds"), [(work, WORK), (work_in_children, 2 * WORK)])
def test_children_that_have_ended_count_too(does: Callable[[], object], seconds: float) -> None:
    with another(does) as process:
        assert seconds - 0.1 <= Meter(process).cpu_seconds() < 3 * seconds


def test_children_that_live_count_too() -> None:
    with another(leave_children) as process:
        meter, until = Meter(process), time.monotonic() + 60
        while meter.cpu_seconds() < 2 * WORK - 0.1 and time.monotonic() < until:
            time.sleep(0.05)
        assert 2 * WORK - 0.1 <= meter.cpu_seconds() < 6 * WORK


def test_the_time_of_a_process_that_has_ended_stays() -> None:
    with another(work) as process:
        meter = Meter(process)
        before = meter.cpu_seconds()
    assert meter.cpu_seconds() == before > 0


def test_the_peak_of_memory_is_seen_though_it_is_over() -> None:
    go, told = os.pipe()
    seen, shown = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            ctypes.CDLL(None).malloc_trim(0)  # what earlier tests have freed would be used again, and not be seen to grow
            os.write(shown, b"r")
            os.read(go, 1)
            bytearray(30_000_000)
            os.write(shown, b"x")
            os.read(go, 1)
        os._exit(0)
    os.read(seen, 1)
    meter = Meter(child)
    before = meter.reset_peak_memory()
    os.write(told, b"x")
    os.read(seen, 1)
    grown = meter.peak_memory() - before
    os.write(told, b"x")
    os.waitpid(child, 0)
    for descriptor in (go, told, seen, shown):
        os.close(descriptor)
    assert 29_000_000 < grown < 33_000_000


def test_nobody_can_be_measured_who_is_gone() -> None:
    with another(lambda: None) as process:
        meter = Meter(process)
    with pytest.raises((FileNotFoundError, ProcessLookupError)):
        meter.reset_peak_memory()
    with pytest.raises((FileNotFoundError, ProcessLookupError)):
        meter.peak_memory()
