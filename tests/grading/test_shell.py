"""A cell shows in the grader's shell what it shows where IPython reads it from the beginning each time."""

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from autograder.grading import ipython_shell
from autograder.grading.ipython_shell import Shell
from autograder.notebook.test_result import Output

CHANGES_TREES = """
import ast
class Negate(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Constant(-node.value) if isinstance(node.value, int) else node
get_ipython().ast_transformers.append(Negate())
"""
REJECTS = """
from IPython.core.error import InputRejected
class Reject:
    def visit(self, node):
        raise InputRejected("no")
get_ipython().ast_transformers.append(Reject())
"""
NOTEBOOKS = {
    "plain": ["x = 1", "def f(n):\n    return n + x", "f(1)\nf(2)", "f(3);", "if x:\n    f(4)"],
    "one cell twice": ["x = [1]\nx", "x = [1]\nx"],
    "await": ["import asyncio\nawait asyncio.sleep(0, 7)", "[i async for i in it()]", "async def g():\n    return 5", "await g()"],
    "async for and with": [
        "async def it():\n    yield 1\n    yield 2",
        "async for i in it():\n    print(i)",
        "sum([i async for i in it()])",
    ],
    "the word alone": ["awaited = 1  # async\nawaited", "'await'"],
    "magics": ["%%capture said\nprint(1)", "said.stdout", "!echo 3", "get_ipython().run_line_magic('pinfo2', 'len') and None"],
    "warnings of the compiler": ["'\\d'", "x = 1\nx is 1", "'\\d'"],
    "from __future__": ["from __future__ import annotations", "def f(x: undefined): ...\nf.__annotations__", "def f(x: undefined): ..."],
    "errors": ["1 +", "def f(:\n    pass", "  x = 1\n y = 2", "print(1)\nreturn 2", "1 / 0", "x = (", "\x00", "if True:"],
    "a tree is changed": [CHANGES_TREES, "7", "7", "x = 5\nx"],
    "a cell is rejected": [REJECTS, "7", "8"],
    "a cell runs a cell": ["get_ipython().run_cell('y = 6\\ny').result", "get_ipython().run_cell('1 +').success", "y"],
    "lines are changed": ["get_ipython().input_transformers_post.append(lambda lines: [l.replace('a', 'b') for l in lines])", "'aa'"],
    "own manager": ["from IPython.core.inputtransformer2 import TransformerManager\n"
                    "get_ipython().input_transformer_manager = TransformerManager()", "4", "%precision 3"],
}  # fmt: skip


@pytest.fixture
def shell() -> Iterator[Shell]:
    yield ipython_shell.make()
    Shell.clear_instance()


def said_once(outputs: list[Output]) -> list[Output]:
    """IPython compiles a cell twice, and says twice what the compiler warns of."""
    return [
        {**output, "text": "\n".join(dict.fromkeys(output["text"].split("\n")))} if "text" in output else output
        for output in outputs
    ]


def run(shell: Shell, cells: list[str]) -> list[list[Output]]:
    shell.forget()
    shell.ast_transformers.clear()
    shell.input_transformers_post.clear()
    shell.compile.reset_compiler_flags()
    shell.user_ns["get_ipython"] = shell.get_ipython
    return [said_once(shell.run(cell)) for cell in cells]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_cells_show_what_they_show_without_short_cuts(shell: Shell, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = shell.input_transformer_manager
    found = run(shell, NOTEBOOKS[name])
    shell.input_transformer_manager = manager
    monkeypatch.setattr(shell.compile, "transformers", None)
    monkeypatch.setattr(Shell, "should_run_async", InteractiveShell.should_run_async)
    assert found == run(shell, NOTEBOOKS[name])
    assert any(found)


def test_a_cell_of_python_is_parsed_once(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    parse = type(shell.compile).__mro__[1].ast_parse

    def counted(compiler: object, source: str, *rest: str) -> object:
        parsed.append(source)
        return parse(compiler, source, *rest)

    monkeypatch.setattr(type(shell.compile).__mro__[1], "ast_parse", counted)
    assert shell.run("x = 2\nx * 3")[0]["data"]["text/plain"] == "6"
    assert parsed == []
