"""What was typed in this session, in memory alone: IPython's own keeps it in a database, with a thread that writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from IPython.core.history import HistoryManager


class Typed(HistoryManager):
    """Make it with `enabled=False`: then it opens no database and starts no thread."""

    def get_tail(
        self, n: int = 10, raw: bool = True, output: bool = False, include_latest: bool = False
    ) -> Iterator[tuple[int, int, Any]]:
        """The last `n` inputs as (session, line, source), for `%rerun`; without the present cell but if `include_latest`."""
        typed = (self.input_hist_raw if raw else self.input_hist_parsed)[1:]
        if not include_latest:
            typed = typed[:-1]
        first = max(len(typed) - n, 0)
        yield from ((0, first + number, source) for number, source in enumerate(typed[first:], 1))
