"""Tries the tests on the instructor's own solution: which of them can be isolated from the student's code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from autograder.grading.executor import Executor, Result, Task
from autograder.nbgrader.scores import score_of_test
from autograder.notebook.cell import Cell
from autograder.notebook.rebuild import MergedNotebook, merge
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.submission import read

UNLIKELY_SEED = 0x5EED1E55  # that no test sets by itself: what passes with it does not pass by that chance


def calibrate(
    notebook: ReleasedNotebook, solution: bytes | None, seconds: float, executor: Executor, on_message: Callable[[str], None]
) -> ReleasedNotebook:
    """Mark the tests that can't be isolated: the instructor's own solution fails them isolated and passes them in process.

    And those whose result is a number of points: there, what is no number is no credit. No student has a say in it, so
    nobody can ask for the weaker way.
    """
    tests = {str(cell.grade_id) for cell in notebook.cells if cell.is_code_test}
    if solution is None or not tests:
        return notebook
    merged = merge(notebook.cells, read(solution)[0])
    isolated = _try(notebook, merged, seconds, executor)
    lost = {test for test in tests if not _is_full(merged, isolated, test)}
    all_in_process = dataclasses.replace(notebook, in_process_tests=frozenset(tests))
    in_process = _try(all_in_process, merged, seconds, executor) if lost else isolated
    won = {test for test in lost if _is_full(merged, in_process, test)}
    for test in sorted(lost - won):
        on_message(f"{notebook.name}: the instructor's own solution does not pass {test}.")
    if won:
        on_message(f"{notebook.name}: not isolated, for they need the student's process: {', '.join(sorted(won))}.")
    partial = {test for test in tests if _is_number(merged, in_process if test in won else isolated, test)}
    return dataclasses.replace(
        notebook,
        in_process_tests=frozenset(won),
        partial_credit_tests=frozenset(partial),
        unsolved_tests=frozenset(lost - won),
    )


def _try(notebook: ReleasedNotebook, merged: MergedNotebook, seconds: float, executor: Executor) -> Result:
    job = notebook.job(merged, notebook.files, seconds)
    ((_, result),) = executor.results([Task("", notebook.name, job, UNLIKELY_SEED)])
    return result


def _is_full(merged: MergedNotebook, result: Result, grade_id: str) -> bool:
    cell, outputs = _outputs_of(merged, result, grade_id)
    return cell is not None and score_of_test(cell, outputs) >= cell.points


def _is_number(merged: MergedNotebook, result: Result, grade_id: str) -> bool:
    """Whether the first result that a test gives is a number."""
    _, outputs = _outputs_of(merged, result, grade_id)
    texts = [str(output["data"].get("text/plain")) for output in outputs if output["output_type"] == "execute_result"]
    try:
        return bool(texts) and float(texts[0]) >= 0
    except ValueError:
        return False


def _outputs_of(merged: MergedNotebook, result: Result, grade_id: str) -> tuple[Cell | None, list[dict[str, Any]]]:
    for number, cell in enumerate(merged.cells):
        if cell.released is not None and cell.released.grade_id == grade_id:
            return cell.released, result.outputs.get(str(number), [])
    return None, []
