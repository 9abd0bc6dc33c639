"""What an exercise is worth in an assignment: the points of its cell, whatever the bank gives for it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TypeGuard

from autograder.notebook.names import parse

CHECKS = {"leftcontext.check", "autograder.check"}


def with_points(source: str, points: float, modules: Mapping[str, str]) -> str:
    """A test's source with its one call of the course's `check` told how many points the cell gives.

    `modules` holds the full name of what each name was imported from. A cell with several calls, or with none, and a function
    of the instructor's own that is called `check` stay as they are.
    """
    calls = [node for node in ast.walk(parse(source)) if is_check(node, modules)]
    if len(calls) != 1:
        return source
    (call,) = calls
    assert call.end_lineno is not None
    assert call.end_col_offset is not None
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "points"), None)
    if given is not None:
        end = (given.end_lineno or given.lineno, given.end_col_offset or 0)
        return replace_span(source, (given.lineno, given.col_offset), end, f"{points:g}")
    bracket = (call.end_lineno, call.end_col_offset - 1)
    for text in (f", points={points:g}", f"points={points:g}"):  # the second one where a comma stands there already
        made = replace_span(source, bracket, bracket, text)
        keywords = (node.keywords for node in ast.walk(parse(made)) if is_check(node, modules))
        if any(keyword.arg == "points" for found in keywords for keyword in found):
            return made
    return source


def is_check(node: ast.AST, modules: Mapping[str, str]) -> TypeGuard[ast.Call]:
    """Whether it is a call of the course's own `check` with an exercise's id; `modules` as in `with_points`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or len(node.args) < 2:
        return False
    first = node.args[0]
    return modules.get(node.func.id) in CHECKS and isinstance(first, ast.Constant) and isinstance(first.value, str)


def replace_span(source: str, start: tuple[int, int], end: tuple[int, int], text: str) -> str:
    """`source` with `text` in the place from `start` to `end`, each a line and a column in bytes, as in the ast module."""
    lines = source.encode().split(b"\n")
    before = b"\n".join([*lines[: start[0] - 1], lines[start[0] - 1][: start[1]]])
    after = b"\n".join([lines[end[0] - 1][end[1] :], *lines[end[0] :]])
    return (before + text.encode() + after).decode()
