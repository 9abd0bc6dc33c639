"""MaskZoo: six masks of real models, each with a slider for its parameter, computed in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from leftcontext.language.language import SENTENCE
from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.base import MAX_TOKENS, CourseWidget, load_view
from leftcontext.widgets.shared.mask_rules import CAUSAL, MaskRule, window_rule


class Kind(NamedTuple):
    """A mask of the zoo: its name, the trait that is its parameter, and its rule for a value of it and T positions."""

    label: str
    parameter: str
    rule: Callable[[int, int], MaskRule]


KINDS = {
    "padding": Kind("padding", "length", lambda length, T: replace(CAUSAL, length=length)),
    "window": Kind("window", "window", lambda window, T: window_rule(window)),
    "prefix": Kind("prefix", "prefix", lambda prefix, T: replace(CAUSAL, prefix=prefix)),
    "packed": Kind("packed", "cut", lambda cut, T: replace(CAUSAL, starts=(0, cut))),
    "alibi": Kind("ALiBi", "slope", lambda slope, T: CAUSAL),  # it hides the future only; the slope is a penalty
    "tree": Kind("tree", "trunk", lambda trunk, T: replace(CAUSAL, parents=_tree(trunk, T))),
}


def _tree(trunk: int, T: int) -> tuple[int, ...]:
    """Which node each of T nodes continues, -1 for the root: a trunk of so many, then two branches."""
    second = trunk + (T - trunk + 1) // 2  # where the second branch begins
    return tuple(trunk - 1 if i == second else i - 1 for i in range(T))


def _ends(trait: str, T: int) -> tuple[int, int]:
    """The least and the largest value of a trait, for T positions."""
    ends = {"query": (0, T - 1), "prefix": (0, T), "slope": (0, 2), "trunk": (1, T - 1)}
    return ends.get(trait, (1, T))


def _data(kind: Kind, T: int) -> dict[str, Any]:
    """A kind as its view needs it: the ends of its slider, and its rule at each whole place of it."""
    low, high = _ends(kind.parameter, T)
    values = [low] if kind.parameter == "slope" else range(low, high + 1)
    rules = [kind.rule(value, T).data() for value in values]
    return {"label": kind.label, "parameter": kind.parameter, "low": low, "high": high, "rules": rules}



class MaskZoo(CourseWidget):
    """Choose a mask, move its slider, and read what each query may still see. All six are causal, the prefix but for it.

    `tokens` names the T positions (2 to 16). The parameters can be given, read and set:

    kind: "padding", "window", "prefix", "packed", "alibi" or "tree".
    length: words that are real, 1 to T; the rest is padding on the right.
    window: keys that a query sees, its own included, 1 to T.
    prefix: positions that see each other both ways, 0 to T.
    cut: where the second text begins in the row, 1 to T; T is one text alone.
    slope: ALiBi's penalty for each step back, 0 to 2 (Press, Smith and Lewis 2022, "Train Short, Test Long").
    trunk: nodes before the tree forks into two branches, 1 to T - 1; T - 1 leaves no fork.

    Raises ValueError or TraitError, in one sentence, at a value outside its range.
    """

    _esm, _css = load_view("mask_zoo")

    tokens = t.List(t.Unicode()).tag(sync=True)
    kind = t.Enum(tuple(KINDS), default_value="window").tag(sync=True)
    query = t.Int(0).tag(sync=True)
    length = t.Int(3).tag(sync=True)
    window = t.Int(3).tag(sync=True)
    prefix = t.Int(3).tag(sync=True)
    cut = t.Int(3).tag(sync=True)
    slope = t.Float(0.5).tag(sync=True)
    trunk = t.Int(2).tag(sync=True)
    _kinds: t.Dict[str, dict[str, Any]] = t.Dict().tag(sync=True)

    def __init__(self, kind: str = "window", *, tokens: Sequence[str] | None = None, **parameters: Any) -> None:
        names = list(SENTENCE) if tokens is None else [str(name) for name in tokens]
        if not 2 <= len(names) <= MAX_TOKENS:
            raise ValueError(f"The zoo shows 2 to {MAX_TOKENS} tokens, not {len(names)}.")
        if kind not in KINDS:
            raise ValueError(f"There is no mask {kind!r}; choose among {', '.join(KINDS)}.")
        unknown = set(parameters) - {"query", "length", "window", "prefix", "cut", "slope", "trunk"}
        if unknown:
            raise ValueError(f"The zoo has no parameter {sorted(unknown)[0]!r}.")
        T = len(names)
        fitting = {"query": T - 1, "trunk": min(2, T - 1)} | {
            name: min(3, T) for name in ("length", "window", "prefix")
        }
        kinds = {name: _data(kind, T) for name, kind in KINDS.items()}
        super().__init__(tokens=names, kind=kind, _kinds=kinds, **fitting | {"cut": min(3, T)} | parameters)

    @property
    def parents(self) -> list[int]:
        """The tree: which node each of the T nodes continues, -1 for the root."""
        return list(_tree(self.trunk, len(self.tokens)))

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """True where query i may see key j (T, T)."""
        kind = KINDS[self.kind]
        return kind.rule(getattr(self, kind.parameter), len(self.tokens)).allowed(len(self.tokens))

    @property
    def bias(self) -> NDArray[np.float64]:
        """What is added to the scores (T, T): 0 or ALiBi's penalty where a key may be seen, else -inf."""
        T = len(self.tokens)
        distance = np.arange(T)[:, None] - np.arange(T)  # (T, T)
        penalty = -self.slope * distance if self.kind == "alibi" else np.zeros((T, T))
        return np.where(self.allowed, penalty, -np.inf)

    @property
    def weights(self) -> NDArray[np.float64]:
        """Attention weights if all scores are equal (T, T)."""
        e = np.exp(self.bias)  # (T, T) no row is empty, and no entry is above 0
        weights: NDArray[np.float64] = e / e.sum(-1, keepdims=True)
        return weights

    def picture(self) -> Picture:
        words, shown = self.tokens, self.bias if self.kind == "alibi" else self.allowed
        alt = f"{int(self.allowed.sum())} of {shown.size} cells may be seen."
        return show_matrix(shown, words, words, title=f"mask: {self.kind}", alt=alt)

    @t.validate("query", "length", "window", "prefix", "cut", "slope", "trunk")
    def _in_range(self, proposal: t.Bunch) -> float:
        name = proposal.trait.name
        low, high = _ends(name, len(self.tokens))
        if self.tokens and not low <= proposal.value <= high:
            raise ValueError(f"{name} goes from {low} to {high}, but is {proposal.value}.")
        value: float = proposal.value
        return value
