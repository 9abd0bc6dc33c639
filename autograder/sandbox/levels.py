"""The isolation levels, and the policy that enforces one of them on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum

from autograder.errors import UserError
from autograder.sandbox import landlock, seccomp
from autograder.sandbox.policy import SandboxPolicy
from autograder.sandbox.restrict import missing_capabilities
from autograder.sandbox.visible_paths import hidden_paths, visible_paths


class IsolationLevel(StrEnum):
    """How much restricts a student's process; the package's docstring has the table."""

    FULL = "full"
    BASIC = "basic"
    NONE = "none"

    @property
    def meaning(self) -> str:
        """What enforces the level, in the words of man pages."""
        return _MEANINGS[self]


_MEANINGS = {
    IsolationLevel.FULL: "namespaces, Landlock, seccomp, resource limits",
    IsolationLevel.BASIC: "Landlock, seccomp, resource limits",
    IsolationLevel.NONE: "no sandbox",
}
LEVEL_BY_FORMER_NUMBER = (IsolationLevel.NONE, IsolationLevel.BASIC, IsolationLevel.FULL)  # the levels' former numbers, 0 to 2


class SandboxUnavailable(UserError):
    """The sandbox can't be set up, or does not hold; the message says what failed."""


def make_policy(level: IsolationLevel, modules: Iterable[str] = (), hidden: Iterable[str] = ()) -> SandboxPolicy:
    """A policy for this machine under which Python code can import `modules` but can't read below the folders `hidden`.

    Raises ImportError or OSError where the system call filter can't be compiled.
    """
    readable = visible_paths(modules)
    program = b""
    if level != IsolationLevel.NONE:
        own_namespaces = level == IsolationLevel.FULL
        program = seccomp.compile_filter(signals=own_namespaces or landlock.abi() >= 6, alone=own_namespaces)
    return SandboxPolicy(level, readable=readable, hidden=hidden_paths(readable, hidden), program=program)


def unmet_requirement(level: IsolationLevel) -> str | None:
    """What a level needs and this machine lacks, as far as can be told without trying it; None where nothing is lacking."""
    if level == IsolationLevel.NONE:
        return None
    if sys.platform != "linux":
        return f"this is {sys.platform}, and Landlock, seccomp and namespaces are features of Linux"
    if not landlock.abi():
        return "this kernel has no Landlock"
    if missing := missing_capabilities():
        options = " ".join(f"--cap-add {name.removeprefix('CAP_')}" for name in missing)
        return (
            f"root lacks {', '.join(missing)} here, without which it can't run a student's code as another user. "
            f"Run the grader as an ordinary user, who needs no capability, or start the container with {options}"
        )
    try:
        make_policy(level)
    except (ImportError, OSError) as error:
        return f"the system call filter can't be made: {error}"
    return None
