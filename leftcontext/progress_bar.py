"""A progress bar for lessons: an HTML `<progress>`, so it needs no widget and stays readable in a saved page."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
REDRAW = 0.1  # seconds between two pictures; drawing must not cost more than the work


def track(items: Iterable[T], title: str, total: int | None = None) -> Iterator[T]:
    """Yield the items, and show how many are done. `total` where the items don't know their number."""
    total = len(items) if total is None else total  # type: ignore[arg-type]
    shown, drawn = _display(_bar(title, 0, total)), 0.0
    for done, item in enumerate(items, 1):
        yield item
        if shown is not None and (time.monotonic() - drawn > REDRAW or done == total):  # None in a plain script
            shown.update(_bar(title, done, total), raw=True)
            drawn = time.monotonic()


def _display(bar: dict[str, str]) -> Any:
    """The handle of what is shown; None where there is no notebook to show it in."""
    try:
        from IPython.display import display
    except ImportError:  # the judge is installed, the course is not
        return None
    return display(bar, raw=True, display_id=True)


def _bar(title: str, done: int, total: int) -> dict[str, str]:
    words = f"{title}: {done} of {total}"
    return {
        "text/plain": words,
        "text/html": f"<label>{words} <progress value='{done}' max='{total}'></progress></label>",
    }
