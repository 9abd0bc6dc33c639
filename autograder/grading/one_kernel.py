"""The run in one kernel: the notebook in its order, tests too, in a process of the student's, as nbgrader runs it.

Nothing in that process can be trusted, so only a short verdict of each test is taken from it: a builtin error's name and a
line number, or a number of points. What it shows is not kept: a student's code could show the tests there.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import Any

from autograder.grading.outputs import first_line
from autograder.grading.student_kernel import GraderLink, StudentKernel
from autograder.notebook.job import Job, Step
from autograder.notebook.note import Note
from autograder.notebook.test_result import (
    Output,
    TestResult,
    as_number,
    count_points,
    error_output,
    failed,
    not_run,
    result_output,
)

MAX_RESULT_TEXT = 200
NO_NUMBER = "a text"  # stands for a test's result that is none


@dataclass(frozen=True)
class KernelResult:
    """A test's result in one kernel, and what its cell is to show if that counts: made here, of the test's own words."""

    result: TestResult
    outputs: list[Output]


def run_in_one_kernel(
    grader: GraderLink, job: Job, tests: set[int], left_out: set[int], unwritten_files: set[str], notes: list[Note]
) -> dict[int, KernelResult]:
    """The results of these tests. `left_out` are cells that have ended a process before; `notes` hears of more.

    `unwritten_files` hears of what could not be written beside the notebook.
    """
    if not tests:
        return {}

    def runs(number: int) -> bool:
        return job.steps[number].is_test or job.steps[number].is_student_cell(job.fresh_kernel)

    def note_lost(number: int, why: Note) -> None:
        step = job.steps[number]
        name = str(step.grade_id) if step.is_test else f"A cell ({first_line(step.source)})"
        notes.append(Note(why.kind, f"{name}, run in one process with the tests: {why.text}"))

    kernel = StudentKernel(grader, job, job.fresh_kernel, runs, note_lost)
    kernel.left_out |= left_out
    results: dict[int, KernelResult] = {}
    for number in range(max(tests) + 1):
        step = job.steps[number]
        if not runs(number):
            continue
        if number in kernel.left_out:
            results[number] = _failure(not_run(job.skipped_steps.get(number, "")), "CouldNotRun")
            continue
        answer = kernel.run_step(number, "test" if step.is_test else "run")
        if isinstance(answer, Note):
            note_lost(number, answer)
            results[number] = _failure(failed(answer.text), "StudentProcessEnded")
        elif step.is_test:
            results[number] = read_verdict(step, answer)
    kernel.close()
    unwritten_files |= kernel.unwritten_files
    return {number: result for number, result in results.items() if number in tests}


def verdict_of(outputs: list[Output], line: int) -> list[Any]:
    """In the student's process: a test's outputs as a short verdict. `line` is where the test raised, 0 if unknown."""
    for output in outputs:
        if output["output_type"] == "error":
            return ["tested", "error", str(output["ename"])[:100], line]
        if output["output_type"] == "execute_result":
            return ["tested", "result", str(output["data"].get("text/plain", ""))[:MAX_RESULT_TEXT], 0]
    return ["tested", "nothing", "", 0]


def read_verdict(step: Step, answer: list[Any]) -> KernelResult:
    """A test's result, of what the student's process says that it came to."""
    match answer:
        case ["tested", "error", str(name), int(line)]:
            return _error(step.source, name, line)
        case ["tested", "result", str(text), _]:
            shown = result_output(_number_or_not(text))
        case ["tested", "nothing", _, _]:
            return KernelResult(count_points([], step.points, step.is_partial_credit), [])
        case _:
            return _failure(failed("It sent something that is no answer."), "StudentProcessEnded")
    result = count_points([shown], step.points, step.is_partial_credit)
    if not result.points:
        return KernelResult(result, [error_output("NoCredit", result.reason)])
    return KernelResult(result, [shown] if result.is_number else [])


def _number_or_not(text: str) -> str:
    """A test's result as it is shown: of a number its value, of another text only that there was one.

    It is the student's process that says it, which knows the test by now: two hundred digits could hold a line of it.
    """
    number = as_number(text) if len(text) <= MAX_RESULT_TEXT else None
    if number is None:
        return NO_NUMBER
    return str(int(number)) if number.is_integer() else repr(number)


def _failure(result: TestResult, name: str) -> KernelResult:
    return KernelResult(result, [error_output(name, result.reason)])


def _error(source: str, name: str, line: int) -> KernelResult:
    """An error as the test's cell is to show it: its name, the line of the test, and the message that stands there."""
    known = getattr(builtins, name, None)
    name = name if isinstance(known, type) and issubclass(known, BaseException) else "Error"
    lines = source.splitlines()
    if not 1 <= line <= len(lines):
        return _failure(failed(f"{name}, where the test ran in one process with the notebook."), name)
    message = _assertion_message(source, line) if name == "AssertionError" else ""
    place = [f"Cell In[1], line {line}", f"----> {line} {lines[line - 1]}", f"{name}: {message}"]
    output: Output = {"output_type": "error", "ename": name, "evalue": message, "traceback": place}
    return KernelResult(failed(f"{name} in line {line} of the test. {message}".strip()), [output])


def _assertion_message(source: str, line: int) -> str:
    """The constant message of the `assert` in a line, if it has one."""
    try:
        nodes = ast.walk(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError):
        return ""
    for node in nodes:
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or 0) and isinstance(node.msg, ast.Constant):
            return str(node.msg.value)[:300]
    return ""
