"""CachedGeneration: one token after another, the KV cache growing, and the work counted with and without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.attention_map import AttentionMap
from leftcontext.widgets.shared.base import SequenceWidget, load_view
from leftcontext.widgets.shared.mask_rules import CAUSAL, RuleData
from leftcontext.widgets.shared.word_vectors import COMPONENTS


class CachedGeneration(SequenceWidget):
    """Decoding, step by step: which scores are computed, which again, and what the cache holds.

    Q (T, d), K (T, d), V (T, d_v): row t is what token t brings along; the course's sentence unless they are given.
    step: how many tokens there are, 0 to T.  cached: whether the old keys and values are kept.
    Without a cache each step runs attention over the whole text again; hidden scores are never counted.

    Raises ValueError, in one sentence, where the shapes do not fit.
    """

    _esm, _css = load_view("cached_generation")

    components = t.List(t.Unicode()).tag(sync=True)
    step = t.Int(0).tag(sync=True)
    cached = t.Bool(True).tag(sync=True)
    _rule: RuleData = t.Dict(CAUSAL.data()).tag(sync=True)

    def __init__(
        self,
        Q: ArrayLike | None = None,
        K: ArrayLike | None = None,
        V: ArrayLike | None = None,
        *,
        tokens: Sequence[str] | None = None,
        step: int = 0,
        cached: bool = True,
    ) -> None:
        super().__init__(Q, K, V, tokens, step=step, cached=cached)
        self.components = list(COMPONENTS) if Q is None else [str(k) for k in range(self.V.shape[1])]

    @property
    def times(self) -> NDArray[np.intp]:
        """How often each score has been computed by now (T, T)."""
        seen = CAUSAL.allowed(len(self.Q))  # (T, T)
        steps = np.arange(len(self.Q))[:, None]  # (T, 1) of query i: its first computation
        repeats = (steps < self.step) if self.cached else np.maximum(self.step - steps, 0)
        return (seen * repeats).astype(np.intp)

    @property
    def outputs(self) -> NDArray[np.float64]:
        """The output of every token so far (step, d_v); a cache does not change it."""
        return AttentionMap(self.Q, self.K, self.V).output[: self.step]

    def picture(self) -> Picture:
        """Both ways at the end: the picture cannot move."""
        seen = CAUSAL.allowed(len(self.Q))  # (T, T)
        again = np.where(seen, len(self.Q) - np.arange(len(self.Q))[:, None], 0).astype(float)  # (T, T)
        alt = f"With a cache every score is computed once, {seen.sum()} in all; without it {again.sum():.0f}."
        title = "how often a score is computed without a cache"
        return show_matrix(again, self.tokens, self.tokens, title=title, alt=alt, allowed=seen, decimals=0)

    @t.validate("step")
    def _known_step(self, proposal: t.Bunch) -> int:
        if not 0 <= proposal.value <= len(self.Q):
            raise ValueError(f"There are {len(self.Q)} tokens, so step is 0 to {len(self.Q)}, not {proposal.value}.")
        return int(proposal.value)
