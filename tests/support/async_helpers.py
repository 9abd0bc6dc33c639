"""Run a coroutine in a thread of its own: Playwright's loop may hold the main one, when its tests came first."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_beside(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What the coroutine returns; what it raises is raised here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
