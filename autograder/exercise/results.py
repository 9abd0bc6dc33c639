"""What an exercise may return, how a raw result is read, and where two results differ.

A result type reads leniently (nested lists, float32, NumPy scalars) and compares strictly.
What it can't read is an `InvalidResult`: a sentence for the learner, never a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import CoroutineType, GeneratorType
from typing import Any, Literal, Protocol

import numpy as np


class InvalidResult(Exception):
    """A result that is not of the exercise's result type; `id` says in which way, for machines."""

    def __init__(self, id: str, message: str) -> None:
        super().__init__(message)
        self.id = id


@dataclass(frozen=True)
class Difference:
    """Where a result is wrong: the two values and, if their shapes agree, a mask of the wrong cells."""

    expected: Any
    actual: Any
    wrong: np.ndarray | None = None
    where: str = ""  # which item of a tuple, in words


class ResultType(Protocol):
    """What a function returns: how a raw result is read, and where two read ones differ."""

    def parse(self, raw: Any) -> Any:
        """The result in canonical form; raises InvalidResult."""

    def compare(self, expected: Any, actual: Any) -> Difference | None:
        """None where the two agree."""


def describe(raw: Any) -> str:
    """A type in a learner's words."""
    if raw is None:
        return "None"
    if isinstance(raw, np.ndarray):
        return f"an array of {raw.dtype} with shape {raw.shape}"
    if callable(raw) and not isinstance(raw, type):
        return "a function"
    name = type(raw).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def describe_arrays(raw: Any) -> str | None:
    """A tuple of arrays in a learner's words, such as `return output, weights` makes; None of anything else."""
    if not isinstance(raw, tuple) or len(raw) < 2 or not all(isinstance(item, np.ndarray) for item in raw):
        return None
    shapes = ", ".join(str(item.shape) for item in raw[:-1])
    return f"a tuple of {len(raw)} arrays, with the shapes {shapes} and {raw[-1].shape}"


def _length(raw: Any) -> str:
    return f" of length {len(raw)}" if isinstance(raw, list | tuple) else ""


def _as_array(raw: Any, expected: str = "an array or a list") -> np.ndarray:
    """A raw result as an array of booleans, integers or floats; raises InvalidResult. `expected` says what it should be."""
    if raw is None:
        raise InvalidResult("returned_none", "It returned None. Is the `return` line missing?")
    _refuse_unfinished(raw)
    if isinstance(raw, str | bytes | dict | set) or callable(raw):
        raise InvalidResult("wrong_type", f"It returned {describe(raw)}, expected {expected}.")
    try:
        array = np.array(raw, subok=False)
    except Exception as error:
        if (arrays := describe_arrays(raw)) is not None:
            raise InvalidResult("wrong_type", f"It returned {arrays}, expected one array.") from None
        ragged = isinstance(error, ValueError) and "inhomogeneous" in str(error)
        reason = "its rows have different lengths" if ragged else f"it can't become an array ({error})"
        raise InvalidResult("wrong_type", f"It returned {describe(raw)}, but {reason}.") from None
    if array.dtype == object:
        array = _from_objects(array, raw)
    if array.dtype.kind not in "biuf":
        raise InvalidResult("wrong_type", f"It returned {array.dtype} values, expected real numbers.")
    return array


def _refuse_unfinished(raw: Any) -> None:
    """What `async def` and `yield` make of a function: a call of it computes nothing yet."""
    if isinstance(raw, CoroutineType):
        raw.close()  # otherwise Python warns that it was never awaited
        raise InvalidResult("wrong_type", "It returned a coroutine, not a result. Write `def`, not `async def`.")
    if isinstance(raw, GeneratorType):
        raise InvalidResult("wrong_type", "It returned a generator, not a result. Write `return`, not `yield`.")


