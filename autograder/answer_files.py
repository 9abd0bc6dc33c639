"""`leftcontext check`: take an answer out of a .py or .ipynb file, in a process of its own, and judge it."""

from __future__ import annotations

import ast
import contextlib
import faulthandler
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.answer_source import Program, Statement, UnusableFile, read_program, syntax_error, variant_of
from autograder.bank import catalog
from autograder.bank.former_names import id_notice, ids_of, unit_in_path_moved
from autograder.feedback import render
from autograder.judge.guarded_call import guarded_call
from autograder.judge.judge import judge
from autograder.judge.verdict import Verdict
from autograder.notebook.slicing import slice_for
from autograder.sandbox import linux

LOAD_SECONDS = 30.0
TOTAL_SECONDS = 120.0  # of processor time; five times as long by the clock on the wall


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
    notice: str = ""  # that the answer has a former name of the exercise

    def to_json(self) -> str:
        fields = asdict(self)
        del fields["usable"], fields["details"], fields["notice"]
        return json.dumps(fields)  # in ASCII, whatever the encoding of standard output


@dataclass
class Loaded:
    """What a name is once a file has run, and the statements that failed on the way."""

    name: str
    value: Any
    failures: list[str] = field(default_factory=list)
    seed: int = 0  # of the variant that the file itself has the answer checked by


def check_files(exercise: str, files: Iterable[str | Path], seed: int = 0) -> Iterator[FileResult]:
    """A result for each file, in order; `seed` 0 stands for the one that the file has. Raises UnknownExercise at once."""
    entry = catalog.find(exercise)
    points = entry.load().points
    for file in map(str, files):
        yield _judge_in_child(FileResult(file, entry.id, False, 0.0, float(points), None, ""), seed)


# A process for each file.


def _judge_in_child(unjudged: FileResult, seed: int) -> FileResult:
    """The file's code may hang, crash or exit; it takes only its own process with it."""
    # Forked, the child has NumPy and the bank in memory already: milliseconds instead of half a second.
    fork = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
    context: Any = multiprocessing.get_context("fork" if fork else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_judge_into, args=(sender, unjudged, seed))
    child.start()
    sender.close()
    try:
        return _receive(receiver, child, unjudged)
    finally:
        _end(child)
        receiver.close()


def _receive(receiver: Any, child: Any, unjudged: FileResult) -> FileResult:
    """The child's result, or why there is none. Its end is looked for: a fork of its own may hold the pipe open."""
    until = time.monotonic() + 5 * TOTAL_SECONDS
    while not receiver.poll(0.05):
        if time.monotonic() > until:
            return _zero_points(unjudged, "hangs", f"It was still running after {5 * TOTAL_SECONDS:g} seconds.")
        if not child.is_alive() and not receiver.poll():
            return _zero_points(unjudged, *_reason(child.exitcode))
    try:
        return _believed(unjudged, json.loads(receiver.recv_bytes()))
    except EOFError:
        child.join(1)
        return _zero_points(unjudged, *_reason(child.exitcode))
    except (OSError, LookupError, TypeError, ValueError, RecursionError):
        return _zero_points(unjudged, "raises", "Its process sent something that is no verdict.")


def _believed(unjudged: FileResult, said: dict[str, Any]) -> FileResult:
    """A verdict, as far as one about this file can be such. The file's own code could have sent it: it runs in that process.

    Raises LookupError, TypeError or ValueError where it is none.
    """
    score, misconception = float(said["score"]), said["misconception"]
    if not 0 <= score <= unjudged.max_score or (said["passed"] is True) != (score == unjudged.max_score):
        raise ValueError("a score that nothing can have")
    return replace(
        unjudged,
        passed=said["passed"] is True,
        score=score,
        misconception=None if misconception is None else str(misconception),
        usable=bool(said["usable"]),
        message=str(said["message"]),
        details=str(said["details"]),
        notice=str(said["notice"]),
    )


def _reason(exit_code: int | None) -> tuple[str, str]:
    """Why a process ended without a verdict."""
    if exit_code is None or exit_code >= 0:
        code = "" if exit_code is None else f" (exit code {exit_code})"
        return "raises", f"Its code ended Python instead of returning{code}. Is there an exit() in it?"
    if -exit_code == getattr(signal, "SIGXCPU", None):
        return "hangs", f"It was still running after {TOTAL_SECONDS:g} seconds."
    name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else "unknown"
    return "raises", f"Its code crashed Python (signal {-exit_code}, {name})."


def _end(child: Any) -> None:
    """End the child and all that it has started."""
    if sys.platform == "linux" and child.is_alive():
        linux.kill_tree(child.pid)  # those too that have left its group
    with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
        os.killpg(child.pid, signal.SIGKILL)  # it leads a group of its own, see `_stand_alone`
    if child.is_alive():
        child.kill()
    child.join()


def _zero_points(result: FileResult, misconception: str, message: str) -> FileResult:
    line = f"{result.exercise}: 0 of {result.max_score:g} points. {message}"
    return replace(result, misconception=misconception, message=line, details=line)


