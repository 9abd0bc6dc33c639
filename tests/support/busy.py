"""How busy the machine is: time limits that mean the grader's own speed are scaled by it."""

import functools
import time

SPIN = 0.2  # seconds of processor time
MOST = 20.0


@functools.cache
def slowness() -> float:
    """How many times as long a program takes as with a core of its own; doubled where it is busy, for that changes."""
    start, used = time.monotonic(), time.process_time()
    while time.process_time() - used < SPIN:
        pass
    factor = (time.monotonic() - start) / SPIN
    return 1.0 if factor < 2 else min(2 * factor, MOST)
