"""Softmax: a row of scores becomes weights; a temperature changes them, and a shift of all scores does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.language.language import SENTENCE
from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.arrays import matrix, named, real, within
from leftcontext.widgets.shared.base import MAX_TOKENS, CourseWidget, load_view
from leftcontext.widgets.shared.word_vectors import KEYS, QUERIES

COLDEST, HOTTEST, FARTHEST = 0.1, 5.0, 10.0  # the ends of the sliders


class Softmax(CourseWidget):
    """Scores and their softmax as bars, with a slider for the temperature and one for a shift of all scores.

    `Softmax()` shows the scaled scores of the course's sentence, without a mask; `Softmax(scores, tokens=words)` the
    learner's own, (T,) or (R, T), T up to 16.

    row: the row of scores that is shown, 0 to R - 1.
    temperature: what the scores are divided by, 0.1 to 5.  shift: what is added to every score before, -10 to 10.
    logits, weights: what goes into the softmax and what comes out, (T,) each.

    Raises ValueError, in one sentence, where a shape or a value does not fit.
    """

    _esm, _css = load_view("softmax")

    tokens = t.List(t.Unicode()).tag(sync=True)
    rows = t.List(t.Unicode()).tag(sync=True)  # what the rows are called
    row = t.Int(0).tag(sync=True)
    temperature = t.Float(1.0).tag(sync=True)
    shift = t.Float(0.0).tag(sync=True)
    _scores = t.List(t.List(t.Float())).tag(sync=True)  # (R, T)
    _limits = t.Dict({"temperature": [COLDEST, HOTTEST], "shift": [-FARTHEST, FARTHEST]}).tag(sync=True)

    def __init__(
        self,
        scores: ArrayLike | None = None,
        *,
        tokens: Sequence[str] | None = None,
        row: int | None = None,
        temperature: float = 1.0,
        shift: float = 0.0,
    ) -> None:
        if scores is None:
            scores = np.array(QUERIES) @ np.array(KEYS).T / np.sqrt(len(KEYS[0]))
            tokens = tokens or SENTENCE
        given = real(scores, "scores")
        self.scores = matrix(given[None] if given.ndim == 1 else given, "scores")  # (R, T)
        R, T = self.scores.shape
        if T > MAX_TOKENS:
            raise ValueError(f"Up to {MAX_TOKENS} scores fit on a page, not {T}; show a part, such as scores[:{MAX_TOKENS}].")
        names = named(tokens, T, "tokens", "scores in a row")
        super().__init__(
            tokens=names, rows=names if R == T else named(None, R, "rows", "rows"), row=R - 1 if row is None else row,
            temperature=temperature, shift=shift, _scores=self.scores.tolist(),
        )  # fmt: skip

    @property
    def logits(self) -> NDArray[np.float64]:
        """(score + shift) / temperature of the chosen row (T,)."""
        logits: NDArray[np.float64] = (self.scores[self.row] + self.shift) / self.temperature
        return logits

    @property
    def weights(self) -> NDArray[np.float64]:
        """The softmax of the logits (T,)."""
        return _softmax(self.logits)

    def picture(self) -> Picture:
        scores = self.scores[self.row]  # (T,)
        changes = {
            "as they are": _softmax(scores), "all + 5": _softmax(scores + 5),
            "temperature ½": _softmax(scores / 0.5), "temperature 2": _softmax(scores / 2),
        }  # fmt: skip
        alt = "Adding 5 to every score changes no weight; a low temperature makes the largest weight larger, a high one smaller."
        return show_matrix(
            list(changes.values()), list(changes), self.tokens, title=f"softmax of the scores of {self.rows[self.row]}",
            alt=alt, row_axis="scores", column_axis="token", limits=(0, 1),
        )  # fmt: skip

    @t.validate("row")
    def _known_row(self, proposal: t.Bunch) -> int:
        R = len(self.scores)
        if not 0 <= proposal.value < R:
            raise ValueError(f"There are {R} rows of scores, so row is 0 to {R - 1}, not {proposal.value}.")
        return int(proposal.value)

    @t.validate("temperature", "shift")
    def _within(self, proposal: t.Bunch) -> float:
        return float(within(proposal, self._limits))


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    e = np.exp(scores - scores.max())
    weights: NDArray[np.float64] = e / e.sum()
    return weights
