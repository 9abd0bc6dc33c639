"""The checker's process: it runs the instructor's tests, and asks the student's process for what they need of it.

Each test runs twice, and counts the lower of the two:
- isolated: the test runs here and calls the student's functions, which live in a process of their own. What the student's
  code does to its process is nothing to the test.
- in one kernel: another process of the student's runs the notebook in its order, tests too, as nbgrader does. Of it only
  each test's verdict is believed, for it can't do more than lower a score. It starts when the isolated run is over, so that
  nothing that it sees of a test can help there.
"""

from __future__ import annotations

import builtins
import contextlib
import dataclasses
import importlib
import json
import socket
import sys
from typing import Any

from autograder.grading.executor import Result
from autograder.grading.ipython_shell import Shell
from autograder.grading.judged_finding import MAX_TEXT, JudgedFinding
from autograder.grading.one_kernel import KernelResult, run_in_one_kernel
from autograder.grading.outputs import MAX_SHOWN, first_line, sanitize
from autograder.grading.random_state import set_state
from autograder.grading.rpc.channel import Channel, ConnectionLost
from autograder.grading.rpc.serialize import NotSerializable
from autograder.grading.student_kernel import GraderLink, StudentKernel
from autograder.notebook.job import Counting, Job, Step
from autograder.notebook.note import Note, NoteKind
from autograder.notebook.test_result import Output, TestResult, count_points, error_output, failed, not_run

MAX_JOB = 1 << 31
MAX_OUTPUTS = 8_000_000  # characters of one cell's outputs


def serve(connection: socket.socket, shell: Shell) -> None:
    """Take one job from the grader, do it, and send the result back."""
    grader = Channel(connection)
    job = Job.from_json(json.loads(grader.receive(max_bytes=MAX_JOB)))
    grader.send(json.dumps(Checker(GraderLink(grader, job), shell, job).run().to_json()).encode())


