"""`leftcontext demo-class`: a class of invented students, whose answers are the bank's own right and wrong ones.

Some are late, some broken, some copied, one is hostile and one never handed in, so that there is something to look at.
"""

from __future__ import annotations

import ast
import copy
import json
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autograder import paths
from autograder.bank import catalog
from autograder.course.exercise_cells import BEGIN, END, code_answer, quiz_answer
from autograder.errors import UserError
from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz
from autograder.nbgrader.class_list import enter_people
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.notebook.slicing import slice_for
from autograder.student import Student

DUE = datetime(2026, 10, 5, 22, 0, tzinfo=UTC)
FIRST = [
    "Ada", "Amara", "Anouk", "Ben", "Chioma", "Dana", "Elif", "Emil", "Fatima", "Gus", "Hana", "Ines", "Ivan",
    "Jo", "Kenji", "Lars", "Leila", "Mateo", "Mei", "Nadia", "Omar", "Priya", "Quinn", "Rosa", "Sami", "Sofia",
    "Tomasz", "Uma", "Wei", "Yara",
]  # fmt: skip
LAST = [
    "Adeyemi", "Berg", "Chen", "Dumont", "Evans", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Kaya",
    "Lindqvist", "Moreau", "Nowak", "Okafor", "Patel", "Quist", "Rossi", "Schmidt", "Tanaka", "Ueda", "Varga",
    "Weiss", "Xu", "Yilmaz", "Zhang", "Abebe", "Brandt", "Costa", "Diaz",
]  # fmt: skip
CONFIG = '''"""An invented class, made by `leftcontext demo-class`. Delete this folder whenever you like."""

from pathlib import Path

from autograder.nbgrader_plugins import PREPROCESSORS

c = get_config()  # noqa: F821 (given by traitlets)
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = "demo-class"
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
c.Autograde.autograde_preprocessors = PREPROCESSORS
c.GenerateFeedback.exporter_class = "autograder.feedback.exporter.FeedbackExporter"
'''
HOSTILE = """import builtins, os, sys
try:
    print(open(os.path.expanduser("~/.ssh/id_rsa")).read())
except OSError:
    pass
sys.modules["leftcontext"].check = lambda *_, **__: None
builtins.AssertionError = SystemExit"""
BROKEN = "def {name}(x:\n    return x"
MISSING = "import tensorflow as tf\n"


class CannotInvent(UserError):
    """The class can't be made; the message says why."""


@dataclass(frozen=True)
class InventedSubmission:
    """What an invented student hands in, and what is special about it, as a sentence without its subject."""

    student: Student
    files: dict[str, bytes]
    special: str = ""


@dataclass(frozen=True)
class InventedClass:
    """A course on disk, and what there is to find in it, by the student's id."""

    course: NbgraderCourse
    special: dict[str, str]


