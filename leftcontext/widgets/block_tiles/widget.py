"""BlockTiles: blockwise attention (Milakov and Gimelshein 2018; Dao and others 2022), filling tile by tile."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.attention_map import AttentionMap
from leftcontext.widgets.shared.base import SequenceWidget, load_view
from leftcontext.widgets.shared.mask_rules import RULES, MaskRule, RuleData, as_data, window_rule

MASKS = ("causal", "window", "none")
BLOCKS = (1, 2, 3, 4)
NAMES = {"plain": 1.0, "masked": 0.0, "skipped": -np.inf}  # how the static picture writes a tile


class BlockTiles(SequenceWidget):
    """Blocks of queries meet blocks of keys; a tile in which the mask hides everything is never computed.

    Q (T, d), K (T, d), V (T, d_v): eight random positions of width 2 unless they are given.
    mask: "causal", "window" (causal, the last `window` keys only) or "none".
    block: the side of a tile, 1 to 4.  step: how many tiles have been computed.

    Raises ValueError, in one sentence, where the shapes do not fit.
    """

    _esm, _css = load_view("block_tiles")

    mask = t.Enum(MASKS, default_value="causal").tag(sync=True)
    window = t.Int(3, min=1).tag(sync=True)
    block = t.Enum(BLOCKS, default_value=2).tag(sync=True)
    step = t.Int(0, min=0).tag(sync=True)
    _rules: t.Dict[str, RuleData] = t.Dict().tag(sync=True)

    def __init__(
        self,
        Q: ArrayLike | None = None,
        K: ArrayLike | None = None,
        V: ArrayLike | None = None,
        *,
        tokens: Sequence[str] | None = None,
        mask: str = "causal",
        window: int = 3,
        block: int = 2,
        step: int = 0,
    ) -> None:
        if Q is None and K is None and V is None:
            Q, K, V = np.random.default_rng(0).normal(size=(3, 8, 2))
        super().__init__(Q, K, V, tokens, mask=mask, window=window, block=block, step=step)

    @property
    def rules(self) -> dict[str, MaskRule]:
        """What each of the masks hides."""
        return {"causal": RULES["causal"], "window": window_rule(self.window), "none": RULES["none"]}

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """True where the mask lets a query see a key (T, T)."""
        return self.rules[self.mask].allowed(len(self.Q))

    @property
    def tiles(self) -> list[tuple[int, int, str]]:
        """Every tile in the order of the two loops: first query, first key, and "plain", "masked" or "skipped"."""
        starts = range(0, len(self.Q), self.block)
        return [(a, b, self._kind(a, b)) for a, b in product(starts, starts)]

    def _kind(self, a: int, b: int) -> str:
        inside = self.allowed[a : a + self.block, b : b + self.block]
        return "plain" if inside.all() else "masked" if inside.any() else "skipped"

    @property
    def output(self) -> NDArray[np.float64]:
        """Attention all at once (T, d_v): where the tiles have to end."""
        return AttentionMap(self.Q, self.K, self.V, mask=self.allowed).output

    @t.default("_rules")
    def _rules_at_first(self) -> dict[str, RuleData]:
        return as_data(self.rules)

    @t.observe("window")
    def _another_window(self, _: object) -> None:
        self._rules = as_data(self.rules)

    def picture(self) -> Picture:
        kinds = np.empty((len(self.Q), len(self.Q)))
        for a, b, kind in self.tiles:
            kinds[a : a + self.block, b : b + self.block] = NAMES[kind]
        counts = {name: sum(kind == name for *_, kind in self.tiles) for name in NAMES}
        alt = ", ".join(f"{count} tiles {name}" for name, count in counts.items()) + "."
        title = f"tiles: 1 plain, 0 masked, −∞ skipped ({self.mask})"
        return show_matrix(kinds, self.tokens, self.tokens, title=title, alt=alt, decimals=0)
