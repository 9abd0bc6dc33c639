"""`leftcontext grade` beside stock `nbgrader autograde`: the same honest submissions of a unit, in turns.

Prints submissions a second, the ratio, the most memory at a time, and the floor: the processor time that the cells
themselves take, in one warm process, without a test harness, a sandbox, a database or a file.

    python benchmarks/grading.py                              # 100 submissions of unit 07
    python benchmarks/grading.py --submissions 20             # a first look
    python benchmarks/grading.py --rounds 3                   # more turns; the medians of all
    python benchmarks/grading.py --grow 1000 3000 10000       # ours alone, on a small assignment
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
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
sys.path[:0] = [str(ROOT / "tests")]
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


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds and megabytes."""
    memory = Memory()
    memory.start()
    began = time.perf_counter()
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    took = time.perf_counter() - began
    memory.done.set()
    memory.join()
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return took, memory.most


def answers(course: Path, unit: str) -> tuple[dict, dict[str, str]]:
    released = json.loads((course / "notebooks" / unit / f"{unit}.ipynb").read_text(encoding="utf-8"))
    worked = json.loads((course / "solutions" / unit / f"{unit}.ipynb").read_text(encoding="utf-8"))
    solved = {c["metadata"]["nbgrader"]["grade_id"]: "".join(c["source"]) for c in worked["cells"] if marks(c).get("solution")}
    return released, solved


def marks(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})


def submit(course: Path, unit: str, number: int) -> None:
    """Four of five answers right, the others not written; no two submissions the same."""
    released, solved = answers(course, unit)
    rng = random.Random(number)
    for cell in released["cells"]:
        if marks(cell).get("solution") and rng.random() < 0.8:
            cell["source"] = f"# by student {number}\n" + solved[marks(cell)["grade_id"]]
    place = course / "course/submitted" / f"student{number:04d}" / unit
    place.mkdir(parents=True)
    (place / f"{unit}.ipynb").write_text(json.dumps(released), encoding="utf-8")


FLOOR = """
import json, sys, time
from autograder.grading import ipython_shell as shell
own = shell.make()
total = tests = 0.0
for path in sys.argv[1:]:
    own.forget()
    for cell in json.load(open(path))["cells"]:
        if cell["cell_type"] == "code" and "skip-execution" not in cell["metadata"].get("tags", []):
            began = time.process_time()
            own.run("".join(cell["source"]))
            took = time.process_time() - began
            total += took
            tests += took * bool(cell["metadata"].get("nbgrader"))
print(json.dumps([total, tests]))
"""


def floor(course: Path, unit: str, most: int = 10) -> tuple[float, float]:
    """Seconds of processor time a submission: of all its cells, and of its answers and tests alone."""
    paths = sorted(course.glob(f"course/submitted/*/{unit}/{unit}.ipynb"))[:most]
    environment = {**ENVIRONMENT, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    done = subprocess.run([sys.executable, "-c", FLOOR, *paths], env=environment, capture_output=True, text=True, check=True)
    total, tests = json.loads(done.stdout.splitlines()[-1])
    return total / len(paths), tests / len(paths)


def scores(course: Path, unit: str) -> dict[str, float]:
    subprocess.run([BIN / "nbgrader", "export"], cwd=course, env=ENVIRONMENT, capture_output=True, check=True)
    with (course / "course/grades.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file) if row["assignment"] == unit}


def beside_stock(unit: str, submissions: int, rounds: int, folder: Path) -> None:
    """Ours, stock, ours: each turn grades all submissions in a course of its own, from the start."""
    took: dict[str, list[tuple[float, float]]] = {"ours": [], "stock": []}
    graded: list[dict[str, float]] = []
    for number, who in enumerate(["ours", *["stock", "ours"] * rounds]):
        course = clone(folder / f"{number}")
        timed(["nbgrader", "generate_assignment", unit], course)
        for student in range(submissions):
            submit(course, unit, student)
        command = ["leftcontext", "grade", unit, "--jobs", "2"]
        if who == "stock":
            command = ["nbgrader", "autograde", unit]
            with (course / "nbgrader_config.py").open("a", encoding="utf-8") as config:
                config.write(STOCK)
        took[who].append(timed(command, course))
        graded.append(scores(course, unit))
    if any(scores_by_student != graded[0] for scores_by_student in graded):
        sys.exit("The two do not agree on every score.")
    cells, tests = floor(course, unit)
    show(unit, submissions, took, cells, tests)


def show(unit: str, submissions: int, took: dict, cells: float, tests: float) -> None:
    table = Table(title=f"{submissions} honest submissions of {unit}", caption="floor: processor time over two cores")
    for column in ("", "seconds", "a second", "seconds each", "most memory, MB"):
        table.add_column(column, justify="left" if not column else "right")
    each = {}
    for who in ("stock", "ours"):
        seconds, memory = median(t for t, _ in took[who]), max(m for _, m in took[who])
        each[who] = seconds / submissions
        name = "nbgrader autograde" if who == "stock" else "leftcontext grade"
        table.add_row(name, f"{seconds:.1f}", f"{submissions / seconds:.2f}", f"{each[who]:.3f}", f"{memory:.0f}")
    for name, seconds in (("floor: all cells", cells / 2), ("floor: answers and tests", tests / 2)):
        table.add_row(name, "", f"{1 / seconds:.1f}", f"{seconds:.3f}", "")
    Console().print(table)
    print(f"{each['stock'] / each['ours']:.0f} times stock; {each['ours'] / (cells / 2):.2f} of the floor of all cells,", end=" ")
    print(f"{each['ours'] / (tests / 2):.1f} times that of answers and tests.")


def grow(sizes: list[int], folder: Path) -> None:
    """Ours alone, on more and more submissions of a small assignment, each size from the start."""
    from support import sample_course

    course = folder / "course"
    course.mkdir()
    sample_course.course(course)
    table = Table("submissions", "seconds", "a second", "most memory, MB", "of it the grader itself, MB")
    for size in sizes:
        shutil.rmtree(course / "submitted", ignore_errors=True)
        shutil.rmtree(course / "autograded", ignore_errors=True)
        for number in range(size):
            sample_course.submit(course, "bank", f"student{number:05d}", number)
        seconds, memory = timed(["leftcontext", "grade", "bank", "--jobs", "2", "--force"], course)
        own = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        table.add_row(f"{size:,}", f"{seconds:.0f}", f"{size / seconds:.1f}", f"{memory:.0f}", f"{own:.0f}")
        Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unit", default="07-causal-attention")
    parser.add_argument("--submissions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--grow", type=int, nargs="+", metavar="N")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.grow:
            grow(options.grow, Path(folder))
        else:
            beside_stock(options.unit, options.submissions, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
