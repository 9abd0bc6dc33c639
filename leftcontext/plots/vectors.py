"""Vectors of width 2 as a lesson shows them: arrows in the plane, and a weighted sum inside the triangle of its values.

As in `plots`, every function returns a `Picture`; each arrow and each point carries its name, so colour is never alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, cycle

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from leftcontext.plots.charts import STYLE
from leftcontext.plots.colours import CURVES, HATCH, INK, MUTED, PALE, PAPER, VERMILION
from leftcontext.plots.picture import Picture, drawn

SIDE = 2.9  # inches of the longer side
MAX_AREA = 420  # of a point that has all the weight, in square points
LABEL = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85}


def show_arrows(
    arrows: Mapping[str, ArrayLike], *, bold: str = "", chain: bool = False, title: str = "", alt: str = ""
) -> Picture:
    """Vectors, name → (2,), as arrows from the origin; `bold` names the one that the others are compared with.

    With `chain`, each arrow starts at the tip of the one before: the last tip is their sum.
    """
    vectors = {name: _vector(value, name) for name, value in arrows.items()}
    tips = np.cumsum(list(vectors.values()), axis=0) if chain else np.array(list(vectors.values()))  # (n, 2)
    starts = np.vstack([np.zeros(2), tips[:-1]]) if chain else np.zeros_like(tips)  # (n, 2)
    with matplotlib.rc_context(STYLE):
        figure, axes = _plane(np.vstack([starts, tips]), title)
        lines = (starts + np.linspace(0, 1, 25)[:, None, None] * (tips - starts)).reshape(-1, 2)  # points on all arrows
        for name, start, tip, (colour, _) in zip(vectors, starts, tips, cycle(CURVES), strict=False):
            _arrow(axes, start, tip, INK if name == bold else colour, 3.0 if name == bold else 1.8)
            _label(axes, name, (start + tip) / 2 if chain else tip, lines)
        facts = [f"{name}: {_point(vector)}" for name, vector in vectors.items()]
        facts += [f"sum: {_point(tips[-1])}"] if chain else []
        return _drawn(figure, title, alt, facts)


def show_mixture(
    values: ArrayLike,
    weights: ArrayLike,
    names: Sequence[str] | None = None,
    *,
    path: ArrayLike | None = None,
    components: Sequence[str] | None = None,
    title: str = "",
    alt: str = "",
) -> Picture:
    """The weighted sum of `values` (t, 2) as a diamond within the area that the values span; points grow with `weights` (t,).

    `path` (N, 2) is drawn as a dotted line: where the sum has been. `components` name both axes. Raises ValueError
    where the shapes do not fit.
    """
    points, shares = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)  # (t, 2), (t,)
    if points.ndim != 2 or points.shape[1] != 2 or shares.shape != points.shape[:1]:
        raise ValueError(f"values are (t, 2) and weights (t,), but they have {points.shape} and {shares.shape}.")
    given = [str(j) for j in range(len(points))] if names is None else list(names)
    if len(given) != len(points):
        raise ValueError(f"There are {len(points)} values, but {len(given)} names for them.")
    output = shares @ points  # (2,)
    track = np.empty((0, 2)) if path is None else np.asarray(path, dtype=float)  # (N, 2)
    with matplotlib.rc_context(STYLE):
        figure, axes = _plane(np.vstack([points, output, track]), title)
        if components is not None:
            axes.set(xlabel=components[0], ylabel=components[1])
        _span(axes, points)
        axes.plot(*track.T, color=MUTED, linestyle=(0, (1, 1.5)), linewidth=1.6)
        axes.scatter(
            points[:, 0],
            points[:, 1],
            s=25 + MAX_AREA * np.clip(shares, 0, 1),
            color=CURVES[0][0],
            edgecolor=PAPER,
            zorder=3,
        )
        axes.scatter(output[0], output[1], s=95, color=VERMILION, marker="D", edgecolor=PAPER, zorder=4)
        between = (points[:, None] + points) / 2  # (t, t, 2): a point of each line between two values, and the values
        taken = np.vstack([between.reshape(-1, 2), output, track])
        for place, label in _labels(points, shares, given).items():
            taken = np.vstack([taken, _label(axes, label, np.array(place), taken, away=15)])
        _label(axes, "output", output, taken, away=14)
        parts = zip(given, points, shares, strict=True)
        facts = [f"{name}: value {_point(point)}, weight {share:.2f}" for name, point, share in parts]
        return _drawn(figure, title, alt, [*facts, f"output: {_point(output)}"])


def _vector(value: ArrayLike, name: str) -> NDArray[np.float64]:
    vector = np.asarray(value, dtype=float)
    if vector.shape != (2,):
        raise ValueError(f"An arrow in the plane has two components, but {name} has the shape {vector.shape}.")
    return vector


def _plane(points: NDArray[np.float64], title: str) -> tuple[Figure, Axes]:
    """Axes of equal units that hold the origin and all `points` (n, 2)."""
    low, high = np.minimum(points.min(axis=0), 0), np.maximum(points.max(axis=0), 0)
    margin = (high - low).max()
    low, high = low - margin * np.array([0.55, 0.26]), high + 0.18 * margin  # room for labels, away from the axis
    size = SIDE * (high - low) / (high - low).max()
    figure = Figure(figsize=tuple(size))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.axhline(0, color=HATCH, linewidth=0.8, zorder=0.5)
    axes.axvline(0, color=HATCH, linewidth=0.8, zorder=0.5)
    axes.set(xlabel="component 0", ylabel="component 1")
    axes.locator_params(nbins=5, steps=[1, 2, 5, 10])
    axes.set_title(title, loc="left")
    return figure, axes


def _span(axes: Axes, points: NDArray[np.float64]) -> None:
    """The convex hull: in the plane it is all the triangles between the points (Carathéodory)."""
    for corners in combinations(points, min(3, len(points))):
        axes.fill(*np.transpose(corners), facecolor=PALE, edgecolor=PALE, linewidth=2, zorder=0.4)


def _arrow(axes: Axes, start: NDArray[np.float64], tip: NDArray[np.float64], colour: str, width: float) -> None:
    style = {"arrowstyle": "-|>,head_width=0.3,head_length=0.6", "color": colour, "linewidth": width}
    axes.annotate("", tuple(tip), tuple(start), arrowprops={**style, "shrinkA": 0, "shrinkB": 0})


def _label(
    axes: Axes, text: str, place: NDArray[np.float64], taken: NDArray[np.float64], away: float = 10
) -> NDArray[np.float64]:
    """A text beside `place`, on the side where the points `taken` (n, 2) crowd least; returns where it stands."""
    angles = np.arange(8) * np.pi / 4
    sides = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # (8, 2)
    unit = SIDE * 72 / max(np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim()))  # points on paper to a unit
    reached = place + 3 * away / unit * sides  # (8, 2)
    near = np.hypot(*(reached[:, None] - taken).T) * unit / away  # (n, 8)
    best = (1 / (near**2 + 0.1)).sum(axis=0).argmin()
    x, y = away * sides[best]
    axes.annotate(
        text, tuple(place), (x, y), textcoords="offset points", va="center", bbox=LABEL, zorder=5,
        ha="left" if x > 3 else "right" if x < -3 else "center", annotation_clip=False,
    )  # fmt: skip
    return reached[best]


def _labels(points: NDArray[np.float64], shares: NDArray[np.float64], names: list[str]) -> dict[tuple[float, ...], str]:
    """One text for each place, for values may coincide."""
    texts: dict[tuple[float, ...], list[str]] = {}
    for point, share, name in zip(points, shares, names, strict=True):
        texts.setdefault(tuple(point), []).append(f"{name} {share:.2f}")
    return {place: "\n".join(lines) for place, lines in texts.items()}


def _point(vector: NDArray[np.float64]) -> str:
    return f"({vector[0]:.2f}, {vector[1]:.2f})".replace("-", "−")


def _drawn(figure: Figure, title: str, alt: str, facts: list[str]) -> Picture:
    spoken = " ".join(f"{part.rstrip('.')}." for part in (title, alt, "; ".join(facts)) if part)
    return drawn(figure, spoken, "\n".join([*([title] if title else []), *facts]))
