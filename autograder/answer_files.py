"""`leftcontext check`: take an answer out of a .py or .ipynb file, in a process of its own, and judge it."""

from __future__ import annotations

import ast
import json
import linecache
import multiprocessing
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from autograder.bank import catalog
from autograder.errors import UserError
from autograder.feedback import render
from autograder.judge.guarded_call import guarded_call
from autograder.judge.judge import judge
from autograder.notebook.slicing import slice_for

PYTHON_CELLS = ("%%time", "%%capture", "%%prun")  # their cells are Python and bind names
IPYTHON = re.compile(r"\s*[%!?]|\s*[\w.]+\?{1,2}\s*$|\s*[\w.,\s\[\]]+=\s*[%!]")  # magics, shell lines, questions

LOAD_SECONDS = 30.0
TOTAL_SECONDS = 120.0


class UnusableFile(UserError):
    """A file that can't be judged; the message says why and what to do."""


@dataclass(frozen=True)
class FileResult:
    """The verdict on one file. `usable` is False where there was nothing to judge."""

    file: str
    exercise: str
    passed: bool
    score: float
    max_score: float
    misconception: str | None
    message: str
    usable: bool = True
    details: str = ""

    def to_json(self) -> str:
        fields = asdict(self)
        del fields["usable"], fields["details"]
        return json.dumps(fields, ensure_ascii=False)


def check_files(exercise: str, files: Iterable[str | Path], seed: int = 0) -> Iterator[FileResult]:
    """A result for each file, in order. Raises UnknownExercise before it reads any."""
    points = catalog.find(exercise).load().points
    for file in map(str, files):
        yield _judge_in_process(exercise, file, points, seed)


def _judge_in_process(exercise: str, file: str, points: float, seed: int) -> FileResult:
    """The file's code may hang, crash or exit; it takes only its own process with it."""
    # Forked, the child has NumPy and the bank in memory already: milliseconds instead of half a second.
    fork = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
    context: Any = multiprocessing.get_context("fork" if fork else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_judge_into, args=(sender, exercise, file, seed))
    child.start()
    sender.close()
    unjudged = FileResult(file, exercise, False, 0.0, points, None, "")
    try:
        if not receiver.poll(TOTAL_SECONDS):
            return _failed(unjudged, "hangs", f"It was still running after {TOTAL_SECONDS:g} seconds.")
        return FileResult(**json.loads(receiver.recv_bytes()))
    except EOFError:
        return _failed(unjudged, "raises", "Its code ended Python instead of returning. Is there an exit() in it?")
    finally:
        if child.is_alive():
            child.kill()
        child.join()
        receiver.close()


def _failed(result: FileResult, misconception: str, message: str) -> FileResult:
    line = f"{result.exercise}: 0 of {result.max_score:g} points. {message}"
    return FileResult(**{**asdict(result), "misconception": misconception, "message": line, "details": line})


def _judge_into(sender: Any, exercise: str, file: str, seed: int) -> None:
    # What the learner's code prints belongs neither in our table nor in our JSON.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    sys.path.insert(0, str(Path(file).resolve().parent))  # its own helper modules
    # As JSON: unpickling what a process with foreign code sends would run that code here.
    sender.send_bytes(json.dumps(asdict(_judge_file(exercise, file, seed))).encode())
    sender.close()


def _judge_file(exercise: str, file: str, seed: int) -> FileResult:
    task = catalog.find(exercise).load()
    try:
        answer = load_answer(Path(file), exercise)
    except UnusableFile as reason:
        return FileResult(file, exercise, False, 0.0, task.points, None, f"{file}: {reason}", usable=False)
    verdict = judge(task, answer, seed)
    return FileResult(
        file,
        exercise,
        verdict.passed,
        verdict.score,
        verdict.max_score,
        verdict.misconception,
        render.message(verdict),
        details=render.text(verdict, hints=1),
    )


