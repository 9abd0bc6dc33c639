"""Mutants of a solution: the same source with one small change each, as a learner's slip would make it.

A mutant that no case notices is either right all the same (the exercise says why) or a hole in the cases.
Source: DeMillo, Lipton and Sayward, "Hints on Test Data Selection" (1978).
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {
    "tril": "triu", "triu": "tril", "max": "min", "min": "max", "sum": "mean", "mean": "sum", "argmax": "argmin",
    "zeros": "ones", "ones": "zeros", "sin": "cos", "cos": "sin", "maximum": "minimum", "minimum": "maximum",
    "cumsum": "cumprod", "any": "all", "all": "any", "exp": "exp2", "log": "log2",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`description` reads `old -> new`; a change that occurs twice is numbered (`... #2`)."""

    description: str
    function: Callable[..., Any]


def mutants(function: Callable[..., Any]) -> list[Mutant]:
    """Every one-step mutant of a function's source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    counted: Counter[str] = Counter()
    made = []
    for description, mutated in _changes(definition):
        counted[description] += 1
        if counted[description] > 1:
            description += f" #{counted[description]}"
        made.append(Mutant(description, _compile(mutated, function)))
    return made


def _compile(definition: ast.FunctionDef, original: Callable[..., Any]) -> Callable[..., Any]:
    module = ast.fix_missing_locations(ast.Module([definition], []))
    names = dict(original.__globals__)
    exec(compile(module, f"<mutant of {definition.name}>", "exec"), names)
    return names[definition.name]


def _changes(definition: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Each (description, changed copy of the definition)."""
    docstring = definition.body[0] if ast.get_docstring(definition) is not None else None
    nodes = [node for statement in definition.body if statement is not docstring for node in ast.walk(statement)]
    for node in nodes:
        for new in _variants(node):
            yield f"{_words(node)} -> {_words(new)}", _replace_node(definition, node, new)
    for node in nodes:
        if isinstance(node, ast.AugAssign) or (isinstance(node, ast.If) and not node.orelse):
            yield f"{_words(node)} -> (nothing)", _replace_node(definition, node, ast.Pass())


def _words(node: ast.AST) -> str:
    return ast.unparse(node).split("\n")[0]


def _replace_node(definition: ast.FunctionDef, old: ast.AST, new: ast.AST) -> ast.FunctionDef:
    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return _deep(new) if node is old else self.generic_visit(_shallow(node))

    return Swap().visit(definition)


def _shallow(node: ast.AST) -> ast.AST:
    # generic_visit changes a node and its lists in place; the original has to stay as it is.
    twin = copy.copy(node)
    for name, value in ast.iter_fields(twin):
        if isinstance(value, list):
            setattr(twin, name, list(value))
    return twin


def _deep(node: ast.AST) -> ast.AST:
    # Not `copy.deepcopy`: IPython's tracebacks give every node a `parent`, also `Load()` and the others that all trees share,
    # and over those a deep copy reaches the trees of whole modules.
    twin = copy.copy(node) if node._fields else node
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            setattr(twin, name, [_deep(part) if isinstance(part, ast.AST) else part for part in value])
        elif isinstance(value, ast.AST):
            setattr(twin, name, _deep(value))
    return twin


def _with(node: ast.AST, **fields: Any) -> Any:
    twin = copy.copy(node)
    for name, value in fields.items():
        setattr(twin, name, value)
    return twin


def _variants(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 (a table: one case per kind of node)
    match node:
        case ast.Compare(ops=[op]):
            for other in COMPARISONS.get(type(op), ()):
                yield _with(node, ops=[other()])
        case ast.BinOp():
            yield from _operator_variants(node)
        case ast.UnaryOp(op=ast.USub() | ast.Invert() | ast.Not(), operand=operand):
            yield operand
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Constant(value=float() as value):
            yield ast.Constant(value + 1.0)
        case ast.Attribute(attr="T" | "mT", value=value):
            yield value
        case ast.Attribute(attr="inf"):
            yield ast.Constant(0.0)
        case ast.Call():
            yield from _call_variants(node)
        case ast.IfExp(body=body, orelse=orelse):
            yield _with(node, body=orelse, orelse=body)
        case ast.Slice(lower=lower, upper=upper):
            if lower is not None:
                yield _with(node, lower=None)
            if upper is not None:
                yield _with(node, upper=None)


def _operator_variants(node: ast.BinOp) -> Iterator[ast.AST]:
    other = OPERATORS.get(type(node.op))
    if other is not None:
        yield _with(node, op=other())
    if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div | ast.Pow):
        yield _with(node, left=node.right, right=node.left)
    if not isinstance(node.op, ast.MatMult):
        yield node.left
        yield node.right


def _call_variants(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Attribute) and node.func.attr in NAMES:
        yield _with(node, func=_with(node.func, attr=NAMES[node.func.attr]))
    plain = isinstance(node.func, ast.Name) and node.func.id == "float"  # float(x) says the same as x
    if node.args and not plain and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]
    for keyword in node.keywords:
        yield _with(node, keywords=[other for other in node.keywords if other is not keyword])
