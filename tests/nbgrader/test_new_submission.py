"""A submission that the gradebook does not hold yet gets the rows that nbgrader's own API makes, in the same order."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sqlalchemy import inspect, text
from traitlets.config import Config

from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.nbgrader.scores import Recorded

ASSIGNMENT = "week"
DUE = "2026-03-01 12:00:00 UTC"
TABLES = ("student", "submitted_assignment", "submitted_notebook", "grade", "comment")
ERROR = new_output("error", ename="AssertionError", evalue="", traceback=[])
PARTIAL = new_output("execute_result", data={"text/plain": "1.5"})


def config_of(folder: Path) -> Config:
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.db_url = f"sqlite:///{folder}/gradebook.db"
    return config


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook that knows one assignment of two notebooks, with cells of all kinds."""
    folder = tmp_path_factory.mktemp("class")
    with NbgraderCourse(config_of(folder)).open() as course:
        book = course.gradebook
        book.add_assignment(ASSIGNMENT, duedate=DUE)
        book.add_student("known", first_name="Ada")
        for name in ("b", "a"):
            book.add_notebook(name, ASSIGNMENT)
            book.add_solution_cell("answer", name, ASSIGNMENT)
            book.add_task_cell("drawing", name, ASSIGNMENT, max_score=3, cell_type="markdown")
            book.add_grade_cell("test", name, ASSIGNMENT, max_score=2, cell_type="code")
            book.add_grade_cell("essay", name, ASSIGNMENT, max_score=4, cell_type="markdown")
            book.add_solution_cell("essay", name, ASSIGNMENT)
            book.add_grade_cell("another", name, ASSIGNMENT, max_score=1, cell_type="code")
    return folder / "gradebook.db"


@pytest.fixture
def course(gradebook: Path, tmp_path: Path) -> NbgraderCourse:
    shutil.copy(gradebook, tmp_path)
    return NbgraderCourse(config_of(tmp_path))


def marked(cell: NotebookNode, grade_id: str, **marks: Any) -> NotebookNode:
    plain = {"grade": False, "solution": False, "task": False, "locked": False, "schema_version": 3}
    cell.metadata.nbgrader = {**plain, "grade_id": grade_id, **marks}
    return cell


def node(*outputs: NotebookNode, without: str = "", points: float = 2) -> NotebookNode:
    cells = [
        marked(new_code_cell("x = 1"), "answer", solution=True),
        marked(new_code_cell("assert x", outputs=list(outputs)), "test", grade=True, points=points),
        marked(new_markdown_cell("My essay."), "essay", grade=True, solution=True, points=4),
        marked(new_markdown_cell("Draw."), "drawing", task=True, points=3),
        marked(new_code_cell("assert True"), "another", grade=True, points=1),
    ]
    return new_notebook(cells=[cell for cell in cells if cell.metadata.nbgrader["grade_id"] != without])


def rows(course: NbgraderCourse, student: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the gradebook's tables hold of a student, in the order of the rows; instead of a random id, what it stands for."""
    db = course.gradebook.db
    names = {id: f"cell {name} {kind} of {notebook}" for id, name, kind, notebook in db.execute(text(
        "select base_cell.id, base_cell.name, type, notebook.name from base_cell join notebook on notebook_id = notebook.id"
    ))}  # fmt: skip
    names |= {id: name for table in ("assignment", "notebook") for id, name in db.execute(text(f"select id, name from {table}"))}
    names |= {student: "THE STUDENT"}
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in TABLES:
        columns = [column["name"] for column in inspect(course.gradebook.engine).get_columns(table)]
        found[table] = []
        for row in db.execute(text(f"select {', '.join(columns)} from {table} order by rowid")):
            values = dict(zip(columns, row, strict=True))
            owner = [values[name] for name in ("id", "assignment_id", "notebook_id", "student_id") if name in values]
            if student in owner or any(str(names.get(value, "")).startswith("THE STUDENT") for value in owner):
                names.setdefault(values["id"], f"THE STUDENT's {table} {names.get(values.get('notebook_id'), '')}")
                found[table].append(tuple(names.get(value, value) for value in row))
    return found


CASES: dict[str, tuple[dict[str, NotebookNode | None], dict[str, str]]] = {
    "right": ({"a": node(), "b": node()}, {}),
    "wrong, half right, with remarks": ({"a": node(ERROR), "b": node(PARTIAL)}, {"answer": "It was there twice.", "essay": "No."}),
    "more than there is": ({"a": node(points=99), "b": node()}, {}),
    "one notebook missing": ({"a": node(), "b": None}, {"answer": "Found."}),
    "cells missing": ({"a": node(without="test"), "b": node(without="answer")}, {"answer": "Found."}),
    "nothing": ({}, {}),
}


STAMPS = ("2026-02-01 12:00:00 UTC", "2026-03-02 12:00:00 UTC", "no date")


@pytest.mark.parametrize(("case", "stamp"), [*((case, "") for case in CASES), *(("right", stamp) for stamp in STAMPS)])
def test_the_rows_are_those_of_nbgrader(course: NbgraderCourse, case: str, stamp: str) -> None:
    notebooks, remarks = CASES[case]
    results: list[Recorded] = []
    with course.open():
        for student in ("by nbgrader", "new"):
            if stamp:
                place = course.folder("submitted", student, ASSIGNMENT)
                place.mkdir(parents=True)
                (place / "timestamp.txt").write_text(stamp)
            if student == "by nbgrader":
                course.gradebook.add_student(student)
                with course.gradebook.db.no_autoflush:
                    course.gradebook.add_submission(ASSIGNMENT, student)
            results.append(course.save_submission(ASSIGNMENT, student, notebooks, remarks))
        by_nbgrader, new = rows(course, "by nbgrader"), rows(course, "new")
        assert [len(new[table]) for table in TABLES] == [1, 1, 2, 8, 6]
        assert new == by_nbgrader
        results.append(course.recorded(ASSIGNMENT)["new"])
        assert len({(found.score, found.max_score, found.late_penalty) for found in results}) == 1


def test_a_student_whom_the_gradebook_knows_keeps_their_name(course: NbgraderCourse) -> None:
    with course.open():
        course.save_submission(ASSIGNMENT, "known", {"a": node()}, {})
        assert course.gradebook.find_student("known").first_name == "Ada"
        assert course.gradebook.find_submission(ASSIGNMENT, "known").score == 3


def test_what_fails_on_the_way_leaves_nothing(course: NbgraderCourse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A submission is entered whole or not at all, the student too."""

    def fail(*_: object) -> str:
        raise ValueError("no comment")

    monkeypatch.setattr("autograder.nbgrader.new_submission.automatic_comment", fail)
    with course.open():
        with pytest.raises(ValueError, match="no comment"):
            course.save_submission(ASSIGNMENT, "new", {"a": node()}, {})
        assert not any(rows(course, "new").values())
