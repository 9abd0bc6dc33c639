"""Write what documents say of the project from the project itself: `make documents`.

In README.md, a number stands between two comments, as in `<!-- exercises -->110<!-- / -->`. Nothing is run for them but the
mutation of the solutions: how many mutants fail follows, since `leftcontext verify` holds that a mutant fails or is declared
equivalent, and that every declared one exists. In docs/architecture.md, the tables of layers are those of pyproject.toml,
with the first line of each folder's docstring.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

from autograder.bank import catalog
from autograder.bank.mutation import mutants
from autograder.bank.verify import EVERY
from autograder.exercise.quiz import Quiz

ROOT = Path(__file__).resolve().parents[1]
NUMBER = re.compile(r"(<!-- (?P<name>[a-z_]+) -->)(?P<number>[\d,]*)(<!-- / -->)")
LAYERS = re.compile(r"(<!-- layers of (?P<package>\w+) -->\n).*?(<!-- / -->)", re.DOTALL)


def count() -> Counter[str]:
    """Every number that the README may name."""
    sys.path.insert(0, str(ROOT / "tests" / "hostile"))
    corpus = importlib.import_module("corpus")
    numbers = Counter(hostile=len(corpus.CASES))
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


def with_numbers(text: str, numbers: Counter[str]) -> str:
    """The text with each marked number as it is now. Raises KeyError for a name that is not counted."""
    missing = {match["name"] for match in NUMBER.finditer(text)} - numbers.keys()
    if missing:
        raise KeyError(", ".join(sorted(missing)))
    return NUMBER.sub(lambda match: f"{match[1]}{numbers[match['name']]:,}{match[4]}", text)


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


def main() -> None:
    """Write both documents."""
    readme, architecture = ROOT / "README.md", ROOT / "docs" / "architecture.md"
    _write(readme, with_numbers(readme.read_text(encoding="utf-8"), count()))
    _write(architecture, with_layers(architecture.read_text(encoding="utf-8")))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
