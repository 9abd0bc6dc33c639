"""The part of a program that one name needs: the statements that bind it, and what those need in turn.

A notebook holds long trainings, figures and other exercises' answers, some of them unfinished. To judge one
function, only its own statements run. Source: Weiser, "Program Slicing" (1981), at the top level only.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

BUILTINS = frozenset(dir(builtins))


def slice_for(name: str, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
    """The top-level statements, in their order, that `name` depends on."""
    program = list(statements)
    needed, taken = {name}, set[int]()
    while True:
        more = {n for n, statement in enumerate(program) if n not in taken and _concerns(statement, needed)}
        if not more:
            return [program[n] for n in sorted(taken)]
        taken |= more
        for n in more:
            needed |= _names(program[n], ast.Load) - BUILTINS


def _concerns(statement: ast.stmt, needed: set[str]) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        bound = {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
        return "*" in bound or bool(bound & needed)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name in needed
    return bool((_names(statement, ast.Store) | _changed(statement)) & needed)


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def _changed(statement: ast.stmt) -> set[str]:
    """Names whose object the statement changes: `table[0] = 1`, `settings.scale = 2`."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    changed = set()
    for target in targets:
        while isinstance(target, ast.Subscript | ast.Attribute):
            target = target.value
        if isinstance(target, ast.Name):
            changed.add(target.id)
    return changed
