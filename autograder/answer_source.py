"""Read the program in a .py or .ipynb file: its top-level statements, whatever wrote the file."""

from __future__ import annotations
import __future__

import ast
import importlib.util
import json
import linecache
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import UserError
from autograder.variant_seed import named_students, variant_seed

PYTHON_CELLS = ("%%time", "%%capture", "%%prun")  # their cells are Python and bind names
IPYTHON = re.compile(r"\s*[%!?]|\s*[\w.]+\?{1,2}\s*$|\s*[\w.,\s\[\]]+=\s*[%!]")  # magics, shell lines, questions
TOO_DEEP = "it is nested too deep to be read."


class UnusableFile(UserError):
    """A file that can't be judged; the message says why and what to do."""


@dataclass(frozen=True)
class Statement:
    """A top-level statement, and the file or cell that it stands in."""

    node: ast.stmt
    file: str


@dataclass(frozen=True)
class Program:
    """The statements of a file in their order, and the `from __future__` features that they are compiled with.

    `broken` are the sources of a notebook's cells that are not Python.
    """

    statements: list[Statement]
    future_flags: int = 0
    broken: tuple[str, ...] = ()


def read_program(path: Path) -> Program:
    """The program in a file. Raises UnusableFile."""
    if path.suffix not in (".py", ".ipynb"):
        raise UnusableFile("it is neither a .py nor an .ipynb file.")
    data = _read(path)
    if path.suffix == ".py":
        statements = _parse_file(_decode(data), str(path))
        return Program(statements, _future_flags(statements))
    cells = _code_cells(data)
    parsed = [_parse_cell(cell, f"{path} cell {number}") for number, cell in enumerate(cells, 1)]
    statements = [statement for found in parsed for statement in found or ()]
    broken = tuple(cell for cell, found in zip(cells, parsed, strict=True) if found is None)
    return Program(statements, _future_flags(statements), broken)


def _read(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnusableFile("it is not a file.")
        return path.read_bytes()
    except OSError as error:
        raise UnusableFile(f"it can't be read: {error.strerror}.") from None


def _decode(data: bytes) -> str:
    """The text of a Python file: in UTF-8, or in the encoding that its first lines declare."""
    try:
        return importlib.util.decode_source(data)
    except (SyntaxError, UnicodeDecodeError):
        raise UnusableFile("it is not a text file in UTF-8.") from None


def _code_cells(data: bytes) -> list[str]:
    try:
        notebook = json.loads(data.decode("utf-8-sig"))  # some editors put a mark before the text
        cells = notebook.get("cells") or notebook["worksheets"][0]["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        return ["".join(cell.get("source", cell.get("input", ""))) for cell in code]
    except UnicodeDecodeError:
        raise UnusableFile("it is not a text file in UTF-8.") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise UnusableFile("it is not a notebook (not valid JSON with cells). Save it again from Jupyter.") from None
    except RecursionError:
        raise UnusableFile(TOO_DEEP) from None


def _parse_file(source: str, name: str) -> list[Statement]:
    """The statements of a .py file. What only IPython understands, as in an export of Colab's, is left out."""
    try:
        return _parse(source, name)
    except (SyntaxError, ValueError) as error:
        try:
            return _parse(_without_magics(source), name)
        except (SyntaxError, ValueError):
            where = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            raise UnusableFile(f"it is not valid Python{where}: {error.args[0]}.") from None


def _parse_cell(cell: str, name: str) -> list[Statement] | None:
    """The statements of a notebook's cell; None where it is broken, which spoils only itself."""
    first, _, rest = cell.lstrip().partition("\n")
    if first.startswith("%%"):
        cell = "\n" + rest if first.split()[0] in PYTHON_CELLS else ""
    for source in (cell, _without_magics(cell)):
        try:
            return _parse(source, name)
        except (SyntaxError, ValueError):
            continue
    return None


def _without_magics(source: str) -> str:
    return "\n".join("" if IPYTHON.match(line) else line for line in source.split("\n"))


def syntax_error(program: Program, name: str) -> str | None:
    """A sentence on the broken cell that would define `name` if it were Python; None where there is no such cell."""
    defines = re.compile(rf"^[^\S\n]*(?:(?:def|class)[^\S\n]+{name}\b|{name}[^\S\n]*=)", re.MULTILINE)
    for cell in filter(defines.search, program.broken):
        try:
            ast.parse(_without_magics(cell))
        except SyntaxError as error:
            where = f" in line {error.lineno}: {error.text.strip()[:100]}" if error.lineno and error.text else ""
            return f"the cell that defines {name} is not valid Python: {error.msg}{where}"
        except ValueError as error:
            return f"the cell that defines {name} is not valid Python: {error}"
    return None


def _parse(source: str, name: str) -> list[Statement]:
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        return [Statement(node, name) for node in ast.parse(source, name).body]
    except (RecursionError, MemoryError):
        raise UnusableFile(TOO_DEEP) from None


def _future_flags(statements: list[Statement]) -> int:
    imports = [s.node for s in statements if isinstance(s.node, ast.ImportFrom) and s.node.module == "__future__"]
    features = [getattr(__future__, alias.name, None) for node in imports for alias in node.names]
    flags = 0
    for feature in features:
        flags |= getattr(feature, "compiler_flag", 0)
    return flags


def variant_of(program: Program, ids: Sequence[str]) -> int:
    """The seed by which a file has the answer to an exercise checked, 0 where it does not say; `ids` are its ids.

    Raises UnusableFile for a quiz where the seed is the student's own and the file does not say whose it is.
    """
    calls = [node for statement in program.statements for node in ast.walk(statement.node) if isinstance(node, ast.Call)]
    named = [(call.func.id, call) for call in calls if isinstance(call.func, ast.Name) and call.args]
    students = [id for statement in program.statements for id in named_students(statement.node) if id]
    for name, call in named:
        if name != "check" or literal(call.args[0]) not in ids:
            continue
        given = {keyword.arg: literal(keyword.value) for keyword in call.keywords}
        if variant := given.get("variant"):
            if not students and ids[0].startswith("quiz_"):
                raise UnusableFile("the question is a student's own, and it does not say whose: write the id into `set_student`.")
            return variant_seed(str(variant), students[-1]) if students else 0
        seed = given.get("seed")
        return seed if isinstance(seed, int) else 0
    return 0


def literal(node: ast.expr) -> object:
    """The value of a constant, None for anything else."""
    return node.value if isinstance(node, ast.Constant) else None
