"""What one code cell uses, defines and may change (def-use analysis); found without running it.

It adds to `names` what a name alone does not show: changes of objects in place, of files and of modules' states, where it
assumes too much rather than too little. Source: Aho, Lam, Sethi and Ullman, "Compilers" (2nd edition, 2006), chapter 9.
"""

from __future__ import annotations

import ast
import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.notebook.names import IPYTHON_SYNTAX, MAGIC, parse, uses_and_definitions, without_magics

DYNAMIC = {"get_ipython", "globals", "locals", "vars", "eval", "exec", "__main__", "__import__"}
HARMLESS_MAGICS = ("matplotlib", "config", "precision", "load_ext", "reload_ext", "autoreload", "pylab", "xmode", "pprint")
WRITES = {  # methods and functions that write files, or change what later cells meet otherwise than by a name
    "write_text", "write_bytes", "savetxt", "save", "savez", "savez_compressed", "to_csv", "to_json", "to_excel", "to_pickle",
    "to_parquet", "to_sql", "savefig", "dump", "mkdir", "makedirs", "touch", "unlink", "rename", "copyfile", "copy2", "copytree",
    "rmtree", "urlretrieve", "extractall", "execute", "executescript", "basicConfig", "setLevel", "set_theme", "rc", "rcdefaults",
    "chmod", "symlink",
}  # fmt: skip
STATE = ("set_printoptions", "seterr", "rcParams", "filterwarnings", "simplefilter", "environ", "chdir")
SEEDS = ("seed",)  # they give a generator of random numbers its state; see `randomness`


@dataclass(frozen=True)
class Code:
    """What can be told of a code cell without running it."""

    uses: frozenset[str] = frozenset()
    defines: frozenset[str] = frozenset()
    constant_definitions: frozenset[str] = frozenset()  # of `defines`: modules, functions and classes
    changes: frozenset[str] = frozenset()  # names whose object it may change in place: `x.append(1)`, `x[0] = 1`, `@x`
    dynamic: bool = False  # a magic, a shell line, `exec`: it may use and define more than is seen here
    analysable: bool = False  # neither that, nor a star import, nor a change of a module's state but a seed
    seeds: bool = False  # whether it, or a function in it, seeds a generator of random numbers

    @property
    def names(self) -> frozenset[str]:
        """All names that it mentions."""
        return self.uses | self.defines


@functools.lru_cache(maxsize=4096)
def analyse(source: str) -> Code:
    """Look at a cell's source."""
    tree, text = parse(source), without_magics(source)
    dynamic = "get_ipython" in source or _has_magic(source)
    try:
        uses, defines = uses_and_definitions(text)
        others = "\n".join(ast.unparse(node) for node in tree.body if not is_definition(node))
        variables = uses_and_definitions(others)[1] if others else set[str]()
    except SyntaxError:  # unless IPython reads it otherwise, nothing of it runs
        return Code(dynamic=IPYTHON_SYNTAX.search(source) is not None)
    except (ValueError, RecursionError, MemoryError):
        return Code(dynamic=True)
    dynamic |= not uses.isdisjoint(DYNAMIC)
    constants = {name for node in tree.body for name in defined_names(node)}
    analysable = bool(tree.body) and not dynamic and not _has_magic(source, also_harmless=True)
    analysable = analysable and not _changes_state(tree, text) and not _has_star_import(tree)
    changes = frozenset(changed_names(tree.body)) & uses
    seeds = "seed" in source and any(_is_seed(node) for node in ast.walk(tree))
    return Code(frozenset(uses), frozenset(defines), frozenset(constants - variables), changes, dynamic, analysable, seeds)


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
    words = {word for word in (*STATE, *WRITES) if word in text}
    if not words and "open" not in text:
        return False
    attributes = (node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return any(name in words for name in attributes) or any(map(_opens_for_writing, ast.walk(tree)))


def _opens_for_writing(node: ast.AST) -> bool:
    """Whether an expression is a call of `open` with a mode that is not plainly one to read."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", getattr(node.func, "attr", "")) != "open":
        return False
    modes = [*node.args[isinstance(node.func, ast.Name) :][:1], *(word.value for word in node.keywords if word.arg == "mode")]
    return any(not (isinstance(mode, ast.Constant) and str(mode.value) in ("r", "rb", "rt")) for mode in modes)


def _is_seed(node: ast.AST) -> bool:
    return getattr(node, "attr", getattr(node, "id", "")) in SEEDS and isinstance(node, ast.Attribute | ast.Name)


def _has_star_import(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))


def _has_magic(source: str, also_harmless: bool = False) -> bool:
    """Whether a line is a magic or a shell line; those that only set how things are shown do no harm."""
    lines = (match[0].strip() + source[match.end() :].split("\n", 1)[0] for match in MAGIC.finditer(source))
    return any(also_harmless or line.strip("% ").split(" ")[0] not in HARMLESS_MAGICS or line.startswith("%%") for line in lines)


def changed_names(body: list[ast.stmt]) -> Iterator[str]:
    """The names whose objects some statements may change in place, outside the bodies of functions."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from (name for decorator in node.decorator_list for name in _roots(decorator))
            continue
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.stmt):
                yield from changed_names([part])
        yield from _changed_by(node)


def _changed_by(node: ast.stmt) -> Iterator[str]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        targets = [node.value.func, *node.value.args, *(keyword.value for keyword in node.value.keywords)]
        yield from (name for argument in node.value.args for name in _roots(argument))
    for target in targets:
        if isinstance(target, ast.Attribute | ast.Subscript) or isinstance(node, ast.AugAssign):
            yield from _roots(target)


def _roots(node: ast.AST) -> Iterator[str]:
    """The names at the root of an expression: x of `x.y[0]`, and those of what is called or passed."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Call):
        for part in (node.func, *node.args):
            yield from _roots(part)


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
            found |= import_meanings(node)
        else:
            found |= {(name, ast.get_source_segment(without_magics(source), node) or "") for name in defined_names(node)}
    return found


def import_meanings(node: ast.Import | ast.ImportFrom) -> set[tuple[str, str]]:
    """The names that an import defines, each with what it stands for."""
    module = f"{node.module}:" if isinstance(node, ast.ImportFrom) else ""
    return {(name, module + alias.name) for name, alias in zip(defined_names(node), node.names, strict=True)}


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
