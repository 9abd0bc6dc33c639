"""Curves that are drawn while their numbers are being computed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from leftcontext.plots.charts import show_curves
from leftcontext.plots.picture import Picture

REDRAW = 0.8  # seconds between two pictures; a picture takes about a tenth of a second


def watch(
    points: Iterable[tuple[int, Mapping[str, float]]], **options: Any
) -> tuple[list[int], dict[str, list[float]]]:
    """Draw curves while `points` are computed, and return them: the x of each point, and its values by name.

    `points` yields x and the value of each curve there; all points have the same names. The `options` are those of
    `show_curves`. In a plain script nothing is drawn. Raises ValueError where there is no point.
    """
    x: list[int] = []
    curves: dict[str, list[float]] = {}
    handle, drawn = None, time.monotonic()
    for place, values in points:
        x.append(place)
        for name, value in values.items():
            curves.setdefault(name, []).append(value)
        if len(x) > 1 and time.monotonic() - drawn > REDRAW:
            handle = _draw(show_curves(curves, x=x, **options), handle)
            drawn = time.monotonic()
    if not x:
        raise ValueError("There are no points to draw.")
    _draw(show_curves(curves, x=x, **options), handle)
    return x, curves


def _draw(picture: Picture, handle: Any) -> Any:
    """Show the picture in the place of the last one; the handle of that place, None where there is no notebook."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:  # the model is installed, the course is not
        return None
    if get_ipython() is None:
        return None
    if handle is None:
        return display(picture, display_id=True)
    handle.update(picture)
    return handle
