"""The statistics of an assignment's points.

Pass rate and discrimination are the two numbers of classical test theory (F. M. Lord and M. R. Novick, Statistical
Theories of Mental Test Scores, 1968, chapter 15): how hard an exercise is, and whether those who solve it do well elsewhere.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MAX_BINS = 12
MIN_STUDENTS = 10  # with fewer, a discrimination says nothing


@dataclass(frozen=True)
class ExerciseStatistics:
    """How one graded cell went: of `graded` students, how many got full, partial and no credit."""

    id: str
    points: float
    graded: int
    waiting: int
    full: int
    partial: int
    mean: float
    discrimination: float | None
    heading: str = ""  # what the notebook calls it

    @property
    def name(self) -> str:
        """The exercise's id."""
        return self.id.removeprefix("check_")

    @property
    def title(self) -> str:
        """What people read: the heading, or the id where there is none."""
        return self.heading or self.name

    @property
    def no_credit(self) -> int:
        return self.graded - self.full - self.partial

    @property
    def pass_rate(self) -> float | None:
        return self.full / self.graded if self.graded else None

    @property
    def verdict(self) -> str:
        """How to read the discrimination."""
        if self.discrimination is None:
            return "n/a"
        if self.discrimination < 0:
            return "negative"
        return "weak" if self.discrimination < 0.2 else "fair" if self.discrimination < 0.4 else "good"


@dataclass(frozen=True)
class ScoreDistribution:
    """The distribution of whole scores. `bins` counts steps from 0 to `maximum`, each without its upper end but the last."""

    scores: Floats  # (S,)
    maximum: float
    step: float
    bins: tuple[int, ...]

    def quantile(self, fraction: float) -> float:
        return float(np.quantile(self.scores, fraction))

    @property
    def mean(self) -> float:
        return float(self.scores.mean())

    @property
    def standard_deviation(self) -> float:
        """The sample standard deviation; 0 for a single student."""
        return float(self.scores.std(ddof=1)) if len(self.scores) > 1 else 0.0


def score_distribution(scores: Floats, points: Floats) -> ScoreDistribution:
    """From scores (S, C) and maximum points (C,). An answer that waits for the instructor counts as 0 so far."""
    totals = np.nansum(scores, axis=1)  # (S,)
    maximum = float(points.sum())
    step = _round_step(maximum)
    number = max(1, int(np.ceil(maximum / step - 1e-9)))
    bins = np.bincount(np.clip(np.floor(totals / step + 1e-9), 0, number - 1).astype(int), minlength=number)
    return ScoreDistribution(totals, maximum, step, tuple(int(count) for count in bins))


def _round_step(maximum: float) -> float:
    """The smallest of 0.1, 0.2, 0.5, 1, 2, 5, 10, ... that needs no more than MAX_BINS steps to `maximum`."""
    step = 0.1
    for factor in itertools.cycle((2, 2.5, 2)):
        if maximum <= MAX_BINS * step * (1 + 1e-9):
            return round(step, 9)
        step *= factor
    raise AssertionError


def exercise_statistics(ids: tuple[str, ...], scores: Floats, points: Floats) -> list[ExerciseStatistics]:
    """Each graded cell, from scores (S, C) with NaN where the instructor still has to look."""
    found = []
    for column, id in enumerate(ids):
        own, maximum = scores[:, column], float(points[column])
        graded = ~np.isnan(own)
        passed = own[graded] >= maximum - 1e-9
        partial = (own[graded] > 1e-9) & ~passed
        rest = np.nansum(np.delete(scores, column, axis=1), axis=1)[graded]
        mean = float(own[graded].mean()) if graded.any() else 0.0
        counts = int(graded.sum()), int((~graded).sum()), int(passed.sum()), int(partial.sum())
        found.append(ExerciseStatistics(id, maximum, *counts, mean, discrimination(passed, rest)))
    return found


def with_headings(exercises: list[ExerciseStatistics], headings: Mapping[str, str]) -> list[ExerciseStatistics]:
    """The same with their headings, which are given by the exercises' ids."""
    return [dataclasses.replace(one, heading=headings.get(one.name, "")) for one in exercises]


def discrimination(passed: NDArray[np.bool_], rest: Floats) -> float | None:
    """The point-biserial correlation of passing one exercise with the points of all others.

    None where nobody or everybody passes, where the others do not differ, or of too few students.
    """
    if len(rest) < MIN_STUDENTS or passed.all() or not passed.any() or np.ptp(rest) < 1e-12:
        return None
    rate = passed.mean()
    gap = rest[passed].mean() - rest[~passed].mean()
    return float(gap * np.sqrt(rate * (1 - rate)) / rest.std())
