"""A figure that can be read without being seen: an image with its alternative text, and plain text beside it."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from html import escape

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image  # matplotlib's own way to write a PNG

from leftcontext.plots.colours import darken

CSS_INCH = 96  # pixels that a browser gives to an inch
DENSITY = 2  # image pixels to a browser's pixel: sharp on a phone's screen too
DPI = CSS_INCH * DENSITY
MARGIN = 0.06  # inches around what is drawn
UNPACKED: dict[str, int] = {"compress_level": 0}  # an image that is thrown away again
DATA = "data:image/png;base64,"
COLOURS = 64  # a palette makes the image four times as small, and nobody sees it


@dataclass(frozen=True, repr=False)
class Picture:
    """What a `show_…` function returns; a notebook displays it when it is the last line of a cell.

    `html` is what JupyterLab, an HTML export and GitHub show, `text` what a terminal and a plain reader show.
    """

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def drawn(figure: Figure, alt: str, text: str) -> Picture:
    """`figure` as a Picture; the same figure gives the same bytes.

    It is drawn twice, and where the notebook is dark, a style shows the dark one in place of the other. Where styles are
    taken out of a page, the light one stays.
    """
    light, dark = _light_and_dark(figure)
    name = f"lc-{hashlib.sha256(dark.encode()).hexdigest()[:12]}"
    style = f"<style>:is([data-jp-theme-light=false],.vscode-dark) .{name}{{content:url({DATA}{dark})}}</style>"
    return Picture(f'<figure style="margin:0">{style}{_element(light, alt, name)}</figure>', text)


def side_by_side(pictures: list[Picture]) -> Picture:
    """Several pictures in a row that wraps where the page is narrow."""
    html = "".join(picture.html for picture in pictures)
    text = "\n\n".join(picture.text for picture in pictures)
    return Picture(f'<div style="display:flex;flex-wrap:wrap;gap:12px;align-items:flex-end">{html}</div>', text)


def stacked(pictures: list[Picture], title: str = "") -> Picture:
    """Several pictures under one another, below their common title."""
    heading = f"<strong>{escape(title)}</strong>" if title else ""
    html = f'<div style="display:grid;gap:12px">{heading}{"".join(picture.html for picture in pictures)}</div>'
    return Picture(html, "\n\n".join([*([title] if title else []), *(picture.text for picture in pictures)]))


def _bounds(figure: Figure) -> Bbox:
    """Where something is drawn, with a margin, in inches: as bbox_inches="tight" does, which draws everything twice."""
    figure.set_dpi(DPI)
    return figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer()).padded(MARGIN)


def _png(figure: Figure, bounds: Bbox) -> tuple[str, int]:
    """The bytes of what lies within the bounds in base64, and its width in a browser's pixels."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches=bounds, pil_kwargs=UNPACKED)
    picture = Image.open(buffer).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small = io.BytesIO()
    picture.save(small, format="png")
    return base64.b64encode(small.getvalue()).decode(), picture.width // DENSITY


def themed_image(figure: Figure, alt: str) -> str:
    """`figure` as one element that holds its own bytes, with a dark one in its place on a dark screen.

    An `image/png` output would lose the text: JupyterLab ignores an image's `alt` metadata.
    """
    light, dark = _light_and_dark(figure)
    source = f'<source media="screen and (prefers-color-scheme: dark)" srcset="{DATA}{dark}">'
    return f"<picture>{source}{_element(light, alt)}</picture>"


def _light_and_dark(figure: Figure) -> tuple[tuple[str, int], str]:
    """The bytes of the figure as it is, with its width, and then those of it for a dark screen, for which it is changed."""
    bounds = _bounds(figure)
    light = _png(figure, bounds)
    darken(figure)
    return light, _png(figure, bounds)[0]


def _element(png: tuple[str, int], alt: str, name: str = "") -> str:
    data, width = png
    style = "max-width:100%;height:auto;border-radius:4px"
    called = f'class="{name}" ' if name else ""
    return f'<img {called}src="{DATA}{data}" width="{width}" style="{style}" alt="{escape(alt)}">'