class Checker:
    """One notebook of one student: a job, as `ReleasedNotebook.job` makes it."""

    def __init__(self, grader: GraderLink, shell: Shell, job: Job) -> None:
        self.grader, self.shell, self.job = grader, shell, job
        self.kernel = StudentKernel(grader, job, job.fresh_namespace, self._runs_in_kernel, self._note_left_out)
        self.fetched: set[str] = set()  # names of the student's that were brought over
        self.room = MAX_SHOWN
        self.test_id = ""
        self.refusals: list[str] = []  # why a value could not be handed over, since the present test began
        self.outputs: dict[int, list[Output]] = {}
        self.isolated: dict[int, TestResult] = {}
        self.notes: list[Note] = []
        self.findings: dict[str, JudgedFinding] = {}
        self._listen_to_judge()

    def run(self) -> Result:
        """Outputs for each step that has some, a result for each test, notes for the instructor, and what the judge found."""
        for number, step in enumerate(self.job.steps):
            self._run_step(number, step)
            if self.job.report_every_step and (step.instructor_source or step.runs_isolated):
                self.grader.check_own_limits()
        self.grader.check_own_limits()  # the run in one kernel is not to be blamed for what a test has left here
        self.kernel.close()
        unwritten = set(self.kernel.unwritten_files)
        tests = self._tests_for_one_kernel()
        one_kernel = run_in_one_kernel(self.grader, self.job, tests, self.kernel.left_out, unwritten, self.notes)
        for name in sorted(unwritten):
            text = f"The file {name!r} could not be written beside the notebook: it is too large."
            self.notes.append(Note(NoteKind.LEFT_OUT, text))
        counted = {n: self._combine(n, step, one_kernel.get(n)) for n, step in enumerate(self.job.steps) if step.is_test}
        return Result(
            {str(number): shown for number, shown in self.outputs.items()},
            {str(number): result for number, result in counted.items()},
            self.notes,
            self.findings,
            {str(number): result for number, result in self.isolated.items()},
            {str(number): found.result for number, found in one_kernel.items()},
            self.grader.try_alone,
        )

    def _run_step(self, number: int, step: Step) -> None:
        if step.is_student_cell(self.job.fresh_namespace):
            self.outputs[number] = self._run_student_cell(number)
        if step.left_state in self.shell.random_states:  # it ran before the fork
            set_state(self.shell.random_states[step.left_state])
        if step.instructor_source and number not in self.job.skipped_steps:
            with contextlib.suppress(ConnectionLost):
                self._fetch(step.student_names, before=number + 1, step=number)
                self._run_instructor_cell(number, step.instructor_source)
        if step.runs_isolated:
            self._run_test(number, step)

    def _tests_for_one_kernel(self) -> set[int]:
        """The tests whose points may still be lowered, or that count there alone."""
        tests = {number for number, step in enumerate(self.job.steps) if step.is_test}
        if self.job.is_trial:
            return tests
        alone = {number for number in tests if self.job.steps[number].counting is Counting.ONE_KERNEL}
        both = {number for number in tests if self.job.steps[number].counting is Counting.LOWER_OF_TWO}
        return alone | {number for number in both if self.isolated.get(number, not_run()).points > 0}

    def _combine(self, number: int, step: Step, one_kernel: KernelResult | None) -> TestResult:
        """The result that counts; where it is the one kernel's, the cell shows that verdict."""
        isolated = self.isolated.get(number, not_run())
        if step.counting is Counting.ISOLATED:
            return isolated
        one_kernel = one_kernel or (None if step.counting is Counting.LOWER_OF_TWO else KernelResult(not_run(), []))
        if one_kernel is None or (step.counting is Counting.LOWER_OF_TWO and isolated.points <= one_kernel.result.points):
            return isolated
        self.outputs[number] = one_kernel.outputs
        return one_kernel.result

    # --- The instructor's cells, here -----------------------------------------------------------------------------------

    def _run_instructor_cell(self, number: int, source: str) -> None:
        """Run an instructor's cell. What it defines is the instructor's from now on."""
        if self.kernel.endpoint is not None:
            self.kernel.give_time(number)
        before = {name: self.shell.user_ns.get(name) for name in self.fetched}
        self.shell.run(source)
        self.fetched -= {name for name, value in before.items() if self.shell.user_ns.get(name) is not value}

    # --- The student's cells, there -------------------------------------------------------------------------------------

    def _runs_in_kernel(self, number: int) -> bool:
        return self.job.steps[number].is_student_cell(self.job.fresh_namespace)

    def _run_student_cell(self, number: int) -> list[Output]:
        if number in self.job.skipped_steps:
            return [self._leave_out(number, Note(NoteKind.LEFT_OUT, self.job.skipped_steps[number]))]
        match self.kernel.run_step(number):
            case ["ran", list(outputs)]:
                cleaned = sanitize(outputs, min(MAX_OUTPUTS, self.room))
                self.room -= len(json.dumps(cleaned))
                return cleaned
            case Note() as why:
                return [self._leave_out(number, why)]
        return [self._leave_out(number, self.kernel.describe_end(self.kernel.refuse_answer()))]

    def _leave_out(self, number: int, why: Note) -> Output:
        self.kernel.leave_out(number, why)
        return error_output("LeftOut", why.text)

    def _note_left_out(self, number: int, why: Note) -> None:
        cell = first_line(self.job.steps[number].source)
        self.notes.append(Note(why.kind, f"A cell was left out ({cell}): {why.text}"))

    # --- An isolated test -----------------------------------------------------------------------------------------------

    def _run_test(self, number: int, step: Step) -> None:
        """Run a test isolated; enter its outputs and its result."""
        if why := self.job.skipped_steps.get(number):
            self._enter(number, not_run(why), [error_output("CouldNotRun", why)])
            return
        self.test_id = str(step.grade_id)
        outputs, lost = self._try_test(number, step)
        why_lost = self.kernel.describe_end(lost) if lost else None
        if why_lost and self.kernel.ends_by_another(number):
            outputs, lost = self._try_test(number, step)
            why_lost = self.kernel.describe_end(lost) if lost else None
        counts = step.counting is not Counting.ONE_KERNEL  # else it has only defined names for other tests
        if why_lost and counts:
            self.notes.append(Note(why_lost.kind, f"{step.grade_id}: {why_lost.text}"))
        if outputs is None:
            text = why_lost.text if why_lost else ""
            self._enter(number, failed(text), [error_output("StudentProcessEnded", text)])
            return
        result = count_points(outputs, step.points, step.is_partial_credit)
        if self.refusals and counts and result.points < step.points:  # a person should look
            self.notes.append(Note(NoteKind.NOT_JUDGED, f"{step.grade_id} could not be judged: {self.refusals[0]}"))
        if why_lost and self.test_id not in self.findings and result.points > 0:  # the test has swallowed it
            result = failed(why_lost.text)
        self._enter(number, result, outputs)

    def _enter(self, number: int, result: TestResult, outputs: list[Output]) -> None:
        self.isolated[number] = result
        self.outputs[number] = outputs

    def _try_test(self, number: int, step: Step) -> tuple[list[Output] | None, ConnectionLost | None]:
        """What a test shows, None where it could not begin; and what became of the student's process if it is gone."""
        self.refusals.clear()
        self.findings.pop(self.test_id, None)
        try:
            names = [name for name in step.student_names if not self._is_instructors(name, step.ambiguous_names)]
            self._fetch(names, before=number, step=number)
            endpoint = self.kernel.bring_to(number)
        except ConnectionLost as reason:
            return None, reason
        endpoint.on_refusal = self.refusals.append
        self.kernel.give_time(number)
        outputs = self.shell.run(step.source)
        if endpoint.broken is None:
            try:
                self.grader.check_limits()
            except ConnectionLost as reason:
                endpoint.broken = reason
        return outputs, endpoint.broken

    def _is_instructors(self, name: str, ambiguous: tuple[str, ...]) -> bool:
        """Whether an instructor's cell turned out to define a name that none was seen to define, as by a star import."""
        here = name in self.shell.user_ns and name not in self.fetched
        return name in ambiguous and (here or hasattr(builtins, name))

    def _fetch(self, names: list[str] | tuple[str, ...], before: int, step: int) -> None:
        """Bring the student's names over; one that is not defined there is undefined here too. Raises ConnectionLost."""
        found: dict[Any, Any] = {}
        if names:
            match self.kernel.ask("values", list(names), before, step):
                case ["are", dict(values)]:
                    found = values
                case _:
                    raise self.kernel.refuse_answer()
        self.fetched.update(names)
        for name in names:
            match found.get(name):
                case ["value", value]:
                    self.shell.user_ns[name] = value
                case ["module", str(module)] if self.job.modules.get(name) == module:
                    self.shell.user_ns[name] = importlib.import_module(module)
                case ["not serializable", str(sentence)]:
                    self.shell.user_ns[name] = Unknown(name, sentence[:500], self.refusals)
                case _:
                    self.shell.user_ns.pop(name, None)

    # --- The judge's findings -------------------------------------------------------------------------------------------

    def _listen_to_judge(self) -> None:
        if "autograder.check_answer" in sys.modules:  # most courses know no judge, and its import would take time
            from autograder.check_answer import on_verdict

            on_verdict(self.keep_finding)

    def keep_finding(self, exercise: str, verdict: Any) -> None:
        from autograder.feedback import render  # here, for most courses know no judge

        finding, printed = verdict.finding, ""
        misconception = finding.misconception if finding else None
        if finding and finding.outcome:  # what the student's code printed is kept apart: it may hold a name
            printed = finding.outcome.printed[:300]
            finding.outcome = dataclasses.replace(finding.outcome, printed="")
        self.findings[self.test_id] = JudgedFinding(
            exercise,
            passed=verdict.passed,
            misconception=misconception.id if misconception else None,
            title=misconception.name if misconception else "",
            message=finding.message[:2000] if finding else "",
            text=render.text(verdict, hints=1, is_final=True)[:MAX_TEXT],
            printed=printed,
            error_name=finding.error_name if finding else "",
            is_option=verdict.is_quiz,
        )


class Unknown:
    """Stands for a value that can't cross; whoever uses it is told why."""

    _name: str
    _sentence: str
    _refusals: list[str]

    def __init__(self, name: str, sentence: str, refusals: list[str]) -> None:
        self.__dict__.update(_name=name, _sentence=sentence, _refusals=refusals)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        sentence = f"{self._name} can't be judged. {self._sentence}"
        self._refusals.append(sentence)
        raise NotSerializable(sentence)

    __getattr__ = __setattr__ = __call__ = __iter__ = __len__ = __getitem__ = __eq__ = __ne__ = __lt__ = __gt__ = _refuse
    __le__ = __ge__ = __bool__ = __array__ = __float__ = __int__ = __index__ = __add__ = __sub__ = __mul__ = _refuse
    __radd__ = __rsub__ = __rmul__ = __matmul__ = __rmatmul__ = __truediv__ = __contains__ = __neg__ = __next__ = _refuse
    __hash__ = None  # type: ignore[assignment]
