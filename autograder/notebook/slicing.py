"""The part of a program that one name needs: the statements that bind it, and what those need in turn.

A notebook holds long trainings, figures and other exercises' answers, some of them unfinished. To judge one
function, only its own statements run. Source: Weiser, "Program Slicing" (1981), at the top level only.
It is separate from `code`, which looks at whole cells and gives up on those that it can't analyse: of an answer's file
something has to run in any case.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

BUILTINS = frozenset(dir(builtins))
LOOK_UP = frozenset({"globals", "__name__"})  # what is found through them can't be seen: then all of the program is needed
DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
IN_PLACE = ("fill_diagonal", "copyto", "put", "putmask", "place", "put_along_axis")  # NumPy's: the first argument


def slice_for(name: str, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
    """The top-level statements, in their order, that `name` depends on."""
    program = list(statements)
    needed, taken = {name}, set[int]()
    modules = {bound for statement in program for bound in _imported_names(statement)}
    effects = {node.name: _effects(node, modules) for node in program if isinstance(node, DEFINITION)}
    bound = [_bound_names(statement, modules) | _called_names(statement, effects) for statement in program]
    while True:
        # A statement is needed if it binds a needed name; `import *` may bind any.
        binding = needed | {"*"}
        more = {n for n, names in enumerate(bound) if names & binding} - taken
        if not more:
            break
        taken |= more
        for n in more:
            needed |= (_names(program[n], ast.Load) | _globals(program[n])) - (BUILTINS - LOOK_UP)
    return program if needed & LOOK_UP else [program[n] for n in sorted(taken)]


def _bound_names(statement: ast.stmt, modules: set[str]) -> set[str]:
    """Names that a statement binds or whose object it changes, in the branches of an `if`, `try` or loop too."""
    if isinstance(statement, DEFINITION):
        return {statement.name}
    bound = _names(statement, ast.Store) | _imported_names(statement)
    for node in ast.walk(statement):
        if isinstance(node, DEFINITION):
            bound.add(node.name)
        elif isinstance(node, ast.stmt):
            bound |= _changed_names(node, modules)
    return bound


def _effects(function: ast.stmt, modules: set[str]) -> set[str]:
    """Global names whose objects a call of the function may change, as a registry that a decorator fills."""
    changed = {name for node in ast.walk(function) if isinstance(node, ast.stmt) for name in _changed_names(node, modules)}
    return changed | _globals(function)


def _called_names(statement: ast.stmt, effects: dict[str, set[str]]) -> set[str]:
    """What a statement changes through a function of the program: as a decorator, or called on a line of its own."""
    calls = list(statement.decorator_list) if isinstance(statement, DEFINITION) else []
    if isinstance(statement, ast.Expr):
        calls.append(statement.value)
    names = {getattr(call.func if isinstance(call, ast.Call) else call, "id", "") for call in calls}
    return {changed for name in names for changed in effects.get(name, ())}


def _imported_names(statement: ast.stmt) -> set[str]:
    imports = [node for node in ast.walk(statement) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}


def _names(statement: ast.stmt, context: type[ast.expr_context]) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def _globals(statement: ast.stmt) -> set[str]:
    """Names that a function declares global: `global calls; calls += 1` reads one that is stored only."""
    return {name for node in ast.walk(statement) if isinstance(node, ast.Global) for name in node.names}


def _changed_names(statement: ast.stmt, modules: set[str]) -> set[str]:
    """Names whose object the statement changes: `table[0] = 1`, `settings.scale = 2`, `rows.append(1)`."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        targets = [_receiver(statement.value)]
    changed = set[str]()
    for target in targets:
        while isinstance(target, ast.Subscript | ast.Attribute):
            target = target.value
        if isinstance(target, ast.Name):
            changed.add(target.id)
    return changed - modules  # `plt.plot(...)` shows something; it binds nothing


def _receiver(call: ast.Call) -> ast.expr | None:
    """What a call on a line of its own changes: `rows.append(1)`, `np.fill_diagonal(mask, 1)`."""
    if not isinstance(call.func, ast.Attribute):
        return None
    return call.args[0] if call.func.attr in IN_PLACE and call.args else call.func.value
