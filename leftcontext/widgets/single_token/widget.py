"""SingleToken: one query that one can take hold of, its scores, its weights, and the weighted sum as arrows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.language.language import SENTENCE
from leftcontext.plots.picture import Picture
from leftcontext.plots.vectors import show_mixture
from leftcontext.widgets.shared.arrays import matrix, named, sequence
from leftcontext.widgets.shared.base import MAX_TOKENS, CourseWidget, load_view
from leftcontext.widgets.shared.word_vectors import COMPONENTS, KEYS, QUERIES, VALUES


class SingleToken(CourseWidget):
    """Causal attention of one position: choose it, move its query, and see which way its output goes.

    `SingleToken()` shows the course's sentence, `SingleToken(Q, K, V, tokens=words)` the learner's own arrays: Q (T, d),
    K (T, d), V (T, d_v) with d and d_v of 2 at least. Their first two components are drawn, all are computed with.

    query: the position, 0 to T - 1; can be read, set and linked.
    queries: the queries as they have been moved, (T, d) as lists, which can be linked too; Q: the same as an array.
    scores, scaled, weights, output: what the chosen query makes of the keys and values up to its own.
    components: what the d_v components of a value are called.

    Raises ValueError, in one sentence, where the shapes do not fit.
    """

    _esm, _css = load_view("single_token")

    tokens = t.List(t.Unicode()).tag(sync=True)
    components = t.List(t.Unicode()).tag(sync=True)
    query = t.Int(0).tag(sync=True)
    queries = t.List(t.List(t.Float())).tag(sync=True)  # (T, d)
    _given = t.List(t.List(t.Float())).tag(sync=True)  # (T, d) the queries before they were moved
    _keys = t.List(t.List(t.Float())).tag(sync=True)  # (T, d)
    _values = t.List(t.List(t.Float())).tag(sync=True)  # (T, d_v)

    def __init__(
        self,
        Q: ArrayLike | None = None,
        K: ArrayLike | None = None,
        V: ArrayLike | None = None,
        *,
        tokens: Sequence[str] | None = None,
        components: Sequence[str] | None = None,
        query: int | None = None,
    ) -> None:
        if Q is None and K is None and V is None:
            Q, K, V, tokens, components = QUERIES, KEYS, VALUES, tokens or SENTENCE, components or COMPONENTS
        given, self.K, self.V, names = sequence(Q, K, V, tokens, MAX_TOKENS)
        for name, array in {"Queries and keys": self.K, "Values": self.V}.items():
            if array.shape[1] < 2:
                raise ValueError(f"{name} are drawn in a plane, so they need two components at least, not {array.shape[1]}.")
        parts = named(components, self.V.shape[1], "components", "columns of V", "component ")
        super().__init__(
            tokens=names, components=parts, query=len(given) - 1 if query is None else query,
            queries=given.tolist(), _given=given.tolist(), _keys=self.K.tolist(), _values=self.V.tolist(),
        )  # fmt: skip

    @property
    def Q(self) -> NDArray[np.float64]:
        """The queries as they have been moved (T, d), a copy; to move them, set it."""
        return np.array(self.queries)

    @Q.setter
    def Q(self, moved: ArrayLike) -> None:
        self.queries = matrix(moved, "Q").tolist()

    @property
    def scores(self) -> NDArray[np.float64]:
        """The query times each key up to its own (query + 1,)."""
        scores: NDArray[np.float64] = self.K[: self.query + 1] @ self.Q[self.query]
        return scores

    @property
    def scaled(self) -> NDArray[np.float64]:
        """The scores, divided by √d (query + 1,)."""
        scaled: NDArray[np.float64] = self.scores / np.sqrt(self.K.shape[1])
        return scaled

    @property
    def weights(self) -> NDArray[np.float64]:
        """softmax of the scaled scores (query + 1,)."""
        e = np.exp(self.scaled - self.scaled.max())  # (query + 1,)
        weights: NDArray[np.float64] = e / e.sum()
        return weights

    @property
    def output(self) -> NDArray[np.float64]:
        """The weighted sum of the values up to its own (d_v,)."""
        return self.weights @ self.V[: self.query + 1]

    def picture(self) -> Picture:
        seen = slice(self.query + 1)
        title = f"the output of {self.tokens[self.query]}"
        named_axes = self.components[:2]
        return show_mixture(self.V[seen, :2], self.weights, self.tokens[seen], title=title, components=named_axes)

    @t.validate("queries")
    def _fitting(self, proposal: t.Bunch) -> list[list[float]]:
        Q = matrix(proposal.value, "Q")
        if Q.shape != self.K.shape:
            raise ValueError(f"Each key has one query of its width, so Q has the shape {self.K.shape}, not {Q.shape}.")
        rows: list[list[float]] = Q.tolist()
        return rows

    @t.validate("query")
    def _known_query(self, proposal: t.Bunch) -> Any:
        T = len(self.K)
        if not 0 <= proposal.value < T:
            raise ValueError(f"There are {T} queries, so query is 0 to {T - 1}, not {proposal.value}.")
        return proposal.value
