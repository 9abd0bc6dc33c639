"""MaskPainter: paint who may look at whom, and see at once what leaks and which pattern it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike

from leftcontext.language.language import SENTENCE
from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.arrays import Mask, named, square
from leftcontext.widgets.shared.base import MAX_TOKENS, CourseWidget, load_view
from leftcontext.widgets.shared.mask_rules import (
    BLOCKS,
    LEAK_TEXTS,
    RuleData,
    leak_text,
    leaking_pairs,
    name_pattern,
    named_rules,
)

PRESETS = {  # the masks that are offered, by a short name
    "only itself": "itself", "causal": "causal", "one ahead": "one ahead", "transposed": "transposed",
    "window of 3": "window 3", "no mask": "no mask", "nothing allowed": "nothing",
}  # fmt: skip


class MaskPainter(CourseWidget):
    """A mask that one paints, by mouse or from the keyboard.

    `MaskPainter()` begins with words that see only themselves, `MaskPainter(value=my_mask)` with a (T, T) mask of the
    learner's: boolean (True = may attend) or additive (0 and -inf). `tokens` names the positions, T up to 16.

    allowed: the mask as it stands, (T, T) boolean, to be read, set, observed and linked; it is a copy that refuses
        changes in place: `mask = painter.allowed.copy()`, change it, `painter.allowed = mask`.
    pattern: its name, such as "causal" or "window of 3".
    leaks: the pairs (query i, key j) with j > i that may be seen.
    blind: the queries that see no key at all.

    Raises ValueError, in one sentence, where the shape or the entries are not those of a mask.
    """

    _esm, _css = load_view("mask_painter")

    tokens = t.List(t.Unicode()).tag(sync=True)
    allowed = t.Any().tag(
        sync=True, to_json=lambda mask, _: mask.tolist(), from_json=lambda rows, _: np.array(rows, dtype=bool)
    )
    _patterns: t.List[RuleData] = t.List().tag(sync=True)  # every mask of this size that has a name
    _block_patterns: t.List[RuleData] = t.List([rule.data() for rule in BLOCKS]).tag(sync=True)
    _presets: t.Dict[str, str] = t.Dict().tag(sync=True)
    _leak_texts: t.Dict[str, str] = t.Dict(LEAK_TEXTS).tag(sync=True)

    def __init__(self, value: ArrayLike | None = None, *, tokens: Sequence[str] | None = None) -> None:
        if value is None:
            tokens = SENTENCE if tokens is None else list(tokens)
            value = np.eye(len(tokens), dtype=bool)
        allowed = square(value, MAX_TOKENS)  # (T, T)
        if tokens is None and len(allowed) == len(SENTENCE):
            tokens = SENTENCE
        names = named(tokens, len(allowed), "tokens", "rows in the mask")
        patterns = named_rules(len(names))
        known = {rule.label for rule in patterns}
        super().__init__(
            tokens=names, allowed=allowed, _patterns=[rule.data() for rule in patterns],
            _presets={name: short for name, short in PRESETS.items() if name in known},
        )  # fmt: skip

    @property
    def pattern(self) -> str:
        """The name of the mask, or "no pattern with a name"."""
        return name_pattern(self.allowed)

    @property
    def leaks(self) -> list[tuple[int, int]]:
        """The pairs (query i, key j) with j > i that may be seen."""
        return leaking_pairs(self.allowed)

    @property
    def blind(self) -> list[int]:
        """The queries that see no key: a softmax over nothing."""
        return [int(i) for i in np.flatnonzero(~self.allowed.any(-1))]

    def picture(self) -> Picture:
        T = len(self.tokens)
        alt = leak_text(len(self.leaks), T * (T - 1) // 2)
        return show_matrix(self.allowed, self.tokens, self.tokens, title=f"mask: {self.pattern}", alt=alt)

    @t.validate("allowed")
    def _fitting(self, proposal: t.Bunch) -> Mask:
        allowed = square(proposal.value, MAX_TOKENS)
        if self.tokens and len(allowed) != len(self.tokens):
            raise ValueError(f"This painter has {len(self.tokens)} tokens, but the mask has the shape {allowed.shape}.")
        allowed.flags.writeable = False
        return allowed
