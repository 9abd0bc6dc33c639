"""What a colour means, for figures in light and dark: palette.css, which the widgets share, and the colours of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

PALETTE_FILE = Path(__file__).with_name("palette.css")
Dashes = str | tuple[int, tuple[int, ...]]


def read_palette() -> tuple[dict[str, str], dict[str, str]]:
    """The colours of palette.css by name, in light and in dark."""
    blocks = re.findall(r"\.lc[a-z-]* \{(.*?)\}", PALETTE_FILE.read_text(encoding="utf-8"), flags=re.DOTALL)
    light, dark = (dict(re.findall(r"--lc-([a-z-]+): (#[0-9a-f]{6});", block)) for block in blocks)
    return light, dark


LIGHT, DARK = read_palette()
INK, MUTED, PAPER, PALE = "#1f2933", "#56616b", "#ffffff", "#e3ebf2"
RULED_OUT, HATCH = "#eceff1", "#9aa5ae"
BLUE, GREEN, VERMILION, PURPLE = LIGHT["causal"], LIGHT["one-ahead"], LIGHT["none"], LIGHT["yours"]
SKY = "#a6cbe3"  # a ground on which a dark line shows
WHITE, BLACK = "#fefefe", "#010101"  # of a text on a cell, whose colour is the same in light and dark
IN_DARK = {
    **{light: DARK[name] for name, light in LIGHT.items()},
    INK: "#e6eaed", MUTED: "#a9b4bd", PAPER: "#14181c", PALE: "#333d46",
    RULED_OUT: "#2b3238", HATCH: "#66727c", SKY: "#2c5a78",
}
SOLID, DOTTED, MIXED, LONG = "-", (0, (1, 1)), (0, (6, 1, 1, 1)), (0, (5, 1.5))
CURVES: list[tuple[str, Any]] = [(BLUE, SOLID), (VERMILION, DOTTED), (GREEN, MIXED), (PURPLE, LONG)]
OF_MASK: dict[str, tuple[str, Any]] = {  # by what lessons and widgets call a mask
    "causal": CURVES[0], "none": CURVES[1], "no mask": CURVES[1], "one ahead": CURVES[2], "your mask": CURVES[3],
}  # fmt: skip
SEQUENTIAL = "cividis"  # looks the same to eyes that do not tell red from green
DIVERGING = "PuOr_r"  # so do these: purple below 0, orange above


def curve_styles(names: Iterable[str]) -> list[tuple[str, Any]]:
    """Colour and dashes of each curve: a mask has its own, wherever it is shown; the others take what is left in turn."""
    listed = list(names)
    taken = [OF_MASK[name] for name in listed if name in OF_MASK]
    rest = cycle([style for style in CURVES if style not in taken] or CURVES)
    return [OF_MASK[name] if name in OF_MASK else next(rest) for name in listed]


def are_signed(low: float, high: float) -> bool:
    """Whether numbers in this range are to be read by their sign: both signs, and neither by rounding alone."""
    return low < 0 < high and min(-low, high) > 1e-3 * max(-low, high)


def limits_of(values: NDArray[Any]) -> tuple[float, float]:
    """The range of colours, from the lowest to the highest finite value: around 0 where both signs occur, and 0 to 1
    where it would be empty or is close."""
    finite = values[np.isfinite(values)].astype(float)
    if not finite.size or (finite.min() >= 0 and 0.5 < finite.max() <= 1):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if are_signed(low, high):
        return -max(-low, high), max(-low, high)
    return (low, high) if high > low else (min(low, 0.0), max(high, min(low, 0.0) + 1.0))


def map_for(low: float, high: float) -> str:
    """The colour map of numbers in this range: a diverging one where 0 is its middle."""
    return DIVERGING if low == -high else SEQUENTIAL


def cell_colours(
    values: NDArray[Any], ruled_out: NDArray[np.bool_], may: NDArray[np.bool_], limits: tuple[float, float]
) -> NDArray[np.float64]:
    """The colour (R, C, 4) of each cell: of what may be attended to, of what is ruled out, or of its number."""
    low, high = limits
    if values.dtype == bool:
        colours = np.where(values[..., None], to_rgba(LIGHT["may"]), to_rgba(PALE))  # (R, C, 4)
    else:
        share = (np.nan_to_num(values.astype(float), posinf=high, neginf=low) - low) / (high - low)
        colours = matplotlib.colormaps[map_for(low, high)](np.clip(share, 0, 1))  # (R, C, 4)
    colours = np.where(may[..., None], to_rgba(LIGHT["may"]), colours)
    return np.where(ruled_out[..., None], to_rgba(RULED_OUT), colours)


def text_colour(colour: NDArray[np.float64]) -> str:
    """The colour of a text on a cell of this colour (4,); grounds that the dark theme changes take its ink along."""
    if _hex(colour) in (PALE, RULED_OUT):
        return INK
    return BLACK if luminance(colour) > 0.18 else WHITE  # where both contrast equally with the cell, 4.6 to 1


def luminance(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative luminance (...) of the colours (..., 4), as WCAG 2 defines it for contrast."""
    rgb = colours[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def darken(figure: Figure) -> None:
    """Give every part of a figure whose colour has a counterpart in dark that counterpart; numbers keep their colours."""
    for artist in figure.findobj():
        boxes = [artist.get_bbox_patch()] if hasattr(artist, "get_bbox_patch") else []
        for part in (artist, *boxes, getattr(artist, "arrow_patch", None)):
            if part is not None:
                _darken_part(part)


def _darken_part(artist: Artist) -> None:
    if isinstance(artist, AxesImage) and (cells := np.array(artist.get_array())).ndim == 3:  # a matrix, by its colours
        for place in np.ndindex(cells.shape[:2]):
            if (name := _hex(cells[place])) in IN_DARK:
                cells[place] = to_rgba(IN_DARK[name])
        artist.set_data(cells)
    for name in ("facecolor", "edgecolor", "color", "hatchcolor"):
        read, write = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
        if read is None or write is None or (name == "color" and hasattr(artist, "get_facecolor")):
            continue
        given = read()
        many = np.ndim(given) == 2
        colours = [IN_DARK.get(_hex(one), one) for one in (given if many else [given])]
        if [_hex(one) for one in colours] != [_hex(one) for one in (given if many else [given])]:
            write(colours if many else colours[0])


def _hex(colour: Any) -> str:
    """A colour in hexadecimal digits; "" for one that cannot be seen."""
    rgba = to_rgba(colour)
    return to_hex(rgba) if rgba[3] else ""
