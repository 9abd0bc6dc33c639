"""`leftcontext grade` beside stock `nbgrader autograde` on whole courses: does every grade cell hold the same?

    python benchmarks/compare_courses.py                            # nbgrader's own example course
    python benchmarks/compare_courses.py COURSE...                  # every assignment of each course
    python benchmarks/compare_courses.py COURSE --assignment ps1    # one of them
    python benchmarks/compare_courses.py COURSE --student right     # one of the six submissions below

A COURSE is a folder with nbgrader's `source/`, of which a copy is released with nbgrader's default settings. Six students
hand in each assignment: the instructor's own solution, the release as it is, one answer that does nothing, every function
behind `*args, **kwargs`, a print in every function, a syntax error in the last answer. What students have handed in there
is graded too. Both graders grade the same copy; the Gradebook API tells what each has recorded. A test that
wrote to standard error, for which nbgrader gives nothing, is a documented difference (docs/differences.md); each other one
is printed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import nbgrader
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from rich.console import Console
from rich.table import Table
from traitlets.config import PyFileConfigLoader

from autograder.grading.run import grade

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "compared"
c.CourseDirectory.root = {root!r}
c.ExecutePreprocessor.timeout = {seconds}
c.ExecutePreprocessor.startup_timeout = 600
"""
EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"  # what `nbgrader quickstart` copies
SECONDS = 60  # that one cell may take, for both
MARKERS = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION.*(\n|$)", re.MULTILINE)

Cell = tuple[str, str, str, str]  # assignment, student, notebook, grade id
Recorded = dict[Cell, tuple[Any, ...]]


def release(course: Path, to: Path, assignments: list[str], students: list[str]) -> None:
    """Copy what the instructor wrote, release it, and hand it in once for each of these students."""
    (to / "source").mkdir(parents=True)
    api = open_course(to)
    for assignment in assignments:
        shutil.copytree(course / "source" / assignment, to / "source" / assignment)
        tell_failure(assignment, api.generate_assignment(assignment, create=True))
        for student in students:
            hand_in(to, assignment, student, STUDENTS[student])
        for own in sorted(course.glob(f"submitted/*/{assignment}")):
            shutil.copytree(own, to / "submitted" / own.parent.name / assignment)


def open_course(root: Path) -> NbGraderAPI:
    """nbgrader as it comes, for the course in a folder."""
    (root / "nbgrader_config.py").write_text(CONFIG.format(root=str(root), seconds=SECONDS))
    return NbGraderAPI(config=PyFileConfigLoader("nbgrader_config.py", str(root)).load_config())


def tell_failure(what: str, done: dict[str, Any]) -> None:
    if not done["success"]:
        print(f"nbgrader could not finish {what}: {(done['error'] or done['log'])[-1500:]}", file=sys.stderr)


def grade_by_nbgrader(root: Path, assignments: list[str]) -> float:
    """Seconds of processor time. This is what `nbgrader autograde` runs, one student at a time."""
    began = processor_time()
    api = open_course(root)
    for assignment in assignments:
        for student in sorted(api.get_submitted_students(assignment)):
            tell_failure(f"{assignment} of {student}", api.autograde(assignment, student, create=True))
    return processor_time() - began


def grade_by_ours(root: Path, assignments: list[str]) -> float:
    """Seconds of processor time. This is what `leftcontext grade` runs."""
    began = processor_time()
    open_course(root)
    with contextlib.chdir(root):
        for assignment in assignments:
            for graded in grade(assignment, jobs=2, on_message=lambda sentence: print(f"  {sentence}")):
                for note in graded.notes:
                    print(f"  {assignment} of {graded.student}: {note.text}")
    return processor_time() - began


def processor_time() -> float:
    """Seconds that this process and its ended children have computed: how busy the machine is does not matter."""
    return sum(os.times()[:4])


def hand_in(course: Path, assignment: str, student: str, change: Callable[[list[str]], list[str]] | None) -> None:
    """A submission with the instructor's answers, changed; without a change the release as it is."""
    place = course / "submitted" / student / assignment
    shutil.copytree(course / "release" / assignment, place)
    if change is None:
        return
    for path in sorted(place.glob("*.ipynb")):
        node = nbformat.read(path, as_version=4)
        solved = answers(nbformat.read(course / "source" / assignment / path.name, as_version=4))
        mine = answers(node)
        wanted = change([MARKERS.sub("", cell.source) for cell in solved.values()])
        for grade_id, source in zip(solved, wanted, strict=True):
            if grade_id in mine:
                mine[grade_id].source = source
        nbformat.write(node, path)


def answers(node: Any) -> dict[str, Any]:
    """The cells of code that a student is to fill in, by grade id."""
    marked = [(cell, cell.metadata.get("nbgrader") or {}) for cell in node.cells if cell.cell_type == "code"]
    return {marks["grade_id"]: cell for cell, marks in marked if marks.get("solution")}


def right(sources: list[str]) -> list[str]:
    return sources


def one_missing(sources: list[str]) -> list[str]:
    middle = len(sources) // 2
    return ["pass" if number == middle else source for number, source in enumerate(sources)]


def wrapped(sources: list[str]) -> list[str]:
    return [_wrapped(source) for source in sources]


