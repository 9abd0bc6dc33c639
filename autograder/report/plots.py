"""The report's two figures, each with its numbers in words."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from autograder.feedback.sanitize import clean_text
from autograder.report.statistics import ExerciseStatistics, ScoreDistribution
from leftcontext.plots.charts import STYLE
from leftcontext.plots.colours import BLUE, MUTED, PALE, PAPER, VERMILION
from leftcontext.plots.picture import themed_image

LABEL_BOX = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none"}
WIDTH = 5.2  # inches: on a phone the numbers are still to be read
CREDITS = (("full", "full credit"), ("partial", "partial credit"), ("no_credit", "no credit"))
SHADES = ((BLUE, ""), (PALE, "///"), (VERMILION, "..."))  # full, partial, no credit; told apart by their hatch too


def score_histogram(scores: ScoreDistribution) -> Markup:
    """A histogram of the scores."""
    with _style():
        figure = Figure(figsize=(WIDTH, 2.2))
        axes = figure.add_subplot()
        edges = np.minimum(np.arange(len(scores.bins) + 1) * scores.step, scores.maximum)
        middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges) - 0.06 * scores.step
        bars = axes.bar(middle, scores.bins, width=np.maximum(width, 0.2 * scores.step), color=BLUE)
        axes.bar_label(bars, [str(count) if count else "" for count in scores.bins], padding=2, bbox=LABEL_BOX)
        axes.set_xticks(edges, [f"{edge:.3g}" for edge in edges])
        axes.set(xlabel="points", xlim=(0, scores.maximum or 1), ylim=(0, max(scores.bins) * 1.15))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.axvline(scores.mean, zorder=0, color=VERMILION, linestyle="--", linewidth=1.5)
        axes.set_title(f"dashed line: mean {scores.mean:.2f}", fontsize=9, fontweight="normal", color=MUTED, loc="right")
        return Markup(themed_image(figure, f"Histogram of the scores. {histogram_text(scores)}"))


def histogram_text(scores: ScoreDistribution) -> str:
    """The histogram in words."""
    step, maximum = scores.step, scores.maximum
    bins = ((n * step, min((n + 1) * step, maximum), count) for n, count in enumerate(scores.bins) if count)
    return "; ".join(f"{low:.3g} to {high:.3g} points: {count}" for low, high, count in bins) + "."


def credit_chart(exercises: list[ExerciseStatistics]) -> Markup:
    """For each exercise, how many students got full, partial and no credit."""
    with _style():
        figure = Figure(figsize=(WIDTH, 0.36 * len(exercises) + 0.7))
        axes = figure.add_subplot()
        rows = np.arange(len(exercises))
        left = np.zeros(len(exercises))
        for (attribute, label), (colour, hatch) in zip(CREDITS, SHADES, strict=True):
            counts = np.array([getattr(exercise, attribute) for exercise in exercises], dtype=float)
            bars = axes.barh(rows, counts, left=left, height=0.72, color=colour, hatch=hatch, edgecolor=PAPER, label=label)
            axes.bar_label(bars, [f"{n:g}" if n else "" for n in counts], label_type="center", bbox=LABEL_BOX)
            left += counts
        axes.set_yticks(rows, [_label(exercise.title) for exercise in exercises])
        axes.invert_yaxis()
        axes.set_xticks([])
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.legend(ncols=3, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1)
        sentences = (f"{e.title}: {e.full} full, {e.partial} partial, {e.no_credit} none" for e in exercises)
        return Markup(themed_image(figure, "How many students got full, partial and no credit. " + "; ".join(sentences) + "."))


@contextlib.contextmanager
def _style() -> Iterator[None]:
    with matplotlib.rc_context({**STYLE, "text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a letter that the font lacks; the table has it
        yield


def _label(name: str) -> str:
    name = clean_text(name)
    return name if len(name) <= 30 else f"{name[:29]}…"