@dataclass(frozen=True)
class BankAnswers:
    """The cells that answer an exercise: right ones, and wrong ones."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]


def bank_answers(id: str) -> BankAnswers:
    """What the bank knows for an exercise, each as a cell that needs nothing else."""
    exercise = catalog.find(id).load()
    if isinstance(exercise, Quiz):
        right = next(line for line in quiz_answer(exercise).splitlines()[2:] if line.startswith(id))
        letters = (option.letter for option in exercise.options if not option.right)
        return BankAnswers((right,), tuple(f"{id} = {letter!r}" for letter in letters))
    right_cells, wrong_cells = [], []
    path = catalog.find(id).path
    program = ast.parse(path.read_text(encoding="utf-8")).body
    for statement in program:
        if not isinstance(statement, ast.FunctionDef):
            continue
        kinds = [ast.unparse(one).partition("(")[0] for one in statement.decorator_list]
        statement.decorator_list = []
        if kinds and kinds[-1] in ("exercise.solution", "exercise.equivalent"):
            right_cells.append(_cell(id, statement.name, program))
        elif kinds and kinds[-1] == "exercise.mistake":
            wrong_cells.append(_cell(id, statement.name, program))
    return BankAnswers(tuple(right_cells), tuple(wrong_cells))


def _cell(id: str, name: str, program: list[ast.stmt]) -> str:
    needed = [copy.deepcopy(one) for one in slice_for(name, program)]
    for one in needed:
        if isinstance(one, ast.FunctionDef) and one.name == name and ast.get_docstring(one):
            one.body = one.body[1:] or [ast.Pass()]  # the sentence that a learner reads
    source = "\n\n".join(map(ast.unparse, needed))
    if name == id:
        return source
    apart = re.sub(rf"\b{id}\b", f"the_first_{id}", source)  # one that calls the solution would call itself
    return re.sub(rf"\b{name}\b", id, apart)


def make_course(folder: Path, assignment: str, number: int = 30, seed: int = 0) -> InventedClass:
    """Make a course in an empty or new folder, with a released unit and the submissions of `number` students.

    Raises CannotInvent, OSError.
    """
    released = paths.released()
    if released is None or not (released / assignment).is_dir():
        raise CannotInvent(f"There is no unit called {assignment!r}. `leftcontext exercises` lists them.")
    if folder.exists() and any(folder.iterdir()):
        raise CannotInvent(f"{folder} is not empty. Choose another folder, or delete it.")
    ignore = shutil.ignore_patterns("ex_*.py", "quiz_*.md", "lesson.md", ".ipynb_checkpoints", "__pycache__")
    shutil.copytree(paths.source() / assignment, folder / "source" / assignment, ignore=ignore)
    shutil.copytree(released / assignment, folder / "release" / assignment, ignore=ignore)
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    students = invent_students(number)
    special = {}
    for at, made in enumerate(invent_submissions(folder / "release" / assignment, students, seed)):
        place = folder / "submitted" / made.student.id / assignment
        place.mkdir(parents=True)
        for name, content in made.files.items():
            (place / name).write_bytes(content)
        late = at + 2 if at % 9 == 4 else 0
        handed_in = DUE + timedelta(hours=late) if late else DUE - timedelta(hours=3 * at + 1)
        (place / "timestamp.txt").write_text(handed_in.strftime("%Y-%m-%d %H:%M:%S UTC"))
        special[made.student.id] = "; ".join(filter(None, (made.special, f"handed in {late} hours late" if late else "")))
    special |= {student.id: "handed in nothing" for student in students if student.id not in special}
    return InventedClass(_register(folder, assignment, students), {id: what for id, what in special.items() if what})


def _register(folder: Path, assignment: str, students: list[Student]) -> NbgraderCourse:
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(folder.resolve())
    config.CourseDirectory.course_id = "demo-class"
    config.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}
    course = NbgraderCourse(config)
    with course.open():
        course.register(assignment)
        course.gradebook.update_or_create_assignment(assignment, duedate=DUE.replace(tzinfo=None))
        enter_people(course, students)
    return course


def invent_students(number: int) -> list[Student]:
    """So many students, with invented names."""
    found = []
    for at in range(number):
        first, last = FIRST[at % len(FIRST)], LAST[(at * 7 + at // len(FIRST)) % len(LAST)]
        again = f"{at // len(FIRST) + 1}" if at >= len(FIRST) else ""
        id = f"{first.lower()}{again}"
        found.append(Student(id, first, f"{last}{again}", f"{id}@example.edu", str(1001 + at)))
    return found


def invent_submissions(released: Path, students: list[Student], seed: int) -> Iterator[InventedSubmission]:
    """What each student hands in; the last one nothing."""
    path = next(iter(sorted(released.glob("*.ipynb"))))
    notebook = json.loads(path.read_bytes())
    answers = {id: bank_answers(id) for id in _exercises(notebook)}
    plan = _Plan(answers)
    for at, student in enumerate(students[: max(1, len(students) - 1)]):
        rng = random.Random(f"{seed} {student.id}")
        skill = 0.35 + 0.6 * (at * 7 % len(students)) / len(students)
        chosen = {id: _in_own_words(_choose(rng, known, skill), id, at) for id, known in answers.items()}
        special = plan.change(at, student.id, chosen)
        yield InventedSubmission(student, {path.name: _filled(notebook, chosen)}, special)


def _choose(rng: random.Random, known: BankAnswers, skill: float) -> str | None:
    if rng.random() < skill or not known.wrong:
        return rng.choice(known.right)
    return rng.choice(known.wrong) if rng.random() < 0.9 else None


def _in_own_words(source: str | None, id: str, at: int) -> str | None:
    """A program with a line that no other student has: the bank knows few answers, and not everybody is to have copied."""
    return source if source is None or id.startswith("quiz_") else f"{source}\n\nminutes_needed = {5 + at}"


class _Plan:
    """What goes wrong in a class: each at students of their own, at the same places for the same number of students."""

    def __init__(self, answers: dict[str, BankAnswers]) -> None:
        self.answers = answers
        self.codes = [id for id in answers if not id.startswith("quiz_")]
        self.longest = max(self.codes, key=lambda id: len(max(answers[id].right, key=len)), default="")
        self.copied_from = ""
        self.copied = ""

    def change(self, at: int, student: str, chosen: dict[str, str | None]) -> str:
        """Change one student's answers, and say how; nothing where the unit has no code."""
        if not self.codes:
            return ""
        first, longest = self.codes[0], self.longest
        match at:
            case 2:
                chosen[first] = BROKEN.format(name=first)
                return f"{first} is not valid Python"
            case 6:
                chosen[longest] = MISSING + self.answers[longest].right[0]
                return f"{longest} imports a package that is not installed"
            case 8:
                chosen[first] = HOSTILE
                return f"hostile: {first} looks for a private key, replaces `check` and AssertionError"
            case 11:
                chosen[longest] = f"def {longest}(*arguments):\n    while True:\n        pass"
                return f"{longest} never ends"
            case 14:
                chosen |= {id: _published(id) for id in self.codes}
                return "the code is the published solutions"
            case 5 | 17 | 21:
                return self._copy(at, student, chosen)
        return ""

    def _copy(self, at: int, student: str, chosen: dict[str, str | None]) -> str:
        """The first is copied from, the second copies, the third changes names."""
        if not self.copied:
            self.copied_from, self.copied = student, max(self.answers[self.longest].right, key=len) + "\n\nminutes_needed = 40"
        chosen[self.longest] = renamed(self.copied) if at == 21 else self.copied
        if student == self.copied_from:
            return ""
        return f"{self.longest} is copied from {self.copied_from}" + (", with names changed" if at == 21 else "")


def _published(id: str) -> str:
    """The solution as it stands in the worked notebook."""
    exercise = catalog.find(id).load()
    assert isinstance(exercise, Exercise)
    return "\n".join(line for line in code_answer(exercise).split("\n") if line.strip() not in (BEGIN, END))


def renamed(source: str) -> str:
    """The same program with other names for what it assigns."""
    tree = ast.parse(source)
    kept = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = sorted({node.id for node in names if isinstance(node.ctx, ast.Store)} - kept)
    new = {name: f"value_{number}" for number, name in enumerate(bound)}
    for node in names:
        node.id = new.get(node.id, node.id)
    return ast.unparse(tree)


def _exercises(notebook: dict[str, Any]) -> list[str]:
    ids = []
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("solution") and cell["cell_type"] == "code" and marks["grade_id"] in catalog.entries():
            ids.append(str(marks["grade_id"]))
    return ids


def _filled(notebook: dict[str, Any], chosen: dict[str, str | None]) -> bytes:
    filled = copy.deepcopy(notebook)
    for cell in filled["cells"]:
        source = chosen.get(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))
        if source is not None and cell["metadata"]["nbgrader"].get("solution"):
            cell["source"] = source
    return json.dumps(filled).encode()
