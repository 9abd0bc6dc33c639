"""The arrays that a widget about one sequence is given: one query, key and value for each token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.language import SENTENCE
from leftcontext.widgets.attention_map import KEYS, QUERIES, VALUES
from leftcontext.widgets.base import matrix

Matrix = NDArray[np.float64]


def sequence(
    Q: ArrayLike | None, K: ArrayLike | None, V: ArrayLike | None, tokens: Sequence[str] | None
) -> tuple[Matrix, Matrix, Matrix, list[str]]:
    """Q (T, d), K (T, d), V (T, d_v) and T names, the course's sentence where none are given; else a ValueError."""
    if Q is None and K is None and V is None:
        Q, K, V, tokens = QUERIES, KEYS, VALUES, tokens or SENTENCE
    if Q is None or K is None or V is None:
        raise ValueError("Q, K and V come together, or none of them.")
    Q, K, V = matrix(Q, "Q"), matrix(K, "K"), matrix(V, "V")
    T = len(Q)
    if not len(K) == len(V) == T:
        raise ValueError(f"Each token has one query, key and value, but Q, K, V have {[T, len(K), len(V)]} rows.")
    if Q.shape[1] != K.shape[1]:
        raise ValueError(f"A query and a key need the same width, but Q has {Q.shape} and K has {K.shape}.")
    names = [str(j) for j in range(T)] if tokens is None else [str(name) for name in tokens]
    if len(names) != T:
        raise ValueError(f"There are {T} rows in Q, but {len(names)} tokens.")
    return Q, K, V, names
