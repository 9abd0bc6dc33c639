"""The one way in which lessons show a matrix, a loss curve, a loss per position and a generated text.

Every function returns a `Picture`: put it on the last line of a cell. Colour is never alone: numbers stand in the
cells, what a mask rules out is hatched, curves differ in their dashes and carry their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import chain, cycle, repeat
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from leftcontext.plots.picture import Picture, drawn, side_by_side

INK, MUTED, PAPER, PALE = "#1f2933", "#56616b", "#ffffff", "#e3ebf2"
RULED_OUT, HATCH = "#eceff1", "#9aa5ae"
BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#bf5000", "#00795a", "#a0527f"  # Okabe and Ito's, darkened for text
SKY = "#a6cbe3"  # a ground on which a dark line shows
CURVES = [(BLUE, "-"), (VERMILION, (0, (1, 1))), (GREEN, (0, (6, 1, 1, 1))), (PURPLE, (0, (3, 1, 1, 1, 1, 1)))]
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture on every machine
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": HATCH,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.color": HATCH,
    "hatch.linewidth": 0.7,
    "figure.facecolor": PAPER,
}
WIDTH = 3.3  # inches for the data: with its labels a figure stays readable on a phone
PLOT_WIDTH = 2.8  # the names at the ends of lines need room too
CELL = 0.48
CHARACTER = 0.082  # inches that a character of a label takes


def show_matrix(
    matrix: ArrayLike,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    title: str = "",
    alt: str = "",
    allowed: ArrayLike | None = None,
    row_axis: str = "query i",
    column_axis: str = "key j",
    limits: tuple[float, float] | None = None,
    decimals: int = 2,
) -> Picture:
    """A heatmap with its numbers in the cells; booleans as ✓ and ·, what is ruled out hatched.

    `matrix` (R, C) numbers or booleans; `rows`, `columns` their names (default: 0, 1, 2, …). A cell is ruled out where
    the entry is -inf, or where `allowed` (R, C) is False. The numbers of a small matrix, and where the
    ticks or the extreme values of a large one stand, are told to a listener in any case; `alt` adds a sentence of the
    author's, which must not give away what the cell is to show. Raises ValueError where the shapes do not fit.
    """
    values, ruled_out, row_names, column_names = _check_matrix(matrix, allowed, rows, columns)
    low, high = limits or _limits(values[~ruled_out])
    texts = [[_number(value, decimals) for value in row] for row in values]
    cell = min(CELL, WIDTH / len(column_names))
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(cell * len(column_names), cell * len(row_names))
        fits = max(len(text) for row in texts for text in row) * CHARACTER < cell
        colours = _cell_colours(values, ruled_out, low, high)  # (R, C, 4)
        _draw_cells(axes, colours, ruled_out)
        if fits:
            _write_cells(axes, texts, colours, ruled_out, large=values.dtype == bool and cell == CELL)
        _name_axes(axes, row_names, column_names, row_axis, column_axis, cell)
        axes.set_title(title, loc="left")
        if not fits and values.dtype != bool:
            _colour_bar(figure, low, high, cell * len(row_names))
        facts = _facts(values, texts, row_names, column_names)
        size = f"Matrix of {len(row_names)} by {len(column_names)}: rows are {row_axis}, columns are {column_axis}"
        spoken = _sentence(title, alt, f"{size}. {facts}")
        return drawn(figure, spoken, _table(title, texts, row_names, column_names))


def show_matrices(
    matrices: Mapping[str, ArrayLike],
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    alt: str = "",
    allowed: Mapping[str, ArrayLike] | None = None,
    **options: Any,
) -> Picture:
    """Several matrices beside each other, by their titles; they wrap on a narrow page.

    `allowed` says for some of the titles what may be attended to; `alt` belongs to the first matrix; each has its own
    colour scale unless `limits` is among the `options`, which are those of `show_matrix`.
    """
    sentences = chain([alt], repeat(""))
    return side_by_side(
        [
            show_matrix(matrix, rows, columns, title=title, alt=said, allowed=(allowed or {}).get(title), **options)
            for (title, matrix), said in zip(matrices.items(), sentences, strict=False)
        ]
    )


def show_curves(
    curves: Mapping[str, ArrayLike],
    *,
    floor: float | None = None,
    floor_name: str = "entropy",
    x: ArrayLike | None = None,
    title: str = "",
    alt: str = "",
    x_axis: str = "training step",
    y_axis: str = "loss (nats per token)",
) -> Picture:
    """Curves with their names at their ends, and a dashed line at `floor`, below which no honest loss gets.

    `curves`: name → (N,) values, one at each point of `x` (default: 0, 1, 2, …).
    """
    lines = {name: np.asarray(values, dtype=float) for name, values in curves.items()}
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(PLOT_WIDTH, 2.1)
        ends: dict[str, tuple[float, str]] = {}
        for (name, values), (colour, dashes) in zip(lines.items(), cycle(CURVES), strict=False):
            steps = np.arange(len(values)) if x is None else np.asarray(x)
            axes.plot(steps, values, color=colour, linestyle=dashes, linewidth=2)
            ends[name] = (float(values[-1]), colour)
        if floor is not None:
            axes.axhline(floor, color=INK, linewidth=1.3, linestyle=(0, (5, 3)))
            ends[f"{floor_name} {floor:.4g}"] = (floor, INK)
        axes.set(xlabel=x_axis, ylabel=y_axis, ylim=(min(0.0, *(v.min() for v in lines.values())), None))
        axes.set_title(title, loc="left")
        axes.margins(x=0)
        if np.issubdtype(steps.dtype, np.integer):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no position 2.5
        _name_ends(axes, ends)
        facts = [f"{name}: {_course(steps, values)}" for name, values in lines.items()]
        facts += [f"{floor_name} (dashed line): {floor:.3f}"] if floor is not None else []
        return drawn(figure, _sentence(title, alt, "; ".join(facts)), "\n".join([*([title] if title else []), *facts]))


def show_losses(
    losses: ArrayLike,
    positions: Sequence[str] | None = None,
    *,
    floor: float | None = None,
    floor_name: str = "entropy",
    title: str = "",
    alt: str = "",
    x_axis: str = "position",
    y_axis: str = "loss (nats)",
) -> Picture:
    """The mean loss at each position as bars with their numbers, `losses` (T,): a leak is a cliff at the last one."""
    values = np.asarray(losses, dtype=float)  # (T,)
    names = _names(positions, len(values), "positions")
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(PLOT_WIDTH, 1.7)
        axes.bar(np.arange(len(values)), values, color=BLUE, width=0.72)
        for position, value in enumerate(values):
            turned = 90 if len(values) > 7 else 0
            axes.annotate(
                f"{value:z.2f}", (position, value), (0, 3), textcoords="offset points", ha="center", rotation=turned
            )
        if floor is not None:
            axes.axhline(floor, color=INK, linewidth=1.3, linestyle=(0, (5, 3)))
            _name_ends(axes, {f"{floor_name} {floor:.4g}": (floor, INK)})
        axes.set(xlabel=x_axis, ylabel=y_axis, ylim=(0, 1.3 * max(values.max(), floor or 0.0, 1e-9)))
        room = PLOT_WIDTH / len(values) / CHARACTER  # characters that stand side by side
        axes.set_xticks(range(len(values)), names, rotation=90 if max(map(len, names)) + 1 > room else 0)
        axes.tick_params(axis="x", length=0)  # below a turned "0.00" a tick would look like a minus
        axes.set_title(title, loc="left")
        facts = ", ".join(f"{name}: {value:z.2f}" for name, value in zip(names, values, strict=True))
        facts += f"; {floor_name} (dashed line): {floor:.3f}" if floor is not None else ""
        return drawn(figure, _sentence(title, alt, facts), f"{title}\n{facts}".strip())


def show_losses_beside(
    losses: ArrayLike, floors: ArrayLike, *, floor_name: str = "entropy", title: str = "", alt: str = ""
) -> Picture:
    """The mean loss at each position as bars, `losses` (T,), beside a floor for each as dashed steps, `floors` (T,)."""
    values, low = np.asarray(losses, dtype=float), np.asarray(floors, dtype=float)  # (T,) each
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(PLOT_WIDTH, 1.7)
        axes.bar(np.arange(len(values)), values, color=SKY, edgecolor=BLUE, width=0.8)
        edges = np.arange(len(values) + 1) - 0.5
        axes.stairs(low, edges, baseline=None, color=INK, linewidth=1.8, linestyle=(0, (3, 1.5)))
        axes.set(xlabel="position", ylabel="loss (nats)", xlim=(edges[0], edges[-1]), xticks=range(0, len(values), 3))
        _name_ends(axes, {floor_name: (float(low[-1]), INK)})
        axes.set_title(title, loc="left")
        pairs = enumerate(zip(values, low, strict=True))
        facts = [f"{k}: {loss:z.2f}, {floor_name} {least:.2f}" for k, (loss, least) in pairs]
        return drawn(figure, _sentence(title, alt, "; ".join(facts)), "\n".join([*([title] if title else []), *facts]))


def show_tokens(tokens: Sequence[str], legal: Sequence[bool] | None = None, *, title: str = "") -> Picture:
    """A text word by word: legal words have a straight line below, illegal ones a wavy one; it wraps as text does."""
    marks = [True] * len(tokens) if legal is None else [bool(mark) for mark in legal]
    if len(marks) != len(tokens):
        raise ValueError(f"There are {len(tokens)} tokens, but legal has {len(marks)} entries.")
    wrong = [position for position, mark in enumerate(marks) if not mark]
    verdict = "" if legal is None else f"first illegal word: {tokens[wrong[0]]}" if wrong else "every word is legal"
    words = " ".join(_word(token, mark, legal is not None) for token, mark in zip(tokens, marks, strict=True))
    heading = f"<strong>{escape(title)}</strong> " if title else ""
    note = f" <small>({escape(verdict)})</small>" if verdict else ""
    plain = " ".join(token if mark else f"✗{token}" for token, mark in zip(tokens, marks, strict=True))
    text = f"{title + ': ' if title else ''}{plain}{f'  ({verdict})' if verdict else ''}"
    return Picture(f'<p style="line-height:1.9;margin:0">{heading}{words}{note}</p>', text)


def show_texts(texts: Mapping[str, tuple[Sequence[str], Sequence[bool]]]) -> Picture:
    """Several texts under each other: title → (tokens, legal)."""
    pictures = [show_tokens(tokens, legal, title=title) for title, (tokens, legal) in texts.items()]
    return Picture("".join(picture.html for picture in pictures), "\n".join(picture.text for picture in pictures))


def _word(token: str, mark: bool, judged: bool) -> str:
    if not judged:
        return escape(token)
    tag, line = ("u", f"solid {BLUE}") if mark else ("s", f"wavy {VERMILION}")  # without its style an <s> is struck out
    return f'<{tag} style="text-decoration:underline {line};text-underline-offset:3px">{escape(token)}</{tag}>'


def _check_matrix(
    matrix: ArrayLike, allowed: ArrayLike | None, rows: Sequence[str] | None, columns: Sequence[str] | None
) -> tuple[NDArray[Any], NDArray[np.bool_], list[str], list[str]]:
    values = np.asarray(matrix)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"A matrix has two axes with at least one entry each; this has the shape {values.shape}.")
    ruled_out = np.isneginf(values) if values.dtype.kind == "f" else np.zeros(values.shape, dtype=bool)
    if allowed is not None:
        may = np.asarray(allowed, dtype=bool)
        if may.shape != values.shape:
            raise ValueError(f"The matrix has the shape {values.shape}, but allowed has {may.shape}.")
        ruled_out = ruled_out | ~may
    return values, ruled_out, _names(rows, values.shape[0], "rows"), _names(columns, values.shape[1], "columns")


def _names(names: Sequence[str] | None, count: int, what: str) -> list[str]:
    given = [str(k) for k in range(count)] if names is None else [str(name) for name in names]
    if len(given) != count:
        raise ValueError(f"There are {count} {what}, but {len(given)} names for them.")
    return given


def _limits(values: NDArray[Any]) -> tuple[float, float]:
    """The range of colours: from the lowest to the highest finite value; 0 to 1 where it would be empty or is close."""
    finite = values[np.isfinite(values)].astype(float)
    if not finite.size or (finite.min() >= 0 and 0.5 < finite.max() <= 1):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (min(low, 0.0), max(high, min(low, 0.0) + 1.0))


def _number(value: Any, decimals: int) -> str:
    if isinstance(value, np.bool_):
        return "✓" if value else "·"
    if np.isposinf(value) or np.isneginf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, np.integer):
        return str(value).replace("-", "−")
    text = f"{value:.{decimals}f}" if abs(value) < 1e4 or np.isnan(value) else f"{value:.0e}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def _cell_colours(values: NDArray[Any], ruled_out: NDArray[np.bool_], low: float, high: float) -> NDArray[np.float64]:
    """The colour (R, C, 4) of each cell; cividis looks the same to eyes that do not tell red from green."""
    if values.dtype == bool:
        colours = np.where(values[..., None], to_rgba(BLUE), to_rgba(PALE))  # (R, C, 4)
    else:
        share = (np.nan_to_num(values.astype(float), posinf=high, neginf=low) - low) / (high - low)
        colours = matplotlib.colormaps["cividis"](np.clip(share, 0, 1))  # (R, C, 4)
    return np.where(ruled_out[..., None], to_rgba(RULED_OUT), colours)


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure whose data area is exactly (width, height) inches; what sticks out is kept when it is saved."""
    figure = Figure(figsize=(width, height))
    return figure, figure.add_axes((0, 0, 1, 1))


