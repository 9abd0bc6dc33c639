"""What judges: authoring, judge, feedback, the grader. A notebook needs `check`, and where it assembles parts, `own`."""

from __future__ import annotations

from typing import Any

__all__ = ["check", "own"]


def __getattr__(name: str) -> Any:
    # On demand, so that `leftcontext --help` does not wait for NumPy.
    if name == "check":
        from autograder.checking import check

        return check
    if name == "own":
        from autograder.assembling import own

        return own
    raise AttributeError(f"module 'autograder' has no attribute {name!r}")
