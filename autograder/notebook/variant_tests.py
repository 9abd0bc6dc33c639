"""Tests of an assignment with variants: `check("id", answer, variant="week-1")` as one student's own test.

In a notebook, `check` asks who works there. In grading nobody is asked: the seed of the submission's owner is written in
the place of the variant before the test is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from autograder.notebook.cell import Cell
from autograder.notebook.names import parse
from autograder.notebook.submission import SubmittedCell
from autograder.notebook.weights import is_check, replace_span
from autograder.variant_seed import SET_STUDENT, named_students, variant_seed


def with_seed_of(student: str, source: str, modules: Mapping[str, str]) -> str:
    """A test's source with the student's seed in the place of the variant; unchanged where it has none."""
    for _, keyword in _variants(source, modules):
        end = (keyword.value.end_lineno or keyword.lineno, keyword.value.end_col_offset or 0)
        seed = variant_seed(_text(keyword.value), student)
        return replace_span(source, (keyword.lineno, keyword.col_offset), end, f"seed={seed}")
    return source


def variants(cells: Iterable[Cell], modules: Mapping[str, str]) -> dict[str, str]:
    """The variant of each exercise whose test draws one, by the id of the exercise."""
    found = (pair for cell in cells if cell.is_code_test for pair in _variants(cell.source, modules))
    return {_text(call.args[0]): _text(keyword.value) for call, keyword in found}


def _variants(source: str, modules: Mapping[str, str]) -> Iterator[tuple[ast.Call, ast.keyword]]:
    for node in ast.walk(parse(source)):
        if is_check(node, modules):
            yield from ((node, keyword) for keyword in node.keywords if keyword.arg == "variant" and _text(keyword.value))


def declared_student(cells: Iterable[SubmittedCell]) -> str:
    """Whose variant a submitted notebook was set to; "" where it does not say so. It may be anybody's."""
    found = ""
    for cell in cells:
        if cell.cell_type == "code" and SET_STUDENT in cell.source:
            found = next(named_students(parse(cell.source)), "").strip() or found
    return found


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
