"""When are two outputs the same? How far rounding can move a number of each type.

Equal inputs in calls of equal shape give equal bits on almost every machine, so there a difference is a leak or rounding that
depends on the future: what is larger than `certain` is a leak, what is smaller is settled in float64 or by
statistics (`is_systematic`). In calls of different shape, libraries add in another order, and `other_shape` is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Tolerance:
    """Three bounds for a difference, each relative to the largest output.

    nothing      what is smaller is rounding, without further question
    certain      what is larger, in calls of equal shape, is no rounding
    other_shape  what is larger, in calls of different shape, is no rounding
    """

    nothing: float
    certain: float
    other_shape: float


FILL = 1e30  # what is larger, such as the lowest float32, is a fill and no measure
EXACT = Tolerance(0.0, 0.0, 0.0)  # whole numbers, truth values
BY_DTYPE = {
    "float64": Tolerance(1e-11, 1e-11, 1e-9),
    "float32": Tolerance(0.0, 3e-5, 2e-4),
    "float16": Tolerance(0.0, 0.02, 0.03),
    "bfloat16": Tolerance(0.0, 0.1, 0.15),
}


def tolerance_of(dtype: str) -> Tolerance:
    """The bounds for outputs of a dtype, given by its name; complex numbers have those of their parts."""
    if dtype.startswith(("int", "uint", "bool")):
        return EXACT
    name = {"complex64": "float32", "complex128": "float64", "longdouble": "float64", "float128": "float64"}.get(dtype, dtype)
    return BY_DTYPE.get(name, BY_DTYPE["bfloat16"])  # eight bits and fewer


def difference(a: NDArray[np.generic], b: NDArray[np.generic]) -> Array:
    """Outputs a, b (B, T, ...) → (B, T): the largest difference at each position; inf where only one of them is finite.

    Equal infinities and two NaNs are the same.
    """
    B, T = a.shape[:2]
    out = np.zeros((B, T))
    if a.size == 0:
        return out
    x, y = a.reshape(B, T, -1), b.reshape(B, T, -1)
    places = (x != y).any(axis=2)  # most outputs are equal, bit by bit
    wide = np.complex128 if np.iscomplexobj(a) else np.float64
    x, y = x[places].astype(wide), y[places].astype(wide)
    same = (x == y) | (np.isnan(x) & np.isnan(y))
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.where(same, 0.0, np.abs(x - y))
    distance[np.isnan(distance)] = np.inf
    out[places] = distance.max(axis=1, initial=0.0)
    return out


def scale_of(outputs: NDArray[np.generic]) -> float:
    """The largest finite size among outputs; 1 where all are 0."""
    sizes = np.abs(outputs if outputs.dtype.kind in "fc" else outputs.astype(np.float64))
    largest = float(sizes.max(initial=0.0))
    if not largest < FILL:  # NaN, too
        largest = float(sizes[sizes < FILL].max(initial=0.0))
    return largest or 1.0
