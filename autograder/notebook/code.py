"""What one code cell uses, defines and may change (def-use analysis); found without running it."""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.notebook.names import IPYTHON_SYNTAX, MAGIC, parse, uses_and_definitions, without_magics

DYNAMIC = {"get_ipython", "globals", "locals", "vars", "eval", "exec", "__main__", "__import__"}
STATE = ("seed", "set_printoptions", "seterr", "rcParams", "filterwarnings", "simplefilter", "environ", "chdir")


@dataclass(frozen=True)
class Code:
    """What can be told of a code cell without running it."""

    uses: frozenset[str] = frozenset()
    defines: frozenset[str] = frozenset()
    constant_definitions: frozenset[str] = frozenset()  # of `defines`: modules, functions and classes
    dynamic: bool = False  # a magic, a shell line, `exec`: it may use and define more than is seen here
    analysable: bool = False  # neither that, nor a star import, nor a change of a module's state

    @property
    def names(self) -> frozenset[str]:
        """All names that it mentions."""
        return self.uses | self.defines


@functools.lru_cache(maxsize=4096)
def analyse(source: str) -> Code:
    """Look at a cell's source."""
    tree, text = parse(source), without_magics(source)
    dynamic = "get_ipython" in source or MAGIC.search(source) is not None
    try:
        uses, defines = uses_and_definitions(text)
        variables = uses_and_definitions("\n".join(ast.unparse(node) for node in tree.body if not is_definition(node)))[1]
    except SyntaxError:  # unless IPython reads it otherwise, nothing of it runs
        return Code(dynamic=IPYTHON_SYNTAX.search(source) is not None)
    except (ValueError, RecursionError, MemoryError):
        return Code(dynamic=True)
    dynamic |= not uses.isdisjoint(DYNAMIC)
    constants = {name for node in tree.body for name in defined_names(node)}
    analysable = bool(tree.body) and not dynamic and not _changes_state(tree, text) and not _has_star_import(tree)
    return Code(frozenset(uses), frozenset(defines), frozenset(constants - variables), dynamic, analysable)


def analyse_node(node: ast.AST) -> Code:
    """Look at one statement or expression."""
    try:
        return analyse(ast.unparse(node))
    except RecursionError:  # nested too deep to be written out again
        return Code(dynamic=True)


def is_definition(node: ast.stmt) -> bool:
    """Whether a statement is an import, a function or a class."""
    return isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)


def defined_names(node: ast.stmt) -> list[str]:
    """The names that an import, a function or a class defines."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.split(".")[0] for alias in node.names]
    return [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []


def _changes_state(tree: ast.Module, text: str) -> bool:
    words = [word for word in STATE if word in text]
    return bool(words) and any(isinstance(node, ast.Attribute) and node.attr in words for node in ast.walk(tree))


def _has_star_import(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body)


def never_rebound(cells: Iterable[Code]) -> frozenset[str]:
    """The names that these cells define as modules, functions or classes only."""
    constants: set[str] = set()
    variables: set[str] = set()
    for cell in cells:
        constants |= cell.constant_definitions
        variables |= cell.defines - cell.constant_definitions
    return frozenset(constants - variables)


def stable_names(sources: list[str]) -> frozenset[str]:
    """The names that mean one and the same module, function or class in all of these cells."""
    meanings = Counter(name for name, _ in set().union(*map(_meanings, sources)))
    return frozenset(name for name in never_rebound(map(analyse, sources)) if meanings[name] == 1)


def _meanings(source: str) -> set[tuple[str, str]]:
    """The names that a cell's imports, functions and classes define, each with what it stands for."""
    found: set[tuple[str, str]] = set()
    for node in parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}:" if isinstance(node, ast.ImportFrom) else ""
            found |= {(name, module + alias.name) for name, alias in zip(defined_names(node), node.names, strict=True)}
        else:
            found |= {(name, ast.get_source_segment(without_magics(source), node) or "") for name in defined_names(node)}
    return found


def defines_before_use(name: str, body: list[ast.stmt]) -> bool:
    """Whether statements define a name before they use it."""
    for node in body:
        if isinstance(node, ast.For) and name in analyse_node(node.target).uses:
            return name not in analyse_node(node.iter).uses
        code = analyse_node(node)
        if code.dynamic or name in code.names:
            return name in code.defines - code.uses
    return True


def rebound_by_import_only(name: str, source: str) -> bool:
    """Whether a cell defines a module's name by imports only; `import numpy as np` once more changes nothing."""
    nodes = [(node, analyse_node(node)) for node in parse(source).body]
    definers = [node for node, code in nodes if code.dynamic or name in code.defines]
    return all(isinstance(node, ast.Import | ast.ImportFrom) for node in definers)