def _from_objects(array: np.ndarray, raw: Any) -> np.ndarray:
    """An array of Python objects as one of numbers."""
    try:
        plain = np.array(array.tolist())  # Python's own bools, ints and floats show what they are
        if plain.dtype.kind in "biuf" and plain.shape == array.shape:
            return plain
        return array.astype(np.float64)
    except (TypeError, ValueError):
        raise InvalidResult(
            "wrong_type", f"It returned {describe(raw)} holding things that are not numbers."
        ) from None


def _tolerances(dtype: np.dtype) -> tuple[float, float]:
    # float32 is welcome, also where it was promoted on the way (float32 / np.sqrt(4) is float64);
    # float16 is not precise enough to tell a right answer from a leak.
    return (1e-4, 1e-5) if dtype == np.float32 else (1e-5, 1e-6)


def _is_close(given: np.ndarray, right: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """np.isclose(given, right, rtol, atol, equal_nan=True) for arrays of float64, at a quarter of its time."""
    with np.errstate(invalid="ignore", over="ignore"):
        near = (np.abs(given - right) <= atol + rtol * np.abs(right)) & np.isfinite(right)
    return near | (given == right) | (np.isnan(given) & np.isnan(right))


def _is_one(values: np.ndarray) -> np.ndarray:
    # 0.9999999 may be the float32 next to 1; 0.9999999 with more digits was divided by a little too much.
    with np.errstate(over="ignore"):
        in_float32 = values.astype(np.float32) == values
    return np.abs(values - 1) <= np.where(in_float32, 5e-7, 1e-8)


@dataclass(frozen=True)
class Array:
    """An array of `dtype`; `exact_zeros` requires an expected 0 to be exactly 0 (a forbidden weight, say) and an expected 1 to
    be 1 in all digits of its precision (the weight of a lone key): a leak or an epsilon shows there first.

    Where floats are expected, integers and booleans are accepted; not so with `dtype="float"`.
    """

    dtype: Literal["real", "float", "bool", "int"] = "real"
    exact_zeros: bool = False
    rtol: float | None = None
    atol: float | None = None

    def parse(self, raw: Any) -> np.ndarray:
        array = _as_array(raw)
        if self.dtype in ("bool", "float") and isinstance(raw, np.ndarray) and raw.dtype == object:
            kind = "booleans" if self.dtype == "bool" else "floats"
            raise InvalidResult("wrong_dtype", f"It returned an array of dtype object, expected an array of {kind}.")
        if array.size and self.dtype == "bool" and array.dtype != bool:
            raise InvalidResult("not_boolean", self._not_boolean(array))
        if array.size and self.dtype == "float" and array.dtype.kind != "f":
            raise InvalidResult("not_floats", f"It returned {array.dtype} values, expected an array of floats.")
        if array.size and self.dtype == "int" and array.dtype.kind not in "iu":
            raise InvalidResult("not_integers", f"It returned {array.dtype} values, expected integers.")
        return array

    @staticmethod
    def _not_boolean(array: np.ndarray) -> str:
        if np.isneginf(array).any() or (array < -1).any():
            return (
                "It returned an additive mask (0 and a very negative number), "
                "expected a boolean array (True and False)."
            )
        return f"It returned {array.dtype} numbers, expected a boolean array (True and False)."

    def compare(self, expected: np.ndarray, actual: np.ndarray) -> Difference | None:
        if expected.shape != actual.shape:
            return Difference(expected, actual)
        if np.array_equal(expected, actual):  # as nearly always, and far quicker than what follows
            return None
        if self.dtype in ("bool", "int"):
            wrong = expected != actual
        else:
            rtol, atol = _tolerances(actual.dtype)
            right, given = expected.astype(np.float64), actual.astype(np.float64)
            wrong = ~_is_close(given, right, self.rtol or rtol, self.atol or atol)
            if self.exact_zeros:
                wrong |= ((right == 0) & (given != 0)) | ((right == 1) & ~_is_one(given))
        return Difference(expected, actual, wrong) if wrong.any() else None


@dataclass(frozen=True)
class Number:
    """One real number."""

    rtol: float | None = None
    atol: float | None = None

    def parse(self, raw: Any) -> np.ndarray:
        array = _as_array(raw, "one number")
        if array.ndim:
            raise InvalidResult("not_a_number", f"It returned {describe(array)}, expected one number.")
        return array

    def compare(self, expected: np.ndarray, actual: np.ndarray) -> Difference | None:
        return Array(rtol=self.rtol, atol=self.atol).compare(expected, actual)


@dataclass(frozen=True)
class Integer:
    """One whole number, such as a token or a count."""

    def parse(self, raw: Any) -> np.ndarray:
        array = Number().parse(raw)
        if array.dtype.kind not in "iu":
            raise InvalidResult("not_an_integer", f"It returned {raw!r}, expected a whole number (an int).")
        return array

    def compare(self, expected: np.ndarray, actual: np.ndarray) -> Difference | None:
        return Array("int").compare(expected, actual)


@dataclass(frozen=True)
class Boolean:
    """True or False."""

    def parse(self, raw: Any) -> np.ndarray:
        array = _as_array(raw, "True or False")
        if array.ndim:
            raise InvalidResult("not_boolean", f"It returned {describe(array)}, expected True or False.")
        if array.dtype != bool and array not in (0, 1):
            raise InvalidResult("not_boolean", f"It returned {raw!r}, expected True or False.")
        return array.astype(bool)

    def compare(self, expected: np.ndarray, actual: np.ndarray) -> Difference | None:
        return Array("bool").compare(expected, actual)


@dataclass(frozen=True, init=False)
class Tuple:
    """Several results at once; a list will do. Each item has a name and a result type of its own."""

    items: tuple[tuple[str, ResultType], ...]

    def __init__(self, **items: ResultType) -> None:
        object.__setattr__(self, "items", tuple(items.items()))

    def parse(self, raw: Any) -> tuple[Any, ...]:
        names = ", ".join(name for name, _ in self.items)
        if raw is None:
            raise InvalidResult("returned_none", "It returned None. Is the `return` line missing?")
        _refuse_unfinished(raw)
        if not isinstance(raw, Sequence | np.ndarray) or isinstance(raw, str) or len(raw) != len(self.items):
            raise InvalidResult(
                "not_a_tuple", f"It returned {describe(raw)}{_length(raw)}, expected the tuple ({names})."
            )
        return tuple(self._item(name, type, value) for (name, type), value in zip(self.items, raw, strict=True))

    @staticmethod
    def _item(name: str, type: ResultType, value: Any) -> Any:
        try:
            return type.parse(value)
        except InvalidResult as invalid:
            if value is None:
                raise InvalidResult("wrong_type", f"The item `{name}` of the tuple is None.") from None
            raise InvalidResult(invalid.id, f"In the item `{name}` of the tuple: {invalid}") from None

    def compare(self, expected: tuple[Any, ...], actual: tuple[Any, ...]) -> Difference | None:
        for (name, type), expected_item, actual_item in zip(self.items, expected, actual, strict=True):
            found = type.compare(expected_item, actual_item)
            if found is not None:
                where = f"{name}.{found.where}" if found.where else name
                return Difference(found.expected, found.actual, found.wrong, where)
        return None


@dataclass(frozen=True)
class OrNone:
    """A result of `type`, or None where None is the right answer."""

    type: ResultType

    def parse(self, raw: Any) -> Any:
        if raw is None:
            return None
        try:
            return self.type.parse(raw)
        except InvalidResult as invalid:
            raise InvalidResult(invalid.id, f"{invalid} Where there is nothing to return, return None.") from None

    def compare(self, expected: Any, actual: Any) -> Difference | None:
        if expected is None or actual is None:
            return None if expected is actual else Difference(expected, actual)
        return self.type.compare(expected, actual)