def _judge_into(sender: Any, unjudged: FileResult, seed: int) -> None:
    _stand_alone()
    sys.path.insert(0, str(Path(os.path.realpath(unjudged.file)).parent))  # its own helper modules
    try:
        result = _judge_file(unjudged, seed)
    except KeyboardInterrupt:  # raised by the code itself: the keyboard's reaches the parent alone
        result = _zero_points(unjudged, "raises", "It raised KeyboardInterrupt.")
    # As JSON: unpickling what a process with foreign code sends would run that code here.
    sender.send_bytes(json.dumps(asdict(result)).encode())
    sender.close()


def _stand_alone() -> None:
    """A process group, a limit of processor time, and no output: it belongs neither in our table nor in our JSON."""
    with contextlib.suppress(AttributeError, OSError):
        os.setsid()
        linux.set_child_subreaper()  # what it leaves behind stays its own
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_CPU, (int(TOTAL_SECONDS), int(TOTAL_SECONDS) + 5))
    faulthandler.disable()  # its report of a crash would go where our output goes
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)


def _judge_file(unjudged: FileResult, seed: int) -> FileResult:
    exercise = catalog.find(unjudged.exercise).load()
    try:
        loaded = _load(Path(unjudged.file), ids_of(unjudged.exercise))
    except UnusableFile as reason:
        path = Path(unjudged.file)
        moved = "" if path.exists() else unit_in_path_moved(path.parts)
        return replace(unjudged, message=f"{unjudged.file or repr('')}: {reason}{moved}", usable=False)
    verdict = judge(exercise, loaded.value, seed or loaded.seed)
    _name_first_cause(verdict, loaded)
    return replace(
        unjudged,
        passed=verdict.passed,
        score=float(verdict.score),
        misconception=verdict.misconception,
        message=render.message(verdict),
        details=render.text(verdict, hints=1, is_final=True),
        notice=id_notice(loaded.name),
    )


def _name_first_cause(verdict: Verdict, loaded: Loaded) -> None:
    """Where a name is not defined because the statement that should define it failed, that one is the cause."""
    finding = verdict.finding
    failure = finding.outcome.failure if finding and finding.outcome else None
    if finding and failure and failure.error_name == "NameError" and loaded.failures:
        finding.message = f"{finding.message} Before that, {loaded.failures[0]}"


# Run what an answer needs.


def load_answer(path: Path, name: str) -> Any:
    """What `name` is once the file has run (only the statements that it needs). Raises UnusableFile."""
    return _load(path, [name]).value


def _load(path: Path, names: Sequence[str]) -> Loaded:
    """What the first of `names` that the file defines is once it has run. Raises UnusableFile."""
    program = read_program(path)
    nodes = [statement.node for statement in program.statements]
    found = ((name, {id(node) for node in slice_for(name, nodes)}) for name in names)
    name, needed = next(((name, needed) for name, needed in found if needed), (names[0], set()))
    if not needed:
        if reason := syntax_error(program, name):
            raise UnusableFile(reason)
        raise UnusableFile(f"it does not define {name}. Write `def {name}(...)` in it (or `{name} = ...` for a quiz).")
    loaded = _run_for(name, [s for s in program.statements if id(s.node) in needed], program, path)
    return replace(loaded, seed=variant_of(program, names))


class _MissingModule:
    """In place of a module that can't be imported: whoever uses it is told so."""

    def __init__(self, error: ImportError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        raise self._error

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise self._error


def _run_for(name: str, needed: Sequence[Statement], program: Program, path: Path) -> Loaded:
    """Run the statements that `name` needs; should that not define it, all of the program."""
    reason = ""
    for statements in (needed, program.statements):
        # A module of its own, for what looks itself up there: dataclasses, pickle, `sys.modules[__name__]`.
        module = sys.modules[f"answer_{name}"] = ModuleType(f"answer_{name}")
        module.__file__ = str(path)
        failures: list[str] = []
        # A closure: `guarded_call` copies arguments, and the module has to come back filled.
        run = partial(_run, statements, program.future_flags, vars(module), failures)
        done = guarded_call(run, (), {}, LOAD_SECONDS)
        if name in vars(module):
            return Loaded(name, vars(module)[name], failures)
        reason = done.failure.message if done.failure else " ".join(failures[-1:])
        if done.failure and done.failure.id == "hangs":
            break  # all of it would take as long
    raise UnusableFile(f"running it does not define {name}. {reason}".strip())


def _run(statements: Iterable[Statement], flags: int, names: dict[str, Any], failures: list[str]) -> None:
    # One statement at a time: a figure or another exercise that fails must not hide this answer.
    for statement in statements:
        node = statement.node
        try:
            # With the features that the file asks for, and none of this module's.
            exec(compile(ast.Module([node], []), statement.file, "exec", flags, dont_inherit=True), names)
        except Exception as error:
            failures.append(f"line {node.lineno} failed: {type(error).__name__}: {_text(error)}".rstrip(": ") + ".")
            if isinstance(error, ImportError) and isinstance(node, ast.Import | ast.ImportFrom):
                missing = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
                names.update(dict.fromkeys(missing, _MissingModule(error)))


def _text(error: Exception) -> str:
    try:
        return str(error)[:200]
    except Exception:  # the file's own __str__
        return ""
