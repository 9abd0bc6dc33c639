"""The student's process, as the checker sees it: started, brought to the state that some cells leave, asked, ended."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from autograder.grading.rpc.calls import RpcEndpoint
from autograder.grading.rpc.channel import READ_AHEAD, Channel, ConnectionLost, DeadlineExceeded, NoAnswer
from autograder.grading.time_limit import TimeLimit, longest_wait
from autograder.notebook.job import Job
from autograder.notebook.note import Note, NoteKind
from autograder.sandbox.meter import Meter

QUIET = 1.0  # seconds after which the grader hears that we go on
LENIENCE = 1.5  # times the time limit, while others run beside: who needs no more than that is tried once more alone
STARTED = struct.Struct("<I?")  # the process's number, and whether its processes and files have to be counted
EXCEEDED = {  # the limits that the grader watches
    "memory": Note(NoteKind.TOO_MUCH_MEMORY, "It used more memory than it may, and was ended."),
    "processes": Note(NoteKind.OTHER, "It started more processes and threads than it may, and was ended."),
    "disk": Note(NoteKind.OTHER, "It wrote more to the disk than it may, and was ended."),
}
MOST_PATIENCE, PAUSE = 20.0, 1.0  # seconds: in a pause, a process that is to compute gets a processor
METER_FILES = 4  # that the grader opens for us at most, since /proc may hide them from us
FILE_PART = 8 * 1024 * 1024  # bytes of a file that one message holds


class GraderLink:
    """The connection to the grader, who starts and ends students' processes, and ends us where we do not go on."""

    def __init__(self, channel: Channel, job: Job) -> None:
        self.channel, self.job = channel, job
        self.try_alone = False  # a time limit was nearly reached, or reached only by the clock on the wall
        self.is_counted = False  # whether no kernel counts a student's processes and files
        self.heard = (time.monotonic(), time.process_time())  # when the grader heard of us last

    def announce(self, step: int) -> None:
        """Tell the grader that we are at this step, if it has not heard of us for some time or wants to know each."""
        wall, used = self.heard
        if self.job.report_every_step or time.monotonic() > wall + QUIET or time.process_time() > used + QUIET:
            self.report(step)

    def report(self, step: int) -> None:
        """Tell the grader that we are at this step."""
        self.heard = (time.monotonic(), time.process_time())
        self.tell({"at": step})

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message that has no answer."""
        self.channel.send(json.dumps(message).encode())

    def start_student(self) -> RpcEndpoint:
        """A new process of the student's. Raises ConnectionLost."""
        self.tell({"student": True})
        message, descriptors, _, _ = socket.recv_fds(self.channel.connection, STARTED.size, 1 + METER_FILES)
        if not descriptors:
            raise ConnectionLost("no process could be started for it")
        process, self.is_counted = STARTED.unpack(message)
        meter = Meter(process, descriptors[1:])
        return RpcEndpoint(Channel(socket.socket(fileno=descriptors[0]), READ_AHEAD), meter, is_discreet=True)

    def check_limits(self, strictly: bool = False, always: bool = False) -> None:
        """Have the grader look at once how many processes and files the student has. Raises ConnectionLost where too many.

        It looks now and then by itself. By then a later step may run, and it would be ended for what an earlier one has left.
        If `strictly`, one process that was left is too many. Where the kernel counts, it is asked only if `always`: of memory.
        """
        if self.is_counted or always:
            self.tell({"check": "strictly" if strictly else "now"})
            if json.loads(self.channel.receive())["why"]:
                raise ConnectionLost("it was ended")

    def check_own_limits(self) -> None:
        """Have the grader look at once how much this process uses, and end it if that is too much.

        By the time that it looks by itself a later step may run, which would be blamed for what an earlier one has left.
        """
        self.tell({"check": "own"})
        self.channel.receive()

    def end_student(self) -> dict[str, Any]:
        """End the student's process; how it ended."""
        self.tell({"end": True})
        return dict(json.loads(self.channel.receive()))


