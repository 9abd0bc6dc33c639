"""What the course's widgets have in common: one look, one small JavaScript, one static form where nothing can run.

A widget is `name.py` (state and validation), `name.js` (view) and, where the shared look is not enough, `name.css`. The
view is one ES module without imports, as anywidget wants it: `shared.js` goes in front of each `name.js`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
from numpy.typing import ArrayLike, NDArray

from leftcontext.picture import Picture

HERE = Path(__file__).resolve().parent


class CourseWidget(anywidget.AnyWidget):
    """A widget of the course; a subclass names its view: `_esm, _css = view("attention_map")`."""

    def picture(self) -> Picture:
        """What stands in the widget's place where no JavaScript runs: on GitHub, on paper, in a terminal."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:  # a widget that was closed
            return None
        data, metadata = bundle
        picture = self.picture()
        return data | {"text/html": picture.html, "text/plain": picture.text}, metadata


def view(name: str, *parts: str) -> tuple[str, str]:
    """The JavaScript and the CSS of a view, each with the shared part in front, then the `parts` that it needs too."""
    names = ("shared", *parts, name)
    return _joined(*(f"{part}.js" for part in names)), _joined(*(f"{part}.css" for part in names))


def matrix(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """`values` as a float64 matrix with finite entries; else a ValueError of one sentence."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not a matrix of numbers.") from None
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} needs two axes, (positions, width), but has the shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has entries that are not finite numbers.")
    return array


def _joined(*files: str) -> str:
    return "\n".join((HERE / file).read_text(encoding="utf-8") for file in files if (HERE / file).is_file())
