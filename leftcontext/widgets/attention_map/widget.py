"""AttentionMap: scores → scale → mask → softmax → output of one sentence, stage by stage, computed in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.language.language import SENTENCE
from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.shared.arrays import additive, named, together
from leftcontext.widgets.shared.base import CourseWidget, load_view
from leftcontext.widgets.shared.mask_rules import CAUSAL, LABELS, LEAK_TEXTS, RULES, MaskRule, RuleData, as_data
from leftcontext.widgets.shared.word_vectors import COMPONENTS, WORDS, vectors_of, words_of

STAGES = ("scores", "scaled", "masked", "weights", "output")
OWN = "yours"
MASK_RULES = RULES | {"zero": replace(CAUSAL, label="0 instead of −∞")}  # "zero" writes 0 where "causal" writes -inf
MASKS = tuple(MASK_RULES)


class AttentionMap(CourseWidget):
    """A map of causal attention that one can touch.

    `AttentionMap()` shows the course's sentence, and on the page one can type another one, in words of the little
    language; `AttentionMap(sentence="the cat sleeps")` begins with that. `AttentionMap(Q, K, V, tokens=words)` shows the
    learner's own arrays, Q (T_q, d), K (T_k, d), V (T_k, d_v) with T_q ≤ T_k: the queries are the last T_q positions.

    sentence: what is shown, can be read and set; "" where arrays were handed in. Q, K and V are those of its words.

    mask: "causal", "one_ahead", "none", "zero" (0 written in place of -inf), or the learner's own (T_q, T_k) mask:
        boolean, True = may attend, or additive with 0 and -inf. It can be read and set while the map is shown.
    masks: the choices that the map offers.
    stage, query: what is shown, and the query's row that is selected; both can be read and set too. At first it is a row
        in the middle, which every mask changes; the last one sees all keys under each of them.
    components: what the d_v components of a value are called.

    Raises ValueError, in one sentence, where the shapes do not fit.
    """

    _esm, _css = load_view("attention_map")

    sentence = t.Unicode("").tag(sync=True)
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
    _rules: t.Dict[str, RuleData] = t.Dict(as_data(MASK_RULES | {OWN: MaskRule(LABELS[OWN])})).tag(sync=True)
    _leak_texts: t.Dict[str, str] = t.Dict(LEAK_TEXTS).tag(sync=True)
    _words: t.Dict[str, list[list[float]]] = t.Dict().tag(sync=True)  # query, key, value of each word that can be typed

    def __init__(
        self,
        Q: ArrayLike | None = None,
        K: ArrayLike | None = None,
        V: ArrayLike | None = None,
        *,
        sentence: str | None = None,
        tokens: Sequence[str] | None = None,
        components: Sequence[str] | None = None,
        mask: str | ArrayLike = "causal",
        masks: Sequence[str] = ("causal", "one_ahead", "none"),
        stage: str = "weights",
        query: int | None = None,
    ) -> None:
        own = not (Q is None and K is None and V is None)
        if own and sentence is not None:
            raise ValueError("AttentionMap takes a sentence, or Q, K and V, but not both.")
        if not own:
            tokens = words_of(sentence) if sentence is not None else tokens or SENTENCE
            Q, K, V = vectors_of(tokens)
            components = components or COMPONENTS
        self.Q, self.K, self.V = together(Q, K, V)
        if len(self.K) != len(self.V):
            raise ValueError(f"Each key needs one value, but K has {len(self.K)} rows and V has {len(self.V)}.")
        if len(self.Q) > len(self.K):
            raise ValueError(f"There are more queries ({len(self.Q)}) than keys ({len(self.K)}).")
        names = named(tokens, len(self.K), "tokens", "keys")
        parts = named(components, self.V.shape[1], "components", "columns of V")
        self.own_mask = None if isinstance(mask, str) else additive(mask, self.scores.shape)
        if not isinstance(mask, str):
            mask, masks = OWN, [*masks, OWN]
        typed = not own and self.own_mask is None  # a mask of one's own fits this sentence only
        super().__init__(
            tokens=names, components=parts, masks=list(masks), mask=mask, stage=stage,
            query=middle(len(self.Q)) if query is None else query, sentence=" ".join(names) if typed else "",
            _queries=self.Q.tolist(), _keys=self.K.tolist(), _values=self.V.tolist(), _own_mask=_as_json(self.own_mask),
            _words=WORDS if typed else {},
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
        return MASK_RULES[self.mask].allowed(*self.scores.shape)  # (T_q, T_k)

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

    @t.validate("sentence")
    def _known_words(self, proposal: t.Bunch) -> str:
        if proposal.value and not self._words and self.trait_has_value("_words"):
            raise ValueError("This map shows arrays that were handed in; make another one for a sentence.")
        return " ".join(words_of(proposal.value)) if proposal.value else ""

    @t.observe("sentence")
    def _read(self, change: t.Bunch) -> None:
        """Another sentence has other vectors; the page has computed them too."""
        words = change.new.split()
        if words == self.tokens or not words:
            return
        self.Q, self.K, self.V = (np.array(rows) for rows in vectors_of(words))
        self.tokens, self.query = words, middle(len(words))
        self._queries, self._keys, self._values = self.Q.tolist(), self.K.tolist(), self.V.tolist()

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


def middle(queries: int) -> int:
    """The query that is shown first: a row with keys on both sides, so that every mask changes it."""
    return (queries - 1) // 2


def _as_json(mask: NDArray[np.float64] | None) -> list[list[float | None]]:
    return [] if mask is None else [[None if entry == -np.inf else entry for entry in row] for row in mask.tolist()]
