"""A choice among equals: top-k takes any of several equal scores, and which one may hang on how many inputs there are.

A sparse attention whose scores go through a ReLU has many scores of exactly 0, for example. What comes later then decides
nothing, but a call of another shape takes another of the equals. Where two calls of different shape differ, they are compared
once more with the first of the equals taken in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from leftcontext.audit.model import Subject


@contextmanager
def take_the_first_of_equals(subject: Subject) -> Iterator[None]:
    """Within, PyTorch's `topk` and `sort` take equal numbers in the order in which they stand. Does nothing for others."""
    if subject.library != "torch":
        yield
        return
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    topk, sort = torch.ops.aten.topk.default, torch.ops.aten.sort.default

    class Stable(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is topk:
                return _stable_topk(*args, **(kwargs or {}))
            if func is sort:
                return _stable_sort(*args, **(kwargs or {}))
            return func(*args, **(kwargs or {}))

    with Stable():
        yield


def _stable_sort(values: Any, dim: int = -1, descending: bool = False) -> Any:
    import torch

    return tuple(torch.sort(values, dim=dim, descending=descending, stable=True))


def _stable_topk(values: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    numbers, places = _stable_sort(values, dim, largest)
    return numbers.narrow(dim, 0, k), places.narrow(dim, 0, k)
