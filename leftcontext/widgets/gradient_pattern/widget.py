"""GradientPattern: where the gradient of attention is exactly zero, under a mask and for a loss on some outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.attention_map import AttentionMap
from leftcontext.widgets.shared.arrays import matrix
from leftcontext.widgets.shared.base import SequenceWidget, load_view
from leftcontext.widgets.shared.mask_rules import RULES, RuleData, as_data

ALL = -1  # the loss uses every output
KINDS = ("query", "key", "value")


class GradientPattern(SequenceWidget):
    """The gradient of causal attention with respect to its scores and its inputs, and the pattern of its zeros.

    Q (T, d), K (T, d), V (T, d_v): the course's sentence unless they are given. grad_output (T, d_v): how the loss
        changes with each output; by default numbers without any pattern of their own.
    mask: "causal", "one_ahead" or "none".  of: "scores" or "inputs".
    loss: the position whose output the loss uses, or -1 for all of them.

    Raises ValueError, in one sentence, where the shapes do not fit.
    """

    _esm, _css = load_view("gradient_pattern")

    mask = t.Enum(tuple(RULES), default_value="causal").tag(sync=True)
    of = t.Enum(("scores", "inputs"), default_value="scores").tag(sync=True)
    loss = t.Int(ALL).tag(sync=True)
    _rules: t.Dict[str, RuleData] = t.Dict(as_data(RULES)).tag(sync=True)
    _grad_output = t.List(t.List(t.Float())).tag(sync=True)  # (T, d_v)

    def __init__(
        self,
        Q: ArrayLike | None = None,
        K: ArrayLike | None = None,
        V: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        *,
        tokens: Sequence[str] | None = None,
        mask: str = "causal",
        of: str = "scores",
        loss: int = ALL,
    ) -> None:
        super().__init__(Q, K, V, tokens, mask=mask, of=of, loss=loss)
        rng = np.random.default_rng(0)
        self.grad_output = rng.normal(size=self.V.shape) if grad_output is None else matrix(grad_output, "grad_output")
        if self.grad_output.shape != self.V.shape:
            raise ValueError(
                f"grad_output has a number for each output, {self.V.shape}, but the shape {self.grad_output.shape}."
            )
        self._grad_output = self.grad_output.tolist()

    @property
    def weights(self) -> NDArray[np.float64]:
        """The attention weights under the chosen mask (T, T)."""
        return AttentionMap(self.Q, self.K, self.V, mask=self.mask).weights

    @property
    def used(self) -> NDArray[np.float64]:
        """grad_output where the loss uses the output, else 0 (T, d_v)."""
        rows = np.arange(len(self.Q))[:, None]  # (T, 1)
        return np.where((self.loss == ALL) | (rows == self.loss), self.grad_output, 0.0)

    @property
    def scores(self) -> NDArray[np.float64]:
        """The gradient of the loss with respect to Q Kᵀ (T, T)."""
        weights, dW = self.weights, self.used @ self.V.T  # (T, T) each
        dS: NDArray[np.float64] = weights * (dW - (weights * dW).sum(-1, keepdims=True)) / np.sqrt(self.Q.shape[1])
        return dS

    @property
    def inputs(self) -> NDArray[np.float64]:
        """The largest entry of the gradient of each query, key and value, without its sign (3, T)."""
        dS = self.scores
        gradients = dS @ self.K, dS.T @ self.Q, self.weights.T @ self.used
        return np.stack([np.abs(gradient).max(-1) for gradient in gradients])  # (3, T)

    def picture(self) -> Picture:
        if self.of == "inputs":
            shown, rows, axis = self.inputs, list(KINDS), "gradient of"
        else:
            shown, rows, axis = self.scores, self.tokens, "query i"
        title = f"gradient of the {self.of}, mask: {self.mask}"
        alt = "Hatched cells are exactly zero."
        return show_matrix(shown, rows, self.tokens, title=title, alt=alt, allowed=shown != 0, row_axis=axis)

    @t.validate("loss")
    def _known_loss(self, proposal: t.Bunch) -> int:
        if not -1 <= proposal.value < len(self.Q):
            raise ValueError(f"loss is a position, 0 to {len(self.Q) - 1}, or -1 for all, not {proposal.value}.")
        return int(proposal.value)
