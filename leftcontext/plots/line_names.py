"""The names of lines beside their right ends, where a legend would have to be looked up."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

GAP = 0.09  # between two rows of names, as a share of the axis
ROW = 24  # characters in a row of a name at most


def name_ends(axes: Axes, ends: Mapping[str, tuple[float, str]]) -> None:
    """Write each name beside the right end of its line; where two would touch, one is moved, and a thin line leads to it.

    A long name has several rows, so that it leaves the lines their width.

    `ends`: the name of each line → where it ends on the y-axis, and its colour. The axes' limits have to be set before.
    """
    points = axes.get_window_extent().height * 72 / axes.figure.dpi  # of the axis
    to_share = axes.transData + axes.transAxes.inverted()  # of the axis, which may be logarithmic
    lines = sorted((float(to_share.transform((1, value))[1]), name, colour) for name, (value, colour) in ends.items())
    names = [textwrap.fill(name, ROW) for _, name, _ in lines]
    places = spread([height for height, *_ in lines], [name.count("\n") + 1 for name in names])
    for (height, _, colour), name, place in zip(lines, names, places, strict=True):
        moved = abs(place - height) > 0.01
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.7, "relpos": (0, 0.5), "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            name, (1, height), (14 if moved else 5, (place - height) * points), xycoords="axes fraction",
            textcoords="offset points", color=colour, va="center", annotation_clip=False,
            arrowprops=leader if moved else None,
        )  # fmt: skip


def spread(heights: Sequence[float], rows: Sequence[int]) -> list[float]:
    """Rising heights as shares of an axis, moved until names of so many rows don't touch: upwards, then down from the top."""
    gaps = [GAP * (before + after) / 2 for before, after in itertools.pairwise(rows)]
    places: list[float] = []
    for n, height in enumerate(heights):
        least = places[-1] + gaps[n - 1] if n else GAP * (rows[0] - 1) / 2  # a name's lowest row is beside the axis, not below it
        places.append(max(height, least))
    top = max([1.0, *heights])
    for n in reversed(range(len(places))):
        places[n] = min(places[n], top)
        top = places[n] - (gaps[n - 1] if n else 0.0)
    return places
