"""The patterns that a causal mask is mistaken for, each with its name: which several exercises have to distinguish.

A pattern is a function T -> (T, T) bool, True where the query may attend to the key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from autograder.exercise import misconceptions as mc
from autograder.exercise.exercise import Function, Misconception

Pattern = Callable[[int], NDArray[np.bool_]]

UPSIDE_DOWN = Misconception(
    "rows_upside_down",
    "The rows are upside down",
    "The first query sees every key and the last one only the first; it should be the other way round.",
    ("How many keys may the first query see?", "Row 0 allows one key, row 1 two, the last row all of them.",
     "The rows start with query 0 at the top."),
)  # fmt: skip
ONLY_ITSELF = Misconception(
    "only_itself",
    "Each query sees only itself",
    "The diagonal is right, but a query may also see every key before its own.",
    (
        "What may the last query look back to?",
        "Allowed is j <= i, not only j == i.",
        "Fill the triangle below the diagonal.",
    ),
)
OWN_POSITION_PATCHED = Misconception(
    "own_position_excluded_except_first",
    "Only the first query sees its own position",
    "Row 0 is right, but from row 1 on the diagonal is forbidden: a query can't see its own token.",
    ("Does row 1 follow the same rule as row 0?", "Allowed is j <= i in every row.",
     "One rule with the diagonal in it needs no exception for row 0."),
)  # fmt: skip


def causal(T: int, k: int = 0) -> NDArray[np.bool_]:
    """(T, T) bool: query i may see the keys up to i + k."""
    return np.tri(T, k=k, dtype=bool)


def first_row_right(T: int, k: int) -> NDArray[np.bool_]:
    """As causal(T, k), with row 0 fixed by hand."""
    allowed = causal(T, k)
    allowed[0] = causal(T)[0]
    return allowed


LONGER = Misconception(
    mc.ONE_SIZE.id,
    "Right for short sequences only",
    "It is right up to four positions, but not for 130: a size, a largest distance or a short integer type is fixed in the code.",
    ("What happens at T = 130?", "The rule j <= i holds at every T.", "Take T from the argument, and no other number."),
)


def right_up_to_four(right_at: Callable[[int], bool]) -> bool:
    """Whether something holds at every small T and fails at a large one."""
    return all(right_at(T) for T in (1, 2, 3, 4)) and not right_at(130)


WRONG_PATTERNS: tuple[tuple[Misconception, Pattern], ...] = (
    (mc.TRANSPOSED, lambda T: causal(T).T),
    (mc.NO_MASK, lambda T: np.ones((T, T), dtype=bool)),
    (mc.OWN_POSITION_EXCLUDED, lambda T: causal(T, -1)),
    (OWN_POSITION_PATCHED, lambda T: first_row_right(T, -1)),
    (mc.ONE_AHEAD, lambda T: causal(T, 1)),
    (mc.ONE_AHEAD_PATCHED, lambda T: first_row_right(T, 1)),
    (mc.INVERTED, lambda T: ~causal(T)),
    (mc.ANTI_DIAGONAL, lambda T: np.fliplr(causal(T))),
    (UPSIDE_DOWN, lambda T: np.flipud(causal(T))),
    (mc.WINDOW_TOO_SHORT, lambda T: causal(T) & ~causal(T, -2)),
    (ONLY_ITSELF, lambda T: np.eye(T, dtype=bool)),
)


def wrong_patterns(
    adapt: Callable[[Pattern], Function] = lambda pattern: pattern,
) -> Iterator[tuple[Misconception, Function]]:
    """Every wrong pattern, made into an answer of an exercise by `adapt`."""
    return ((misconception, adapt(pattern)) for misconception, pattern in WRONG_PATTERNS)
