"""`leftcontext grade` beside stock `nbgrader autograde`: the same honest submissions, in turns.

Three courses: unit 07 of this one; a small assignment of three functions, as any instructor writes it; a lesson that seeds and
simulates for seconds. Prints submissions a second, the ratio, processor time, the most memory at a time, and for unit 07 the
floor: the processor time that the cells themselves take, in one warm process, without a sandbox, a database or a file.

    python benchmarks/grading.py                              # 100 submissions of each; stock grades 10 of them
    python benchmarks/grading.py --stock 100 --rounds 3       # stock grades all; more turns, the medians of all
    python benchmarks/grading.py --courses small              # one of unit, small, seeded
    python benchmarks/grading.py --grow 1000 3000 10000       # ours alone, on a small assignment
    python benchmarks/processor_time.py                       # where the processor time of ours goes
"""

import argparse
import csv
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import nbformat
import psutil
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
sys.path[:0] = [str(ROOT / "tests")]
from support import sample_course  # noqa: E402
from support.clone import clone  # noqa: E402

ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


# This course's own configuration gives nbgrader our runner; stock nbgrader has its own.
STOCK = 'c.Autograde.pop("autograde_preprocessors", None)\n'


class Memory(threading.Thread):
    """The most that this process's children held together, in MB, each page counted once (PSS)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.done = 0.0, threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.5):
            held = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    held += child.memory_full_info().pss
                except psutil.Error:
                    continue
            self.most = max(self.most, held / 2**20)


@dataclass
class Took:
    """What a command took."""

    seconds: float  # by the clock on the wall
    processor: float  # seconds of all its processes
    memory: float  # MB


def timed(command: list[str], folder: Path) -> Took:
    memory = Memory()
    memory.start()
    began, used = time.perf_counter(), _processor_seconds()
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    took, used = time.perf_counter() - began, _processor_seconds() - used
    memory.done.set()
    memory.join()
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return Took(took, used, memory.most)


def _processor_seconds() -> float:
    """Of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# --- The courses --------------------------------------------------------------------------------------------------------


@dataclass
class Course:
    """How a course is made in a folder, and a student's submission in it."""

    assignment: str
    make: Callable[[Path], object]
    submit: Callable[[Path, int], object]
    submitted: str = "submitted"
    grades: str = "grades.csv"


def unit(name: str) -> Course:
    """A unit of this course."""

    def make(folder: Path) -> None:
        timed(["nbgrader", "generate_assignment", name], clone(folder))

    return Course(name, make, lambda folder, number: submit(folder, name, number), "course/submitted", "course/grades.csv")


def submit(course: Path, unit: str, number: int) -> None:
    """Four of five answers right, the others not written; no two submissions the same."""
    released = json.loads((course / "notebooks" / unit / f"{unit}.ipynb").read_text(encoding="utf-8"))
    worked = json.loads((course / "solutions" / unit / f"{unit}.ipynb").read_text(encoding="utf-8"))
    solved = {c["metadata"]["nbgrader"]["grade_id"]: "".join(c["source"]) for c in worked["cells"] if marks(c).get("solution")}
    rng = random.Random(number)
    for cell in released["cells"]:
        if marks(cell).get("solution") and rng.random() < 0.8:
            cell["source"] = f"# by student {number}\n" + solved[marks(cell)["grade_id"]]
    place = course / "course/submitted" / f"student{number:04d}" / unit
    place.mkdir(parents=True)
    (place / f"{unit}.ipynb").write_text(json.dumps(released), encoding="utf-8")


def marks(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


SMALL = sample_course.notebook(
    new_code_cell("import numpy as np"),
    sample_course.answer("prefix", "def prefix(x):\n    return np.cumsum(x)"),
    sample_course.check("test_prefix", "assert np.allclose(prefix(np.array([3.0, 1.0, 2.0])), [3, 4, 6])", 2),
    sample_course.answer("biggest", "def biggest(items):\n    return max(items)"),
    sample_course.check("test_biggest", "assert biggest([1, 3, 2]) == 3\nassert biggest([-2, -1]) == -1", 2),
    sample_course.answer("double", "def double(n):\n    return 2 * n"),
    sample_course.check("test_double", "assert double(4) == 8\nassert double('ab') == 'abab'", 1),
)
SEEDED = sample_course.notebook(
    new_code_cell("import random\nrandom.seed(0)\nrolls = [random.randint(1, 6) for _ in range(3_000_000)]"),
    sample_course.answer("share", "def share(rolls, n):\n    return rolls.count(n) / len(rolls)"),
    sample_course.check("test_share", "assert 0.16 < share(rolls[:1000], 6) < 0.18", 1),
)


def from_notebook(name: str, source: NotebookNode) -> Course:
    """A course of one assignment of one notebook."""
    solved = {c.metadata.nbgrader.grade_id: c.source for c in source.cells if marks(c).get("solution")}

    def make(folder: Path) -> None:
        place = folder / "source" / name
        place.mkdir(parents=True)
        nbformat.write(source, place / f"{name}.ipynb")
        (folder / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(folder)))
        timed(["nbgrader", "generate_assignment", name], folder)

    def submit(folder: Path, number: int) -> None:
        released = nbformat.read(folder / "release" / name / f"{name}.ipynb", as_version=4)
        rng = random.Random(number)
        for cell in released.cells:
            if marks(cell).get("solution") and rng.random() < 0.8:
                cell.source = f"# by student {number}\n" + solved[cell.metadata.nbgrader.grade_id]
        place = folder / "submitted" / f"student{number:04d}" / name
        place.mkdir(parents=True)
        nbformat.write(released, place / f"{name}.ipynb")

    return Course(name, make, submit)


