"""LeftContext: what may position i read, what has to be predicted there, and where the target lies in its own input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.language.language import LITTLE_LANGUAGE, SENTENCE
from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.arrays import real
from leftcontext.widgets.shared.base import CourseWidget, load_view
from leftcontext.widgets.shared.mask_rules import RULES, RuleData, as_data

MASK_RULES = RULES | {"none": replace(RULES["none"], label="no mask")}
MAX_TOKENS = 12  # words that still fit beside each other on a phone


class LeftContext(CourseWidget):
    """Choose a position: the tokens it may read, the token it has to predict, and why the others are hidden.

    At position i a model has read tokens 0 to i and predicts token i + 1 (teacher forcing: all positions at once).

    tokens: 2 to 12 of them; the course's sentence unless they are given.
    chances: (T - 1,) how likely each next token is, given its left context. For words of the little language they are
        known; for other tokens they are shown if they are given, as a model's own probabilities may be.
    mask: "causal", "one_ahead" or "none"; position: 0 to T - 1. Both can be read, set and linked.
    allowed, leaks, loss: what follows from them.

    Raises ValueError or TraitError, in one sentence, where something does not fit.
    """

    _esm, _css = load_view("left_context")

    tokens = t.List(t.Unicode()).tag(sync=True)
    mask = t.Enum(tuple(MASK_RULES), default_value="causal").tag(sync=True)
    position = t.Int(0).tag(sync=True)
    _rules: t.Dict[str, RuleData] = t.Dict(as_data(MASK_RULES)).tag(sync=True)
    _chances = t.List(t.Float()).tag(sync=True)  # (T - 1,) or empty

    def __init__(
        self,
        tokens: Sequence[str] = SENTENCE,
        *,
        chances: ArrayLike | None = None,
        mask: str = "causal",
        position: int | None = None,
    ) -> None:
        names = [str(name) for name in tokens]
        if not 2 <= len(names) <= MAX_TOKENS:
            raise ValueError(f"A text of 2 to {MAX_TOKENS} tokens fits here, not one of {len(names)}.")
        self.chances = _known_chances(names) if chances is None else _as_chances(chances, len(names) - 1)  # (T - 1,)
        shown = [] if self.chances is None else self.chances.tolist()
        place = len(names) // 2 if position is None else position
        super().__init__(tokens=names, mask=mask, position=place, _chances=shown)

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """True where position i may read token j (T, T)."""
        return MASK_RULES[self.mask].allowed(len(self.tokens))

    @property
    def leaks(self) -> list[int]:
        """The positions that may read the very token that they have to predict."""
        return [int(i) for i in np.flatnonzero(np.diag(self.allowed, k=1))]

    @property
    def loss(self) -> float | None:
        """The best mean loss, in nats per token: what can be read need not be predicted. None where no chances are known."""
        if self.chances is None:
            return None
        costs = -np.log(self.chances)  # (T - 1,)
        costs[self.leaks] = 0.0
        return float(costs.mean())

    def picture(self) -> Picture:
        copied = len(self.leaks)
        alt = f"{copied} of {len(self.tokens) - 1} targets can be read." if copied else "No target can be read."
        return show_matrix(
            self.allowed, self.tokens, self.tokens, title=f"left context, mask: {self.mask}", alt=alt,
            row_axis="prediction at", column_axis="token",
        )  # fmt: skip

    @t.validate("position")
    def _known_position(self, proposal: t.Bunch) -> int:
        T = len(self.tokens)
        if T and not 0 <= proposal.value < T:
            raise ValueError(f"There are {T} tokens, so position is 0 to {T - 1}, not {proposal.value}.")
        return int(proposal.value)


def _known_chances(tokens: list[str]) -> NDArray[np.float64] | None:
    """What the little language knows of its own words (T - 1,); None for a text that is not of it."""
    try:
        text = LITTLE_LANGUAGE.encode(tokens)  # (T,)
        chances = np.array([LITTLE_LANGUAGE.next_probabilities(text[:i])[text[i]] for i in range(1, len(text))])
    except ValueError:
        return None
    return chances if chances.all() else None


def _as_chances(values: ArrayLike, count: int) -> NDArray[np.float64]:
    chances = real(values, "chances")
    if chances.shape != (count,):
        raise ValueError(f"{count} tokens have to be predicted, but chances have the shape {chances.shape}.")
    if not ((chances > 0) & (chances <= 1)).all():
        raise ValueError("Every chance is a probability above 0, up to 1.")
    return chances
