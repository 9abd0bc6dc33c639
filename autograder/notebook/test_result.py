"""What one test cell came to. Every point of a code test is counted here, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Output = dict[str, Any]  # as nbformat stores it
CUT = "\n[the rest was cut off]\n"  # what an output shows behind that of which there was too much
# NumPy's ways to write one number: np.float64(2.5), array([3]).
NUMPY_NUMBER = re.compile(r"(?:np\.\w+|array)\(\[*([-+.\w]+)\]*(?:, dtype=\w+)?\)")
NOT_RUN = "The test could not be run, so it gives no points."


class Status(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    PARTIAL = "partial"  # a result between nothing and all points
    FAILED = "failed"
    NOT_RUN = "could not be run"


@dataclass(frozen=True)
class TestResult:
    """Status and points of one test; `reason` is a sentence where not all points were given."""

    __test__ = False  # pytest: no class of tests

    status: Status
    points: float = 0.0
    reason: str = ""
    is_number: bool = False  # the test said its points as a number

    def lower(self, other: TestResult) -> TestResult:
        """Of two results of one test, the one with fewer points."""
        return other if other.points < self.points else self

    def to_json(self) -> dict[str, Any]:
        """For messages between processes."""
        return {"status": str(self.status), "points": self.points, "reason": self.reason, "is_number": self.is_number}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> TestResult:
        """The result that `to_json` wrote."""
        return cls(Status(fields["status"]), float(fields["points"]), str(fields["reason"]), bool(fields["is_number"]))


def failed(reason: str) -> TestResult:
    """No points, and why."""
    return TestResult(Status.FAILED, 0.0, reason)


def not_run(reason: str = NOT_RUN) -> TestResult:
    """No points, since the test could not be run."""
    return TestResult(Status.NOT_RUN, 0.0, reason)


def passed(points: float) -> TestResult:
    """All points."""
    return TestResult(Status.PASSED, points)


def count_points(outputs: list[Output], points: float, is_partial_credit: bool, ignore_stderr: bool = False) -> TestResult:
    """The result of a test that has run and shown `outputs`, by nbgrader's rule: the first error or result in order decides.

    An error, or a text on standard error, gives nothing; a number gives so many points; any other result, or none, gives
    all. Unlike nbgrader's, a number outside 0 to `points` gives nothing, and so does another result than a number where
    the instructor's own solution gets a number (`is_partial_credit`).
    """
    for output in outputs:
        kind = output["output_type"]
        if kind == "error":
            return failed(f"{output['ename']}: {output['evalue']}"[:500])
        if kind == "stream" and output["name"] == "stderr" and not ignore_stderr:
            return failed("The test wrote to standard error.")
        if kind == "execute_result":
            return _partial_credit(str(output["data"].get("text/plain", "")), points, is_partial_credit)
    return passed(points)


def _partial_credit(text: str, points: float, is_partial_credit: bool) -> TestResult:
    number = as_number(text)
    if number is None:
        no_number = f"The test's result is {text[:100]}, which is no number of points."
        return failed(no_number) if is_partial_credit else passed(points)
    if not 0 <= number <= points:  # NaN too
        return failed(f"The test's result is {number:g}, which is no number of points between 0 and {points:g}.")
    if number == points:
        return TestResult(Status.PASSED, points, is_number=True)
    status = Status.PARTIAL if number else Status.FAILED
    return TestResult(status, number, f"The test's result is {number:g} of {points:g} points.", is_number=True)


def as_number(text: str) -> float | None:
    """The number that a result's text is, one of NumPy's too; None where it is none."""
    match = NUMPY_NUMBER.fullmatch(text)
    try:
        return float(match[1] if match else text)
    except ValueError:
        return None


def error_output(name: str, sentence: str) -> Output:
    """An error output; to nbgrader, a test that shows one has failed."""
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}


def result_output(text: str) -> Output:
    """The output of a cell whose last expression is written `text`."""
    return {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": None}


def explicit_outputs(result: TestResult, outputs: list[Output], points: float) -> list[Output]:
    """Outputs by which nbgrader, too, counts what the result says: what decides is put in front where it does not.

    So a notebook that is counted again, by whatever program, gives the same points.
    """
    if count_points(outputs, points, False).points == result.points and _is_plain(outputs, result):
        return outputs
    if result.points == 0:
        names = {Status.NOT_RUN: "CouldNotRun", Status.FAILED: "NoCredit"}
        return [error_output(names.get(result.status, "NoCredit"), result.reason or NOT_RUN), *outputs]
    return [result_output(f"{result.points:g}"), *outputs]


def _is_plain(outputs: list[Output], result: TestResult) -> bool:
    """Whether nbgrader reads these outputs as we do: no number outside the points, none written NumPy's way."""
    for output in outputs:
        if output["output_type"] in ("error", "stream"):
            if output["output_type"] == "error" or output["name"] == "stderr":
                return result.points == 0
        elif output["output_type"] == "execute_result":
            text = str(output["data"].get("text/plain", ""))
            try:
                return float(text) == result.points
            except ValueError:
                return as_number(text) is None and result.status is Status.PASSED
    return result.status is Status.PASSED
