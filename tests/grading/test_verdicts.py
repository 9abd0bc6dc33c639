"""Of a run in one kernel only a verdict is believed, and nothing else of what it says is shown: it could hold the tests."""

import pytest

from autograder.grading.one_kernel import read_verdict
from autograder.notebook.job import Step, StepKind
from autograder.notebook.test_result import Status

SECRET = "assert secret(3) == 4"
TEST = Step(StepKind.TEST, f"x = 1\n{SECRET}", grade_id="t", points=2.0)
PARTIAL = Step(StepKind.TEST, "points", grade_id="t", points=2.0, is_partial_credit=True)


TEXTS = {
    "the test": SECRET,
    "the test again and again": SECRET * 10**5,
    "a number of a million digits": "1" * 10**6,
    "a text that is too long": "x" * 201,
    "an escape sequence": "\x1b]52;c;eA==\x07",
    "a script": "<script>1</script>",
}


@pytest.mark.parametrize("step", [TEST, PARTIAL], ids=["all or nothing", "partial credit"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_no_number_is_not_shown(step: Step, name: str) -> None:
    text = TEXTS[name]
    found = read_verdict(step, ["tested", "result", text, 0])
    assert found.result.points == (0 if step.is_partial_credit else 2)
    assert text[:20] not in f"{found.outputs}{found.result.reason}"


@pytest.mark.parametrize(("text", "points"), [("2", 2), ("1.5", 1.5), ("np.float64(0.5)", 0.5), ("0", 0), ("nan", 0), ("3", 0), ("-1", 0)])
def test_a_number_is_so_many_points(text: str, points: float) -> None:
    assert read_verdict(PARTIAL, ["tested", "result", text, 0]).result.points == points


@pytest.mark.parametrize("text", ["1." + "0" * 20 + "123456789" * 19, "0" * 150 + "1", "0_1.5", "np.float64(0." + "7" * 150 + ")"])
def test_of_a_number_only_its_value_is_shown(text: str) -> None:
    found = read_verdict(PARTIAL, ["tested", "result", text, 0])
    assert text not in str(found.outputs) and len(str(found.outputs)) < 200


@pytest.mark.parametrize("answer", [[], ["tested"], ["tested", "error"], ["ran", []], ["tested", "result", 7, 0], ["tested", "error", "E", "3"], [{}] * 4])
def test_what_is_no_verdict_gives_nothing(answer: list[object]) -> None:
    found = read_verdict(TEST, answer)
    assert found.result.status is Status.FAILED
    assert found.result.points == 0


@pytest.mark.parametrize("name", ["<img src=x>", "SystemExit", "NameError", "not a name", "print"])
@pytest.mark.parametrize("line", [-1, 0, 1, 2, 3, 10**30])
def test_an_error_shows_a_line_of_the_test_at_most(name: str, line: int) -> None:
    found = read_verdict(TEST, ["tested", "error", name, line])
    assert found.result.points == 0
    assert "<" not in str(found.outputs)
    assert (SECRET in str(found.outputs)) == (line == 2)
