"""Which cells seed the global generators of random numbers (`random`, `numpy.random`), and which draw from them.

Their state is a variable without a name: a seed defines it, each number that is drawn uses and changes it. A lesson cell
that seeds is run once for all like any other; whoever goes on behind it takes over the state that it left. Only where a
student's own code may draw between a seed and a lesson cell that draws, too, does the order matter.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from autograder.notebook.cell import Cell, Role
from autograder.notebook.code import SEEDS, analyse, is_definition
from autograder.notebook.effects import SAFE_PACKAGES
from autograder.notebook.names import imported_names, parse

GENERATORS = ("random", "numpy.random")
OF_THEIR_OWN = {"default_rng", "Generator", "RandomState", "SeedSequence", "Random", "SystemRandom"}  # with a state of their own
HIDDEN = {"sample", "rvs"}  # methods of pandas' and SciPy's objects that draw from NumPy's
HARMLESS = {"print", "len", "range", "type", "abs", "round", "int", "float", "str", "bool", "list", "tuple", "dict", "set", "sum"}


class Randomness:
    """What the imports and functions of a release have to do with random numbers."""

    def __init__(self, released: tuple[Cell, ...]) -> None:
        self.released = released
        sources = [cell.source for cell in released if cell.cell_type == "code"]
        self.modules = {name: module for source in sources for name, module in imported_names(source)}
        self.functions: dict[str, set[str]] = {}  # that draw, and from which generators
        nodes = [node for source in sources for node in parse(source).body]
        definitions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        seeding = (n for n, cell in enumerate(released) if cell.role == Role.LESSON and analyse(cell.source).seeds)
        self.first_seed = next(seeding, None)
        is_growing = self.first_seed is not None
        while is_growing:  # functions call functions
            found = {node.name: self._mentioned(node) for node in definitions}
            is_growing = found != self.functions
            self.functions = found

    def relying(self, numbers: Iterable[int]) -> set[int]:
        """Those of the released cells that draw random numbers which follow from the seed of an earlier cell."""
        behind = () if self.first_seed is None else (n for n in numbers if n > self.first_seed)
        sources = {n: self.released[n].source for n in behind}
        return {n for n, source in sources.items() if self.draws(source) and not self.restarts(source)}

    def draws(self, source: str) -> set[str]:
        """The generators that a cell of the instructor's draws from or seeds, as far as its source and functions show."""
        return set().union(*(self._mentioned(node) for node in parse(source).body if not is_definition(node)))

    def knows_seeds(self, source: str) -> bool:
        """Whether whatever a cell calls a seed is one of `random` or of `numpy.random`."""
        nodes = (node for node in ast.walk(parse(source)) if isinstance(node, ast.Attribute | ast.Name))
        paths = (self._path(node) for node in nodes if getattr(node, "attr", getattr(node, "id", "")) in SEEDS)
        return all(path.rpartition(".")[0] in GENERATORS for path in paths)

    def restarts(self, source: str) -> bool:
        """Whether a cell seeds each generator that it draws from, before anything else of it may draw."""
        seeded: set[str] = set()
        for node in parse(source).body:
            if is_definition(node):
                continue
            if (generator := self._seeded(node)) is not None:
                seeded.add(generator)
            elif self._mentioned(node) - seeded:
                return False
        return bool(seeded)

    def may_draw(self, source: str) -> bool:
        """Whether a cell may draw that calls what a student wrote: what is not known to draw nothing may draw."""
        code = analyse(source)
        return code.dynamic or code.seeds or any(self._may_draw(call) for call in _calls(parse(source).body))

    def _may_draw(self, call: ast.Call) -> bool:
        path = self._path(call.func)
        root = path.split(".")[0]
        if root in HARMLESS and hasattr(builtins, path):
            return False
        return root not in SAFE_PACKAGES or _generator(path) is not None

    def _mentioned(self, node: ast.AST) -> set[str]:
        found: set[str] = set()
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute | ast.Name):
                path = self._path(part)
                found |= self.functions.get(path, set())
                if (generator := _generator(path)) is not None:
                    found.add(generator)
                if isinstance(part, ast.Attribute) and part.attr in HIDDEN:
                    found.add("numpy.random")
        return found

    def _seeded(self, node: ast.stmt) -> str | None:
        """The generator that a statement seeds and does nothing else."""
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
            return None
        path, _, name = self._path(node.value.func).rpartition(".")
        return path if name in SEEDS and path in GENERATORS and not any(map(_has_call, node.value.args)) else None

    def _path(self, node: ast.expr) -> str:
        """A dotted name with its module's full name: "numpy.random.rand"; empty for what is no name."""
        names = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.modules.get(node.id, node.id), *reversed(names)])


def _generator(path: str) -> str | None:
    """The generator that a function of this full name draws from or seeds."""
    module, _, name = path.rpartition(".")
    return module if module in GENERATORS and name not in OF_THEIR_OWN else None


def _has_call(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def _calls(body: Iterable[ast.AST]) -> Iterator[ast.Call]:
    """The calls that are made when statements run, not those in the bodies of functions."""
    for node in body:
        if isinstance(node, ast.Call):
            yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _calls([*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)])
            yield from (ast.Call(decorator, [], []) for decorator in node.decorator_list)
        elif not isinstance(node, ast.Lambda):
            yield from _calls(ast.iter_child_nodes(node))
