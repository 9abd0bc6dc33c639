"""What a learner hands to a widget: arrays, names and masks. What does not fit gets a ValueError of one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets as t
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]
LARGEST = 1e100  # beyond, a product of two entries is no number


def array(values: Any, name: str) -> NDArray[Any]:
    """`values` as a NumPy array: a list, an array, or the tensor of another library, with or without its gradient."""
    if values is None:
        raise ValueError(f"{name} is None.")
    try:
        if callable(getattr(values, "detach", None)):  # PyTorch gives no array while it records a gradient
            values = values.detach()
        return np.asarray(values)
    except Exception as error:  # whatever another library raises
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{name} can't be read as an array ({reason}).") from None


def real(values: Any, name: str) -> Matrix:
    """`values` as a float64 array with finite entries, of any shape."""
    given = array(values, name)
    try:
        if given.dtype.kind not in "fiubO":
            raise TypeError
        numbers = given.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not an array of real numbers.") from None
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} has entries that are not finite numbers.")
    if numbers.size and np.abs(numbers).max() > LARGEST:
        raise ValueError(f"{name} has entries beyond {LARGEST:g}, too large to be multiplied.")
    return numbers


def matrix(values: Any, name: str) -> Matrix:
    """`values` as a float64 matrix (positions, width) with finite entries."""
    numbers = real(values, name)
    if numbers.ndim != 2 or not numbers.size:
        advice = f"; choose one text and head, such as {name}[0]" if numbers.ndim > 2 else ""
        raise ValueError(f"{name} needs two axes, (positions, width), but has the shape {numbers.shape}{advice}.")
    return numbers


def within(proposal: t.Bunch, limits: Mapping[str, Sequence[float]]) -> Any:
    """The value that is proposed for a trait, where it lies between the trait's two limits."""
    low, high = limits[proposal.trait.name]
    if not low <= proposal.value <= high:
        raise ValueError(f"{proposal.trait.name} goes from {low:g} to {high:g} here, but is {proposal.value:g}.")
    return proposal.value


def named(names: Sequence[str] | None, count: int, what: str, of: str, word: str = "") -> list[str]:
    """`count` names as text, or numbers where none are given."""
    if names is None:
        return [f"{word}{k}" for k in range(count)]
    try:
        given = [str(name) for name in names]
    except TypeError:
        raise ValueError(f"{what} are a list of words, not {names!r}.") from None
    if len(given) != count:
        raise ValueError(f"There are {count} {of}, but {len(given)} {what}.")
    return given


def additive(values: Any, shape: tuple[int, ...]) -> Matrix:
    """A boolean (True = may attend) or an additive mask of this shape → additive, -inf where nothing may be seen."""
    given = array(values, "The mask")
    if given.shape != shape:
        raise ValueError(f"The mask has the shape {given.shape}, but the scores have {shape}.")
    if given.dtype == bool:
        return np.where(given, 0.0, -np.inf)
    if given.dtype.kind not in "fiu" or np.isnan(given).any() or np.isposinf(given).any():
        raise ValueError("A mask is boolean, True where a query may look, or it is additive with 0 and -inf.")
    if given.any() and np.isin(given, (0, 1)).all():
        raise ValueError("A mask of 0 and 1 could mean either; if 1 is where a query may look, hand in mask == 1.")
    return given.astype(np.float64)


class Compared(np.ndarray):
    """What `==` or `!=` of two masks gives: an array, and also the one truth value that `traitlets.link` asks for."""

    equal = True

    def __bool__(self) -> bool:
        cells = np.asarray(self)
        return bool(cells.all() if self.equal else cells.any())


class Mask(np.ndarray):
    """A boolean mask (T, T) that can be linked: compared as a whole, where one asks for a single truth value."""

    def __eq__(self, other: object) -> Any:
        return self._compare(other, equal=True)

    def __ne__(self, other: object) -> Any:
        return self._compare(other, equal=False)

    __hash__ = None

    def _compare(self, other: object, equal: bool) -> Any:
        if not isinstance(other, np.ndarray) or other.shape != self.shape:
            return not equal
        result = ((self.view(np.ndarray) == np.asarray(other)) == equal).view(Compared)
        result.equal = equal
        return result


def square(values: Any, most: int) -> Mask:
    """A boolean or an additive mask (T, T) of 0 and -inf, T up to `most` → boolean, True = may attend; a copy."""
    given = array(values, "The mask")
    if given.ndim != 2 or given.shape[0] != given.shape[1] or not 0 < len(given) <= most:
        raise ValueError(f"A mask has the shape (T, T) with T up to {most}, not {given.shape}.")
    mask = additive(given, given.shape)
    if not np.isin(mask, (0, -np.inf)).all():
        raise ValueError("A mask is boolean, True where a query may look, or additive with 0 and -inf; yours is neither.")
    return (mask == 0).view(Mask)


def sequence(
    Q: ArrayLike | None, K: ArrayLike | None, V: ArrayLike | None, tokens: Sequence[str] | None, most: int
) -> tuple[Matrix, Matrix, Matrix, list[str]]:
    """One query, key and value for each of up to `most` tokens: Q (T, d), K (T, d), V (T, d_v), and T names."""
    Q, K, V = together(Q, K, V)
    T = len(Q)
    if not T == len(K) == len(V):
        raise ValueError(f"Each token has one query, key and value, but Q, K, V have {[T, len(K), len(V)]} rows.")
    if len(Q) > most:
        raise ValueError(f"Up to {most} tokens fit on a page, not {T}; show a part, such as Q[:{most}].")
    return Q, K, V, named(tokens, T, "tokens", "rows in Q")


def together(Q: Any, K: Any, V: Any) -> tuple[Matrix, Matrix, Matrix]:
    """Q (T_q, d), K (T_k, d) and V (T_k, d_v) as matrices; none may be missing."""
    if Q is None or K is None or V is None:
        raise ValueError("Q, K and V come together, or none of them.")
    Q, K, V = matrix(Q, "Q"), matrix(K, "K"), matrix(V, "V")
    if Q.shape[1] != K.shape[1]:
        raise ValueError(f"A query and a key need the same width, but Q has {Q.shape} and K has {K.shape}.")
    return Q, K, V
