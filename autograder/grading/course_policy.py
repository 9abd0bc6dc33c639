"""The sandbox policies of a course: students import its library, and can't read the solutions in it; tests can."""

from __future__ import annotations

import dataclasses
import site
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder import paths
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


def checker_policy(policy: SandboxPolicy, files: Mapping[str, bytes]) -> SandboxPolicy:
    """What restricts a process that runs tests, beside a student's under `policy`: a test may evaluate what a student wrote.

    It needs no namespaces, which would hide the student's process from it: at level `full` too it is at level `basic`. It may
    read the bank of exercises, and in /proc what a student's process uses. `files` lie beside the notebook; it gets copies.
    Raises ImportError or OSError as `make_policy` does.
    """
    if not policy.is_enforced:
        return policy
    basic = make_policy(IsolationLevel.BASIC)
    more = [path for path in (paths.source(), Path("/proc")) if path.is_dir()]
    return dataclasses.replace(
        policy,
        level=basic.level,
        program=basic.program,
        readable=(*policy.readable, *map(str, more)),
        hidden=(),
        disk=policy.disk + sum(map(len, files.values())),
        file_size=max(policy.file_size, *map(len, files.values())) if files else policy.file_size,
    )
