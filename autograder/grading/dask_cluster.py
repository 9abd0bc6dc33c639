"""The executor for more than one machine: a Dask cluster's workers run the tasks, this process alone writes.

Each worker keeps fork servers of its own, warm from one chunk to the next, in a sandbox made of its own machine's folders. A
chunk whose worker dies is done by another.
"""

from __future__ import annotations

import atexit
import itertools
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from autograder.errors import UserError
from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Result, Task
from autograder.grading.pool import Pool
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.test_result import Output
from autograder.sandbox.levels import IsolationLevel
from autograder.sandbox.policy import SandboxPolicy

CHUNK = 8  # tasks: a second of work, so that a lost worker costs little
AHEAD = 2  # chunks that wait at each worker


class NoCluster(UserError):
    """There is nobody to hand the work to; the message says what to do."""


class Cluster:
    """What `grade` asks of a Pool, on the workers of a Dask scheduler at `address`."""

    def __init__(self, address: str, notebooks: Iterable[ReleasedNotebook], policy: SandboxPolicy, jobs: int) -> None:
        self.address, self.notebooks, self.jobs = address, tuple(notebooks), jobs
        self.level = IsolationLevel(policy.level)  # each worker makes a policy of its own machine's folders
        self._shown: dict[str, dict[str, list[Output]]] = {}

    def __enter__(self) -> Cluster:
        try:
            from distributed import Client
        except ImportError:
            raise NoCluster("--scheduler needs Dask: pip install 'left-context[cluster]'") from None
        try:
            self.client = Client(self.address, timeout=5)
        except (OSError, ValueError, TimeoutError) as error:
            raise NoCluster(f"no Dask scheduler answers at {self.address} ({type(error).__name__})") from None
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Have tasks run, a few chunks ahead; each one's result as its chunk comes back."""
        from distributed import as_completed

        waiting = iter(tasks)
        chunks = iter(lambda: list(itertools.islice(waiting, CHUNK)), [])
        width = AHEAD * max(1, len(self.client.scheduler_info()["workers"]))
        out = {self._submit(chunk): chunk for chunk in itertools.islice(chunks, width)}
        running = as_completed(list(out), with_results=True)
        for future, (results, shown) in running:
            self._shown |= shown
            more = next(chunks, None)
            if more:
                another = self._submit(more)
                out[another] = more
                running.add(another)
            yield from zip(out.pop(future), results, strict=True)

    def _submit(self, chunk: list[Task]) -> Any:
        return self.client.submit(_run, self.notebooks, self.level, self.jobs, chunk, pure=False, retries=3)

    def shown(self, notebook: str) -> dict[str, list[Output]]:
        """What the cells that depend on no student showed."""
        return self._shown[notebook]


_lock = threading.Lock()  # a worker may have several threads; its pool has one loop
_pool: dict[str, Any] = {}


def _run(
    notebooks: tuple[ReleasedNotebook, ...], level: IsolationLevel, jobs: int, chunk: list[Task]
) -> tuple[list[Result], dict[str, Any]]:
    """On a worker: the results of a chunk in its order, and what was shown once for all."""
    with _lock:
        pool = _warm(notebooks, level, jobs)
        results = {(task.student, task.notebook): result for task, result in pool.results(chunk)}
        shown = {notebook.name: pool.shown(notebook.name) for notebook in notebooks}
        return [results[task.student, task.notebook] for task in chunk], shown


def _warm(notebooks: tuple[ReleasedNotebook, ...], level: IsolationLevel, jobs: int) -> Pool:
    key = [(notebook.name, notebook.cells, notebook.files) for notebook in notebooks], level
    if _pool.get("key") != key:
        _cool()
        imported = {name for notebook in notebooks for name in notebook.packages()}
        _pool["pool"] = Pool(notebooks, course_policy(level, imported), jobs).__enter__()
        _pool["key"] = key
    pool: Pool = _pool["pool"]
    return pool


@atexit.register
def _cool() -> None:
    if "pool" in _pool:
        _pool["pool"].__exit__()
    _pool.clear()
