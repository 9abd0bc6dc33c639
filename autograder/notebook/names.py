"""Which names a piece of code binds and which it needs; found without running it."""

from __future__ import annotations

import ast
import dis
import re
import symtable
import types
from collections.abc import Iterator
from typing import Any

AUGMENTS = re.compile(r"[-+*/%@&|^<>]=")
MAGIC = re.compile(r"^\s*[%!]", re.MULTILINE)
OTHERWISE = re.compile(r"^\s*([%!?/,;]|.*\?\s*$)", re.MULTILINE)  # what is no Python, IPython may read so


def plain(source: str) -> str:
    """A cell without its magics and shell lines; empty where it is no Python."""
    if source.lstrip().startswith("%%"):
        return ""
    return "\n".join("pass" if line.startswith(("%", "!")) else line for line in source.split("\n"))


def parsed(source: str) -> ast.Module:
    """A cell's statements, magics and shell lines left out; an empty module where it is no Python."""
    try:
        return ast.parse(plain(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def scoped(code: str) -> tuple[set[str], set[str]]:
    """The global names that Python code reads, in functions too, and those that it binds. A function's own variables are neither.

    Raises SyntaxError where the compiler would, as at a `return` outside a function.
    """
    table = symtable.symtable(code, "cell", "exec")
    reads: set[str] = set()
    binds: set[str] = set()
    for scope in _scopes(table):
        for symbol in scope.get_symbols():
            if scope.get_type() != "module" and not symbol.is_global():
                continue
            if symbol.is_referenced():
                reads.add(symbol.get_name())
            if symbol.is_assigned() or symbol.is_imported() or (symbol.is_namespace() and scope is table):
                binds.add(symbol.get_name())
    return reads | (_augmented(code) & binds), binds


def _augmented(code: str) -> set[str]:
    """The names that `+=` and the like change: to the compiler they are bound, not read."""
    if not AUGMENTS.search(code):
        return set()
    nodes = (node.target for node in ast.walk(ast.parse(code)) if isinstance(node, ast.AugAssign))
    return {target.id for target in nodes if isinstance(target, ast.Name)}


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _scopes(child)


def is_unwritten(function: Any) -> bool:
    """Whether nothing happens in a function, as in the stub that is handed out."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, types.CodeType) or code.co_flags & 0x20 or code.co_names:
        return False  # a generator, or it uses something
    steps = (step for step in dis.get_instructions(code) if step.opname not in ("RESUME", "NOP"))
    return all(
        step.opname == "RETURN_VALUE" or (step.opname.endswith("_CONST") and step.argval is None) for step in steps
    )
