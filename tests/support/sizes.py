"""How much a test tries: enough to see a fault within minutes, or all of it, as `make test-long` does."""

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")
LONG = bool(os.environ.get("LEFTCONTEXT_LONG"))


def sized(short: int, long: int) -> int:
    """How many of something, in `make test` and in `make test-long`."""
    return long if LONG else short


def share(items: Iterable[T], every: int, first: int = 0) -> list[T]:
    """Every so many of them in `make test`, beginning with number `first`; all in `make test-long`."""
    return list(items) if LONG else list(items)[first::every]