def load_answer(path: Path, name: str) -> Any:
    """What `name` is once the file has run (only the statements that it needs). Raises UnusableFile."""
    if path.suffix not in (".py", ".ipynb"):
        raise UnusableFile("it is neither a .py nor an .ipynb file.")
    try:
        source = path.read_text(encoding="utf-8-sig")  # some editors put a mark before the text
    except OSError as error:
        raise UnusableFile(f"it can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UnusableFile("it is not a text file in UTF-8.") from None
    cells = [source] if path.suffix == ".py" else _code_cells(source)
    program = [statement for n, cell in enumerate(cells) for statement in _parse(cell, path, n)]
    needed = slice_for(name, program)
    if not needed:
        if reason := _syntax_error(cells, name):
            raise UnusableFile(reason)
        raise UnusableFile(f"it does not define {name}. Write `def {name}(...)` in it (or `{name} = ...` for a quiz).")
    return _run_for(name, needed, program, path)


def _syntax_error(cells: list[str], name: str) -> str | None:
    """A sentence on the cell that would define `name` if it were Python; None where there is no such cell."""
    defines = re.compile(rf"^[^\S\n]*(?:(?:def|class)[^\S\n]+{name}\b|{name}[^\S\n]*=)", re.MULTILINE)
    for cell in filter(defines.search, cells):
        try:
            ast.parse(_python(cell))
        except SyntaxError as error:
            where = f" in line {error.lineno}: {error.text.strip()[:100]}" if error.lineno and error.text else ""
            return f"the cell that defines {name} is not valid Python: {error.msg}{where}"
        except ValueError as error:
            return f"the cell that defines {name} is not valid Python: {error}"
    return None


def _code_cells(source: str) -> list[str]:
    try:
        notebook = json.loads(source)
        cells = notebook.get("cells") or notebook["worksheets"][0]["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        return ["".join(cell.get("source", cell.get("input", ""))) for cell in code]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise UnusableFile("it is not a notebook (not valid JSON with cells). Save it again from Jupyter.") from None


def _parse(cell: str, path: Path, number: int) -> list[ast.stmt]:
    """A cell's statements; magics and shell lines are left out. A broken cell spoils only itself in a notebook."""
    name = str(path) if path.suffix == ".py" else f"{path} cell {number + 1}"
    if path.suffix == ".ipynb":
        cell = _python(cell)
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    try:
        statements = ast.parse(cell, name).body
    except (SyntaxError, ValueError) as error:
        if path.suffix == ".py":
            where = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            raise UnusableFile(f"it is not valid Python{where}: {error.args[0]}.") from None
        return []
    for statement in statements:
        statement._file = name  # type: ignore[attr-defined]
    return statements


def _python(cell: str) -> str:
    """A notebook's cell without what only IPython understands, line by line; one in another language is empty."""
    first, _, rest = cell.lstrip().partition("\n")
    if first.startswith("%%"):
        return "\n" + rest if first.split()[0] in PYTHON_CELLS else ""
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError):
        return "\n".join("" if IPYTHON.match(line) else line for line in cell.split("\n"))
    return cell  # plain Python: a line that begins with % goes on with the one above it


class _MissingModule:
    """In place of a module that can't be imported: whoever uses it is told so."""

    def __init__(self, error: ImportError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        raise self._error

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise self._error


def _run_for(name: str, needed: list[ast.stmt], program: list[ast.stmt], path: Path) -> Any:
    for statements in (needed, program):
        names: dict[str, Any] = {"__name__": "answer", "__file__": str(path)}
        # A closure: `guarded_call` copies arguments, and `names` has to come back filled.
        done = guarded_call(partial(_run, statements, names), (), {}, LOAD_SECONDS)
        if name in names:
            return names[name]
    reason = done.failure.message if done.failure else ""
    raise UnusableFile(f"running it does not define {name}. {reason}".strip())


def _run(statements: list[ast.stmt], names: dict[str, Any]) -> None:
    # One statement at a time: a figure or another exercise that fails must not hide this answer.
    last: Exception | None = None
    for statement in statements:
        file = statement._file  # type: ignore[attr-defined]
        try:
            exec(compile(ast.Module([statement], []), file, "exec"), names)
        except Exception as error:
            last = error
            if isinstance(error, ImportError) and isinstance(statement, ast.Import | ast.ImportFrom):
                missing = {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
                names.update(dict.fromkeys(missing, _MissingModule(error)))
    if last is not None:
        raise last
