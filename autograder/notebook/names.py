"""Which global names a piece of Python uses and which it defines; found without running it.

It asks Python's own compiler for scopes (the standard library's `symtable`), so it is exact about names and says nothing
of objects; what a cell may do to these is in `code`. `slicing` needs the same statement by statement, from syntax trees.
"""

from __future__ import annotations

import ast
import functools
import re
import symtable
from collections.abc import Iterator

AUGMENTED_ASSIGNMENT = re.compile(r"[-+*/%@&|^<>]=")
# With \s a search through blank lines would take quadratic time.
MAGIC = re.compile(r"^[^\S\n]*[%!]", re.MULTILINE)
# Lines that are not Python, but that IPython may run.
IPYTHON_SYNTAX = re.compile(r"^(?:[^\S\n]*[%!?/,;]|[^\n]*\?[^\S\n]*$)", re.MULTILINE)


def without_magics(source: str) -> str:
    """A cell with its magics and shell lines replaced by `pass`; empty for a cell magic, which may not be Python."""
    if source.lstrip().startswith("%%"):
        return ""
    return "\n".join("pass" if line.startswith(("%", "!")) else line for line in source.split("\n"))


@functools.lru_cache(maxsize=512)
def parse(source: str) -> ast.Module:
    """A cell's statements, magics and shell lines left out; an empty module where it is not Python. Nobody may change them."""
    try:
        return ast.parse(without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def uses_and_definitions(code: str) -> tuple[set[str], set[str]]:
    """The global names that Python code uses, in functions too, and those that it defines. Local variables are neither.

    Raises SyntaxError where the compiler would, as at a `return` outside a function.
    """
    table = symtable.symtable(code, "cell", "exec")
    uses: set[str] = set()
    definitions: set[str] = set()
    for scope in _scopes(table):
        for symbol in _symbols(scope):
            if scope is not table and not symbol.is_global():
                continue
            if symbol.is_referenced():
                uses.add(symbol.get_name())
            if symbol.is_assigned() or symbol.is_imported():
                definitions.add(symbol.get_name())
    definitions |= {child.get_name() for child in table.get_children() if child.get_name() in table.get_identifiers()}
    return uses | (_augmented_names(code) & definitions), definitions


def _augmented_names(code: str) -> set[str]:
    """The names that `+=` and the like change: to the compiler they are defined, not used."""
    if not AUGMENTED_ASSIGNMENT.search(code):
        return set()
    nodes = (node.target for node in ast.walk(ast.parse(code)) if isinstance(node, ast.AugAssign))
    return {target.id for target in nodes if isinstance(target, ast.Name)}


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = [table]
    while waiting:
        scope = waiting.pop()
        yield scope
        waiting += scope.get_children()


def _symbols(scope: symtable.SymbolTable) -> Iterator[symtable.Symbol]:
    """The symbols of a scope, without what each is bound to.

    For that, the scope's own get_symbols compares each symbol with each function inside.
    """
    symbols: dict[str, int] = scope._table.symbols  # type: ignore[attr-defined]
    for name, flags in symbols.items():
        yield symtable.Symbol(name, flags, module_scope=scope.get_type() == "module")


def imported_names(source: str) -> Iterator[tuple[str, str]]:
    """(name, module) for the names that a cell's imports bind to modules, or may: `from a import b` could name the module a.b."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2 for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def imported_packages(source: str) -> set[str]:
    """The top-level packages that a cell imports."""
    found = set()
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
