"""Dropout and other randomness, told from leaks: every call starts from the same state of every random source.

The sources are Python's and NumPy's global ones, PyTorch's, and every `numpy.random.Generator` or `torch.Generator` that the
audited function holds (in a closure, in a default, in an attribute). Then two calls with equal inputs give equal outputs,
and only what depends on the inputs is left. What draws from elsewhere (time, the operating system) can't be held still.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

DEPTH = 4  # how deep held objects are looked for


def held_by(thing: Any, depth: int = DEPTH) -> Iterator[Any]:
    """What a callable or an object holds: closure, defaults, attributes, items; each thing once."""
    seen: set[int] = set()
    level = [thing]
    for _ in range(depth):
        below: list[Any] = []
        for each in level:
            if id(each) in seen or isinstance(each, str | bytes | int | float | type | np.ndarray):
                continue
            seen.add(id(each))
            yield each
            below += _parts(each)
        level = below


def _parts(thing: Any) -> list[Any]:
    if isinstance(thing, list | tuple | set):
        return list(thing)[:200]
    if isinstance(thing, dict):
        return list(thing.values())[:200]
    if getattr(type(thing), "__module__", "").split(".")[0] in ("torch", "jax", "jaxlib", "numpy"):
        return []  # a library's own things hold nothing of the user's; a module of theirs is a subclass
    parts = [getattr(thing, name, None) for name in ("__self__", "__func__", "__wrapped__", "func")]
    parts += list(getattr(thing, "args", ()) or ()) if hasattr(thing, "func") else []
    parts += getattr(thing, "__defaults__", None) or ()
    parts += (getattr(thing, "__kwdefaults__", None) or {}).values()
    parts += [cell.cell_contents for cell in getattr(thing, "__closure__", None) or () if _is_filled(cell)]
    parts += _named_globals(thing)
    attributes = getattr(thing, "__dict__", None)
    if isinstance(attributes, dict) and not hasattr(thing, "__code__") and not isinstance(thing, type(sys)):
        parts += list(attributes.values())[:200]
    parts += _named_globals(vars(type(thing)).get("__call__"))
    return [part for part in parts if part is not None]


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # not assigned yet
        return False


def _named_globals(function: Any) -> list[Any]:
    """The module's own names that a function uses."""
    code = getattr(function, "__code__", None)
    space = getattr(function, "__globals__", {})
    return [space[name] for name in code.co_names if name in space] if code is not None else []


class RandomSources:
    """Every source of randomness that a model may draw from; `rewind` puts them all to where they were at the start."""

    def __init__(self, held: list[Any], seed: int = 0) -> None:
        self.seed = seed
        self.numpy = [thing for thing in held if isinstance(thing, np.random.Generator)]
        self.legacy = [thing for thing in held if isinstance(thing, np.random.RandomState)]
        self.python = [thing for thing in held if isinstance(thing, random.Random)]
        self.torch = [thing for thing in held if type(thing).__module__ == "torch._C" and type(thing).__name__ == "Generator"]
        self.states = (
            [each.bit_generator.state for each in self.numpy],
            [each.get_state() for each in self.legacy],
            [each.getstate() for each in self.python],
            [each.get_state() for each in self.torch],
        )

    def rewind(self) -> None:
        """Back to the start: the held sources to their states, the global ones to the seed."""
        random.seed(self.seed)
        np.random.seed(self.seed)  # noqa: NPY002  (what a model draws from)
        if (torch := sys.modules.get("torch")) is not None:
            torch.default_generator.manual_seed(self.seed)
            if torch.cuda.is_initialized():  # seeding what has not begun would only queue up, with a traceback each time
                torch.cuda.manual_seed_all(self.seed)
        self._restore()

    def _restore(self) -> None:
        for generator, state in zip(self.numpy, self.states[0], strict=True):
            generator.bit_generator.state = state
        for legacy, old in zip(self.legacy, self.states[1], strict=True):
            legacy.set_state(old)
        for source, former in zip(self.python, self.states[2], strict=True):
            source.setstate(former)
        for other, known in zip(self.torch, self.states[3], strict=True):
            other.set_state(known)


def keep_global_states() -> Callable[[], None]:
    """Remember the global sources; call what is returned to put them back, so that an audit changes nobody's experiment."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    torch = sys.modules.get("torch")
    tensor = torch.get_rng_state() if torch is not None else None

    def restore() -> None:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
        if torch is not None and tensor is not None:
            torch.set_rng_state(tensor)

    return restore
