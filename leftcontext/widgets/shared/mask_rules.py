"""What masks mean, said once: each is a rule in numbers, which Python evaluates here and the page in `mask_rules.js`.

A widget hands the rules it needs to its view as data, so that the view repaints without a kernel and yet knows no mask by
itself. Names, explanations and the sentences about leaks go the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leftcontext.model.training import AHEAD

Allowed = NDArray[np.bool_]
RuleData = dict[str, Any]  # a rule as JSON has it
LEAK_TEXTS = {
    "leak": "{leaks} of {future} future cells can be seen: a leak.",
    "causal": "No query sees its future.",
}
UNKNOWN = "no pattern with a name"


@dataclass(frozen=True)
class MaskRule:
    """Which key j a query i may see. What is None sets no limit, so that `MaskRule("none")` hides nothing.

    label: what people read.
    min_distance, max_distance: the least and the largest i - j, how far the key lies behind the query; -1 is one ahead.
    prefix: keys before this position are seen by every query, whatever the distance.
    length: keys from this position on are seen by none.
    starts: where blocks begin, rising from 0; a query sees keys of its own block only.
    parents: the parent of each node of a tree, -1 for a root; a query sees itself and its ancestors only.
    meaning, note: what is said of the mask in brackets, and in a sentence of its own.
    """

    label: str
    min_distance: int | None = None
    max_distance: int | None = None
    prefix: int | None = None
    length: int | None = None
    starts: tuple[int, ...] | None = None
    parents: tuple[int, ...] | None = None
    meaning: str | None = None
    note: str | None = None

    def allowed(self, T_q: int, T_k: int | None = None) -> Allowed:
        """True where a query may see a key (T_q, T_k); the queries are the last T_q positions of T_k (T_q if None)."""
        T_k = T_q if T_k is None else T_k
        i, j = np.arange(T_k - T_q, T_k)[:, None], np.arange(T_k)  # (T_q, 1), (T_k,)
        seen = np.ones((T_q, T_k), dtype=bool)
        if self.min_distance is not None:
            seen &= i - j >= self.min_distance
        if self.max_distance is not None:
            seen &= i - j <= self.max_distance
        if self.prefix is not None:
            seen |= j < self.prefix
        if self.length is not None:
            seen &= j < self.length
        if self.starts is not None:
            block = np.searchsorted(self.starts, np.arange(T_k), side="right")  # (T_k,)
            seen &= block[i] == block
        if self.parents is not None:
            seen &= _ancestors(self.parents)[T_k - T_q :]
        return seen

    def data(self) -> RuleData:
        """The rule as JSON has it, without what sets no limit."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given if value is not None}


def _ancestors(parents: tuple[int, ...]) -> Allowed:
    """True where node j lies on the way from node i to its root, both included (T, T)."""
    seen = np.eye(len(parents), dtype=bool)
    for node, parent in enumerate(parents):
        if parent >= 0:
            seen[node] |= seen[parent]
    return seen


def _distance(ahead: int | None) -> int | None:
    return None if ahead is None else -ahead


LABELS = {"causal": "causal", "one_ahead": "one ahead", "none": "none", "yours": "your mask"}
RULES = {name: MaskRule(LABELS[name], min_distance=_distance(ahead)) for name, ahead in AHEAD.items()}
CAUSAL = RULES["causal"]


def window_rule(window: int) -> MaskRule:
    """Causal, the last `window` keys only, the query's own included."""
    return replace(CAUSAL, label=f"window of {window}", max_distance=window - 1)


def as_data(rules: Mapping[str, MaskRule]) -> dict[str, RuleData]:
    """Rules by name as JSON has them."""
    return {name: rule.data() for name, rule in rules.items()}


def leak_text(leaks: int, future: int) -> str:
    """What is to be said of a mask that lets `leaks` of the `future` cells above the diagonal be seen."""
    return LEAK_TEXTS["leak" if leaks else "causal"].format(leaks=leaks, future=future)


FIXED = (  # the masks that have a name at any size, the simplest first
    CAUSAL,
    MaskRule("no mask"),
    MaskRule("nothing allowed", length=0),
    MaskRule("only itself", min_distance=0, max_distance=0),
    MaskRule("transposed", max_distance=0, meaning="query and key have changed places"),
    MaskRule("blocked for allowed", max_distance=-1, meaning="True and False have changed places"),
    MaskRule("diagonal excluded", min_distance=1, meaning="no query sees itself"),
    replace(RULES["one_ahead"], meaning="each query sees the word it has to predict"),
)
BLOCKS = (  # those of packed texts; their blocks, and with them the sizes, follow from the mask
    replace(CAUSAL, label="packed texts of {sizes}"),
    MaskRule("blocks of {sizes}, open inside"),
)
PREFIX_NOTE = "Where a whole prompt is there before the model writes, this is meant."


def named_rules(T: int) -> list[MaskRule]:
    """Every mask of T positions that has a name, the simplest first, but for those of packed texts."""
    return [*FIXED, *(rule for n in range(2, T) for rule in _families(n))]


def _families(n: int) -> Iterator[MaskRule]:
    yield window_rule(n)
    yield replace(CAUSAL, label=f"prefix of {n}", prefix=n, note=PREFIX_NOTE)
    yield MaskRule(f"{n} ahead", min_distance=-n)
    yield MaskRule(f"window of {n} to both sides", min_distance=1 - n, max_distance=n - 1)


def _block_rules(allowed: Allowed) -> list[MaskRule]:
    """The rules of packed texts, whose blocks begin where the mask (T, T) has a gap beside its diagonal."""
    starts = tuple(int(i) for i in np.flatnonzero(np.append(True, ~np.diagonal(allowed, -1))))
    sizes = ", ".join(str(size) for size in np.diff([*starts, len(allowed)]))
    return [replace(rule, label=rule.label.format(sizes=sizes), starts=starts) for rule in BLOCKS]


def name_pattern(allowed: Allowed) -> str:
    """The name of a mask (T, T), True where query i may see key j; UNKNOWN where it has none."""
    rules = [*named_rules(len(allowed)), *_block_rules(allowed)]
    return next((rule.label for rule in rules if np.array_equal(rule.allowed(len(allowed)), allowed)), UNKNOWN)


def leaking_pairs(allowed: Allowed) -> list[tuple[int, int]]:
    """The pairs (query i, key j) with j > i that the mask (T, T) lets pass, row by row."""
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(allowed, 1))]
