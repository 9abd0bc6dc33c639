"""Whose variant it is: an assignment composed with `--variants` draws each student's cases and options from their id.

Everybody has the same notebook. In it, `set_student` of `autograder.variants` says who works there; the grader goes by the
folder of the submission.
"""

from __future__ import annotations

import ast
import os
import zlib
from collections.abc import Iterator

SET_STUDENT = "set_student"  # what a notebook calls to say who works in it
INSTRUCTOR = "instructor"  # the id whose variant the instructor's own solutions answer
STUDENT = "LEFTCONTEXT_STUDENT"  # an environment variable: the id of who works in this kernel
HUB_USER = "JUPYTERHUB_USER"  # set by JupyterHub; nbgrader's exchange submits under the same name
WHO = "Write your id between the quotation marks of `set_student(\"\")` and run that cell: the name under which you hand in."
_chosen = [""]


def variant_seed(variant: str, student: str) -> int:
    """A student's own seed in an assignment: the same whenever it is asked for, and never 0. Case and spaces do not count."""
    return zlib.crc32(f"{variant} {student.strip().casefold()}".encode("utf-8", "replace")) % 999_999 + 1


def named_students(program: ast.AST) -> Iterator[str]:
    """What the calls of `set_student` in a program are given; "" where that is no text."""
    for node in ast.walk(program):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == SET_STUDENT and node.args:
            given = node.args[0]
            yield given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else ""


def choose_student(id: str) -> None:
    """Take `id` for who works in this kernel; "" for whoever the environment names."""
    _chosen[0] = id.strip()


def current_student() -> str:
    """The id of who works in this kernel: as `set_student` was told, else as the environment says; "" where nobody did."""
    return _chosen[0] or os.environ.get(STUDENT, "") or os.environ.get(HUB_USER, "")
