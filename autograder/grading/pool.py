"""The local executor: a few submissions at a time, forked by fork servers, and one loop that watches over them all."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import selectors
import socket
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.grading.attempts import GRACE, SPOKE_WITHOUT_END, TaskAttempt
from autograder.grading.bytecode import compile_packages
from autograder.grading.executor import Result, Task
from autograder.grading.fork_server import ForkServers
from autograder.grading.rpc.channel import Channel, ConnectionLost, WallDeadline
from autograder.grading.rpc.control_messages import Spawn, Spawned
from autograder.grading.rpc.serialize import MalformedMessage
from autograder.grading.student_kernel import STARTED
from autograder.grading.time_limit import TimeLimit, longest_wait
from autograder.grading.worker import ReadAhead
from autograder.notebook.job import Job
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.test_result import Output
from autograder.sandbox import linux
from autograder.sandbox.meter import Meter, open_files
from autograder.sandbox.policy import SandboxPolicy
from autograder.sandbox.removal import Remover, remove_home
from autograder.sandbox.restrict import other_user
from autograder.sandbox.usage import exceeded_limit, has_ended, leaves_processes, resident_memory

MAX_MESSAGE = 1 << 27  # bytes of a checker's message; its cells show at most `outputs.MAX_SHOWN`
MAX_QUESTION = 1000  # bytes of one that is not the result
MAX_BRACKETS = 4_000_000  # of a message: each may stand for an object twenty times as large
JOB_SECONDS = 60.0  # that a checker may take to read its job
MOST_QUESTIONS, QUESTIONS_A_STEP = 20_000, 20  # that a checker may ask, for it may evaluate what a student wrote
MOST_STARTS, STARTS_A_STEP = 20, 4  # of a student's process
CHECKER_EXCEEDED = {  # the limits that the grader watches, as it tells of them
    "memory": "used more memory than it may, and was ended",
    "processes": "started more processes and threads than it may, and was ended",
    "disk": "wrote more to the disk than it may, and was ended",
}
TICK = 0.25  # seconds between two looks at the memory
READING_TICK = 0.02  # seconds between two looks at whether a submission is read
MAX_WAITING_RESULTS = 100  # results that wait until the lesson's pictures are ready


@dataclass
class Running:
    """A task on its way."""

    task: Task
    attempt: TaskAttempt
    channel: Channel
    checker: Spawned
    meter: Meter  # of the checker's process
    checker_home: str  # the folder in which that may write
    limit: TimeLimit  # until that has to report again
    whole: TimeLimit  # until that has to be done: a test may evaluate what a student wrote, which reports without end
    at: int | None = None  # the step that it reported last
    questions: int = 0  # that it has asked so far
    starts: int = 0  # of a student's process
    student: Spawned | None = None
    home: str | None = None
    why: str | None = None  # we ended the student's process
    status: int = 0  # of a student's process that had ended before it was to be
    why_checker: str = "ended the checker's process"


class Pool:
    """Runs tasks of some released notebooks on this machine. A context manager; results come in any order."""

    def __init__(self, notebooks: Iterable[ReleasedNotebook], policy: SandboxPolicy, jobs: int) -> None:
        self.notebooks, self.jobs = tuple(notebooks), jobs
        self.policy = dataclasses.replace(policy, students=jobs + 1)
        self.running: dict[int, Running] = {}
        self.next_memory_check = 0.0
        self.lost: list[tuple[Task, Result]] = []  # whose checker could not be kept alive
        self.alone: deque[Task] = deque()  # to be tried once more, with nothing beside
        self.selector = selectors.DefaultSelector()
        self.remover = Remover()

    def __enter__(self) -> Pool:
        self.folder = Path(tempfile.mkdtemp(prefix="leftcontext-"))
        self.folder.chmod(0o755)
        self.servers: dict[str, ForkServers] = {}
        compile_packages()
        try:
            for notebook in self.notebooks:
                self.servers[notebook.name] = ForkServers(notebook, self.policy, self.folder / f"{len(self.servers)}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # No questions any more: Ctrl-C may have come between one and its answer. When a fork server ends, so do all its children.
        for servers in self.servers.values():
            servers.close()
        for running in self.running.values():
            running.channel.close()
        self.selector.close()
        self.remover.close()
        remove_home(str(self.folder))

    def shown(self, notebook: str) -> dict[str, list[Output]]:
        """What the cells that depend on no student showed, by their number in the released notebook."""
        return self.servers[notebook].shown

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Run tasks, `jobs` at a time. A result waits for the shared cells' pictures: both go into one notebook."""
        waiting = iter(tasks)
        waiting_results: list[tuple[Task, Result]] = []
        while True:
            # One more than cores, so that none waits while a result is written; one less while pictures are drawn on it.
            pictures_ready = all(servers.has_shown for servers in self.servers.values())
            wait = self._start_ready(waiting, self.jobs + 1 if pictures_ready else max(1, self.jobs - 1))
            if not self.running and self.alone:
                self._start(self.alone.popleft())
            if not self.running and not self.lost:
                yield from waiting_results
                return
            waiting_results += self._step(wait)
            if pictures_ready or len(waiting_results) > MAX_WAITING_RESULTS:
                yield from waiting_results
                waiting_results.clear()

    def _start_ready(self, waiting: Iterator[Task], most: int) -> float:
        """Start tasks until `most` run or none is ready; for how many seconds nothing is to be started then."""
        while len(self.running) < most:
            if self.running and isinstance(waiting, ReadAhead) and not waiting.is_ready():
                return READING_TICK
            task = next(waiting, None)
            if task is None:
                break
            self._start(task)
        return TICK

    def _start(self, task: Task, attempt: TaskAttempt | None = None) -> None:
        grader_end, child_end = socket.socketpair()
        home = self._new_home()
        checker = self.servers[task.notebook].checkers.spawn(Spawn(home=home), child_end.fileno())
        child_end.close()
        meter = Meter(checker.process)
        limits = _limit(task.job, meter), _whole_limit(task.job, meter)
        running = Running(task, attempt or TaskAttempt.first(task.job), Channel(grader_end), checker, meter, home, *limits)
        self.running[grader_end.fileno()] = running
        self.selector.register(grader_end, selectors.EVENT_READ, running)
        try:
            running.channel.send(json.dumps(task.job.to_json()).encode(), WallDeadline(JOB_SECONDS))
        except ConnectionLost:  # the loop finds that its channel is closed
            running.channel.hang_up()

    def _step(self, wait: float) -> Iterator[tuple[Task, Result]]:
        """Serve whoever has something to say within `wait` seconds; see to those who take too long or too much."""
        for key, _ in self.selector.select(wait) if self.running else ():
            running: Running = key.data
            try:
                if (data := running.channel.receive_ready(MAX_MESSAGE)) is None:
                    continue
                message = _read_message(data)
                result = Result.from_checker(message, running.task.job) if "outputs" in message else None
            except (ConnectionLost, MalformedMessage, ValueError):
                self._retry(running, running.why_checker)
                continue
            if result is not None:
                self._finish(running)
                yield from self._take(running, result)
            else:
                self._serve(running, message)
        yield from self.lost
        self.lost.clear()
        memory_check_due = time.monotonic() > self.next_memory_check
        if memory_check_due:
            self.next_memory_check = time.monotonic() + TICK
        for running in list(self.running.values()):
            if not running.limit.left() or not running.whole.left():
                self._retry(running, f"was not over after {running.task.job.seconds:g} seconds")
            elif memory_check_due:
                self._enforce_limits(running)
                self._enforce_checker_limits(running)

    def _take(self, running: Running, result: Result) -> Iterator[tuple[Task, Result]]:
        """Hand a result back, unless the task has to run once more."""
        following = running.attempt.after_result(result)
        if isinstance(following, TaskAttempt):
            self._start(dataclasses.replace(running.task, job=following.job), following)
        elif result.try_alone and not running.task.job.is_alone:
            self.alone.append(dataclasses.replace(running.task, job=dataclasses.replace(running.task.job, is_alone=True)))
        else:
            yield running.task, result

    def _serve(self, running: Running, message: dict[str, Any]) -> None:
        running.questions += 1
        running.starts += "student" in message
        steps = len(running.task.job.steps)
        if running.questions > MOST_QUESTIONS + QUESTIONS_A_STEP * steps or running.starts > MOST_STARTS + STARTS_A_STEP * steps:
            self._retry(running, SPOKE_WITHOUT_END)
        elif isinstance(at := message.get("at"), int) and 0 <= at < steps:
            running.at = at
            running.limit = _limit(running.task.job, running.meter)
        elif "student" in message:
            self._new_student(running)
        elif message.get("check") == "own":
            self._enforce_checker_limits(running)
            self._tell(running, {"why": None})
        elif "check" in message:
            self._enforce_limits(running, message["check"] == "strictly")
            self._tell(running, {"why": running.why})
        elif "end" in message:
            status = self._end_student(running)
            self._tell(running, {"status": status, "why": running.why})
            running.why = None

    def _new_student(self, running: Running) -> None:
        self._end_student(running)  # it has ended it already, as a rule
        grader_end, child_end = socket.socketpair()
        if not self.policy.has_namespaces:
            running.home = self._new_home()
        server = self.servers[running.task.notebook].students
        running.student = server.spawn(Spawn(running.task.seed, running.home), child_end.fileno())
        child_end.close()
        started = STARTED.pack(running.student.process, running.home is not None)
        sent = [grader_end.detach()]
        with contextlib.suppress(OSError):  # it has ended already
            sent += open_files(running.student.process)
        try:
            socket.send_fds(running.channel.connection, [started], sent)
        except OSError:
            running.channel.hang_up()
        for descriptor in sent:
            os.close(descriptor)

    def _new_home(self) -> str:
        """An empty folder, for a process that has no file system of its own."""
        home = tempfile.mkdtemp(dir=self.folder)
        if self.policy.is_enforced and (user := other_user()) is not None:
            os.chown(home, user, user)
        return home

    @staticmethod
    def _tell(running: Running, message: dict[str, Any]) -> None:
        """Answer a checker. One that does not wait for the answer is given up: the loop finds that its channel is closed."""
        try:
            running.channel.send_at_once(json.dumps(message).encode())
        except ConnectionLost:
            running.channel.hang_up()

    def _end_student(self, running: Running) -> int:
        status = 0
        if running.student is not None:
            status = self.servers[running.task.notebook].students.end(running.student.child) or running.status
            running.student, running.status = None, 0
        if running.home:
            self.remover.remove(running.home)
            running.home = None
        return status

    def _finish(self, running: Running) -> None:
        self.selector.unregister(running.channel.connection)
        del self.running[running.channel.connection.fileno()]
        running.channel.close()
        self._end_student(running)
        running.meter.close()
        self.servers[running.task.notebook].checkers.end(running.checker.child)
        self.remover.remove(running.checker_home)

    def _retry(self, running: Running, why: str) -> None:
        """A checker was lost: run the task again as `attempts` says, or hand back what was earned."""
        following = running.attempt.after_loss(why, running.at, running.meter.cpu_seconds())
        self._finish(running)
        if isinstance(following, Result):
            self.lost.append((running.task, following))
        else:
            self._start(dataclasses.replace(running.task, job=following.job), following)

    def _enforce_limits(self, running: Running, strictly: bool = False) -> None:
        """End a student's processes where together they use too much memory; at level basic, also threads and disk.

        If `strictly`, what has been run may leave no process behind.
        """
        server = self.servers[running.task.notebook].students
        parent = server.process.pid
        if running.student is None:
            return
        first = running.student.process
        if has_ended(first):  # a child of its own may go on in its place, where nobody counts it
            running.why = running.why or "ended"
            running.status = running.status or server.end(running.student.child)
            return
        with contextlib.suppress(OSError):  # one of them has just ended
            running.why = exceeded_limit(self.policy, first, resident_memory(parent), running.home) or running.why
            if strictly and leaves_processes(first):
                running.why = "processes"
            if running.why:
                linux.kill_tree(first)

    def _enforce_checker_limits(self, running: Running) -> None:
        """End a checker's processes where together they use too much: its test then gives no points."""
        servers = self.servers[running.task.notebook]
        if not servers.checker_policy.is_enforced:
            return
        first = running.checker.process
        if has_ended(first):  # as a student's: the end of what goes on in its place is the end of its channel
            servers.checkers.end(running.checker.child)
            return
        with contextlib.suppress(OSError):  # one of them has just ended
            shared = resident_memory(servers.checkers.process.pid)
            if why := exceeded_limit(servers.checker_policy, first, shared, running.checker_home):
                running.why_checker = CHECKER_EXCEEDED[why]
                linux.kill_tree(first)


def _read_message(data: bytes) -> dict[str, Any]:
    """A checker's message. Raises ValueError."""
    if len(data) > MAX_QUESTION and not data.startswith(b'{"outputs"'):
        raise ValueError("no result, and too long")
    if data.count(b"[") + data.count(b"{") > MAX_BRACKETS:
        raise ValueError("too many parts")
    try:
        message = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(message, dict):
        raise ValueError("no message")
    return message


def _limit(job: Job, meter: Meter) -> TimeLimit:
    """From now on, the time until the checker's process has to report again: a step's, and some of its own."""
    return TimeLimit(job.seconds + GRACE, longest_wait(job.seconds) + GRACE, meter.cpu_seconds)


def _whole_limit(job: Job, meter: Meter) -> TimeLimit:
    """The time until a checker's process has to be done: that of all its tests, and of both runs of the student's cells."""
    tests = 1 + sum(step.is_test for step in job.steps)
    wait = tests * (longest_wait(job.seconds) + GRACE) + 3 * longest_wait(job.total_seconds)
    return TimeLimit(tests * (job.seconds + GRACE), wait, meter.cpu_seconds)
