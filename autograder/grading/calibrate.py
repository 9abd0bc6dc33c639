"""Tries the tests on the instructor's own solution, and on nothing: which of their two runs can be relied on.

A test counts the lower of two runs where the instructor's own solution passes both. Where it does not pass the isolated
run, one kernel alone counts; where it passes the isolated run alone, as the course's own `check` does, that one counts.
No student has a say in it, so nobody can ask for the weaker way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from autograder.grading.executor import Executor, Result, Task
from autograder.notebook.note import NoteKind
from autograder.notebook.rebuild import MergedCell, MergedNotebook, merge
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.solution_stubs import is_python
from autograder.notebook.submission import Unreadable, read
from autograder.notebook.test_result import Status, TestResult, not_run

UNLIKELY_SEED = 0x5EED1E55  # that no test sets by itself: what passes with it does not pass by that chance

WHY_LOST = {NoteKind.RAN_TOO_LONG, NoteKind.TOO_MUCH_MEMORY, NoteKind.ENDED_PYTHON, NoteKind.LEFT_OUT}

Results = dict[str, TestResult]  # by grade id


def calibrate(
    notebook: ReleasedNotebook, solution: bytes | None, seconds: float, executor: Executor, on_message: Callable[[str], None]
) -> ReleasedNotebook:
    """The notebook with what counts of each test. `solution` is the instructor's own notebook, None where there is none."""
    points = {str(cell.grade_id): cell.points for cell in notebook.cells if cell.is_code_test}
    if not points:
        return notebook
    solved = _merge_solution(notebook, solution)
    if solved is None:
        on_message(f"{notebook.name}: there is no solution to try the tests on, so none of them is isolated.")
        return dataclasses.replace(notebook, one_kernel_tests=frozenset(points))
    untouched = merge(notebook.cells, [])
    right, nothing = _try(notebook, (solved, untouched), seconds, executor)
    passes_isolated = _full(_by_grade_id(solved, right.isolated), points)
    passes_in_kernel = _full(_by_grade_id(solved, right.one_kernel), points)
    isolated = (passes_isolated | notebook.judged_tests) - passes_in_kernel
    one_kernel = points.keys() - passes_isolated - isolated
    alone, in_kernel = _by_grade_id(untouched, nothing.isolated), _by_grade_id(untouched, nothing.one_kernel)
    both = passes_isolated & passes_in_kernel
    toothless = {test for test in both if alone[test].points > in_kernel[test].points}
    numbers = {
        test
        for run in (right.isolated, right.one_kernel)
        for test, result in _by_grade_id(solved, run).items()
        if result.is_number and result.points >= 0
    }
    lost = points.keys() - passes_isolated - passes_in_kernel
    broken = _broken(solved)
    # Neither stubs nor what is not valid Python are a solution that could fail a test.
    failed = lost if _sources(solved) != _sources(untouched) and not broken else set()
    calibrated = dataclasses.replace(
        notebook,
        one_kernel_tests=frozenset(one_kernel),
        isolated_tests=frozenset(isolated),
        toothless_tests=frozenset(toothless),
        partial_credit_tests=frozenset(numbers),
        unsolved_tests=frozenset(failed),
    )
    if one_kernel:
        calibrated = _try_mixture(calibrated, solved, points, lost, seconds, executor)
    if lost and broken:
        on_message(f"{notebook.name}: the solution of {', '.join(broken)} is not valid Python, so its tests can't be tried.")
    elif lost and not failed:
        on_message(f"{notebook.name}: there is no solution in the source, so nothing is known of its tests.")
    for note in right.notes if lost else ():
        if note.kind in WHY_LOST:
            on_message(f"{notebook.name}, with the instructor's own solution: {note.text}")
    _tell(calibrated, failed, lost, on_message)
    return calibrated


def _merge_solution(notebook: ReleasedNotebook, solution: bytes | None) -> MergedNotebook | None:
    """The instructor's own notebook as a submission; in the answers' cells the solutions, without a stub behind them."""
    if solution is None:
        return None
    try:
        merged = merge(notebook.cells, read(solution)[0])
    except Unreadable:
        return None
    return dataclasses.replace(merged, cells=tuple(_solved(cell) for cell in merged.cells))


def _solved(cell: MergedCell) -> MergedCell:
    known = cell.released.solved if cell.released is not None and cell.released.is_answer else ""
    return dataclasses.replace(cell, source=known) if known else cell


def _broken(solved: MergedNotebook) -> list[str]:
    """The answers whose solution is not valid Python, so that nothing can be tried with it."""
    cells = (cell for cell in solved.cells if cell.released is not None and cell.released.is_answer and cell.cell_type == "code")
    return [str(cell.released.grade_id) for cell in cells if cell.released and not is_python(cell.source)]


def _try(
    notebook: ReleasedNotebook, submissions: tuple[MergedNotebook, ...], seconds: float, executor: Executor, is_trial: bool = True
) -> list[Result]:
    """What some submissions of our own come to, every test run both ways where it `is_trial`."""
    tasks = []
    for number, merged in enumerate(submissions):
        job = dataclasses.replace(notebook.job(merged, notebook.files, seconds), is_trial=is_trial)
        tasks.append(Task(f"{number}", notebook.name, job, UNLIKELY_SEED))
    results = {task.student: result for task, result in executor.results(tasks)}
    return [results[f"{number}"] for number in range(len(submissions))]


def _try_mixture(
    notebook: ReleasedNotebook,
    solved: MergedNotebook,
    points: dict[str, float],
    lost: set[str],
    seconds: float,
    executor: Executor,
) -> ReleasedNotebook:
    """Grade the solution as students are graded: what it loses now, for some tests are not isolated, counts in one kernel too."""
    (result,) = _try(notebook, (solved,), seconds, executor, is_trial=False)
    counted = _full(_by_grade_id(solved, result.tests), points)
    more = points.keys() - counted - lost - notebook.isolated_tests
    return dataclasses.replace(notebook, one_kernel_tests=notebook.one_kernel_tests | more)


def _sources(merged: MergedNotebook) -> list[str]:
    return [cell.source for cell in merged.cells]


def _tell(notebook: ReleasedNotebook, failed: set[str], lost: set[str], on_message: Callable[[str], None]) -> None:
    """Say which tests the solution fails, and which are not isolated; the `lost` ones pass in neither run."""
    for test in sorted(failed):
        on_message(f"{notebook.name}: the instructor's own solution does not pass {test}.")
    if names := ", ".join(sorted(notebook.one_kernel_tests - lost)):
        on_message(f"{notebook.name}: not isolated, for the solution passes in one process with the tests only: {names}.")
    if names := ", ".join(sorted(notebook.one_kernel_tests & lost)):
        on_message(f"{notebook.name}: not isolated, for no solution is known to pass them: {names}.")
    if names := ", ".join(sorted(notebook.toothless_tests)):
        on_message(f"{notebook.name}: not isolated, for without an answer too they pass in a process of their own: {names}.")


def _by_grade_id(merged: MergedNotebook, results: dict[str, TestResult]) -> Results:
    """The results of all code tests; of one that has none, that it could not be run."""
    return {
        str(cell.released.grade_id): results.get(str(number)) or not_run()
        for number, cell in enumerate(merged.cells)
        if cell.released is not None and cell.released.is_code_test
    }


def _full(results: Results, points: dict[str, float]) -> set[str]:
    """The tests that give all their points."""
    return {test for test, result in results.items() if result.status is Status.PASSED and result.points >= points[test]}
