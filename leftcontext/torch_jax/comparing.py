"""How far a counterpart's answer is from the course's own, on the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from leftcontext.torch_jax.inputs import DRAWN, VOCAB, Seed, Smooth, calls
from leftcontext.torch_jax.libraries import Library, each, to_numpy


@dataclass(frozen=True)
class Comparison:
    """The largest difference over all calls; for what is drawn by chance, between the shares of the outcomes."""

    difference: float
    drawn: bool = False

    def __str__(self) -> str:
        if self.drawn:
            return f"shares of draws differ by {self.difference:.2f}"
        return "agrees exactly" if self.difference == 0 else f"agrees to {self.difference:.0e}"


def compare(library: Library, topic: str, id: str, ours: Callable[..., Any]) -> Comparison:
    """`ours`, the course's solution, beside the counterpart of `library`. Raises ImportError where that is not installed."""
    theirs = library.function(topic, id)
    inputs = calls(id)
    answers = [to_numpy(ours(*each(_plain, args))) for args in inputs]
    others = [library.call(theirs, args) for args in inputs]
    if id in DRAWN:
        return Comparison(difference(_shares(answers), _shares(others)), drawn=True)
    return Comparison(max(map(difference, answers, others)))


def _plain(value: Any) -> Any:
    """An argument as the course's own function takes it."""
    if isinstance(value, Seed):
        return np.random.default_rng(value.number)
    if isinstance(value, Smooth):
        return value.function
    return value.copy() if isinstance(value, np.ndarray) else value


def _shares(drawn: list[Any]) -> Any:
    """How often each outcome was drawn: a token, or several, which are read as the digits of one number."""
    codes = [int(np.polyval(np.append(1, tokens), VOCAB)) if np.ndim(tokens) else int(tokens) for tokens in drawn]
    return np.bincount(codes, minlength=VOCAB**4) / len(drawn)


def difference(ours: Any, theirs: Any) -> float:
    """The largest absolute difference of two answers; infinite where one is boolean and one is not, or shapes differ."""
    if isinstance(ours, dict):
        return max(difference(ours[name], theirs[name]) for name in ours) if ours.keys() == theirs.keys() else np.inf
    if isinstance(ours, tuple):
        same = isinstance(theirs, tuple) and len(ours) == len(theirs)
        return max(map(difference, ours, theirs)) if same else np.inf
    if ours is None or theirs is None:
        return 0.0 if ours is theirs else np.inf
    a, b = np.asarray(ours), np.asarray(theirs)
    if a.shape != b.shape or (a.dtype == bool) != (b.dtype == bool):  # a float mask would be added
        return np.inf
    a, b = a.astype(float), b.astype(float)
    apart = np.abs(np.subtract(a, b, out=np.zeros_like(a), where=a != b))  # -inf and -inf are 0 apart
    return float(np.nan_to_num(apart, nan=np.inf, posinf=np.inf).max(initial=0.0))
