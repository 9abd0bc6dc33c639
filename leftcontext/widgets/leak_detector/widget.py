"""LeakDetector: replace a token and see which outputs move. What is causal cannot move anything to its left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

from leftcontext.language.language import SENTENCE
from leftcontext.plots.charts import show_matrix
from leftcontext.plots.picture import Picture
from leftcontext.widgets.attention_map import AttentionMap
from leftcontext.widgets.shared.arrays import array, real
from leftcontext.widgets.shared.base import SequenceWidget, load_view

Attend = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], ArrayLike]
TRIES = 3  # replacements of each token, so that no chance hides a path
ROUNDING = 1e-9  # an output that moves less has not moved: a maximum over hidden scores may change the last digits


class LeakDetector(SequenceWidget):
    """Replace one token, its query, key and value, and see how far each output moves.

    `LeakDetector(my_attention)` takes a function of Q (T, d), K (T, d), V (T, d_v) that returns T rows; it is called
    once for every replacement, here and now. `LeakDetector(my_mask)` takes a (T, T) mask instead, boolean (True = may
    attend) or additive, T up to 16. Q, K, V and `tokens` are the course's sentence, or random for a mask of another size,
    unless they are given.

    token: the position that is replaced, at first the middle one; can be read and set.
    moved: (T, T) how far output i (rows) moves at most when token j (columns) is replaced; 0 where it does not.
    leaks: the pairs (i, j) with j > i where it does.

    Raises ValueError, in one sentence, where shapes do not fit or the function returns what is not a number.
    """

    _esm, _css = load_view("leak_detector")

    token = t.Int(0).tag(sync=True)
    _moved = t.List(t.List(t.Float())).tag(sync=True)  # (T, T)

    def __init__(
        self,
        attend: Attend | ArrayLike | None = None,
        Q: ArrayLike | None = None,
        K: ArrayLike | None = None,
        V: ArrayLike | None = None,
        *,
        tokens: Sequence[str] | None = None,
        token: int | None = None,
        seed: int = 0,
    ) -> None:
        if not (attend is None or callable(attend) or isinstance(attend, str)):
            attend = array(attend, "The mask")
            if Q is None and K is None and V is None and attend.ndim and len(attend) != len(SENTENCE):
                Q, K, V = np.random.default_rng(seed).normal(size=(3, len(attend), 2))
        super().__init__(Q, K, V, tokens)
        function = attend if callable(attend) else _attention_under("causal" if attend is None else attend)
        self.moved = influence(function, self.Q, self.K, self.V, seed=seed)
        self._moved = self.moved.tolist()
        self.token = len(self.Q) // 2 if token is None else token  # in the middle some outputs move, and some do not

    @property
    def leaks(self) -> list[tuple[int, int]]:
        """The pairs (output i, token j) with j > i where replacing j moves i."""
        return [(int(i), int(j)) for i, j in np.argwhere(np.triu(self.moved, 1))]

    def picture(self) -> Picture:
        leaks = self.leaks
        alt = (
            f"{len(leaks)} outputs move with a token to their right: a leak."
            if leaks
            else "No output moves with a token to its right."
        )
        return show_matrix(
            self.moved, self.tokens, self.tokens, title="how far outputs move", alt=alt,
            allowed=self.moved > 0, row_axis="output i", column_axis="token j, replaced",
        )  # fmt: skip

    @t.validate("token")
    def _known_token(self, proposal: t.Bunch) -> int:
        if not 0 <= proposal.value < len(self.moved):
            raise ValueError(
                f"There are {len(self.moved)} tokens, so token is 0 to {len(self.moved) - 1}, not {proposal.value}."
            )
        return int(proposal.value)


def influence(
    attend: Attend, Q: NDArray[np.float64], K: NDArray[np.float64], V: NDArray[np.float64], *, seed: int = 0
) -> NDArray[np.float64]:
    """How far output i (rows) moves at most when token j (columns) is replaced (T, T); less than rounding counts as 0."""
    rng = np.random.default_rng(seed)
    before = _outputs(attend, Q, K, V)  # (T, ...)
    if np.abs(_outputs(attend, Q, K, V) - before).max() > ROUNDING:
        raise ValueError("The function gives another output for the same input, so nothing can be said of a leak.")
    moved = np.zeros((len(Q), len(Q)))
    for j in range(len(Q)):
        for _ in range(TRIES):
            changed = [given.copy() for given in (Q, K, V)]
            for given in changed:
                given[j] += rng.normal(size=given.shape[1])
            distance = np.abs(_outputs(attend, *changed) - before).max(-1)  # (T,)
            moved[:, j] = np.maximum(moved[:, j], distance)
    return np.where(moved > ROUNDING, moved, 0.0)


def _outputs(attend: Attend, *arrays: NDArray[np.float64]) -> NDArray[np.float64]:
    T = len(arrays[0])
    try:
        returned = attend(*(given.copy() for given in arrays))
    except TypeError as error:
        raise ValueError(f"The function has to take Q, K and V, three NumPy arrays ({error}).") from error
    outputs = real(returned, "What the function returns")
    if outputs.ndim < 2 or len(outputs) != T:
        raise ValueError(f"{T} queries need {T} rows of output, but the function returned the shape {outputs.shape}.")
    return outputs.reshape(T, -1)


def _attention_under(mask: ArrayLike | str) -> Attend:
    """Attention under a mask, as AttentionMap computes it."""
    return lambda Q, K, V: AttentionMap(Q, K, V, mask=mask).output
