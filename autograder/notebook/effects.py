"""Whether a lesson cell may do more than show something: call what changes a file, a module, or an object elsewhere."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from autograder.notebook.cell import Cell
from autograder.notebook.code import analyse, changed_names
from autograder.notebook.names import imported_names, parse

# Packages whose functions compute or draw; what they change of their own is in `code.STATE` and `code.WRITES`.
SAFE_PACKAGES = {
    "numpy", "matplotlib", "leftcontext", "autograder", "IPython", "pandas", "seaborn", "scipy", "sympy", "math", "cmath",
    "statistics", "itertools", "functools", "collections", "string", "textwrap", "re", "json", "time", "datetime", "fractions",
    "decimal", "pprint", "tracemalloc", "timeit",
}  # fmt: skip
CHANGING_BUILTINS = {"exec", "eval", "setattr", "delattr", "input", "__import__", "globals", "locals", "vars"}
MAX_DEPTH = 8  # functions that call functions


class Effects:
    """What the functions, classes and imports of some cells are."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        sources = [cell.source for cell in cells if cell.cell_type == "code"]
        self.packages = {name: module.split(".")[0] for source in sources for name, module in imported_names(source)}
        nodes = [node for source in sources for node in parse(source).body]
        self.functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        self.variables = {name for source in sources for name in analyse(source).defines - analyse(source).constant_definitions}
        self.classes = {node.name for node in nodes if isinstance(node, ast.ClassDef)}

    def has(self, source: str) -> bool:
        """Whether a cell may have effects besides what it shows and defines."""
        body = parse(source).body
        own = analyse(source).defines - set(self.functions) - self.classes - set(self.packages)
        shared = set(self.functions) | self.classes | set(self.packages)
        if _assigned_objects(body) & shared:
            return True
        return self._any_call(body, set(own).union(*map(_local_names, body)), 0)

    def _any_call(self, body: Iterable[ast.AST], own: set[str], depth: int) -> bool:
        calls = (node for part in body for node in ast.walk(part) if isinstance(node, ast.Call))
        return any(self._call(call, own, depth) for call in calls)

    def _call(self, call: ast.Call, own: set[str], depth: int) -> bool:
        path = list(_path(call.func))
        root = path[-1]
        if root in own or root in self.variables or not root:  # an object by a name of its own is followed by that name
            return False
        if root in self.packages:
            return self.packages[root] not in SAFE_PACKAGES or ("random" in path and "default_rng" not in path)
        if root in self.functions and len(path) == 1:
            return depth > MAX_DEPTH or self._function(self.functions[root], depth + 1)
        if len(path) == 1 and hasattr(builtins, root):
            return root in CHANGING_BUILTINS
        return root in self.classes or len(path) == 1

    def _function(self, function: ast.FunctionDef, depth: int) -> bool:
        if any(isinstance(node, ast.Global | ast.Nonlocal) for node in ast.walk(function)):
            return True
        own = _local_names(function) - {function.name}
        if set(changed_names(function.body)) - own - set(self.packages):
            return True
        return self._any_call(function.body, own, depth)


def _local_names(node: ast.AST) -> set[str]:
    """The arguments and variables, those of comprehensions and of functions inside too, and the functions."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.arg):
            found.add(part.arg)
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        elif isinstance(part, ast.FunctionDef) and part is not node:
            found.add(part.name)
    return found


def _assigned_objects(body: list[ast.stmt]) -> set[str]:
    """The names at the root of what is assigned to by attribute or item: x of `x.scale = 1`."""
    nodes = (node for part in body for node in ast.walk(part) if isinstance(node, ast.Attribute | ast.Subscript))
    return {list(_path(node))[-1] for node in nodes if isinstance(node.ctx, ast.Store | ast.Del)}


def _path(node: ast.expr) -> Iterator[str]:
    """The names of `a.b[0].c`, the last first; an empty one at the root of what is no name."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        yield node.attr if isinstance(node, ast.Attribute) else ""
        node = node.value
    yield node.id if isinstance(node, ast.Name) else ""
