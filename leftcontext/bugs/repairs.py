"""The seven attentions of the exercises repair_1 to repair_7: their evidence, before anybody has seen their code.

Axis letters: T position, d width.
"""

from __future__ import annotations

from html import escape

import numpy as np

from leftcontext.bugs import attention_bugs
from leftcontext.bugs.attention_bugs import Array, Attend, attend_under, softmax
from leftcontext.plots.charts import show_matrices
from leftcontext.plots.picture import Picture, stacked

T, WIDTH = 6, 4
SAME = 1e-9  # less is rounding

SUSPECTS: dict[int, str] = {
    1: "a window: old keys are forgotten",
    2: "0 in place of -inf",
    3: "masked after the softmax",
    4: "no mask",
    5: "one token ahead",
    6: "scores divided by sqrt(T), not by sqrt(d)",
    7: "softmax over the queries",
    8: "the inputs are changed",
    9: "the mask is transposed",
}


def _future_multiplied_away(Q: Array, K: Array, V: Array) -> Array:
    return softmax(Q @ K.T / np.sqrt(Q.shape[1]) * np.tri(len(Q))) @ V


def _scaled_by_length(Q: Array, K: Array, V: Array) -> Array:
    return attend_under(np.tri(len(Q), dtype=bool), Q * np.sqrt(Q.shape[1] / len(Q)), K, V)


def _written_into_its_inputs(Q: Array, K: Array, V: Array) -> Array:
    Q /= np.sqrt(Q.shape[1])
    for i in range(len(Q)):
        weights = softmax(K[: i + 1] @ Q[i])  # (i + 1,)
        V[i] = weights @ V[: i + 1]
    return V


BROKEN: dict[int, Attend] = {
    1: attention_bugs.one_ahead,
    2: attention_bugs.mask_transposed,
    3: attention_bugs.masked_after_softmax,
    4: attention_bugs.softmax_over_queries,
    5: _scaled_by_length,
    6: _future_multiplied_away,
    7: _written_into_its_inputs,
}


def evidence(number: int) -> Picture:
    """Influence, the output for V = I beside that of a causal attention, and whether a second call says the same.

    Raises KeyError for a number that no attention has.
    """
    attend = BROKEN[number]
    rng = np.random.default_rng(20)
    Q, K = 1.5 * rng.normal(size=(2, T, WIDTH))  # (T, d) each
    inputs = [Q, K, np.eye(T)]
    pictures = show_matrices(
        {
            "influence": attention_bugs.influence(lambda *qkv: attend(*_copies(qkv)), *inputs) > SAME,
            "output for V = I": attend(*_copies(inputs)),
            "of a causal attention": attention_bugs.causal(*inputs),
        },
        alt=f"Attention {number}: what each output depends on, its output for V = I, and what a causal attention gives",
    )
    said = _second_call(attend, inputs)
    return stacked([pictures, Picture(f"<p>{escape(said)}</p>", said)], title=f"attention {number}")


def _second_call(attend: Attend, inputs: list[Array]) -> str:
    once = _copies(inputs)
    first = attend(*once).copy()
    apart = float(np.abs(attend(*once) - first).max())
    return "A second call gives the same." if apart == 0 else f"A second call differs by up to {apart:.2f}."


def _copies(inputs: tuple[Array, ...] | list[Array]) -> list[Array]:
    return [np.array(x) for x in inputs]
