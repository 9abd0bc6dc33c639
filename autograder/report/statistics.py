"""What is counted of an assignment's points.

Pass rate and discrimination are the two numbers of classical test theory (F. M. Lord and M. R. Novick, Statistical
Theories of Mental Test Scores, 1968, chapter 15): how hard an exercise is, and whether those who solve it do well elsewhere.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_BINS = 12
FEW = 10  # students: with fewer, a discrimination says nothing


@dataclass(frozen=True)
class Exercise:
    """How one graded cell went: of `graded` students, how many got all, some or none of its points."""

    id: str
    points: float
    graded: int
    waiting: int
    full: int
    some: int
    mean: float
    discrimination: float | None

    @property
    def name(self) -> str:
        return self.id.removeprefix("check_")

    @property
    def none(self) -> int:
        return self.graded - self.full - self.some

    @property
    def pass_rate(self) -> float | None:
        return self.full / self.graded if self.graded else None

    @property
    def verdict(self) -> str:
        """What the discrimination says, in words."""
        if self.discrimination is None:
            return "can't be told"
        if self.discrimination < 0:
            return "below 0: look at it"
        return "weak" if self.discrimination < 0.2 else "fair" if self.discrimination < 0.4 else "good"


@dataclass(frozen=True)
class Totals:
    """The distribution of whole scores. `bins` counts steps from 0 to `most`, each without its upper end but the last."""

    scores: Floats  # (S,)
    most: float
    step: float
    bins: tuple[int, ...]

    def quantile(self, share: float) -> float:
        return float(np.quantile(self.scores, share))

    @property
    def mean(self) -> float:
        return float(self.scores.mean())

    @property
    def deviation(self) -> float:
        """Of the sample, or 0 for a single student."""
        return float(self.scores.std(ddof=1)) if len(self.scores) > 1 else 0.0


def totals(scores: Floats, points: Floats) -> Totals:
    """Of scores (S, C) and the most points (C,). What waits for the instructor counts 0 so far."""
    each = np.nansum(scores, axis=1)  # (S,)
    most = float(points.sum())
    step = _round_step(most)
    number = max(1, int(np.ceil(most / step - 1e-9)))
    bins = np.bincount(np.clip(np.floor(each / step + 1e-9), 0, number - 1).astype(int), minlength=number)
    return Totals(each, most, step, tuple(int(count) for count in bins))


def _round_step(most: float) -> float:
    """The smallest of 0.1, 0.2, 0.5, 1, 2, 5, 10, ... that needs no more than MOST_BINS steps to `most`."""
    step = 0.1
    for factor in itertools.cycle((2, 2.5, 2)):
        if most <= MOST_BINS * step * (1 + 1e-9):
            return round(step, 9)
        step *= factor
    raise AssertionError


def exercises(ids: tuple[str, ...], scores: Floats, points: Floats) -> list[Exercise]:
    """Each graded cell, from scores (S, C) with NaN where the instructor still has to look."""
    found = []
    for column, id in enumerate(ids):
        own, most = scores[:, column], float(points[column])
        there = ~np.isnan(own)
        passed = own[there] >= most - 1e-9
        some = (own[there] > 1e-9) & ~passed
        rest = np.nansum(np.delete(scores, column, axis=1), axis=1)[there]
        mean = float(own[there].mean()) if there.any() else 0.0
        counts = int(there.sum()), int((~there).sum()), int(passed.sum()), int(some.sum())
        found.append(Exercise(id, most, *counts, mean, discrimination(passed, rest)))
    return found


def discrimination(passed: NDArray[np.bool_], rest: Floats) -> float | None:
    """The point-biserial correlation of passing one exercise with the points of all others.

    None where nobody or everybody passes, where the others do not differ, or of too few students.
    """
    if len(rest) < FEW or passed.all() or not passed.any() or np.ptp(rest) < 1e-12:
        return None
    share = passed.mean()
    gap = rest[passed].mean() - rest[~passed].mean()
    return float(gap * np.sqrt(share * (1 - share)) / rest.std())
