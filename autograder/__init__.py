"""What judges: authoring, judge, feedback, the grader. A notebook needs one name of it: `check`."""

from __future__ import annotations

from typing import Any

__all__ = ["check"]


def __getattr__(name: str) -> Any:
    # On demand, so that `leftcontext --help` does not wait for NumPy.
    if name != "check":
        raise AttributeError(f"module 'autograder' has no attribute {name!r}")
    from autograder.checking import check

    return check
