"""The two libraries: are they there, what do their counterparts say, and how do arrays go in and out."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leftcontext.torch_jax.inputs import Seed, Smooth

HERE = Path(__file__).resolve().parent
DECIDES_BY_NUMBERS = {"sdpa_mask", "verify_draft"}  # jit traces a function without them


@dataclass(frozen=True)
class Library:
    """PyTorch or JAX.

    `module` is what one imports, `folder` holds the counterparts, `takes` turns one argument into the library's own,
    and `prepare` makes a function ready for such arguments.
    """

    name: str
    module: str
    folder: str
    takes: Callable[[Any], Any]
    prepare: Callable[[Callable[..., Any], tuple[Any, ...]], Callable[..., Any]] = lambda function, args: function

    @property
    def installed(self) -> bool:
        """Whether it can be imported; looking does not import it."""
        return importlib.util.find_spec(self.module) is not None

    @property
    def version(self) -> str | None:
        """Its version, without the part after a plus; None where it is not installed."""
        return importlib.metadata.version(self.module).partition("+")[0] if self.installed else None

    def sources(self, topic: str) -> dict[str, str]:
        """The source of each counterpart of a topic, read without importing the library."""
        text = self._text(topic)
        lines = text.splitlines()
        found: dict[str, str] = {}
        for node in ast.parse(text).body:
            match node:
                case ast.FunctionDef(name=name, lineno=first, end_lineno=last):
                    found[name] = "\n".join(lines[first - 1 : last])  # whole lines: a comment may end them
                case ast.Assign(targets=names, value=ast.Name(id=same)):  # other names for it
                    found |= {name.id: found[same] for name in names if isinstance(name, ast.Name)}
        return found

    def imports(self, topic: str) -> str:
        """What the counterparts of a topic import, as they write it."""
        lines = self._text(topic).splitlines()
        return "\n".join(line for line in lines if line.startswith(("import ", "from ")))

    def function(self, topic: str, id: str) -> Callable[..., Any]:
        """The counterpart itself. Raises ImportError where the library is not installed."""
        return getattr(importlib.import_module(f"leftcontext.torch_jax.{self.folder}.{topic}"), id)

    def _text(self, topic: str) -> str:
        return (HERE / self.folder / f"{topic}.py").read_text(encoding="utf-8")

    def call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """`function` on NumPy's arguments (arrays, seeds, functions, in tuples and dictionaries), the result in NumPy again."""
        own = each(self._take, args)
        return to_numpy(self.prepare(function, own)(*own))

    def _take(self, value: Any) -> Any:
        if isinstance(value, Smooth):
            return value.function
        if callable(value) and not isinstance(value, type):
            return lambda *arrays: self.takes(np.asarray(value(*map(to_numpy, arrays))))
        return self.takes(value)


def _to_torch(value: Any) -> Any:
    import torch

    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, Seed):
        return torch.Generator().manual_seed(value.number)
    if isinstance(value, type) and issubclass(value, np.floating):
        return getattr(torch, value.__name__)
    return value


def _to_jax(value: Any) -> Any:
    import jax
    import jax.numpy as jnp

    if isinstance(value, np.ndarray):
        return jnp.asarray(value)  # float32, unless the learner has switched 64 bits on
    if isinstance(value, Seed):
        return jax.random.key(value.number)
    return value


def _compile(function: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    """`function` under jit, which is much faster than operation by operation; but not what calls foreign functions or
    decides by the numbers in an array.
    """
    import jax

    called = function.__name__
    if called in DECIDES_BY_NUMBERS or any(callable(value) and not isinstance(value, type) for value in args):
        return function
    fixed = [place for place, value in enumerate(args) if isinstance(value, int | float | str | type)]
    return jax.jit(function, static_argnums=fixed)


def to_numpy(value: Any) -> Any:
    """Tensors and JAX arrays become NumPy arrays, also inside tuples and dictionaries."""
    return each(_leaf_to_numpy, value)


def _leaf_to_numpy(leaf: Any) -> Any:
    if hasattr(leaf, "detach"):  # a tensor that remembers how it was made
        leaf = leaf.detach()
    return np.asarray(leaf) if hasattr(leaf, "__array__") else leaf


def each(change: Callable[[Any], Any], value: Any) -> Any:
    """`change` of a value, or of every leaf of a tuple, a list, a dictionary."""
    if isinstance(value, tuple | list):
        return type(value)(each(change, part) for part in value)
    if isinstance(value, dict):
        return {name: each(change, part) for name, part in value.items()}
    return change(value)


TORCH = Library("PyTorch", "torch", "in_torch", _to_torch)
JAX = Library("JAX", "jax", "in_jax", _to_jax, _compile)
LIBRARIES = (TORCH, JAX)
