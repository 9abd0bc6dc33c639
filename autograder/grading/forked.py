"""What a student's code forks must not go on in our own: two processes would then speak for one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def ending_forks() -> Iterator[None]:
    """Whatever process is forked in here ends where it would leave, with an error too: `os.fork()` without `os._exit()`."""
    process, end = os.getpid(), os._exit
    try:
        yield
    finally:
        if os.getpid() != process:
            end(0)