class StudentKernel:
    """One student's process, with the state that the cells run so far have left. When it is lost, it is made again.

    `runs(number)` says whether a step belongs to that state. A step that ends the process is left out of it for good.
    """

    def __init__(
        self, grader: GraderLink, job: Job, fresh: bool, runs: Callable[[int], bool], on_left_out: Callable[[int, Note], None]
    ) -> None:
        self.grader, self.job, self.fresh, self.runs, self.on_left_out = grader, job, fresh, runs, on_left_out
        self.endpoint: RpcEndpoint | None = None
        self.done = 0  # steps that the process has behind it
        self.left_out: set[int] = set(job.skipped_steps)
        self.is_strict = False  # whether a step may leave a process behind when it is run again
        self.is_patient = False  # whether the processes that it has left are then waited for, until they take no more memory
        self.unwritten_files: set[str] = set()
        self.spent = 0.0  # processor time of the processes that have ended
        self.began = time.monotonic()

    def run_step(self, number: int, verb: str = "run") -> list[Any] | Note:
        """Run the step `number` in the state that the steps before it leave. Returns the answer, or what it did to the process.

        A step that loses the process is left out of the state from then on.
        """
        answer = self._try_step(number, verb)
        if answer in (EXCEEDED["processes"], EXCEEDED["memory"]) and self.ends_by_another(number):
            answer = self._try_step(number, verb)
        if isinstance(answer, Note):
            self.left_out.add(number)
        return answer

    def _try_step(self, number: int, verb: str) -> list[Any] | Note:
        try:
            answer = self.ask(verb, self.job.steps[number].source, before=number, step=number)
            self.grader.check_limits()
        except ConnectionLost as reason:
            return self.describe_end(reason)
        self.done = number + 1
        return answer

    def ends_by_another(self, number: int) -> bool:
        """Whether a step before `number`, run again, turns out to be what ended the process: by what it had left running, say.

        That one is left out from now on.
        """
        before = len(self.left_out)
        with contextlib.suppress(ConnectionLost):
            self.bring_to(number)
        return len(self.left_out) > before

    def ask(self, verb: str, what: Any, before: int, step: int) -> list[Any]:
        """Ask the process, a new one if need be, in the state before step `before`. Raises ConnectionLost."""
        endpoint = self.bring_to(before)
        self.give_time(step)
        answer: list[Any] = endpoint.ask(verb, what)
        return answer

    def give_time(self, step: int) -> None:
        """Give a question that has to do with `step` its time from now on."""
        assert self.endpoint is not None
        self._note_time(self.endpoint)
        self._limit_time(self.endpoint)
        self.grader.announce(step)

    def _limit_time(self, endpoint: RpcEndpoint) -> None:
        assert endpoint.meter is not None
        used = endpoint.meter.cpu_seconds()
        unused = self._allowed(self.job.total_seconds) - self.spent - used
        wait = self.began + longest_wait(self.job.total_seconds) - time.monotonic()
        endpoint.deadline = TimeLimit(
            min(self._allowed(self.job.seconds), unused),
            min(longest_wait(self.job.seconds), wait),
            endpoint.meter.cpu_seconds,
            used,
        )

    def _is_used_up(self) -> bool:
        """Whether the processes that have ended took all the time of the whole notebook."""
        waited = time.monotonic() - self.began
        return self.spent >= self._allowed(self.job.total_seconds) or waited >= longest_wait(self.job.total_seconds)

    def _allowed(self, seconds: float) -> float:
        return seconds if self.job.is_alone else LENIENCE * seconds

    def _note_time(self, endpoint: RpcEndpoint) -> None:
        """See whether the last question was near its time limit; one that has reached it needs no other try."""
        limit = endpoint.deadline
        if not endpoint.broken and isinstance(limit, TimeLimit) and limit.has_used(self.job.seconds):
            self.grader.try_alone = True

    def refuse_answer(self) -> ConnectionLost:
        """What to raise where the process has answered something that is no answer."""
        lost = NoAnswer("it sent what is no answer")
        if self.endpoint is not None:
            self.endpoint.broken = lost
        return lost

    def bring_to(self, before: int) -> RpcEndpoint:
        """The process, in the state that the steps before number `before` leave. Raises ConnectionLost."""
        while True:
            if self.endpoint is None or self.endpoint.broken:
                self.close()
                self.endpoint, self.done = self._start(), 0
            try:
                self._advance(self.endpoint, before)
            except ConnectionLost as reason:  # it ran before, but not now: it ends by chance
                self.leave_out(self.done, self.describe_end(reason))
                continue
            return self.endpoint

    def _advance(self, endpoint: RpcEndpoint, before: int) -> None:
        state = ""  # of the generators of random numbers, as the last shared cell on the way left it
        while self.done < before:
            step = self.job.steps[self.done]
            if self.runs(self.done) and self.done not in self.left_out:
                self._set_random_state(endpoint, state)
                state = ""
                self.give_time(self.done)
                endpoint.ask("run", step.source)
                if self.is_patient:
                    self._wait_for_idle_children(endpoint)
                self.grader.check_limits(self.is_strict, always=self.is_patient)
            elif not self.fresh:
                state = step.left_state or state
            self.done += 1
        self._set_random_state(endpoint, state)

    @staticmethod
    def _wait_for_idle_children(endpoint: RpcEndpoint) -> None:
        """Wait a little until the processes that a step has left do nothing more.

        What they take by then is that step's doing. On a busy machine they may take it while a later step runs.
        """
        assert endpoint.meter is not None
        used, until = -1.0, time.monotonic() + MOST_PATIENCE
        with contextlib.suppress(OSError):  # it has ended
            while endpoint.meter.has_children() and endpoint.meter.cpu_seconds() > used and time.monotonic() < until:
                used = endpoint.meter.cpu_seconds()
                time.sleep(PAUSE)

    @staticmethod
    def _set_random_state(endpoint: RpcEndpoint, state: str) -> None:
        if state:
            endpoint.ask("random", state)

    def leave_out(self, number: int, why: Note) -> None:
        """Leave a step out of the state from now on."""
        self.left_out.add(number)
        self.on_left_out(number, why)

    def _start(self) -> RpcEndpoint:
        if self.spent >= self._allowed(self.job.total_seconds):
            raise DeadlineExceeded("the time for this notebook was used up")
        endpoint = self.grader.start_student()
        self.endpoint = endpoint
        self._limit_time(endpoint)
        for name, content in self.job.files.items():
            if not _send_file(endpoint, name, content):
                self.unwritten_files.add(name)
        if self.fresh:
            endpoint.ask("forget")
        return endpoint

    def close(self) -> dict[str, Any]:
        """End the process; how it ended."""
        if self.endpoint is None:
            return {}
        assert self.endpoint.meter is not None
        self._note_time(self.endpoint)
        self.spent += self.endpoint.meter.cpu_seconds()
        self.grader.try_alone |= self.job.total_seconds < self.spent < self._allowed(self.job.total_seconds)
        self.endpoint.channel.close()
        self.endpoint.meter.close()
        self.endpoint = None
        return self.grader.end_student()

    def describe_end(self, reason: ConnectionLost) -> Note:
        """End the process, and say what a cell or a call did to it."""
        limit = self.endpoint.deadline if self.endpoint is not None else None
        how = self.close()
        if (why := how.get("why")) in EXCEEDED:
            self.is_strict |= why == "processes"
            self.is_patient |= why == "memory"
            return EXCEEDED[why]
        if isinstance(reason, DeadlineExceeded):
            self.grader.try_alone |= reason.worth_a_retry
            had = limit.seconds if reason.seconds is None and isinstance(limit, TimeLimit) else reason.seconds or 0.0
            if had < self.job.seconds and self._is_used_up():
                return Note(NoteKind.RAN_TOO_LONG, "The time for the whole notebook was used up.")
            seconds = self.job.seconds if reason.seconds is None else reason.seconds
            return Note(NoteKind.RAN_TOO_LONG, f"It was still running after {seconds:.2g} seconds, and was ended.")
        if isinstance(reason, NoAnswer):
            return Note(NoteKind.ENDED_PYTHON, "It sent something that is no answer, and was ended.")
        status = how.get("status", 0)
        if status < 0:
            return Note(NoteKind.ENDED_PYTHON, f"It crashed Python (signal {-status}).")
        return Note(NoteKind.ENDED_PYTHON, "It ended Python. Is there an exit() in it?")


def _send_file(endpoint: RpcEndpoint, name: str, content: bytes) -> bool:
    """Write a file in the student's folder, in parts: a message has a bound. Whether all of it could be written."""
    parts = [content[start : start + FILE_PART] for start in range(0, len(content), FILE_PART)] or [b""]
    return all(endpoint.ask("file", name, part, number > 0) == ["done"] for number, part in enumerate(parts))
