"""The names of lines beside their right ends, where a legend would have to be looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

GAP = 0.09  # between two names, as a share of the axis


def name_ends(axes: Axes, ends: Mapping[str, tuple[float, str]]) -> None:
    """Write each name beside the right end of its line; where two would touch, one is moved, and a thin line leads to it.

    `ends`: the name of each line → where it ends on the y-axis, and its colour. The axes' limits have to be set before.
    """
    points = axes.get_window_extent().height * 72 / axes.figure.dpi  # of the axis
    to_share = axes.transData + axes.transAxes.inverted()  # of the axis, which may be logarithmic
    lines = sorted((float(to_share.transform((1, value))[1]), name, colour) for name, (value, colour) in ends.items())
    for (height, name, colour), place in zip(lines, spread([height for height, *_ in lines]), strict=True):
        moved = abs(place - height) > 0.01
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.7, "relpos": (0, 0.5), "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            name, (1, height), (14 if moved else 5, (place - height) * points), xycoords="axes fraction",
            textcoords="offset points", color=colour, va="center", annotation_clip=False,
            arrowprops=leader if moved else None,
        )  # fmt: skip


def spread(heights: Sequence[float], gap: float = GAP) -> list[float]:
    """Rising heights as shares of an axis, moved until they are `gap` apart: upwards, and down again from its upper end."""
    places: list[float] = []
    for height in heights:
        places.append(max(height, places[-1] + gap) if places else height)
    top = max([1.0, *heights])
    for n in reversed(range(len(places))):
        places[n] = min(places[n], top)
        top = places[n] - gap
    return places
