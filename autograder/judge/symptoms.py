"""What can be said of a wrong result that resembles no known mistake: how it differs, where, and for which inputs.

Each symptom is true by construction: it is named only if it holds in every case that fails (and, for one that speaks of
the inputs, in none that is right).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.exercise.exercise import Misconception
from autograder.judge.symptom_names import (
    BATCH,
    COMPLEMENT,
    DIAGONAL,
    EMPTY,
    EXP_TAKEN,
    FACTOR,
    FIRST_COLUMN,
    FIRST_ROW,
    INFINITE,
    INTEGERS,
    LARGE_NUMBERS,
    LAST_COLUMN,
    LAST_ROW,
    LOG_TAKEN,
    LOGARITHM_BASE,
    NEARLY,
    NEGATED,
    OFFSET,
    ONE,
    ORDER,
    RECIPROCAL,
    REVERSED,
    SHIFTED,
    SOME,
    SWAPPED_AXES,
    TOO_FEW_TRUE,
    TOO_LARGE,
    TOO_MANY_TRUE,
    TOO_SMALL,
)
from autograder.judge.trials import Attempt, inputs

Pair = tuple[np.ndarray, np.ndarray]  # the right values and those of the answer, of one shape
LARGE = 50.0  # numbers beyond it try the numerics
NEAR = 0.02  # relative error of what is nearly right


def name_symptom(attempts: Sequence[Attempt]) -> Misconception | None:
    """The first symptom that all failing attempts share."""
    failing = [attempt for attempt in attempts if not attempt.is_right]
    if any(found.actual is None or found.expected is None for a in failing if (found := a.difference) is not None):
        return None  # None in place of a result, or a result in place of None, says all by itself
    pairs = [pair for attempt in failing if (pair := _pair(attempt)) is not None]
    if len(pairs) < len(failing):
        return _for_which_inputs(attempts) or _for_some(attempts)
    return (
        _relation(pairs) or _place(failing) or _for_which_inputs(attempts) or _direction(pairs) or _for_some(attempts)
    )


def _pair(attempt: Attempt) -> Pair | None:
    """The two results, if they are arrays of numbers and of one shape."""
    found = attempt.difference
    if found is None or found.wrong is None:
        return None
    expected, actual = np.asarray(found.expected), np.asarray(found.actual)
    return (expected, actual) if expected.size and expected.dtype.kind in "biuf" else None


# How all values differ.


def _relation(pairs: Sequence[Pair]) -> Misconception | None:
    if all(expected.dtype == bool for expected, _ in pairs):
        swapped = all(np.array_equal(actual, ~expected) for expected, actual in pairs)
        several = [actual for _, actual in pairs if actual.size > 1]  # a lone wrong entry is always the opposite
        return COMPLEMENT if swapped and sum(actual.size for actual in several) > 3 else None
    numbers = [(expected.astype(float), actual.astype(float)) for expected, actual in pairs]
    if all(_equal(expected, actual) for expected, actual in numbers):
        return _nearness(numbers)  # as near as this, a row of one entry is its own reverse
    for misconception, change in CHANGES:
        same = all(_equal(change(expected), actual) for expected, actual in numbers)
        if same and _is_telling(misconception, numbers):
            return misconception
    return _shift(numbers) or _factor(numbers) or _offset(numbers) or _order(numbers) or _nearness(numbers)


def _is_telling(misconception: Misconception, pairs: Sequence[Pair]) -> bool:
    """False for exp(0) = 1 and log(1) = 0: ones in place of zeros, or zeros in place of ones, are no exponential."""
    if misconception not in (EXP_TAKEN, LOG_TAKEN):
        return True
    return any(np.any((expected != 0) & (expected != 1)) for expected, _ in pairs)


def _equal(expected: np.ndarray | None, actual: np.ndarray) -> bool:
    return expected is not None and expected.shape == actual.shape and np.allclose(expected, actual, equal_nan=True)


def _shift(pairs: Sequence[Pair]) -> Misconception | None:
    """One place off along the first or the last axis, in one direction, in all cases that are long enough to tell."""
    for axis in (-1, 0):
        long = [pair for pair in pairs if pair[0].ndim and pair[0].shape[axis] > 2 and np.unique(pair[0]).size > 2]
        turned = [(np.moveaxis(expected, axis, 0), np.moveaxis(actual, axis, 0)) for expected, actual in long]
        later = all(_equal(expected[:-1], actual[1:]) for expected, actual in turned)
        earlier = all(_equal(expected[1:], actual[:-1]) for expected, actual in turned)
        if turned and (later or earlier):
            return SHIFTED
    return None


def _finite(pairs: Sequence[Pair]) -> list[Pair]:
    """The finite values of all pairs, flat; none if the two are not finite at the same places."""
    flat = []
    for expected, actual in pairs:
        finite = np.isfinite(expected)
        if not np.array_equal(finite, np.isfinite(actual)):
            return []
        if finite.any():
            flat.append((expected[finite], actual[finite]))
    return flat


def _factor(pairs: Sequence[Pair]) -> Misconception | None:
    """One factor for all values of all cases."""
    ratios = []
    for expected, actual in _finite(pairs):
        if not np.allclose(actual[expected == 0], 0):
            return None
        ratios.append(actual[expected != 0] / expected[expected != 0])
    found = np.concatenate(ratios) if ratios else np.zeros(0)
    if len(found) < 2 or not np.allclose(found, found[0], rtol=1e-4, atol=0):
        return None
    if found[0] == 0 or np.isclose(found[0], 1, rtol=1e-4):
        return None
    factor = float(found[0])
    for base in (2, 10):
        if np.isclose(factor, 1 / np.log(base), rtol=1e-4):
            return LOGARITHM_BASE.with_text(
                f"Every value is 1 / ln {base} times the right one: a logarithm to the base {base}."
            )
    return FACTOR.with_text(f"Every value is {factor:.4g} times the right one.")


def _offset(pairs: Sequence[Pair]) -> Misconception | None:
    differences = [actual - expected for expected, actual in _finite(pairs)]
    found = np.concatenate(differences) if differences else np.zeros(0)
    if len(found) < 2 or not np.allclose(found, found[0], rtol=1e-6, atol=1e-9):
        return None
    return OFFSET.with_text(f"Every value is {abs(found[0]):.4g} too {'large' if found[0] > 0 else 'small'}.")


def _order(pairs: Sequence[Pair]) -> Misconception | None:
    several = [(expected, actual) for expected, actual in pairs if len(np.unique(expected)) > 2]
    same = all(np.allclose(np.sort(e, axis=None), np.sort(a, axis=None), equal_nan=True) for e, a in pairs)
    return ORDER if same and several else None


def _nearness(pairs: Sequence[Pair]) -> Misconception | None:
    flat = _finite(pairs)
    if not flat:
        return None
    error = max(
        float(np.max(np.abs(actual - expected)) / (np.max(np.abs(expected)) or 1.0)) for expected, actual in flat
    )
    if error > NEAR:
        return None
    return NEARLY.with_text(
        f"No value is off by more than {error:.1g} of the largest, but more than rounding explains."
    )


# Where the wrong cells lie.


def _place(failing: Sequence[Attempt]) -> Misconception | None:
    found = [attempt.difference.wrong for attempt in failing if attempt.difference is not None]
    masks = [np.atleast_2d(wrong) for wrong in found if wrong is not None]
    for misconception, lies_there in PLACES:
        if all(lies_there(mask) for mask in masks):
            return misconception
    return None


def _only(select: Callable[[np.ndarray], np.ndarray], axis: int) -> Callable[[np.ndarray], bool]:
    """Whether all wrong cells lie in the selected part of an axis that has more than two entries."""
    return lambda mask: mask.shape[axis] > 2 and int(select(mask).sum()) == int(mask.sum())


def _on_diagonal(mask: np.ndarray) -> bool:
    return (
        mask.shape[-2] > 2
        and mask.shape[-2] == mask.shape[-1]
        and not (mask & ~np.eye(mask.shape[-1], dtype=bool)).any()
    )


def _direction(pairs: Sequence[Pair]) -> Misconception | None:
    """All wrong values on the same side of the right ones."""
    signs = set[float]()
    for expected, actual in pairs:
        wrong = ~np.isclose(actual.astype(float), expected.astype(float), equal_nan=True)
        with np.errstate(invalid="ignore"):
            signs |= set(np.sign(actual[wrong].astype(float) - expected[wrong].astype(float)).tolist())
    if len(signs) != 1 or signs & {0.0} or np.isnan(list(signs)).any():
        return None
    boolean = all(expected.dtype == bool for expected, _ in pairs)
    if boolean and all(expected.size == 1 for expected, _ in pairs):
        return None  # a lone True or False is on one side or the other
    if signs == {1.0}:
        return TOO_MANY_TRUE if boolean else TOO_LARGE
    return TOO_FEW_TRUE if boolean else TOO_SMALL


# For which inputs.


def _for_which_inputs(attempts: Sequence[Attempt]) -> Misconception | None:
    """A property of the inputs that all failing cases have, and no right one."""
    failing = [attempt for attempt in attempts if not attempt.is_right]
    right = [attempt for attempt in attempts if attempt.is_right]
    if not right:
        return None
    dimensions = min(_dimensions(attempt) for attempt in attempts)
    for misconception, has in INPUTS:
        if all(has(attempt, dimensions) for attempt in failing) and not any(
            has(attempt, dimensions) for attempt in right
        ):
            return misconception
    return None


def _for_some(attempts: Sequence[Attempt]) -> Misconception | None:
    right = sum(attempt.is_right for attempt in attempts)
    if not right:
        return None
    return SOME.with_text(
        f"{right} of the {len(attempts)} inputs that were tried give the right result, the others do not."
    )


def _arrays(attempt: Attempt) -> list[np.ndarray]:
    values: list[Any] = []
    for value in inputs(attempt.trial.case):
        values += list(value) if isinstance(value, list | tuple) else [value]
    return [value for value in values if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"]


def _dimensions(attempt: Attempt) -> int:
    return max((array.ndim for array in _arrays(attempt)), default=0)


def _any_array(test: Callable[[np.ndarray], Any]) -> Callable[[Attempt, int], bool]:
    return lambda attempt, _dimensions: any(bool(test(array)) for array in _arrays(attempt))


def _has_one(attempt: Attempt, _least: int) -> bool:
    """The number 1, or an axis of length 1."""
    numbers = [value for value in inputs(attempt.trial.case) if isinstance(value, int) and not isinstance(value, bool)]
    return 1 in numbers or any(1 in array.shape for array in _arrays(attempt))


def _is_empty(attempt: Attempt, _least: int) -> bool:
    return any(array.size == 0 for array in _arrays(attempt)) or 0 in [
        value for value in inputs(attempt.trial.case) if isinstance(value, int) and not isinstance(value, bool)
    ]


def _largest(array: np.ndarray) -> float:
    finite = np.abs(array[np.isfinite(array)].astype(float)) if array.dtype.kind == "f" else np.zeros(0)
    return float(finite.max()) if finite.size else 0.0


CHANGES: tuple[tuple[Misconception, Callable[[np.ndarray], np.ndarray | None]], ...] = (
    (NEGATED, lambda e: -e),
    (SWAPPED_AXES, lambda e: np.swapaxes(e, -1, -2) if e.ndim > 1 else None),
    (REVERSED, lambda e: e[..., ::-1] if e.ndim else None),
    (REVERSED, lambda e: e[..., ::-1, :] if e.ndim > 1 else None),
    (RECIPROCAL, lambda e: 1 / e if np.all(e != 0) and np.isfinite(e).all() else None),
    (LOG_TAKEN, lambda e: np.log(e) if np.all(e > 0) else None),
    (EXP_TAKEN, lambda e: np.exp(e) if np.all(np.abs(e) < LARGE) else None),
)
PLACES: tuple[tuple[Misconception, Callable[[np.ndarray], bool]], ...] = (
    (FIRST_ROW, _only(lambda mask: mask[..., :1, :], -2)),
    (LAST_ROW, _only(lambda mask: mask[..., -1:, :], -2)),
    (FIRST_COLUMN, _only(lambda mask: mask[..., :1], -1)),
    (LAST_COLUMN, _only(lambda mask: mask[..., -1:], -1)),
    (DIAGONAL, _on_diagonal),
)
INPUTS: tuple[tuple[Misconception, Callable[[Attempt, int], bool]], ...] = (
    (EMPTY, _is_empty),
    (ONE, _has_one),
    (LARGE_NUMBERS, _any_array(lambda array: _largest(array) > LARGE)),
    (INFINITE, _any_array(lambda array: array.dtype.kind == "f" and np.isneginf(array).any())),
    (BATCH, lambda attempt, least: _dimensions(attempt) > least),
    (INTEGERS, _any_array(lambda array: array.dtype.kind in "iu")),
)
