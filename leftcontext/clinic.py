"""A ward of broken attentions, drawn by seed: evidence first, names later.

Axis letters: T position, d width. Every patient has one bug; the last one has two, one behind the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leftcontext import specimens
from leftcontext.evaluation import position_losses
from leftcontext.generation import generate_texts
from leftcontext.language import LITTLE_LANGUAGE
from leftcontext.model import Transformer
from leftcontext.picture import Picture
from leftcontext.plots import show_matrices
from leftcontext.specimens import Array, Attend
from leftcontext.training import Schedule, train

T = 6
SAME = 1e-9  # less is rounding


def mask_transposed(Q: Array, K: Array, V: Array) -> Array:
    """Sees itself and the future."""
    return specimens.attend_under(np.tri(len(Q), dtype=bool).T, Q, K, V)


def softmax_over_queries(Q: Array, K: Array, V: Array) -> Array:
    """Columns sum to 1."""
    scores = np.where(np.tri(len(Q), dtype=bool), Q @ K.T / np.sqrt(Q.shape[1]), -np.inf)  # (T, T)
    return specimens.softmax(scores.T).T @ V


def zero_fill(Q: Array, K: Array, V: Array) -> Array:
    """exp(0) is 1."""
    return specimens.attend_under(np.tri(len(Q), dtype=bool), Q, K, V, fill=0.0)


def two_bugs(Q: Array, K: Array, V: Array) -> Array:
    """The mean over time blackens the whole picture; behind it, the mask is one ahead."""
    return specimens.one_ahead(Q, K, V - V.mean(axis=0))


DIAGNOSES: dict[int, tuple[str, Attend]] = {
    1: ("no mask", specimens.no_mask),
    2: ("one token ahead, in every row", specimens.one_ahead),
    3: ("one token ahead, but not in row 0", specimens.one_ahead_but_row_0),
    4: ("the mask is transposed", mask_transposed),
    5: ("masked after the softmax", specimens.masked_after_softmax),
    6: ("softmax over the queries", softmax_over_queries),
    7: ("0 in place of -inf", zero_fill),
    8: ("a mean over time is subtracted from the values", specimens.values_centred_over_time),
    9: ("heads merged without a transpose", specimens.heads_merged_without_transpose),
    10: ("a hole in the mask at one position", specimens.only_at_one_position),
    11: ("forgets old tokens", specimens.window_of_two),
}


@dataclass(frozen=True)
class Patient:
    """A broken attention under a letter, with the inputs it is examined on: Q, K (T, d)."""

    letter: str
    attend: Attend
    Q: Array
    K: Array

    @property
    def weights(self) -> Array:
        """What it gives for V = identity (T, T): in a healthy attention, its weights."""
        return self.attend(self.Q, self.K, np.eye(T))

    @property
    def influence(self) -> NDArray[np.bool_]:
        """Entry (i, j) is True where changing row j of K and V changes output i (T, T)."""
        return specimens.influence(self.attend, self.Q, self.K, np.eye(T)) > SAME

    def evidence(self) -> Picture:
        """The two pictures side by side; nothing in them names the bug."""
        return show_matrices(
            {f"patient {self.letter}: influence": self.influence, f"patient {self.letter}: output for V = I": self.weights},
            alt="What each row of the output depends on, and what comes out when the values are the identity.",
        )


def ward(seed: int = 9) -> dict[str, Patient]:
    """Letters A to L → patients, in an order that follows from the seed; the last one has two bugs."""
    rng = np.random.default_rng(seed)
    order = [*rng.permutation(list(DIAGNOSES)).tolist(), None]
    patients = {}
    for letter, number in zip("ABCDEFGHIJKL", order, strict=True):
        attend = two_bugs if number is None else DIAGNOSES[number][1]
        patients[letter] = Patient(letter, attend, rng.normal(size=(T, 4)), rng.normal(size=(T, 4)))
    return patients


def _hole(allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    allowed[7, 8] = True
    return allowed


def whole_models() -> dict[str, NDArray[np.bool_]]:
    """Letters X, Y, Z → the masks (16, 16) of three whole models with one bug each; in no order of their badness."""
    back = np.arange(16)[:, None] - np.arange(16)
    patched = back >= -1
    patched[0] = back[0] >= 0
    return {"X": _hole(back >= 0), "Y": (back >= 0) & (back < 2), "Z": patched}


def train_under(allowed: NDArray[np.bool_], steps: int = 400) -> tuple[Array, str]:
    """A mask (16, 16) → the trained model's held-out loss at each position (16,), and a text that it wrote."""
    model = Transformer(allowed=allowed, seed=0)
    for _ in train(model, schedule=Schedule(steps=steps), seed=0):
        pass
    rows = LITTLE_LANGUAGE.rows(256, 16, np.random.default_rng(1))  # (B, T + 1)
    return position_losses(model, rows), LITTLE_LANGUAGE.decode(generate_texts(model, 1)[0])
