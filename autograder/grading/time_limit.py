"""Time limits that a busy machine does not shorten: they count processor time.

The clock on the wall ends only what waits without end: it has `PATIENCE` times as long, and `LEAST_WAIT` seconds at least.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from autograder.grading.rpc.channel import DeadlineExceeded
from autograder.judge.guarded_call import PATIENCE

LEAST_WAIT = 30.0
TICK = 0.05  # seconds between two looks at the clock of a process that is nearly out of time
CORES = os.cpu_count() or 1


def longest_wait(seconds: float) -> float:
    """How long something with so many seconds of processor time may take by the clock on the wall."""
    return max(LEAST_WAIT, PATIENCE * seconds)


class TimeLimit:
    """From now on `seconds` of processor time by `clock`, and `wall_seconds` by the clock on the wall.

    `started` is what the clock says now, for who has just looked.
    """

    def __init__(
        self, seconds: float, wall_seconds: float, clock: Callable[[], float], started: float | None = None
    ) -> None:
        self.seconds, self.wall_seconds, self.clock = seconds, wall_seconds, clock
        self.started, self.wall_started = clock() if started is None else started, time.monotonic()
        self._look_at = self.wall_started + seconds / CORES  # sooner it can't be used up

    def left(self) -> float:
        """For how many seconds one can wait before one has to ask again; 0 where the time is over."""
        now = time.monotonic()
        if now >= self._look_at:
            unused = self.seconds - self._used()
            if unused <= 0:
                return 0.0
            self._look_at = now + max(unused / CORES, TICK)
        return max(0.0, min(self._look_at, self.wall_started + self.wall_seconds) - now)

    def has_used(self, seconds: float) -> bool:
        """Whether more than so much processor time has been used. It costs nothing where there was no time for that."""
        return (time.monotonic() - self.wall_started) * CORES > seconds and self._used() > seconds

    def error(self) -> DeadlineExceeded:
        """What to raise when the time is over."""
        if self._used() >= self.seconds:
            return DeadlineExceeded("it ran out of time")
        waited = time.monotonic() - self.wall_started
        return DeadlineExceeded("it ran out of time", waited, worth_a_retry=True)

    def _used(self) -> float:
        return self.clock() - self.started