def printing(sources: list[str]) -> list[str]:
    return [_printing(source) for source in sources]


def broken(sources: list[str]) -> list[str]:
    return [*sources[:-1], *(f"{source}\nthis is (no Python" for source in sources[-1:])]


STUDENTS: dict[str, Callable[[list[str]], list[str]] | None] = {
    "broken": broken,
    "one-missing": one_missing,
    "printing": printing,
    "right": right,
    "untouched": None,
    "wrapped": wrapped,
}


def _parsed(source: str) -> ast.Module:
    """Its syntax tree; an empty one where it is not plain Python, for instance with a magic command."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


def _wrapped(source: str) -> str:
    names = [node.name for node in _parsed(source).body if isinstance(node, ast.FunctionDef)]
    wrapper = "\n\n\ndef {0}(*args, _answer={0}, **kwargs):\n    return _answer(*args, **kwargs)"
    return source + "".join(wrapper.format(name) for name in names)


def _printing(source: str) -> str:
    tree = _parsed(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        after_docstring = ast.get_docstring(function) is not None
        function.body.insert(int(after_docstring), ast.parse(f"print('in {function.name}')").body[0])
    return ast.unparse(ast.fix_missing_locations(tree)) if functions else source


def recorded(course: Path) -> Recorded:
    """What the gradebook holds of each grade cell, and of each submission as a whole."""
    found: Recorded = {}
    with Gradebook(f"sqlite:///{course}/gradebook.db", "compared") as book:
        for assignment in book.assignments:
            for submission in assignment.submissions:
                student = submission.student.id
                found[assignment.name, student, "", ""] = submission.score, submission.max_score, submission.needs_manual_grade
                for notebook in submission.notebooks:
                    comments = {comment.name: comment.auto_comment for comment in notebook.comments}
                    for grade in notebook.grades:
                        found[assignment.name, student, notebook.name, grade.name] = (
                            grade.auto_score, grade.manual_score, grade.extra_credit, grade.max_score_gradecell,
                            grade.needs_manual_grade, comments.get(grade.name),
                        )  # fmt: skip
    return found


def wrote_to_stderr(stock: Path, cell: Cell) -> bool:
    """Whether nbgrader counts this test as failed for a warning alone."""
    assignment, student, notebook, grade_id = cell
    path = stock / "autograded" / student / assignment / f"{notebook}.ipynb"
    if not path.is_file():
        return False
    node = nbformat.read(path, as_version=4)
    marked = [one for one in node.cells if (one.metadata.get("nbgrader") or {}).get("grade_id") == grade_id]
    outputs = [output for one in marked for output in one.get("outputs", [])]
    kinds = {output.output_type for output in outputs}
    return "error" not in kinds and any(output.get("name") == "stderr" for output in outputs)


def compare(course: Path, assignments: list[str], students: list[str], folder: Path) -> tuple[Counter[str], dict[str, float]]:
    """Grade a course both ways: how many cells are equal, documented or different, or have points, and the seconds of both."""
    release(course, folder / "stock", assignments, students)
    shutil.copytree(folder / "stock", folder / "ours")
    seconds = {
        "stock": grade_by_nbgrader(folder / "stock", assignments),
        "ours": grade_by_ours(folder / "ours", assignments),
    }
    stock, ours = recorded(folder / "stock"), recorded(folder / "ours")
    counts: Counter[str] = Counter()
    for cell in sorted(stock.keys() | ours.keys()):
        if not cell[-1]:
            continue  # a submission as a whole: its sum differs where one of its cells does
        same = stock.get(cell) == ours.get(cell)
        kind = "equal" if same else "documented" if cell in stock and wrote_to_stderr(folder / "stock", cell) else "different"
        counts[kind] += 1
        counts["earned"] += bool(stock.get(cell, (0,))[0])
        if kind != "equal":
            print(f"{course.name}: {kind}: {' '.join(cell)}: stock {stock.get(cell)}, ours {ours.get(cell)}")
    return counts, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("courses", type=Path, nargs="*", metavar="COURSE")
    parser.add_argument("--assignment", action="append", help="only this one; may be given more than once")
    parser.add_argument("--student", action="append", choices=STUDENTS, help="only this one; may be given more than once")
    options = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by name
    columns = ("cells", "with points", "equal", "documented", "different")
    table = Table("course", "assignments", *columns, "stock, CPU s", "ours, CPU s")
    differences = 0
    for course in options.courses or [EXAMPLE]:
        chosen = options.assignment or (None if options.courses else ["ps1"])
        assignments = sorted(chosen or (path.name for path in (course / "source").iterdir() if path.is_dir()))
        with tempfile.TemporaryDirectory() as folder:
            counts, seconds = compare(course, assignments, options.student or [*STUDENTS], Path(folder))
        numbers = [counts[kind] for kind in ("equal", "documented", "different")]
        numbers = [sum(numbers), counts["earned"], *numbers]  # where nothing earns points, to be equal means little
        table.add_row(course.name, f"{len(assignments)}", *map(str, numbers), *(f"{seconds[who]:.0f}" for who in seconds))
        differences += counts["different"]
        Console().print(table)
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
