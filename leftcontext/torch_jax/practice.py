"""Exercises of the course, written in PyTorch: judged by the same cases and in the same words as in NumPy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from leftcontext.torch_jax.libraries import TORCH
from leftcontext.torch_jax.topics import TOPICS

Function = Callable[..., Any]
NOT_HERE = (
    "PyTorch is not installed here (pip install torch), so nothing is tried. The version in NumPy is the graded one."
)


def in_torch(function: Function) -> Function:
    """`function`, written for tensors, as a function of NumPy's arrays: its arguments become tensors, its result an array.

    Where it stands above a graded function, as `@in_torch`, the grader judges that; PyTorch has to be installed there.
    """
    if TORCH.installed:
        import torch  # noqa: F401 - now, and not within the time that one judged call may take

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return TORCH.call(functools.partial(function, **kwargs), args)

    return call


def check_in_torch(id: str, function: Function) -> None:
    """Judge `function`, written for tensors, on the cases of the exercise `id`, and show what was found.

    Nothing is recorded, and nothing is raised. In place of an unwritten function the course's own counterpart is judged.
    """
    from autograder.bank.catalog import UnknownExercise
    from autograder.check_answer import try_out
    from autograder.judge.unwritten import is_unwritten

    if not TORCH.installed:
        print(NOT_HERE)
        return
    if is_unwritten(function):
        print(
            "Yours is not written yet. The course's own version in PyTorch, which stands at the end of the unit, is judged:"
        )
        function = TORCH.function(_topic(id), id)
    try:
        try_out(id, in_torch(function))
    except UnknownExercise:  # as in the grader's sandbox, where the bank is out of sight
        print("There is no judge here, so nothing is tried.")


def _topic(id: str) -> str:
    return next(topic for topic in TOPICS if id in TORCH.sources(topic))
