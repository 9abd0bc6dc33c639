"""Nothing that the grader does with a student's notebook takes more than linear time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from types import FrameType
from typing import Any

import pytest
from support import small_course
from support.sizes import share

from autograder.notebook.code import analyse
from autograder.notebook.names import IPYTHON_SYNTAX, MAGIC, parse, without_magics
from autograder.notebook.rebuild import merge
from autograder.notebook.released import MAX_ANALYSED
from autograder.notebook.submission import read

SOURCES = {
    "blank lines": "\n",
    "blanks": " ",
    "tabs and blank lines": "\t\n",
    "question marks": "? ",
    "many statements": "a=1\n",
    "percent signs": " %",
    "form feeds": "\f",
    "carriage returns": "\r",
}
BOOK = small_course.notebook(
    small_course.lesson("import numpy as np\nx = [1, 2]"),
    small_course.lesson("shown = 3\nshown"),
    small_course.answer("double", "def double(n):\n    return 2 * n"),
    small_course.check("t_double", "assert double(2) == 4", 2.0),
    small_course.answer("total", "def total(n):\n    return 3"),
    small_course.check("t_total", "assert total(1) == 3", 1.0),
)
CELLS: dict[str, Callable[[int], list[str]]] = {
    "cells": lambda n: [f"v{i} = {i}" for i in range(n)],
    "empty cells": lambda n: [""] * n,
    "cells that use each other": lambda n: [f"v{i} = v{i - 1}" for i in range(n)],
    "cells that define an answer": lambda n: [f"def double(n):\n    return {i}" for i in range(n)],
    "lines": lambda n: ["a=1\n" * n],
    "blank lines": lambda n: ["\n" * n],
    "functions": lambda n: ["".join(f"def f{i}(): return f{i - 1}\n" for i in range(n))],
    "functions in a function": lambda n: ["def f():\n" + "".join(f"  def f{i}(): return x\n" for i in range(n))],
    "classes": lambda n: ["".join(f"class C{i}: pass\n" for i in range(n))],
    "imports": lambda n: ["import numpy as np\n" * n],
    "changes": lambda n: ["x.append(1)\nx += [1]\n" * n],
    "functions in a list": lambda n: ["x = [" + "lambda: y, " * n + "]"],
    "magics": lambda n: ["%time 1\n" * n],
    "a cell that is no Python": lambda n: ["a = 1\n" * n + "def ("],
}
N = 40


def seconds(source: str) -> float:
    start = time.process_time()
    MAGIC.search(source)
    IPYTHON_SYNTAX.search(source)
    IPYTHON_SYNTAX.search(source + "x")
    without_magics(source)
    return time.process_time() - start


@pytest.mark.parametrize("name", SOURCES)
def test_four_times_as_much_is_searched_in_some_four_times_the_time(name: str) -> None:
    some = SOURCES[name] * (100_000 // len(SOURCES[name]))
    least = min(seconds(some) for _ in range(3))
    assert min(seconds(4 * some) for _ in range(3)) < 10 * max(least, 0.01)


def submitted(sources: list[str], marked: bool = True) -> bytes:
    notebook = json.loads(small_course.solution_file(BOOK))
    for cell in notebook["cells"] if not marked else ():
        cell.update(metadata={}, id="lost")
    notebook["cells"][1:1] = [{"cell_type": "code", "id": f"more-{i}", "metadata": {}, "source": one} for i, one in enumerate(sources)]
    return json.dumps(notebook).encode()


def plan(data: bytes) -> Any:
    cells, notes = read(data)
    return BOOK.job(merge(BOOK.cells, cells, notes), {}, 2.0)


def operations(data: bytes) -> int:
    """How many of the interpreter's instructions it takes to read and to plan a notebook.

    In a process with threads, CPython 3.11 may trace one instruction for ever: where the interpreter is to look after
    them at the beginning of a function. So this is called in a process of its own.
    """
    plan(submitted([]))  # what is known of the release is kept
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    analyse.cache_clear()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        plan(data)
    finally:
        sys.settrace(before)
    return count


@pytest.fixture(scope="module")
def one_thread() -> Iterator[Executor]:
    """A process with one thread."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.long
@pytest.mark.parametrize("marked", [True, False], ids=["", "marks are lost"])
@pytest.mark.parametrize("name", share(CELLS, 4))
def test_twice_as_much_takes_some_twice_as_many_operations(name: str, marked: bool, one_thread: Executor) -> None:
    some, more, most = one_thread.map(operations, [submitted(CELLS[name](n), marked) for n in (N, 2 * N, 4 * N)])
    assert most - more < 2.5 * (more - some) + 2000  # squares would make it four times as many


def test_what_is_too_long_to_be_analysed_is_run_from_its_first_cell() -> None:
    assert not plan(submitted(["a = 1"])).fresh_namespace
    assert plan(submitted(["a = 1\n" * (MAX_ANALYSED // 6 + 1)])).fresh_namespace


@pytest.mark.parametrize("depth", [100, 500, 1000, 1500, 5000])
def test_what_is_nested_deep_is_planned_all_the_same(depth: int) -> None:
    for source in ("if a: pass\n" + "elif a: pass\n" * depth, "x" + ".a" * depth + " = 1", "x = " + "-" * depth + "1", "(" * depth):
        assert plan(submitted([source])).steps[1].source == source


@pytest.mark.parametrize(
    ("source", "is_magic", "is_ipython"),
    [
        ("%time x", True, True), ("  !ls", True, True), ("x = 1\n\n\n   %time", True, True), ("x?", False, True), ("  x ?  ", False, True),
        ("x = 5 % 3", False, False), ("a = 1\nb = '?'", False, False), ("/f 1", False, True), (",f 1", False, True), ("x = 1", False, False),
    ],
)  # fmt: skip
def test_what_is_found_is_the_same_as_ever(source: str, is_magic: bool, is_ipython: bool) -> None:
    assert bool(MAGIC.search(source)) == is_magic
    assert bool(IPYTHON_SYNTAX.search(source)) == is_ipython
    assert parse("x = 1").body
