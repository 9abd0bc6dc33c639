"""The instructor's solution of a cell without the stub that some put behind it, for the release to hold.

nbgrader takes out what stands between its two marks and leaves what stands outside, so that a stub behind the solution,
`def f(x):` or `f = None`, is what students are handed. It never runs such a source, in which the stub ends the cell with an
error or takes the place of the solution.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from autograder.notebook.names import uses_and_definitions, without_magics


def without_stubs(source: str, begin: str = "BEGIN SOLUTION", end: str = "END SOLUTION") -> str:
    """The source of an answer's cell without stubs; `begin` and `end` stand in the lines around a solution."""
    parts = list(_parts(source, begin, end))
    if len(parts) == 1 or source.lstrip().startswith("%%"):
        return source
    if not is_python(source):
        bare = "".join(text for text, is_behind in parts if not (is_behind and _begins_a_statement(text)))
        return bare if is_python(bare) else source
    kept = ""
    for text, is_behind in parts:
        kept += _without_rebinding(text, kept) if is_behind else text
    return kept


def is_python(source: str) -> bool:
    """Whether the code can be compiled, magics and shell lines apart."""
    try:
        ast.parse(without_magics(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _parts(source: str, begin: str, end: str) -> Iterator[tuple[str, bool]]:
    """Pieces of the source, and whether each stands behind a solution."""
    lines: list[str] = []
    is_behind = False
    for line in source.splitlines(keepends=True):
        if begin in line:
            yield "".join(lines), is_behind
            lines, is_behind = [], False
        lines.append(line)
        if end in line:
            yield "".join(lines), is_behind
            lines, is_behind = [], True
    yield "".join(lines), is_behind


def _begins_a_statement(text: str) -> bool:
    """Whether its first line of code is not indented, so that it does not go on with what stands before it."""
    code = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return not next(code, " ").startswith((" ", "\t"))


def _without_rebinding(text: str, before: str) -> str:
    """The text without the statements that bind anew what the code before it binds, and do not use it."""
    if not _begins_a_statement(text) or not is_python(text) or not is_python(before):
        return text
    _, bound = uses_and_definitions(without_magics(before))
    lines = text.splitlines(keepends=True)
    for node in reversed(ast.parse(without_magics(text)).body):
        uses, binds = uses_and_definitions(ast.unparse(node))
        if binds and binds <= bound - uses:
            del lines[node.lineno - 1 : node.end_lineno]
    return "".join(lines)
