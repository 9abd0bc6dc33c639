"""The sandbox policy of a course: students import the course's own library, and can't read the solutions in it."""

from __future__ import annotations

import site
import sys
from collections.abc import Iterable

from autograder.sandbox.levels import IsolationLevel, make_policy
from autograder.sandbox.policy import SandboxPolicy
from autograder.sandbox.visible_paths import module_paths

IMPORTABLE = ("autograder", "leftcontext")  # an answer may import them where no cell of the assignment does
SECRET_FOLDERS = ("source", "notebooks")  # the bank's copy inside our own package: solutions and tests


def course_policy(level: IsolationLevel, modules: Iterable[str] = ()) -> SandboxPolicy:
    """A policy for an assignment whose cells import `modules`. Raises ImportError or OSError as `make_policy` does."""
    # An editable install puts the bank's copy beside the packages as well.
    packages = {f"{place or '.'}/autograder" for place in (*sys.path, *site.getsitepackages())} | {*module_paths("autograder")}
    secret = [f"{package}/{folder}" for package in packages for folder in SECRET_FOLDERS]
    return make_policy(level, {*modules, *IMPORTABLE}, secret)
