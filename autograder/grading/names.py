"""Which names a piece of code binds and which it needs; found without running it."""

from __future__ import annotations

import ast
import dis
import symtable
import types
from collections.abc import Iterator
from typing import Any


def parsed(source: str) -> ast.Module:
    """A cell's statements, magics and shell lines left out; an empty module where it is no Python."""
    if source.lstrip().startswith("%%"):
        return ast.Module([], [])
    lines = ["pass" if line.lstrip().startswith(("%", "!")) and line == line.lstrip() else line for line in source.split("\n")]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def scoped(tree: ast.Module) -> tuple[set[str], set[str]]:
    """The global names that a cell reads, in functions too, and those that it binds. A function's own variables are neither."""
    try:
        table = symtable.symtable(ast.unparse(tree), "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):  # `return` outside a function, and the like
        return set(), set()
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
    changed = {node.target.id for node in ast.walk(tree) if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)}
    return reads | (changed & binds), binds


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
