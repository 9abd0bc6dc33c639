"""The local executor: a few submissions at a time, forked by warm parents, and one loop that watches over them all."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import selectors
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.grading.fork_server import MOST_RESULT, Parents
from autograder.grading.rpc.channel import Channel, Gone, soon
from autograder.grading.rpc.serialize import Garbled
from autograder.notebook.released import Notebook
from autograder.sandbox import linux
from autograder.sandbox.namespaces import NOBODY
from autograder.sandbox.policy import Terms

GRACE = 5.0  # seconds that a checker has beyond those of its test
TICK = 0.25  # seconds between two looks at the memory
MOST_HELD = 100  # results that wait until the lesson's pictures are drawn


@dataclass(frozen=True)
class Task:
    """One notebook of one student, and what the checker's process is told of it."""

    student: str
    notebook: str
    job: dict[str, Any]
    seed: int = 0


@dataclass
class Running:
    """A task on its way."""

    task: Task
    channel: Channel
    checker: int
    deadline: float
    at: int | None = None  # the step that it was at when it last said so
    student: int | None = None
    box: str | None = None
    why: str | None = None  # we ended the student's process


class Pool:
    """Runs tasks of some released notebooks on this machine. A context manager; results come in any order."""

    def __init__(self, notebooks: Iterable[Notebook], terms: Terms, jobs: int) -> None:
        self.notebooks, self.terms, self.jobs = tuple(notebooks), terms, jobs
        self.running: dict[int, Running] = {}
        self.next_look = 0.0
        self.lost: list[tuple[Task, dict[str, Any]]] = []  # whose checker could not be kept alive
        self.selector = selectors.DefaultSelector()

    def __enter__(self) -> Pool:
        self.folder = Path(tempfile.mkdtemp(prefix="leftcontext-"))
        self.folder.chmod(0o755)
        self.parents: dict[str, Parents] = {}
        try:
            for notebook in self.notebooks:
                self.parents[notebook.name] = Parents(notebook, self.terms, self.folder / f"{len(self.parents)}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # No questions any more: Ctrl-C may have come between one and its answer. With a parent end all its children.
        for parents in self.parents.values():
            parents.close()
        for running in self.running.values():
            running.channel.close()
        self.selector.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def shown(self, notebook: str) -> dict[str, list[dict[str, Any]]]:
        """What the cells that depend on no student showed, by their number in the released notebook."""
        return self.parents[notebook].shown

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, dict[str, Any]]]:
        """Run tasks, a few at a time, and hand back each one's result, as soon as all is there that it is recorded with."""
        waiting = iter(tasks)
        held: list[tuple[Task, dict[str, Any]]] = []
        while True:
            # One more than cores, so that none waits while a result is written; one less while pictures are drawn on it.
            drawn = all(parents.has_shown for parents in self.parents.values())
            while len(self.running) < (self.jobs + 1 if drawn else max(1, self.jobs - 1)):
                task = next(waiting, None)
                if task is None:
                    break
                self._start(task)
            if not self.running and not self.lost:
                yield from held
                return
            held += self._step()
            if drawn or len(held) > MOST_HELD:
                yield from held
                held.clear()

    def _start(self, task: Task) -> None:
        ours, theirs = socket.socketpair()
        checker = self.parents[task.notebook].checkers.spawn(theirs.fileno())
        theirs.close()
        running = Running(task, Channel(ours), checker, soon(task.job["seconds_in_all"] + GRACE))
        self.running[ours.fileno()] = running
        self.selector.register(ours, selectors.EVENT_READ, running)
        with contextlib.suppress(Gone):  # then the loop finds it gone
            running.channel.send(json.dumps(task.job).encode())

    def _step(self) -> Iterator[tuple[Task, dict[str, Any]]]:
        """Serve whoever has something to say; see to those who take too long or too much."""
        for key, _ in self.selector.select(TICK) if self.running else ():
            running: Running = key.data
            try:
                message = json.loads(running.channel.receive(most=MOST_RESULT))
            except (Gone, Garbled, ValueError):
                self._again(running, "ended the checker's process")
                continue
            if "outputs" in message:
                self._drop(running)
                yield running.task, message
            else:
                with contextlib.suppress(Gone, OSError):
                    self._serve(running, message)
        yield from self.lost
        self.lost.clear()
        heavy = time.monotonic() > self.next_look
        if heavy:
            self.next_look = soon(TICK)
        for running in list(self.running.values()):
            if time.monotonic() > running.deadline:
                self._again(running, f"was not over after {running.task.job['seconds']:g} seconds")
            elif heavy and running.student is not None:
                self._weigh(running)

    def _serve(self, running: Running, message: dict[str, Any]) -> None:
        if "at" in message:
            running.at = message["at"]
            running.deadline = soon(message["seconds"] + GRACE)
        elif "student" in message:
            self._new_student(running)
        elif "end" in message:
            status = self._end_student(running)
            running.channel.send(json.dumps({"status": status, "why": running.why}).encode())
            running.why = None

    def _new_student(self, running: Running) -> None:
        ours, theirs = socket.socketpair()
        if self.terms.rung < 2:
            running.box = tempfile.mkdtemp(dir=self.folder)
            if self.terms.rung and os.geteuid() == 0:
                os.chown(running.box, NOBODY, NOBODY)
        parent = self.parents[running.task.notebook].students
        running.student = parent.spawn(theirs.fileno(), seed=running.task.seed, box=running.box)
        theirs.close()
        socket.send_fds(running.channel.connection, [b"S"], [ours.fileno()])
        ours.close()

    def _end_student(self, running: Running) -> int:
        status = 0
        if running.student is not None:
            status = self.parents[running.task.notebook].students.end(running.student)
            running.student = None
        if running.box:
            shutil.rmtree(running.box, ignore_errors=True)
            running.box = None
        return status

    def _drop(self, running: Running) -> None:
        self.selector.unregister(running.channel.connection)
        del self.running[running.channel.connection.fileno()]
        running.channel.close()
        self._end_student(running)
        self.parents[running.task.notebook].checkers.end(running.checker)

    def _again(self, running: Running, why: str) -> None:
        """A step took its checker down: do the task anew, telling at which; and then, if need be, without that one."""
        self._drop(running)
        job = running.task.job
        if job["telling"]:
            lost = running.at if running.at is not None else _first_test(job)
            if lost == -1 or str(lost) in job["given_up"]:
                self.lost.append((running.task, {"outputs": {}, "notes": [f"It could not be run: it {why}."], "findings": {}}))
                return
            what = "The test" if "grade_id" in job["steps"][lost] else "Reading what the cell showed"
            job = {**job, "given_up": {**job["given_up"], str(lost): f"{what} {why}."}}
        self._start(dataclasses.replace(running.task, job={**job, "telling": True}))

    def _weigh(self, running: Running) -> None:
        """End a student's processes where together they use too much memory."""
        parent = self.parents[running.task.notebook].students.process.pid
        with contextlib.suppress(OSError, StopIteration):  # one of them has just ended
            first = _outer(parent, running.student) if self.terms.rung >= 2 else int(running.student or 0)
            family = [first, *linux.descendants(first)]
            base = _resident(parent)
            if sum(max(0, _resident(process) - base) for process in family) > self.terms.total_memory:
                running.why = "memory"
                os.kill(first, signal.SIGKILL)


def _first_test(job: dict[str, Any]) -> int:
    tests = (n for n, step in enumerate(job["steps"]) if step["do"] == "test" and str(n) not in job["given_up"])
    return next(tests, -1)


def _outer(parent: int, local: int | None) -> int:
    """The number out here of a process that is `local` to its parent's namespace. Raises StopIteration."""
    for process in linux.descendants(parent):
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        numbers = next(line for line in lines if line.startswith("NSpid:")).split()
        if len(numbers) == 4 and int(numbers[2]) == local:
            return process
    raise StopIteration


def _resident(process: int) -> int:
    """The memory in bytes that a process has of its own or shares."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
