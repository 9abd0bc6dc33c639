"""How a `mask_mod(b, h, q, k)` is read: called once with arrays of indices that broadcast, and once with four integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.exercise.results import Array, Boolean, InvalidResult, Tuple, describe

# What `read` gives: the whole table, and whether query 2 may attend to key 1 of the first text and head.
ANSWER = Tuple(mask=Array("bool"), one_pair=Boolean())


def table(mask_mod: Any, B: int, H: int, T_q: int, T_k: int) -> np.ndarray:
    """(B, H, T_q, T_k) bool: what a mask_mod says of each pair. Raises InvalidResult where it is no such function."""
    if not callable(mask_mod):
        raise InvalidResult(
            "not_a_function", f"It returned {describe(mask_mod)}, expected a function mask_mod(b, h, q, k)."
        )
    try:
        said = Array("bool").parse(mask_mod(*np.ogrid[:B, :H, :T_q, :T_k]))
    except InvalidResult as invalid:
        raise InvalidResult(invalid.id, f"In the function that it returned: {invalid}") from None
    try:
        return np.broadcast_to(said, (B, H, T_q, T_k)).copy()
    except ValueError:
        raise InvalidResult(
            "wrong_shape",
            f"For b (B, 1, 1, 1), h (1, H, 1, 1), q (1, 1, T_q, 1) and k (1, 1, 1, T_k), the mask_mod returned the shape "
            f"{said.shape}. It has to broadcast to (B, H, T_q, T_k) = {(B, H, T_q, T_k)}.",
        ) from None


def read(mask_mod: Any, B: int, H: int, T: int) -> tuple[np.ndarray, Any]:
    """The table of a mask_mod for T queries and T keys, and its answer for b = 0, h = 0, q = 2, k = 1."""
    return table(mask_mod, B, H, T, T), mask_mod(0, 0, 2, 1)
