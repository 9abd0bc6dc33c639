"""Learners' tests are graded by models. Right tests in which one thing is weakened must not score full.

Automatic mutants of a test are mostly right tests too (another seed, another length), so these are written by hand.
"""

import inspect
import textwrap

import pytest

from autograder.bank import catalog
from autograder.judge.trials import draw_trials, try_once

# exercise → right answer → (what is weakened, the right code, the weak code).
WEAKENED = {
    "regression_test": {
        "regression_test": (
            ("numbers of about 1 only", "(8, 1000.0), ", ""),
            ("numbers up to 30 only", "1000.0", "30.0"),
            ("no long text", ", (88, 1.0)", ""),
            ("at most 60 rows", "(88, 1.0)", "(60, 1.0)"),
            ("one path", "(True, False)", "(True,)"),
            ("the other path", "(True, False)", "(False,)"),
            ("never in chunks", "(None, (T,), (T - T // 4, T // 4))", "(None,)"),
            ("never in several chunks", "(None, (T,), (T - T // 4, T // 4))", "(None, (T,))"),
            ("never in one chunk", "(None, (T,), (T - T // 4, T // 4))", "(None, (T - T // 4, T // 4))"),
            ("single rows", "(T - T // 4, T // 4)", "(1,) * T"),
            ("the last chunk is one row", "(T - T // 4, T // 4)", "(T - 1, 1)"),
            ("the next row stays", "x[: i + 1], other[i + 1 :]", "x[: i + 2], other[i + 2 :]"),
            ("only output 0", "[: i + 1].max()", "[:1].max()"),
            ("only the first number", "[: i + 1].max()", "[: i + 1, 0].max()"),
            ("only the last number", "[: i + 1].max()", "[: i + 1, -1].max()"),
            ("the changed row counts", "[: i + 1].max()", "[: i + 2].max()"),
            ("only the first cut", "range(0, T - 1, T // 8)", "range(1)"),
            ("only the last cut", "range(0, T - 1, T // 8)", "range(T - 2, T - 1)"),
            ("every second cut", "range(0, T - 1, T // 8)", "range(0, T - 1, T // 4)"),
            ("a small leak passes", "before)[: i + 1].max() > 1e-6", "before)[: i + 1].max() > 1e-2"),
            ("rounding counts", "before)[: i + 1].max() > 1e-6", "before)[: i + 1].max() > 1e-13"),
            ("chunks are not compared", "np.abs(before - whole).max() > 1e-6", "False"),
            ("chunks are compared roughly", "np.abs(before - whole).max() > 1e-6", "np.abs(before - whole).max() > 10"),
            ("rounding counts in chunks", "np.abs(before - whole).max() > 1e-6", "np.abs(before - whole).max() > 0"),
            ("the paths are compared", "whole = model(x, fused=fused)", "whole = model(x)"),
            ("later rows never change", "for i in range(0, T - 1, T // 8)", "for i in ()"),
        ),
        "one_row_at_a_time": (
            ("numbers of about 1 only", "(6, 1000), ", ""),
            ("no long text", ", (73, 1)", ""),
            ("one path", "(False, True)", "(True,)"),
            ("never in several chunks", ", [T - 3, 3]", ""),
            ("only the last row changes", "range(1, T)", "range(T - 1, T)"),
            ("chunks are not compared", "np.allclose(first, model(x, fused), rtol=0, atol=1e-6)", "True"),
            ("relative differences", "rtol=0, atol=1e-6", "rtol=1"),
        ),
        "influence_first": (
            ("one path", "(True, False)", "(True,)"),
            ("ordinary numbers", "900.0", "1.0"),
            ("no text behind 64 rows", "(70, 1.0, ((66, 4),))", "(7, 1.0, ((4, 3),))"),
            ("the past counts", "np.triu(np.array(moved).T, 1)", "np.triu(np.array(moved), 1)"),
            ("two ahead and more", "np.triu(np.array(moved).T, 1)", "np.triu(np.array(moved).T, 2)"),
        ),
    },
    "find_leaks": {
        "find_leaks": (
            ("never in chunks", "(None, (24,), (18, 6))", "(None,)"),
            ("one chunk of all", "(None, (24,), (18, 6))", "(None, (24,))"),
            ("chunks of single rows", "(18, 6)", "(1,) * 24"),
            ("only output 0", "[: i + 1].max()", "[:1].max()"),
            ("only the first number", "[: i + 1].max()", "[: i + 1, 0].max()"),
            ("only the last number", "[: i + 1].max()", "[: i + 1, -1].max()"),
            ("the changed row counts", "[: i + 1].max()", "[: i + 2].max()"),
            ("the next row stays", "x[: i + 1], other[i + 1 :]", "x[: i + 2], other[i + 2 :]"),
            ("every second cut", "range(23)", "range(0, 23, 2)"),
            ("the first cuts", "range(23)", "range(12)"),
            ("the last cuts", "range(23)", "range(12, 23)"),
            ("a small leak passes", "> 1e-9", "> 1e-5"),
            ("rounding counts", "> 1e-9", "> 1e-14"),
            ("one part stands for all", "found.append(leaks)", "found.append(leaks or any(found))"),
            ("only the first part", "leaks = True", "leaks = part == parts[0]"),
            ("the last cut decides", "leaks = True", "leaks = i == 22"),
        ),
        "one_row_at_a_time": (
            ("never in chunks", "(None, [22], [17, 5])", "(None,)"),
            ("the past counts", "[:j], before[:j]", "[: j + 1], before[: j + 1]"),
            ("a small leak passes", "atol=1e-8", "atol=1e-4"),
            ("one of all parts", "any(leaks(part, chunks) for chunks in", "all(leaks(part, chunks) for chunks in"),
        ),
        "influence_first": (
            ("two ahead and more", "(np.triu(influence(part, chunks, 25), 1)", "(np.triu(influence(part, chunks, 25), 2)"),
            ("short texts", "25), 1)", "25)[:12, :12], 1)"),
        ),
    },
}
CASES = [(id, name, *weak) for id, answers in WEAKENED.items() for name, weaks in answers.items() for weak in weaks]


def right_answers(id: str):
    exercise = catalog.find(id).load()
    return exercise, {each.__name__: each for each in (exercise.reference, *exercise.right_answers)}


def weaken(function, right: str, weak: str):
    """The function with `weak` in the place of `right`, which must be there."""
    source = textwrap.dedent(inspect.getsource(function))
    assert right in source, right
    names = dict(function.__globals__)
    code = source[source.index("def ") :].replace(right, weak)
    exec(compile(code, f"<a weak {function.__name__}>", "exec"), names)
    return names[function.__name__]


@pytest.mark.parametrize(("id", "name", "what", "right", "weak"), CASES, ids=[f"{c[0]}-{c[1]}-{c[2]}" for c in CASES])
def test_a_weakened_test_does_not_score_full(id, name, what, right, weak) -> None:
    exercise, answers = right_answers(id)
    answer = weaken(answers[name], right, weak)
    assert not all(try_once(exercise, answer, trial).is_right for trial in draw_trials(exercise, 0))


@pytest.mark.parametrize(("id", "name"), sorted({(id, name) for id, name, *_ in CASES}))
def test_what_is_weakened_is_right(id, name) -> None:
    exercise, answers = right_answers(id)
    answer = weaken(answers[name], "return", "return")
    assert all(try_once(exercise, answer, trial).is_right for trial in draw_trials(exercise, 0))