def _draw_cells(axes: Axes, colours: NDArray[np.float64], ruled_out: NDArray[np.bool_]) -> None:
    rows, columns = ruled_out.shape
    axes.imshow(colours, extent=(0, columns, rows, 0), aspect="auto", interpolation="nearest")
    for i, j in np.argwhere(ruled_out):
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor="none", edgecolor=HATCH, hatch="////", linewidth=0))
    axes.hlines(range(rows + 1), 0, columns, color=PAPER, linewidth=1.5)
    axes.vlines(range(columns + 1), 0, rows, color=PAPER, linewidth=1.5)


def _write_cells(
    axes: Axes, texts: list[list[str]], colours: NDArray[np.float64], ruled_out: NDArray[np.bool_], large: bool
) -> None:
    """A text in each cell, dark on light and light on dark; on hatching it gets a quiet ground."""
    light = _luminance(colours) > 0.18  # where black and white contrast equally with the cell, 4.6 to 1
    ground = {"boxstyle": "round,pad=0.12", "facecolor": RULED_OUT, "edgecolor": "none"}
    for i, j in np.ndindex(ruled_out.shape):
        axes.text(
            j + 0.5, i + 0.5, texts[i][j], ha="center", va="center_baseline", color="black" if light[i, j] else PAPER,
            size=12 if large else None, bbox=ground if ruled_out[i, j] else None,
        )  # fmt: skip


