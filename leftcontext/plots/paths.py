"""Which positions a position has read, layer by layer: lines whose width is an attention weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from leftcontext.plots.charts import STYLE
from leftcontext.plots.colours import BLUE, GREEN, INK, MUTED, PALE, PAPER
from leftcontext.plots.picture import Picture, drawn
from leftcontext.plots.spoken import sentences

STEP, RISE = 0.235, 0.95  # inches from one position to the next, and from one layer to the next
THICK = 5.0  # points, for a weight of 1
SHOWN = 0.15  # smaller weights get no line of their own
COLOURS = (GREEN, BLUE)  # of the layers, in turn; the label of each stands beside it


def show_paths(
    words: Sequence[str], layers: Sequence[ArrayLike], query: int, names: Sequence[str], *, title: str = ""
) -> Picture:
    """What the position `query` has read, from top to bottom: in the last layer, and before that in the layers below.

    `layers`: the weights (T, T) of one head in each layer, the first layer first; `names` says what each is called. A line
    leads from a query, above, to a key, below; its width is the weight, and weights below 0.15 are left out.
    Raises ValueError where the shapes do not fit.
    """
    maps = [np.asarray(layer, dtype=float) for layer in layers]
    T = len(words)
    if any(m.shape != (T, T) for m in maps) or len(names) != len(maps) or not 0 <= query < T:
        raise ValueError(f"{T} words need maps of {T} by {T}, a name for each, and a query below {T}.")
    lines = _lines(maps, query)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(STEP * T, RISE * len(maps) + 0.3))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(-0.5, T - 0.5), ylim=(-0.22, len(maps) + 0.25))
        axes.set_axis_off()
        for level, i, j, weight in lines:
            axes.plot([j, i], [level, level + 1], color=COLOURS[level % 2], linewidth=THICK * weight, zorder=1)
        reached = (
            {(len(maps), query)}
            | {(level, j) for level, _, j, _ in lines}
            | {(level + 1, i) for level, i, _, _ in lines}
        )
        _write(axes, words, len(maps), reached)
        for level, name in enumerate(names):
            ground = {"boxstyle": "round,pad=0.2", "facecolor": PAPER, "edgecolor": PAPER}
            place: dict[str, Any] = {"ha": "right", "va": "center", "weight": "bold", "bbox": ground}
            axes.text(T - 0.5, level + 0.5, name, color=COLOURS[level % 2], size=9, **place)
        axes.set_title(title, loc="left")
        told = [
            f"{names[k]}: {words[i]} at position {i} reads {words[j]} at position {j}, weight {w:.2f}"
            for k, i, j, w in lines
        ]
        return drawn(figure, sentences(title, "", "; ".join(told)), "\n".join([*([title] if title else []), *told]))


def _lines(maps: list[NDArray[np.float64]], query: int) -> list[tuple[int, int, int, float]]:
    """(level, query, key, weight) of each line, from the last layer to the first."""
    lines: list[tuple[int, int, int, float]] = []
    queries = {query}
    for level in reversed(range(len(maps))):
        found = [
            (level, i, int(j), float(maps[level][i, j]))
            for i in sorted(queries)
            for j in np.flatnonzero(maps[level][i] >= SHOWN)
        ]
        lines += found
        queries = {j for _, _, j, _ in found}
    return lines


def _write(axes: Axes, words: Sequence[str], levels: int, reached: set[tuple[int, int]]) -> None:
    """The words at each level; those that a line reaches have a ground."""
    for level in range(levels + 1):
        for k, word in enumerate(words):
            lit = (level, k) in reached
            box = {
                "boxstyle": "circle,pad=0.18",
                "facecolor": PALE if lit else PAPER,
                "edgecolor": INK if lit else PAPER,
            }
            axes.text(k, level, word, ha="center", va="center", color=INK if lit else MUTED, bbox=box, zorder=2)
