"""The checker's process: it runs the instructor's tests, and asks the student's process for what they need of it.

The score follows from what the tests do here. A cell of the student's that hangs or crashes is left out, the others are
run again in a new process, and everything else is graded as if it had never been there.
"""

from __future__ import annotations

import builtins
import contextlib
import dataclasses
import importlib
import json
import re
import socket
import sys
from typing import Any

from autograder.grading.executor import Result
from autograder.grading.ipython_shell import Output, Shell
from autograder.grading.outputs import check_partial_credit, error_output, first_line, sanitize
from autograder.grading.rpc.calls import RpcEndpoint
from autograder.grading.rpc.channel import Channel, ConnectionLost, DeadlineExceeded, NoAnswer, deadline_in
from autograder.grading.rpc.serialize import NotSerializable
from autograder.notebook.job import Job, Step, StepKind
from autograder.notebook.note import Note, NoteKind

MAX_JOB = 1 << 31
MAX_OUTPUTS = 8_000_000  # characters of one cell's outputs
MAX_SHOWN = 40_000_000  # of all cells' together
SLACK = 1.0  # seconds that the grader waits longer anyway


def serve(connection: socket.socket, shell: Shell) -> None:
    """Take one job from the grader, do it, and send the result back."""
    grader = Channel(connection)
    job = Job.from_json(json.loads(grader.receive(max_bytes=MAX_JOB)))
    grader.send(json.dumps(Checker(grader, shell, job).run().to_json()).encode())