COURSES = {
    "unit": unit("07-causal-attention"),
    "small": from_notebook("small", SMALL),
    "seeded": from_notebook("seeded", SEEDED),
}


# --- The floor ----------------------------------------------------------------------------------------------------------

FLOOR = """
import json, sys, time
from autograder.grading import ipython_shell as shell
own = shell.make()

def cells(path):
    found = (cell for cell in json.load(open(path))["cells"] if cell["cell_type"] == "code")
    return [cell for cell in found if "skip-execution" not in cell["metadata"].get("tags", [])]

def run(chosen):
    began = time.process_time()
    for cell in chosen:
        own.run("".join(cell["source"]))
    return time.process_time() - began

first, *others = sys.argv[1:]
lesson = run(cell for cell in cells(first) if not cell["metadata"].get("nbgrader"))
run(cell for cell in cells(first) if cell["metadata"].get("nbgrader"))  # what is loaded at the first use
graded = sum(run(cell for cell in cells(path) if cell["metadata"].get("nbgrader")) for path in others)
print(json.dumps([lesson, graded / len(others)]))
"""


def floor(course: Path, unit: str, most: int = 20) -> tuple[float, float]:
    """Seconds of processor time: of the lesson's cells, once, and of the answers and tests of one submission."""
    paths = sorted(course.glob(f"course/submitted/*/{unit}/{unit}.ipynb"))[: most + 1]
    environment = {**ENVIRONMENT, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    done = subprocess.run([sys.executable, "-c", FLOOR, *paths], env=environment, capture_output=True, text=True, check=True)
    lesson, graded = json.loads(done.stdout.splitlines()[-1])
    return lesson, graded


# --- Beside stock -------------------------------------------------------------------------------------------------------


def scores(folder: Path, course: Course) -> dict[str, float]:
    command = [BIN / "nbgrader", "export", f"--ExportPlugin.to={folder / course.grades}"]
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, check=True)
    with (folder / course.grades).open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file) if row["assignment"] == course.assignment}


def beside_stock(course: Course, numbers: dict[str, int], rounds: int, folder: Path) -> None:
    """Ours and stock in turns: each turn grades its number of submissions in a course of its own, from the start."""
    took: dict[str, list[Took]] = {"ours": [], "stock": []}
    graded: list[dict[str, float]] = []
    for turn, who in enumerate(["ours", "stock"] * rounds):
        place = folder / f"{course.assignment}-{turn}"
        course.make(place)
        for student in range(numbers[who]):
            course.submit(place, student)
        command = ["leftcontext", "grade", course.assignment, "--jobs", "2"]
        if who == "stock":
            command = ["nbgrader", "autograde", course.assignment]
            with (place / "nbgrader_config.py").open("a", encoding="utf-8") as config:
                config.write(STOCK)
        took[who].append(timed(command, place))
        graded.append(scores(place, course))
    for one in graded:
        if any(one[student] != graded[0][student] for student in one.keys() & graded[0].keys()):
            sys.exit("The two do not agree on every score.")
    show(course, numbers, took)
    if course is COURSES["unit"]:
        lesson, tests = floor(place, course.assignment)
        print(f"Floor: {lesson:.2f} s the lesson's cells, once; {1e3 * tests:.1f} ms the answers and tests of each.")


def show(course: Course, numbers: dict[str, int], took: dict[str, list[Took]]) -> None:
    table = Table(title=f"Honest submissions of {course.assignment}")
    for column in ("", "submissions", "seconds", "seconds each", "processor seconds each", "most memory, MB"):
        table.add_column(column, justify="left" if not column else "right")
    each = {}
    for who, name in (("stock", "nbgrader autograde"), ("ours", "leftcontext grade")):
        seconds, processor = (median(getattr(one, what) for one in took[who]) for what in ("seconds", "processor"))
        memory, number = max(one.memory for one in took[who]), numbers[who]
        each[who] = seconds / number, processor / number
        row = (f"{number}", f"{seconds:.1f}", f"{each[who][0]:.3f}", f"{each[who][1]:.3f}", f"{memory:.0f}")
        table.add_row(name, *row)
    Console().print(table)
    by_clock, by_processor = (stock / ours for stock, ours in zip(each["stock"], each["ours"], strict=True))
    print(f"{by_clock:.0f} times stock by the clock, {by_processor:.0f} times by processor time, start included.")


def grow(sizes: list[int], folder: Path) -> None:
    """Ours alone, on more and more submissions of a small assignment, each size from the start."""
    course = folder / "course"
    course.mkdir()
    sample_course.course(course)
    table = Table("submissions", "seconds", "a second", "most memory, MB", "of it the grader itself, MB")
    for size in sizes:
        shutil.rmtree(course / "submitted", ignore_errors=True)
        shutil.rmtree(course / "autograded", ignore_errors=True)
        for number in range(size):
            sample_course.submit(course, "bank", f"student{number:05d}", number)
        took = timed(["leftcontext", "grade", "bank", "--jobs", "2", "--force"], course)
        own = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        table.add_row(f"{size:,}", f"{took.seconds:.0f}", f"{size / took.seconds:.1f}", f"{took.memory:.0f}", f"{own:.0f}")
        Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--courses", nargs="+", choices=COURSES, default=list(COURSES))
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--stock", type=int, default=10, help="how many of them stock grades, at seconds each")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--grow", type=int, nargs="+", metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.grow:
            grow(options.grow, Path(folder))
        else:
            numbers = {"ours": options.submissions, "stock": options.stock}
            for name in options.courses:
                beside_stock(COURSES[name], numbers, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
