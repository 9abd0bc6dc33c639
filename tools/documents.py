"""Write what documents say of the project from the project itself: `make documents`.

In the documents of `NUMBERED`, a number stands between two comments, as in `<!-- exercises -->110<!-- / -->`. Nothing is run for
them but the mutation of the solutions: how many mutants fail follows, since `leftcontext verify` holds that a mutant fails or
is declared equivalent, and that every declared one exists. In docs/architecture.md, the tables of layers are those of
pyproject.toml, with the first line of each folder's docstring. docs/exercises.md lists the bank, from the exercises' files.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from itertools import groupby
from pathlib import Path

from autograder.bank import catalog
from autograder.bank.catalog import ExerciseFile
from autograder.bank.mutation import mutants
from autograder.bank.verify import EVERY
from autograder.exercise.quiz import Quiz
from autograder.grading import time_limit, worker
from autograder.nbgrader import submitted_files
from autograder.sandbox import usage
from autograder.sandbox.policy import MB, SandboxPolicy
from leftcontext.bugs import clinic

ROOT = Path(__file__).resolve().parents[1]
NUMBERED = ("README.md", "docs/differences.md")
NUMBER = re.compile(r"(<!-- (?P<name>[a-z_]+) -->)(?P<number>[\d,.]*)(<!-- / -->)")
LAYERS = re.compile(r"(<!-- layers of (?P<package>\w+) -->\n).*?(<!-- / -->)", re.DOTALL)
EXERCISES_HEAD = """# The exercises

Every exercise of the bank, by its id, with its points. The id of a code exercise is the name of the function to write. The
function is shown with its arguments and with the docstring that a learner is handed; a quiz is shown with its title. In shapes,
`...` stands for any number of leading axes; in an `allowed` mask, True means that the query may attend to the key.
`make documents` writes this page.

`leftcontext exercises --json` lists the same for programs, with topics and misconceptions;
[exercise-format.md](exercise-format.md) says how an exercise is written.
"""
EXERCISES_COLUMNS = "| exercise | what it takes and returns | points |\n|:--|:--|--:|"


def count() -> dict[str, float]:
    """Every number that a document may name."""
    sys.path.insert(0, str(ROOT / "tests" / "hostile"))
    corpus = importlib.import_module("corpus")
    others = {"hostile": len(corpus.CASES), "broken_models": len(clinic.LETTERS), "megabytes": environment_megabytes()}
    return {**others, **count_bank(), **grading_limits()}


def count_bank() -> Counter[str]:
    """How much of each the bank has."""
    numbers: Counter[str] = Counter()
    for entry in catalog.entries().values():
        exercise = entry.load()
        numbers["exercises"] += 1
        if isinstance(exercise, Quiz):
            numbers += Counter(quizzes=1, correct=1, incorrect=sum(not option.right for option in exercise.options))
            continue
        numbers += Counter(code=1, correct=1 + len(exercise.right_answers), incorrect=len(exercise.wrong_answers))
        if EVERY not in exercise.declared_equivalent:
            numbers["mutants"] += len(mutants(exercise.reference))
            numbers["equivalent"] += len(exercise.declared_equivalent)
    numbers["killed"] = numbers["mutants"] - numbers["equivalent"]
    return numbers


def grading_limits() -> dict[str, float]:
    """The limits of a student's process, and of one that reads a submission."""
    policy = SandboxPolicy()
    return {
        "submitted_files": submitted_files.MAX_FILES,
        "memory": policy.memory / (1024 * MB),
        "processes": policy.processes,
        "disk": policy.disk / MB,
        "files": policy.files,
        "home_files": usage.MAX_FILES,
        "home_depth": usage.MAX_DEPTH,
        "patience": time_limit.PATIENCE,
        "least_wait": time_limit.LEAST_WAIT,
        "reading_seconds": worker.SECONDS,
        "reading_memory": worker.MEMORY / (1024 * MB),
    }


def environment_megabytes() -> int:
    """The size of what `make lab` installs, to the next 50 MB: the packages of requirements.txt that are installed here."""
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w.-]+)(?:\[.*\])?==", requirements, re.MULTILINE)
    return 50 * round(sum(map(_installed_bytes, ["pip", *pinned])) / 50e6)


def _installed_bytes(name: str) -> int:
    """The size of a package's files, or 0 where it is for another system."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return 0
    paths = [Path(str(file.locate())) for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file())


def with_numbers(text: str, numbers: Mapping[str, float]) -> str:
    """The text with each marked number as it is now. Raises KeyError for a name that is not counted."""
    missing = {match["name"] for match in NUMBER.finditer(text)} - numbers.keys()
    if missing:
        raise KeyError(", ".join(sorted(missing)))
    return NUMBER.sub(lambda match: f"{match[1]}{numbers[match['name']]:,.10g}{match[4]}", text)


def with_layers(text: str) -> str:
    """The text with each marked table of layers as import-linter holds it."""
    return LAYERS.sub(lambda match: f"{match[1]}\n{_table(match['package'])}\n\n{match[3]}", text)


def _table(package: str) -> str:
    """The layers of a package, the highest first: one row for each folder or module."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == [package])
    rows = ["| layer | folder or module | what it is for |", "|--:|:--|:--|"]
    for number, layer in zip(range(len(layers), 0, -1), layers, strict=True):
        rows += [f"| {number} | {_row(ROOT / package / name)} |" for name in layer.split(" | ")]
    return "\n".join(rows)


def _row(path: Path) -> str:
    source, name = (path / "__init__.py", f"{path.name}/") if path.is_dir() else (path.with_suffix(".py"), f"{path.name}.py")
    docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    first = " ".join(docstring.partition("\n\n")[0].split())
    return f"`{name}` | {first}"


def exercise_list() -> str:
    """Every exercise of the bank, unit by unit: what it takes and returns."""
    text = EXERCISES_HEAD
    for unit, entries in groupby(catalog.entries().values(), lambda entry: entry.unit):
        rows = "\n".join(map(_exercise_row, entries))
        text += f"\n## [{unit}](../source/{unit}/lesson.md)\n\n{EXERCISES_COLUMNS}\n{rows}\n"
    return text


def _exercise_row(entry: ExerciseFile) -> str:
    exercise = entry.load()
    if isinstance(exercise, Quiz):
        name, says = entry.id, entry.prompt.partition("\n")[0].lstrip("# ")
    else:
        name = f"{entry.id}{inspect.signature(exercise.reference)}"
        docstring = inspect.getdoc(exercise.handed_out or exercise.reference) or ""
        says = " ".join(docstring.partition("\n\n")[0].split())
    file = entry.path.relative_to(ROOT).as_posix()
    return f"| [`{name}`](../{file}) | {as_cell(says)} | {exercise.points:g} |"


def as_cell(text: str) -> str:
    """A text as a cell of a table in Markdown, which shows it unchanged. What stands in backticks needs no escape but for |."""
    escaped = re.sub(r"`[^`]*`|[*<]", lambda found: found[0] if found[0].startswith("`") else f"\\{found[0]}", text)
    return escaped.replace("|", r"\|")


def main() -> None:
    """Write the documents."""
    numbers = count()
    for name in NUMBERED:
        _write(ROOT / name, with_numbers((ROOT / name).read_text(encoding="utf-8"), numbers))
    architecture = ROOT / "docs" / "architecture.md"
    _write(architecture, with_layers(architecture.read_text(encoding="utf-8")))
    _write(ROOT / "docs" / "exercises.md", exercise_list())


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
