"""A course of three assignments and any number of honest submissions to them: the same every time, by seed.

`bank` is composed from this course's exercises; `plain` is what any instructor writes: asserts, hidden tests, partial
credit, two notebooks; `mixed` has answers for a person to grade: in code, in words, and a task.
"""

from __future__ import annotations

import atexit
import functools
import random
import shutil
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from support.clone import ROOT, run

ASSIGNMENTS = ("bank", "plain", "mixed")
EXERCISES = ("causal_mask", "softmax", "quiz_heads")
CONFIG = """
import os, sys
os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]  # nbgrader calls alembic by name
c = get_config()
c.CourseDirectory.course_id = "honest"
c.CourseDirectory.root = {root!r}
c.GenerateAssignment.force = True
c.ClearSolutions.code_stub = {{"python": "# YOUR CODE HERE"}}
c.ExecutePreprocessor.timeout = 60
c.LateSubmissionPlugin.penalty_method = "zero"
"""


def marked(cell, grade_id, **marks):
    cell.id = grade_id
    cell.metadata.nbgrader = {
        "grade_id": grade_id, "schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False, **marks,
    }  # fmt: skip
    return cell


def answer(grade_id, source):
    return marked(new_code_cell(f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"), grade_id, solution=True)


def check(grade_id, source, points):
    return marked(new_code_cell(source), grade_id, grade=True, locked=True, points=points)


def notebook(*cells):
    made = new_notebook(cells=list(cells))
    made.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    for number, cell in enumerate(made.cells):
        cell.setdefault("id", f"cell-{number}")
        if not cell.metadata.get("nbgrader"):
            cell.id = f"lesson-{number}"
    return made


PLAIN_ONE = notebook(
    new_markdown_cell("# Sums"),
    new_code_cell("import numpy as np\nfrom numpy.testing import assert_allclose"),
    new_code_cell("x = np.array([3.0, 1.0, 2.0])\nfor i in range(2):\n    print(i)\nx"),
    answer("prefix", "def prefix(x):\n    return np.cumsum(x)"),
    check("test_prefix", "assert_allclose(prefix(x), [3, 4, 6])\n### BEGIN HIDDEN TESTS\nassert prefix(np.arange(9.0))[-1] == 36\n### END HIDDEN TESTS", 2),
    new_code_cell("shown = prefix(x)\nshown"),
    check("test_shown", "assert shown.shape == (3,)", 1),
    answer("biggest", "def biggest(items):\n    return max(items)"),
    check("test_biggest", "points = 0\nfor items in ([1, 2], [3, 1], [-1, -2]):\n    try:\n        points += biggest(items) == max(items)\n    except Exception:\n        pass\npoints", 3),
    answer("total", "total = 0\nfor value in x:\n    total += value"),
    check("test_total", "assert total == 6", 1),
)  # fmt: skip
PLAIN_TWO = notebook(
    new_code_cell("import numpy as np\nrng = np.random.default_rng(0)\ndata = rng.normal(size=(4, 3))\nlimit = 0.5"),
    answer("clip", "def clip(a, limit):\n    a[a > limit] = limit"),
    check("test_clip", "copy = data.copy()\nassert clip(copy, limit) is None\nassert copy.max() <= limit", 2),
    answer("apply", "def apply(f, n):\n    return [f(i) for i in range(n)]"),
    check("test_apply", "seen = []\ndef f(i):\n    seen.append(i)\n    return i * i\nassert apply(f, 4) == [0, 1, 4, 9]\nassert seen == [0, 1, 2, 3]", 2),
    answer("record", "record = {'name': 'Ada', 'years': (1815, 1852)}"),
    check("test_record", "assert record['years'][1] - record['years'][0] == 37", 1),
    check("test_raises", "try:\n    apply(None, 1)\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError('None is no function')", 1),
)  # fmt: skip
MIXED = notebook(
    new_markdown_cell("# Words"),
    marked(new_markdown_cell("Your answer"), "essay", grade=True, solution=True, points=4),
    marked(new_code_cell("### BEGIN SOLUTION\nprint('a picture')\n### END SOLUTION"), "picture", grade=True, solution=True, points=3),
    marked(new_markdown_cell("Draw something.\n\n=== BEGIN MARK SCHEME ===\ntwo points\n=== END MARK SCHEME ==="), "drawing", task=True, locked=True, points=2),
    answer("double", "def double(n):\n    return 2 * n"),
    check("test_double", "assert double(4) == 8", 1),
    check("test_text", "assert double(1) == 2\n'well done'", 1),
    answer("shout", "def shout(text):\n    return text.upper()"),
    check("test_shout", "assert shout('abc') == 'ABC', shout('abc')", 1),
)  # fmt: skip
ANSWERS = {  # honest ones: right, wrong, half right, broken, untouched
    "prefix": ["def prefix(x):\n    return np.cumsum(x)", "def prefix(x):\n    return [sum(x[: i + 1]) for i in range(len(x))]", "def prefix(x):\n    return x", "def prefix(x):\n    return np.cumsum(x)[:3]", None],
    "biggest": ["biggest = max", "def biggest(items):\n    return items[0]", "def biggest(items):\n    best = 0\n    for item in items:\n        best = max(best, item)\n    return best", "def biggest(items)\n    return 1", None],
    "total": ["total = x.sum()", "total = 5", "total = sum(y for y in x)", None],
    "clip": ["def clip(a, limit):\n    np.minimum(a, limit, out=a)", "def clip(a, limit):\n    return np.minimum(a, limit)", None],
    "apply": ["apply = lambda f, n: [*map(f, range(n))]", "def apply(f, n):\n    return [i * i for i in range(n)]", "def apply(f, n):\n    return [f(i) for i in reversed(range(n))][::-1]", None],
    "record": ["record = dict(name='Ada', years=[1815, 1852])", "record = {}", None],
    "essay": ["Because.", "It sums to *one*.", None],
    "picture": ["print('mine')", None],
    "double": ["def double(n): return n + n", "def double(n):\n    return 'nn'", "def double(n):\n    print('hello', n)\n    return n << 1", None],
    "shout": ["shout = str.upper", "def shout(text):\n    return text", "def shout(text):\n    import string\n    return ''.join(chr(ord(c) - 32) if c in string.ascii_lowercase else c for c in text)", None],
    "causal_mask": ["import numpy as np\ndef causal_mask(T):\n    return np.triu(np.full((T, T), -np.inf), k=1)", "import numpy as np\ndef causal_mask(T):\n    return np.tril(np.ones((T, T)))", "import numpy as np\ndef causal_mask(T):\n    return np.triu(np.full((T, T), -np.inf), k=1 if T <= 4 else 0)", None],
    "softmax": ["import numpy as np\ndef softmax(x, axis=-1):\n    e = np.exp(x - np.max(x, axis=axis, keepdims=True))\n    return e / e.sum(axis=axis, keepdims=True)", "import numpy as np\ndef softmax(x, axis=-1):\n    e = np.exp(x)\n    return e / e.sum()", None],
    "quiz_heads": ["quiz_heads = 'A'", "quiz_heads = {'D'}", "quiz_heads = ['C', 'D']", None],
}  # fmt: skip
EXTRA = ["print('a note')", "y = 1", "# nothing", "import math\nmath.pi"]


def course(folder: Path) -> Path:
    """The course with its assignments released, in an empty folder or a new one."""
    return copied(_released(), folder)


def copied(course: Path, to: Path) -> Path:
    """Another such course: what names its own folder is written anew."""
    shutil.copytree(course, to, dirs_exist_ok=True)
    (to / "nbgrader_config.py").write_text(CONFIG.format(root=str(to)))
    return to


@functools.cache
def _released() -> Path:
    """The course as it is made and released once, for all tests of this process."""
    folder = Path(tempfile.mkdtemp(prefix="sample-course-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "nbgrader_config.py").write_text(CONFIG.format(root=str(folder)))
    for assignment, notebooks in {"plain": {"one": PLAIN_ONE, "two": PLAIN_TWO}, "mixed": {"mixed": MIXED}}.items():
        (folder / "source" / assignment).mkdir(parents=True)
        for name, node in notebooks.items():
            nbformat.write(node, folder / "source" / assignment / f"{name}.ipynb")
    (folder / "source" / "bank").mkdir()
    nbformat.write(bank_notebook(), folder / "source" / "bank" / "bank.ipynb")
    for assignment in ASSIGNMENTS:
        done = run(folder, "nbgrader", "generate_assignment", assignment, env={"PYTHONPATH": str(ROOT)})
        assert done.returncode == 0, done.stderr
    return folder


def bank_notebook():
    from autograder.bank import catalog
    from autograder.course.exercise_cells import exercise_cells

    cells = [new_code_cell("import numpy as np\nfrom autograder import check")]
    for id in EXERCISES:
        cells += exercise_cells(catalog.find(id))
    return notebook(*cells)


def submit(folder: Path, assignment: str, student: str, seed: int) -> None:
    """Hand in something honest."""
    rng = random.Random(f"{assignment} {seed}")
    place = folder / "submitted" / student / assignment
    place.mkdir(parents=True)
    names = sorted(path.name for path in (folder / "release" / assignment).glob("*.ipynb"))
    for name in names:
        if len(names) > 1 and rng.random() < 0.1:
            continue  # one of two notebooks was forgotten
        node = nbformat.read(folder / "release" / assignment / name, as_version=4)
        for cell in node.cells:
            marks = cell.metadata.get("nbgrader", {})
            if marks.get("solution") and (chosen := rng.choice(ANSWERS[marks["grade_id"]])) is not None:
                cell.source = chosen
        if rng.random() < 0.3:
            node.cells.insert(rng.randrange(len(node.cells)), new_code_cell(rng.choice(EXTRA)))
        nbformat.write(node, place / name)
    if not list(place.iterdir()):
        shutil.copy(folder / "release" / assignment / names[0], place)
    if rng.random() < 0.5:
        (place / "timestamp.txt").write_text(f"2026-0{rng.randint(1, 9)}-15 12:00:00 UTC")


def scores(folder: Path) -> dict:
    """What the gradebook holds, cell by cell."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db", "honest") as book:
        found = {}
        for assignment in book.assignments:
            for submission in assignment.submissions:
                key = assignment.name, submission.student.id
                found[key] = {
                    "score": submission.score, "max": submission.max_score, "late": submission.total_seconds_late,
                    "timestamp": str(submission.timestamp), "manual": submission.needs_manual_grade,
                    "penalties": sorted((n.name, n.late_submission_penalty) for n in submission.notebooks),
                    "cells": sorted((n.name, g.name, g.auto_score, g.manual_score, g.needs_manual_grade) for n in submission.notebooks for g in n.grades),
                    "comments": sorted((n.name, c.name, c.auto_comment, c.manual_comment) for n in submission.notebooks for c in n.comments),
                }  # fmt: skip
        return found
