"""How long the tasks of a page's main thread take: where one takes long, the page does not answer meanwhile."""

import contextlib
import json
from collections.abc import Iterator

from playwright.sync_api import Browser, Page

LONG_TASK = 50_000  # microseconds: from there on a browser calls a task long


@contextlib.contextmanager
def main_thread_tasks(browser: Browser, page: Page) -> Iterator[list[int]]:
    """A list that holds, once the block has ended, the processor time of each task of the main thread in microseconds.

    It is processor time, so that a busy machine doesn't count.
    """
    times: list[int] = []
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    try:
        yield times
    finally:
        events = json.loads(browser.stop_tracing())["traceEvents"]
    main = {(e["pid"], e["tid"]) for e in events if e.get("args", {}).get("name") == "CrRendererMain"}
    times += [e["tdur"] for e in events if "RunTask" in e["name"] and "tdur" in e and (e["pid"], e["tid"]) in main]
