"""AttentionMap: scores → scale → mask → softmax → output of one sentence, stage by stage, computed in the browser."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.language import SENTENCE
from leftcontext.picture import Picture
from leftcontext.plots import show_matrix
from leftcontext.widgets.base import CourseWidget, matrix, view

STAGES = ("scores", "scaled", "masked", "weights", "output")
MASKS = ("causal", "one_ahead", "none", "zero")  # "zero" writes 0 where the causal mask writes -inf
OWN = "yours"

# For the course's sentence; width 2, made by hand: a noun asks for its determiner, "near" for the noun before it, and
# "cat" for the noun that the verb must agree with. The values say how plural and how singular a word is.
QUERIES = ((0.3, 0.4), (0.4, 1.6), (1.5, 0.2), (0.5, 0.3), (1.8, 0.9))
KEYS = ((0.2, 1.6), (2.0, 0.1), (-0.5, -0.4), (0.1, 1.2), (1.2, -0.2))
VALUES = ((1.0, 0.0), (2.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 2.0))
COMPONENTS = ("plural", "singular")


class AttentionMap(CourseWidget):
    """A map of causal attention that one can touch.

    `AttentionMap()` shows the course's sentence; `AttentionMap(Q, K, V, tokens=words)` the learner's own arrays,
    Q (T_q, d), K (T_k, d), V (T_k, d_v) with T_q ≤ T_k: the queries are the last T_q positions.

    mask: "causal", "one_ahead", "none", "zero" (0 written in place of -inf), or the learner's own (T_q, T_k) mask:
        boolean, True = may attend, or additive with 0 and -inf. It can be read and set while the map is shown.
    masks: the choices that the map offers.
    stage, query: what is shown, and the query's row that is selected; both can be read and set too.
    components: what the d_v components of a value are called.

    Raises ValueError, in one sentence, where the shapes do not fit.
    """

    _esm, _css = view("attention_map", "large_grid")

    tokens = t.List(t.Unicode()).tag(sync=True)
    components = t.List(t.Unicode()).tag(sync=True)
    masks = t.List(t.Unicode()).tag(sync=True)
    mask = t.Unicode("causal").tag(sync=True)
    stage = t.Enum(STAGES, default_value="weights").tag(sync=True)
    query = t.Int(0).tag(sync=True)
    _queries = t.List(t.List(t.Float())).tag(sync=True)  # (T_q, d)
    _keys = t.List(t.List(t.Float())).tag(sync=True)  # (T_k, d)
    _values = t.List(t.List(t.Float())).tag(sync=True)  # (T_k, d_v)
    _own_mask = t.List(t.List(t.Float(allow_none=True))).tag(
        sync=True
    )  # (T_q, T_k) additive, None for -inf, which JSON does not know

    def __init__(
        self,
        Q: ArrayLike | None = None,
        K: ArrayLike | None = None,
        V: ArrayLike | None = None,
        *,
        tokens: Sequence[str] | None = None,
        components: Sequence[str] | None = None,
        mask: str | ArrayLike = "causal",
        masks: Sequence[str] = ("causal", "one_ahead", "none"),
        stage: str = "weights",
        query: int | None = None,
    ) -> None:
        if Q is None and K is None and V is None:
            Q, K, V = QUERIES, KEYS, VALUES
            tokens, components = tokens or SENTENCE, components or COMPONENTS
        if Q is None or K is None or V is None:
            raise ValueError("AttentionMap takes Q, K and V together, or none of them.")
        self.Q, self.K, self.V = matrix(Q, "Q"), matrix(K, "K"), matrix(V, "V")
        _check_shapes(self.Q, self.K, self.V)
        names = _names(tokens, len(self.K), "tokens", "keys")
        parts = _names(components, self.V.shape[1], "components", "columns of V")
        self.own_mask = None if isinstance(mask, str) else _additive(mask, self.scores.shape)
        if not isinstance(mask, str):
            mask, masks = OWN, [*masks, OWN]
        super().__init__(
            tokens=names, components=parts, masks=list(masks), mask=mask, stage=stage,
            query=len(self.Q) - 1 if query is None else query,
            _queries=self.Q.tolist(), _keys=self.K.tolist(), _values=self.V.tolist(), _own_mask=_as_json(self.own_mask),
        )  # fmt: skip

    @property
    def scores(self) -> NDArray[np.float64]:
        """Q Kᵀ (T_q, T_k), not yet scaled."""
        return self.Q @ self.K.T

    @property
    def scaled(self) -> NDArray[np.float64]:
        """The scores, divided by √d (T_q, T_k)."""
        scaled: NDArray[np.float64] = self.scores / np.sqrt(self.Q.shape[1])
        return scaled

    @property
    def masked(self) -> NDArray[np.float64]:
        """What goes into the softmax (T_q, T_k): the scaled scores under the chosen mask."""
        if self.mask == OWN and self.own_mask is not None:
            return self.scaled + self.own_mask
        return np.where(self.allowed, self.scaled, 0.0 if self.mask == "zero" else -np.inf)

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """True where the chosen mask lets a query see a key (T_q, T_k); the mask "zero" means to be causal."""
        if self.mask == OWN and self.own_mask is not None:
            return self.own_mask > -np.inf
        T_q, T_k = self.scores.shape
        ahead = {"causal": 0, "zero": 0, "one_ahead": 1, "none": T_k}[self.mask]
        return np.tri(T_q, T_k, T_k - T_q + ahead, dtype=bool)  # (T_q, T_k)

    @property
    def weights(self) -> NDArray[np.float64]:
        """softmax of each row (T_q, T_k); a row that may see nothing gets zeros."""
        masked = self.masked
        top = masked.max(-1, keepdims=True)  # (T_q, 1)
        e = np.exp(masked - np.where(np.isfinite(top), top, 0))  # (T_q, T_k)
        total = e.sum(-1, keepdims=True)  # (T_q, 1)
        weights: NDArray[np.float64] = np.divide(e, total, out=np.zeros_like(e), where=total > 0)
        return weights

    @property
    def output(self) -> NDArray[np.float64]:
        """weights V (T_q, d_v)."""
        return self.weights @ self.V

    def picture(self) -> Picture:
        stage, queries = self.stage, self.tokens[len(self.K) - len(self.Q) :]
        title = f"attention {stage}, mask: {self.mask}"
        if stage == "output":
            return show_matrix(self.output, queries, self.components, title=title, column_axis="component")
        hides = stage in ("masked", "weights") and self.mask != "zero"
        shown: NDArray[np.float64] = getattr(self, stage)  # (T_q, T_k)
        return show_matrix(shown, queries, self.tokens, title=title, allowed=self.allowed if hides else None)

    @t.validate("mask")
    def _known_mask(self, proposal: t.Bunch) -> str:
        if proposal.value == OWN and self.own_mask is None:
            raise ValueError(f"This map was made without a mask of your own; choose among {', '.join(self.masks)}.")
        if proposal.value not in (*MASKS, OWN):
            raise ValueError(f"There is no mask {proposal.value!r}; choose among {', '.join(MASKS)}.")
        if proposal.value not in self.masks:
            self.masks = [*self.masks, proposal.value]
        return str(proposal.value)

    @t.validate("masks")
    def _known_masks(self, proposal: t.Bunch) -> list[str]:
        unknown = [name for name in proposal.value if name not in (*MASKS, OWN)]
        if unknown:
            raise ValueError(f"There is no mask {unknown[0]!r}; choose among {', '.join(MASKS)}.")
        return list(proposal.value)

    @t.validate("query")
    def _known_query(self, proposal: t.Bunch) -> int:
        if not 0 <= proposal.value < len(self.Q):
            raise ValueError(
                f"There are {len(self.Q)} queries, so query is 0 to {len(self.Q) - 1}, not {proposal.value}."
            )
        return int(proposal.value)


def _check_shapes(Q: NDArray[np.float64], K: NDArray[np.float64], V: NDArray[np.float64]) -> None:
    if Q.shape[1] != K.shape[1]:
        raise ValueError(f"A query and a key need the same width, but Q has {Q.shape} and K has {K.shape}.")
    if len(K) != len(V):
        raise ValueError(f"Each key needs one value, but K has {len(K)} rows and V has {len(V)}.")
    if len(Q) > len(K):
        raise ValueError(f"There are more queries ({len(Q)}) than keys ({len(K)}).")


def _names(names: Sequence[str] | None, count: int, what: str, of: str) -> list[str]:
    given = [str(k) for k in range(count)] if names is None else [str(name) for name in names]
    if len(given) != count:
        raise ValueError(f"There are {count} {of}, but {len(given)} {what}.")
    return given


def _additive(mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A boolean (True = may attend) or an additive mask → additive, -inf where nothing may be seen."""
    array = np.asarray(mask)
    if array.shape != shape:
        raise ValueError(f"The mask has the shape {array.shape}, but the scores have {shape}.")
    if array.dtype == bool:
        return np.where(array, 0.0, -np.inf)
    if array.dtype.kind not in "fiu" or np.isnan(array).any() or np.isposinf(array).any():
        raise ValueError("A mask is boolean, or it is additive with 0 and -inf.")
    return array.astype(np.float64)


def _as_json(mask: NDArray[np.float64] | None) -> list[list[float | None]]:
    return [] if mask is None else [[None if entry == -np.inf else entry for entry in row] for row in mask.tolist()]
