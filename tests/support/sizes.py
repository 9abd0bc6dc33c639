"""How much a test tries: enough to see a fault within minutes, or all of it, as `make test-long` does."""

import os

LONG = bool(os.environ.get("LEFTCONTEXT_LONG"))


def sized(short: int, long: int) -> int:
    """How many of something, in `make test` and in `make test-long`."""
    return long if LONG else short
