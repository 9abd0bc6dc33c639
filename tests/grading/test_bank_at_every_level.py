"""Every right answer that the bank knows scores full, at every isolation level.

In `make test` the solution of every twenty-fifth exercise, at the lower levels of two; in `make test-long` all right answers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
import pytest
from support import sample_course
from support.clone import ROOT, run
from support.sizes import LONG, share

from autograder.bank import catalog
from autograder.course.exercise_cells import exercise_cells, quiz_answer
from autograder.exercise.quiz import Quiz
from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Task
from autograder.grading.pool import Pool
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.notebook.cell import Cell, Role
from autograder.notebook.rebuild import MergedCell, MergedNotebook
from autograder.notebook.released import ReleasedNotebook
from autograder.notebook.slicing import slice_for
from autograder.sandbox.levels import IsolationLevel, unmet_requirement


def answers(id: str) -> list[str]:
    """The solution and its equivalents, each as a cell that needs nothing else."""
    exercise = catalog.find(id).load()
    if isinstance(exercise, Quiz):
        return [next(line for line in quiz_answer(exercise).splitlines()[2:] if line.startswith(id))]
    return list(_answers(id))


def _answers(id: str) -> Iterator[str]:
    program = ast.parse(catalog.find(id).path.read_text(encoding="utf-8")).body
    for statement in program:
        if isinstance(statement, ast.FunctionDef):
            kinds = [ast.unparse(one) for one in statement.decorator_list]
            statement.decorator_list = []
            if kinds in (["exercise.solution"], ["exercise.equivalent"]):
                yield _cell(id, statement.name, program)
            continue
        match statement:
            case ast.Expr(ast.Call(ast.Attribute(ast.Name("exercise"), "equivalent"), [given])):
                bound = ast.Assign([ast.Name("the_answer", ast.Store())], given, lineno=statement.lineno)
                yield _cell(id, "the_answer", [*program, bound])


def _cell(id: str, name: str, program: list[ast.stmt]) -> str:
    source = "\n\n".join(map(ast.unparse, slice_for(name, program)))
    if name == id:
        return source
    apart = re.sub(rf"\b{id}\b", f"the_first_{id}", source)  # one that calls the solution would call itself
    return f"{apart}\n\n{id} = {name}"


def _source(cell: Cell, right: dict[str, list[str]], turn: int) -> str:
    """The answer of this turn; the stub where all answers have had theirs."""
    mine = right[str(cell.grade_id)] if cell.is_answer else []
    return mine[turn] if turn < len(mine) else cell.source


def released(folder: Path, ids: Iterable[str]) -> ReleasedNotebook:
    """An assignment of these exercises."""
    cells = [nbformat.v4.new_code_cell("import numpy as np\nfrom autograder import check")]
    for id in ids:
        cells += exercise_cells(catalog.find(id))
    (folder / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(folder)))
    (folder / "source/all").mkdir(parents=True)
    nbformat.write(sample_course.notebook(*cells), folder / "source/all/all.ipynb")
    done = run(folder, "nbgrader", "generate_assignment", "all", env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        with NbgraderCourse().open() as course:
            (found,) = course.released("all")
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("level", share(IsolationLevel, 3))
def test_every_right_answer_scores_full(level: IsolationLevel, tmp_path: Path) -> None:
    if lacking := unmet_requirement(level):
        pytest.skip(lacking)
    right = {id: answers(id) for id in catalog.entries()}
    assert len(right) > 90
    assert sum(map(len, right.values())) > 300
    right = {id: right[id] for id in share(right, 25 if level == IsolationLevel.FULL else 100)}
    notebook = released(tmp_path, right)
    tasks, written = [], {}
    turns = max(map(len, right.values())) if LONG else 1
    for turn in range(turns):
        cells = [MergedCell(cell, cell.cell_type, _source(cell, right, turn)) for cell in notebook.cells]
        written[f"{turn}"] = merged = MergedNotebook(tuple(cells))
        tasks.append(Task(f"{turn}", notebook.name, notebook.job(merged, {}, 200.0)))
    with Pool([notebook], course_policy(level, notebook.packages()), jobs=1) as pool:
        results = {task.student: result for task, result in pool.results(tasks)}
    wrong = [
        (cell.released.grade_id, turn, [output.get("evalue", "")[:150] for output in result.outputs.get(str(number), [])])
        for turn, result in results.items()
        for number, cell in enumerate(written[turn].cells)
        if cell.released is not None
        and cell.released.role == Role.TEST
        and int(turn) < len(right[str(cell.released.grade_id).removeprefix("check_")])
        and result.tests[str(number)].points != cell.released.points
    ]
    assert not wrong, "\n".join(map(str, wrong))
