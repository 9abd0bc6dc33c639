"""The grader's own work in a forked process, for what a student handed in may make it crash, hang or take all memory.

It runs our code only, so what it returns is believed. Its time is processor time, and ends it; the memory that it may have
beyond what it starts with is limited by the kernel.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import pickle
import select
import signal
import socket
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from autograder.errors import UserError
from autograder.grading.rpc.channel import Channel, ConnectionLost, WallDeadline
from autograder.grading.time_limit import TimeLimit, longest_wait
from autograder.sandbox import linux
from autograder.sandbox.meter import Meter
from autograder.sandbox.policy import limit_memory

SECONDS = 60.0  # of processor time; the largest submissions that are read take two
MEMORY = 2 << 30  # bytes
MESSAGE_SECONDS = 60.0  # that a result may take, once it has begun
MAX_RESULT = (1 << 32) - 1

Found = TypeVar("Found")
Item = TypeVar("Item")


class WorkFailed(UserError):
    """The process ended without a result; the message is a clause that says why."""


class Worker(Generic[Item, Found]):
    """`work` on each of the items in their order, in a process that goes on while earlier results are not taken yet.

    A process that has failed on an item is replaced by another for those behind it. In the results the objects `known` are
    those of this process, no copies. `seconds` of processor time are for one item.
    """

    def __init__(
        self, work: Callable[[Item], Found], items: Iterable[Item], known: Sequence[object] = (), seconds: float = SECONDS
    ) -> None:
        self.work, self.waiting, self.known, self.seconds = work, deque(items), known, seconds
        self.process = 0
        self._start()

    def is_ready(self) -> bool:
        """Whether the next result need not be waited for."""
        return not self.waiting or self._has_answered(0.0) or not self.limit.left()

    def result(self) -> Found:
        """What the work on the next item returned; an Exception that it raised is raised here. Raises WorkFailed."""
        try:
            kind, found = self._receive()
        except WorkFailed:
            self.waiting.popleft()
            self.close()
            self._start()
            raise
        self.waiting.popleft()
        if not self.waiting:
            self.close()
        self.limit = self._new_limit()
        match kind:
            case "returned":
                return found
            case "raised":
                raise found
        raise WorkFailed(found)

    def close(self) -> None:
        """End the process, whether it is done or not."""
        if self.process:
            self._end()

    def _start(self) -> None:
        if not self.waiting:
            return
        ours, theirs = socket.socketpair()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, as a Jupyter server has; none is needed here
            self.process = os.fork()
        if not self.process:
            _run(self.work, self.waiting, self.known, theirs)
        theirs.close()
        self.channel = Channel(ours)
        self.meter = Meter(self.process)
        self.limit = self._new_limit()

    def _new_limit(self) -> TimeLimit:
        return TimeLimit(self.seconds, longest_wait(self.seconds), self.meter.cpu_seconds)

    def _receive(self) -> tuple[str, Any]:
        while not self._has_answered(self.limit.left()):
            if not self.limit.left():
                raise WorkFailed(f"it was not done after {self.seconds:g} seconds")
        try:
            data = self.channel.receive(WallDeadline(MESSAGE_SECONDS), MAX_RESULT)
        except ConnectionLost:
            status = os.waitstatus_to_exitcode(self._end())
            raise WorkFailed(f"it crashed Python (signal {-status})" if status < 0 else "it ended Python") from None
        kind, found = _Unpickler(io.BytesIO(data), self.known).load()
        return str(kind), found

    def _has_answered(self, seconds: float) -> bool:
        return bool(select.select([self.channel.connection], [], [], seconds)[0])

    def _end(self) -> int:
        """End the process and the connection to it; its status, as of os.waitpid."""
        self.channel.close()
        self.meter.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        status = 0
        with contextlib.suppress(ChildProcessError):  # where SIGCHLD is ignored, as by whoever started this program
            status = os.waitpid(self.process, 0)[1]
        self.process = 0
        return status


class ReadAhead(Generic[Item, Found]):
    """What `take` makes of each item of a worker's; it asks the worker for that item's result."""

    def __init__(self, worker: Worker[Item, Any], take: Callable[[Item], Iterable[Found]]) -> None:
        self.worker, self.take = worker, take
        self.taken: deque[Found] = deque()

    def __iter__(self) -> Iterator[Found]:
        return self

    def __next__(self) -> Found:
        while not self.taken:
            if not self.worker.waiting:
                raise StopIteration
            self.taken.extend(self.take(self.worker.waiting[0]))
        return self.taken.popleft()

    def is_ready(self) -> bool:
        """Whether the next need not be waited for."""
        return bool(self.taken) or self.worker.is_ready()

    def close(self) -> None:
        """End the worker."""
        self.worker.close()


def _run(work: Callable[[Any], Any], items: Iterable[Any], known: Sequence[object], connection: socket.socket) -> None:
    """In the process: do it, send what comes of it, and end."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, who then ends this process
        linux.set_parent_death_signal()
        linux.close_descriptors([connection.fileno()])  # nothing of the grader's is kept open, the gradebook's lock least of all
        gc.freeze()
        if sys.platform == "linux":
            limit_memory(MEMORY, linux.address_space())
        channel = Channel(connection)
        for item in items:
            channel.send(_answer(work, item, known))
    finally:
        os._exit(70)


def _answer(work: Callable[[Any], Any], item: Any, known: Sequence[object]) -> bytes:
    try:
        return _pickled(("returned", work(item)), known)
    except MemoryError:
        return pickle.dumps(("failed", "it took more memory than it may"))
    except Exception as error:
        error.where = traceback.extract_tb(error.__traceback__)[-1].name  # type: ignore[attr-defined]
        try:
            data = pickle.dumps(("raised", error))
            pickle.loads(data)
        except Exception:  # one that can't be sent
            return pickle.dumps(("failed", f"{type(error).__name__}: {str(error)[:200]}"))
        return data


class _Pickler(pickle.Pickler):
    """Writes the place of a known object, not the object."""

    def __init__(self, file: io.BytesIO, known: Sequence[object]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.places = {id(one): place for place, one in enumerate(known)}

    def persistent_id(self, one: object) -> int | None:
        return self.places.get(id(one))


class _Unpickler(pickle.Unpickler):
    """Puts in the known object of a place."""

    def __init__(self, file: io.BytesIO, known: Sequence[object]) -> None:
        super().__init__(file)
        self.known = known

    def persistent_load(self, place: int) -> object:
        return self.known[place]


def _pickled(what: object, known: Sequence[object]) -> bytes:
    file = io.BytesIO()
    _Pickler(file, known).dump(what)
    return file.getvalue()
