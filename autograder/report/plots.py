"""The report's two figures, each with its numbers in words."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from autograder.feedback.sanitize import plain
from autograder.report.statistics import Exercise, Totals
from leftcontext.plots.charts import BLUE, MUTED, PALE, PAPER, STYLE, VERMILION
from leftcontext.plots.picture import image

WIDTH = 5.2  # inches: on a phone the numbers are still to be read
SHADES = ((BLUE, ""), (PALE, "///"), (VERMILION, "..."))  # all points, some, none: by hatch too


def distribution(totals: Totals) -> Markup:
    """A histogram of the scores."""
    with _style():
        figure = Figure(figsize=(WIDTH, 2.2))
        axes = figure.add_subplot()
        edges = np.minimum(np.arange(len(totals.bins) + 1) * totals.step, totals.most)
        middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges) - 0.06 * totals.step
        bars = axes.bar(middle, totals.bins, width=np.maximum(width, 0.2 * totals.step), color=BLUE)
        axes.bar_label(bars, [str(count) if count else "" for count in totals.bins], padding=2, bbox=_PLATE)
        axes.set_xticks(edges, [f"{edge:.3g}" for edge in edges])
        axes.set(xlabel="points", xlim=(0, totals.most or 1), ylim=(0, max(totals.bins) * 1.15))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.axvline(totals.mean, zorder=0, color=VERMILION, linestyle="--", linewidth=1.5)
        axes.set_title(f"dashed: the mean, {totals.mean:.2f}", fontsize=9, fontweight="normal", color=MUTED, loc="right")
        return Markup(image(figure, f"Histogram of the scores. {spoken(totals)}"))


def spoken(totals: Totals) -> str:
    """The histogram in words."""
    step, most = totals.step, totals.most
    parts = [f"{n * step:.3g} to {min((n + 1) * step, most):.3g} points: {count}" for n, count in enumerate(totals.bins) if count]
    return "; ".join(parts) + "."


def results(exercises: list[Exercise]) -> Markup:
    """For each exercise, how many students got all, some and none of its points."""
    with _style():
        figure = Figure(figsize=(WIDTH, 0.36 * len(exercises) + 0.7))
        axes = figure.add_subplot()
        rows = np.arange(len(exercises))
        left = np.zeros(len(exercises))
        for label, (colour, hatch) in zip(("full", "some", "none"), SHADES, strict=True):
            counts = np.array([getattr(one, label) for one in exercises], dtype=float)
            named = {"full": "all points", "some": "some", "none": "none"}[label]
            bars = axes.barh(rows, counts, left=left, height=0.72, color=colour, hatch=hatch, edgecolor=PAPER, label=named)
            axes.bar_label(bars, [f"{n:g}" if n else "" for n in counts], label_type="center", bbox=_PLATE)
            left += counts
        axes.set_yticks(rows, [_label(one.name) for one in exercises])
        axes.invert_yaxis()
        axes.set_xticks([])
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.legend(ncols=3, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1)
        said = (f"{one.name}: {one.full} all, {one.some} some, {one.none} none" for one in exercises)
        return Markup(image(figure, "How many students got all, some and none of the points. " + "; ".join(said) + "."))


_PLATE = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"}


@contextlib.contextmanager
def _style() -> Iterator[None]:
    with matplotlib.rc_context({**STYLE, "text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a letter that the font lacks; the table has it
        yield


def _label(name: str) -> str:
    name = plain(name)
    return name if len(name) <= 30 else f"{name[:29]}…"