class Checker:
    """One notebook of one student: a job, as `ReleasedNotebook.job` makes it."""

    def __init__(self, grader: Channel, shell: Shell, job: Job) -> None:
        self.grader, self.shell, self.job = grader, shell, job
        self.student: RpcEndpoint | None = None
        self.step = 0  # the step that is done now
        self.done = 0  # steps that the student's process has behind it
        self.left_out: set[int] = set()
        self.fetched: set[str] = set()  # names of the student's that were brought over
        self.room = MAX_SHOWN
        self.test_id = ""
        self.notes: list[Note] = []
        self.findings: dict[str, dict[str, Any]] = {}
        self.end = self.announced = deadline_in(job.total_seconds)  # `announced`: the deadline that the grader knows of
        self._listen_to_judge()

    def run(self) -> Result:
        """Outputs for each step that has some, notes for the instructor, and what the judge found."""
        outputs: dict[int, list[Output]] = {}
        for number, step in enumerate(self.job.steps):
            self.step = number
            match step.kind:
                case StepKind.STUDENT:
                    outputs[number] = self._run_student_cell(number, step.source)
                    if step.instructor_source:  # imports that were handed out in the answer's cell
                        self._run_instructor_cell(step.instructor_source)
                case StepKind.TEST:
                    outputs[number] = self._run_test(number, step)
                case StepKind.INSTRUCTOR:
                    self._run_instructor_cell(step.instructor_source)
                case StepKind.BOTH:
                    outputs[number] = self._run_student_cell(number, step.source)
                    with contextlib.suppress(ConnectionLost):
                        self._run_instructor_cell_with_student_names(number, step)
        outputs |= self._run_in_process_tests()
        return Result({str(number): shown for number, shown in outputs.items()}, self.notes, self.findings)

    # --- The instructor's cells, here -----------------------------------------------------------------------------------

    def _run_instructor_cell_with_student_names(self, number: int, step: Step) -> None:
        """Run an instructor's cell here too; not if it never ends in the student's process. Raises ConnectionLost."""
        if number not in self.left_out:
            self._fetch(step.student_names, before=number + 1)
            self._run_instructor_cell(step.instructor_source)

    def _run_instructor_cell(self, source: str) -> None:
        """Run an instructor's cell. What it defines is the instructor's from now on."""
        before = {name: self.shell.user_ns.get(name) for name in self.fetched}
        self.shell.run(source)
        self.fetched -= {name for name, value in before.items() if self.shell.user_ns.get(name) is not value}

    # --- The student's cells, there -------------------------------------------------------------------------------------

    def _run_in_process_tests(self) -> dict[int, list[Output]]:
        """The tests that can't be isolated: in a student's process of their own, where nothing can be trusted."""
        tests = [number for number, step in enumerate(self.job.steps) if step.kind is StepKind.TEST_IN_PROCESS]
        outputs = {}
        if tests:
            self._end_student()
        for number in tests:
            self.step = number
            step = self.job.steps[number]
            try:
                outputs[number] = self._skipped() or self._ask_to_run(step.source, before=number)
            except ConnectionLost as reason:
                outputs[number] = [error_output("StudentProcessEnded", self._describe_end(reason).text)]
            outputs[number] = check_partial_credit(outputs[number], step.points, step.is_partial_credit)
        return outputs

    def _run_student_cell(self, number: int, source: str) -> list[Output]:
        if number in self.job.skipped_steps:
            return [self._leave_out(number, Note(NoteKind.LEFT_OUT, self.job.skipped_steps[number]))]
        try:
            outputs = self._ask_to_run(source, before=number)
        except ConnectionLost as reason:
            return [self._leave_out(number, self._describe_end(reason))]
        self.done = number + 1
        return outputs

    def _leave_out(self, number: int, why: Note) -> Output:
        self.left_out.add(number)
        cell = first_line(self.job.steps[number].source)
        self.notes.append(Note(why.kind, f"A cell was left out ({cell}): {why.text}"))
        return error_output("LeftOut", why.text)

    def _skipped(self) -> list[Output]:
        """What a test shows that ended a checker's process before."""
        why = self.job.skipped_steps.get(self.step)
        return [error_output("GivenUp", why)] if why else []

    # --- A test ---------------------------------------------------------------------------------------------------------

    def _run_test(self, number: int, step: Step) -> list[Output]:
        if skipped := self._skipped():
            return skipped
        self.test_id = str(step.grade_id)
        outputs, lost = self._try_test(number, step)
        why = self._describe_end(lost) if lost else None
        if why and self._a_cell_ended_it(number):
            outputs, lost = self._try_test(number, step)
            why = self._describe_end(lost) if lost else None
        if why:
            self.notes.append(Note(why.kind, f"{step.grade_id}: {why.text}"))
        errors = [output for output in outputs or () if output.get("ename") == NotSerializable.__name__]
        if errors:  # a person should look
            self.notes.append(Note(NoteKind.NOT_JUDGED, f"{step.grade_id} could not be judged: {errors[0]['evalue']}"))
        return [error_output("StudentProcessEnded", why.text if why else "")] if outputs is None else outputs

    def _a_cell_ended_it(self, number: int) -> bool:
        """Whether a cell, run again, turns out to be what ended the student's process: by what it had left running, say."""
        before = len(self.left_out)
        with contextlib.suppress(ConnectionLost):
            self._student(number)
        return len(self.left_out) > before

    def _try_test(self, number: int, step: Step) -> tuple[list[Output] | None, ConnectionLost | None]:
        """What a test shows, None where it could not begin; and what became of the student's process if it is gone."""
        try:
            names = [name for name in step.student_names if not self._is_instructors(name, step.ambiguous_names)]
            self._fetch(names, before=number)
        except ConnectionLost as reason:
            return None, reason
        assert self.student is not None
        self.student.deadline = self.announced = deadline_in(self.job.seconds)
        self._tell_grader({"at": number, "seconds": self.job.seconds})
        outputs = self.shell.run(step.source)
        return check_partial_credit(outputs, step.points, step.is_partial_credit), self.student.broken

    def _is_instructors(self, name: str, ambiguous: tuple[str, ...]) -> bool:
        """Whether an instructor's cell turned out to define a name that none was seen to define, as by a star import."""
        here = name in self.shell.user_ns and name not in self.fetched
        return name in ambiguous and (here or hasattr(builtins, name))

    def _fetch(self, names: list[str] | tuple[str, ...], before: int) -> None:
        """Bring the student's names over; one that is not defined there is undefined here too."""
        found: Any = self._ask("values", list(names), before=before) if names else {}
        self.fetched.update(names)
        for name in names:
            match found.get(name):
                case ["value", value]:
                    self.shell.user_ns[name] = value
                case ["module", str(module)] if self.job.modules.get(name) == module:
                    self.shell.user_ns[name] = importlib.import_module(module)
                case ["not serializable", str(sentence)]:
                    self.shell.user_ns[name] = Unknown(name, sentence[:500])
                case _:
                    self.shell.user_ns.pop(name, None)

    # --- The student's process ------------------------------------------------------------------------------------------

    def _ask_to_run(self, source: str, before: int) -> list[Output]:
        """The outputs of a cell that the student's process runs. Raises ConnectionLost."""
        outputs: list[Output] = self._ask("run", source, before)
        return outputs

    def _ask(self, verb: str, what: Any, before: int) -> Any:
        """Ask the student's process, a new one if need be. Raises ConnectionLost."""
        student = self._student(before)
        self._give_time(student, self.step)
        match verb, student.ask(verb, what):
            case "run", ["ran", list(outputs)]:
                cleaned = sanitize(outputs, min(MAX_OUTPUTS, self.room))
                self.room -= len(json.dumps(cleaned))
                return cleaned
            case "values", ["are", dict(values)]:
                return values
        student.broken = NoAnswer("it sent what is no answer")
        raise student.broken

    def _give_time(self, student: RpcEndpoint, number: int) -> None:
        """Set the deadline of a question that has to do with step `number`. The grader must not give us up before it."""
        student.deadline = min(deadline_in(self.job.seconds), self.end)
        if self.job.report_every_step or student.deadline > self.announced + SLACK:
            self.announced = student.deadline
            self._tell_grader({"at": number, "seconds": self.job.seconds})

    def _student(self, before: int) -> RpcEndpoint:
        """The student's process, in the state that the cells before number `before` leave. Raises ConnectionLost."""
        while True:
            if self.student is None or self.student.broken:
                self._end_student()
                self.student, self.done = self._start_student(), 0
            try:
                self._advance(self.student, before)
            except ConnectionLost as reason:  # it ran before, but not now: it ends by chance
                self._leave_out(self.done, self._describe_end(reason))
                continue
            return self.student

    def _advance(self, student: RpcEndpoint, before: int) -> None:
        while self.done < before:
            step = self.job.steps[self.done]
            if step.runs_in_student_process and self.done not in self.left_out:
                self._give_time(student, self.done)
                student.ask("run", step.source)
            self.done += 1

    def _start_student(self) -> RpcEndpoint:
        if self.end <= deadline_in(0):
            raise DeadlineExceeded("the time for this notebook was used up")
        self._tell_grader({"student": True})
        _, descriptors, _, _ = socket.recv_fds(self.grader.connection, 1, 1)
        if not descriptors:
            raise ConnectionLost("no process could be started for it")
        student = RpcEndpoint(Channel(socket.socket(fileno=descriptors[0])))
        student.deadline = deadline_in(self.job.seconds)
        if self.job.files:
            student.ask("files", self.job.files)
        if self.job.fresh_namespace:
            student.ask("forget")
        return student

    def _end_student(self) -> dict[str, Any]:
        """End the student's process; how it ended."""
        if self.student is None:
            return {}
        self.student.channel.close()
        self.student = None
        self._tell_grader({"end": True})
        return dict(json.loads(self.grader.receive()))

    def _describe_end(self, reason: ConnectionLost) -> Note:
        """What a cell or a call did to the student's process."""
        how = self._end_student()
        if how.get("why") == "memory":
            return Note(NoteKind.TOO_MUCH_MEMORY, "It used more memory than it may, and was ended.")
        if isinstance(reason, DeadlineExceeded):
            return Note(NoteKind.RAN_TOO_LONG, f"It was still running after {self.job.seconds:g} seconds, and was ended.")
        if isinstance(reason, NoAnswer):
            return Note(NoteKind.ENDED_PYTHON, "It sent something that is no answer, and was ended.")
        status = how.get("status", 0)
        if status < 0:
            return Note(NoteKind.ENDED_PYTHON, f"It crashed Python (signal {-status}).")
        return Note(NoteKind.ENDED_PYTHON, "It ended Python. Is there an exit() in it?")

    def _tell_grader(self, message: dict[str, Any]) -> None:
        self.grader.send(json.dumps(message).encode())

    # --- The judge's findings -------------------------------------------------------------------------------------------

    def _listen_to_judge(self) -> None:
        check_answer = sys.modules.get("autograder.check_answer")
        if check_answer is not None:
            check_answer.listeners[:] = [self._keep_finding]

    def _keep_finding(self, exercise: str, verdict: Any) -> None:
        from autograder.feedback import render  # here, for most courses know no judge

        finding, printed = verdict.finding, ""
        misconception = finding.misconception if finding else None
        if finding and finding.outcome:  # what the student's code printed is kept apart: it may hold a name
            printed = finding.outcome.printed[:300]
            finding.outcome = dataclasses.replace(finding.outcome, printed="")
        self.findings[self.test_id] = {
            "exercise": exercise,
            "passed": verdict.passed,
            "misconception": misconception.id if misconception else None,
            "title": misconception.name if misconception else "",
            "says": finding.message[:2000] if finding else "",
            "text": render.text(verdict, hints=1)[:4000],
            "printed": printed,
            "error_name": _error_name(finding.message) if misconception and misconception.id == "raises" else "",
            "is_option": exercise.startswith("quiz_"),
        }


def _error_name(message: str) -> str:
    """The name of Python's own error that ended a call; another's, a student may have made up."""
    match = re.match(r"It raised (\w+)", message)
    known = getattr(builtins, match[1], None) if match else None
    return match[1] if match and isinstance(known, type) and issubclass(known, BaseException) else ""


class Unknown:
    """Stands for a value that can't cross; whoever uses it is told why."""

    _name: str
    _sentence: str

    def __init__(self, name: str, sentence: str) -> None:
        self.__dict__.update(_name=name, _sentence=sentence)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise NotSerializable(f"{self._name} can't be judged. {self._sentence}")

    __getattr__ = __setattr__ = __call__ = __iter__ = __len__ = __getitem__ = __eq__ = __ne__ = __lt__ = __gt__ = _refuse
    __le__ = __ge__ = __bool__ = __array__ = __float__ = __int__ = __index__ = __add__ = __sub__ = __mul__ = _refuse
    __radd__ = __rsub__ = __rmul__ = __matmul__ = __rmatmul__ = __truediv__ = __contains__ = __neg__ = __next__ = _refuse
    __hash__ = None  # type: ignore[assignment]