def _luminance(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative luminance (R, C) of the colours (R, C, 4), as WCAG 2 defines it for contrast."""
    rgb = colours[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def _name_axes(axes: Axes, rows: list[str], columns: list[str], row_axis: str, column_axis: str, cell: float) -> None:
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0), xlabel=column_axis, ylabel=row_axis)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    turned = max(map(len, columns)) * CHARACTER > cell
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, rotation=90 if turned else 0)
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _colour_bar(figure: Figure, low: float, high: float, height: float) -> None:
    """A scale beside a matrix whose cells are too small for numbers."""
    bar = figure.add_axes((1.03, 0, 0.12 / WIDTH, 1))
    bar.imshow(np.linspace(1, 0, 128)[:, None], cmap="cividis", aspect="auto", extent=(0, 1, low, high))
    bar.yaxis.tick_right()
    bar.set_xticks([])
    bar.spines[:].set_visible(False)


def _name_ends(axes: Axes, ends: dict[str, tuple[float, str]]) -> None:
    """Write each name beside the right end of its line, moved apart where two would touch."""
    low, high = axes.get_ylim()
    apart = (high - low) * 0.09
    place = -np.inf
    for name, (value, colour) in sorted(ends.items(), key=lambda end: end[1][0]):
        place = max(value, place + apart)
        axes.annotate(
            name, (1, place), (5, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
            color=colour, va="center", annotation_clip=False,
        )  # fmt: skip


def _course(steps: NDArray[Any], values: NDArray[np.float64]) -> str:
    """Where a curve (N,) begins and ends, and its extremes where they lie between."""
    told = f"from {values[0]:.2f} to {values[-1]:.2f}"
    for name, place in (("lowest", int(values.argmin())), ("highest", int(values.argmax()))):
        if not min(values[0], values[-1]) - 0.005 <= values[place] <= max(values[0], values[-1]) + 0.005:
            told += f", {name} {values[place]:.2f} at {steps[place]:.4g}"
    return told


def _sentence(title: str, alt: str, facts: str) -> str:
    return " ".join(f"{part.rstrip('.')}." for part in (title, alt, facts) if part)


def _facts(values: NDArray[Any], texts: list[list[str]], rows: list[str], columns: list[str]) -> str:
    """What a listener hears of a matrix: all of a small one, of a large one as much as can be followed."""
    if values.size <= 36:
        return "; ".join(f"{row}: {', '.join(line)}" for row, line in zip(rows, texts, strict=True))
    if values.dtype == bool:
        return "; ".join(f"{row}: {_runs(line, columns)}" for row, line in zip(rows, values, strict=True))
    finite = np.where(np.isfinite(values), values, np.nan).astype(float)
    if np.isnan(finite).all():
        return "No number in it is finite"
    told = []
    for name, place in (("lowest", np.nanargmin(finite)), ("highest", np.nanargmax(finite))):
        i, j = divmod(int(place), len(columns))
        told.append(f"{name} {texts[i][j]}, at {rows[i]}, {columns[j]}")
    return "; ".join(told)


def _runs(line: NDArray[np.bool_], columns: list[str]) -> str:
    """Where the ticks of a row stand: "0 to 3, 7"."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(int)))  # (2 n,)
    runs = [(columns[a], columns[b - 1]) for a, b in edges.reshape(-1, 2)]
    return ", ".join(first if first == last else f"{first} to {last}" for first, last in runs) or "none"


def _table(title: str, texts: list[list[str]], rows: list[str], columns: list[str]) -> str:
    first = max(map(len, rows))
    widths = [max(len(name), *(len(line[j]) for line in texts)) for j, name in enumerate(columns)]
    head = " " * first + "".join(f"  {name:>{w}}" for name, w in zip(columns, widths, strict=True))
    body = [
        f"{row:>{first}}" + "".join(f"  {cell:>{w}}" for cell, w in zip(line, widths, strict=True))
        for row, line in zip(rows, texts, strict=True)
    ]
    return "\n".join([*([title] if title else []), head, *body])
