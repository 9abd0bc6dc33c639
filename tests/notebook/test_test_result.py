"""Points of a test: counted by our rule, and written so that nbgrader's own rule counts the same."""

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.utils import determine_grade

from autograder.notebook.test_result import (
    Status,
    TestResult,
    count_points,
    error_output,
    explicit_outputs,
    failed,
    not_run,
    passed,
    result_output,
)

POINTS = 4.0
TEXTS = st.sampled_from(["2", "4", "0", "4.0", "np.float64(2.5)", "array([3])", "nan", "inf", "-1", "99", "'done'", "True", "None"])
OUTPUTS = st.lists(
    st.one_of(
        TEXTS.map(result_output),
        st.just(error_output("ValueError", "no")),
        st.sampled_from(["stdout", "stderr"]).map(lambda name: {"output_type": "stream", "name": name, "text": "said"}),
        st.just({"output_type": "display_data", "data": {"text/plain": "3"}, "metadata": {}}),
    ),
    max_size=4,
)
RESULTS = st.one_of(
    st.just(passed(POINTS)),
    st.just(failed("It is wrong.")),
    st.just(failed("")),
    st.just(not_run()),
    st.sampled_from([0.5, 1.0, 3.25]).map(lambda points: TestResult(Status.PARTIAL, points, is_number=True)),
)


def nbgraders(outputs: list[dict]) -> float:
    marks = {"grade_id": "t", "grade": True, "solution": False, "locked": True, "points": POINTS, "schema_version": 3}
    node = nbformat.from_dict({"cell_type": "code", "source": "", "metadata": {"nbgrader": marks}, "outputs": outputs})
    return determine_grade(node)[0]


@given(RESULTS, OUTPUTS)
def test_nbgrader_counts_what_the_result_says_whatever_the_cell_has_shown(result: TestResult, outputs: list[dict]) -> None:
    assert nbgraders(explicit_outputs(result, outputs, POINTS)) == result.points


@given(OUTPUTS, st.booleans())
def test_what_is_counted_is_never_more_than_there_is(outputs: list[dict], is_partial: bool) -> None:
    result = count_points(outputs, POINTS, is_partial)
    assert 0 <= result.points <= POINTS
    assert nbgraders(explicit_outputs(result, outputs, POINTS)) == result.points


@pytest.mark.parametrize(
    ("outputs", "is_partial", "points", "status"),
    [
        ([], False, 4, Status.PASSED),
        ([result_output("'done'")], False, 4, Status.PASSED),
        ([result_output("'done'")], True, 0, Status.FAILED),
        ([result_output("np.float64(2.5)")], True, 2.5, Status.PARTIAL),
        ([result_output("nan")], False, 0, Status.FAILED),
        ([result_output("5")], False, 0, Status.FAILED),
        ([error_output("ValueError", "no"), result_output("3")], True, 0, Status.FAILED),
        ([result_output("3"), error_output("ValueError", "no")], True, 3, Status.PARTIAL),
    ],
)
def test_the_first_error_or_result_decides(outputs: list[dict], is_partial: bool, points: float, status: Status) -> None:
    result = count_points(outputs, POINTS, is_partial)
    assert (result.points, result.status) == (points, status)


def test_the_lower_of_two() -> None:
    assert passed(4).lower(failed("no")).points == 0
    assert TestResult(Status.PARTIAL, 2.0).lower(passed(4)).points == 2
    assert passed(4).lower(passed(4)).status is Status.PASSED
