"""The one way in which lessons show a matrix, a loss curve, a loss per position and a generated text.

Every function returns a `Picture`: put it on the last line of a cell. Colour is never alone: numbers stand in the
cells, what a mask rules out is hatched, curves differ in their dashes and carry their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import chain, repeat
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from leftcontext.plots.colours import (
    BLUE,
    HATCH,
    INK,
    MUTED,
    PAPER,
    RULED_OUT,
    SKY,
    VERMILION,
    cell_colours,
    curve_styles,
    limits_of,
    map_for,
    text_colour,
)  # fmt: skip
from leftcontext.plots.line_names import name_ends
from leftcontext.plots.picture import Picture, drawn, side_by_side
from leftcontext.plots.spoken import as_table, sentences, tell_curve, tell_matrix

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
FEW = 7  # bars whose numbers stand side by side
CHARACTER = 0.082  # inches that a character of a label takes


def show_matrix(
    matrix: ArrayLike,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    title: str = "",
    alt: str = "",
    allowed: ArrayLike | None = None,
    may: ArrayLike | None = None,
    row_axis: str = "query i",
    column_axis: str = "key j",
    limits: tuple[float, float] | None = None,
    decimals: int = 2,
) -> Picture:
    """A heatmap with its numbers in the cells; booleans as ✓ and ·, what is ruled out and what is False hatched.

    `matrix` (R, C) numbers or booleans; `rows`, `columns` their names (default: 0, 1, 2, …). A cell is ruled out where
    the entry is -inf, or where `allowed` (R, C) is False. With `may` (R, C) the matrix is a mask in some convention:
    where it is True, a query may attend, and the cell gets the colour of that; the others are ruled out. So it is without
    `may` for booleans, and for a mask of 0 and -inf. Numbers of both signs get colours around 0.

    The numbers of a small matrix, and where the ticks or the extreme values of a large one stand, are told to a listener
    in any case; `alt` adds a sentence of the author's, which must not give away what the cell is to show. Raises
    ValueError where the shapes do not fit.
    """
    values, ruled_out, row_names, column_names = _check_matrix(matrix, allowed if may is None else may, rows, columns)
    additive = values.dtype != bool and ruled_out.any() and np.isin(values, (0, -np.inf)).all() and allowed is None
    attended = ~ruled_out if additive or may is not None else np.zeros_like(ruled_out)  # (R, C)
    low, high = limits or limits_of(values[~ruled_out])
    texts = [[_number(value, decimals) for value in row] for row in values]
    cell = min(CELL, WIDTH / len(column_names))
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(cell * len(column_names), cell * len(row_names))
        fits = max(len(text) for row in texts for text in row) * CHARACTER < cell
        colours = cell_colours(values, ruled_out, attended, (low, high))  # (R, C, 4)
        _draw_cells(axes, colours, ruled_out)
        if fits:
            _write_cells(axes, texts, colours, ruled_out, large=values.dtype == bool and cell == CELL)
        _name_axes(axes, row_names, column_names, row_axis, column_axis, cell)
        axes.set_title(title, loc="left")
        if not fits and values.dtype != bool:
            _colour_bar(figure, low, high, cell * len(row_names))
        facts = tell_matrix(values, texts, row_names, column_names)
        size = f"Matrix of {len(row_names)} by {len(column_names)}: rows are {row_axis}, columns are {column_axis}"
        spoken = sentences(title, alt, f"{size}. {facts}")
        return drawn(figure, spoken, as_table(title, texts, row_names, column_names))


def show_matrices(
    matrices: Mapping[str, ArrayLike],
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    *,
    alt: str = "",
    allowed: Mapping[str, ArrayLike] | ArrayLike | None = None,
    **options: Any,
) -> Picture:
    """Several matrices beside each other, by their titles; they wrap on a narrow page.

    `allowed` says for some of the titles, or one matrix for all, what may be attended to; `alt` belongs to the first
    matrix. The `options` are those of `show_matrix`. Without `limits` the same number has the same colour in all of them,
    but that weights, from 0 to 1, have a scale of their own.
    """
    sentences = chain([alt], repeat(""))
    by_title = allowed if isinstance(allowed, Mapping) else dict.fromkeys(matrices, allowed)
    scales = _shared_limits(matrices, by_title)
    return side_by_side(
        [
            show_matrix(
                matrix, rows, columns, title=title, alt=said, allowed=by_title.get(title),
                **({"limits": scales.get(title)} | options),
            )
            for (title, matrix), said in zip(matrices.items(), sentences, strict=False)
        ]
    )  # fmt: skip


def _shared_limits(
    matrices: Mapping[str, ArrayLike], allowed: Mapping[str, ArrayLike | None]
) -> dict[str, tuple[float, float]]:
    """The range of colours of each matrix of numbers: one for all whose entries are shares, one for all others."""
    groups: dict[bool, dict[str, NDArray[Any]]] = {True: {}, False: {}}
    for title, matrix in matrices.items():
        values = np.asarray(matrix)
        if values.dtype == bool or not values.size:
            continue
        may = allowed.get(title)
        shown = values if may is None or np.shape(may) != values.shape else values[np.asarray(may, dtype=bool)]
        seen = shown[np.isfinite(shown)].astype(float)
        groups[bool(seen.size and seen.min() >= 0 and seen.max() <= 1)][title] = seen
    return {
        title: limits_of(np.concatenate([seen.ravel() for seen in group.values()]))
        for group in groups.values()
        for title in group
    }


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
    limits: tuple[float, float] | None = None,
    log: bool = False,
) -> Picture:
    """Curves with their names at their ends, and a dashed line at `floor`, below which no honest loss gets.

    A curve that is named after a mask has its colour. With `log` both axes are logarithmic: a power is a straight line,
    whose slope is the exponent; all x and values must be positive.

    `curves`: name → (N,) values, one at each point of `x` (default: 0, 1, 2, …). `limits` of the values let two pictures
    be compared; they have no effect with `log`.
    """
    lines = {name: np.asarray(values, dtype=float) for name, values in curves.items()}
    with matplotlib.rc_context(STYLE):
        figure, axes = _canvas(PLOT_WIDTH, 2.1)
        ends: dict[str, tuple[float, str]] = {}
        for (name, values), (colour, dashes) in zip(lines.items(), curve_styles(lines), strict=True):
            steps = np.arange(len(values)) if x is None else np.asarray(x)
            axes.plot(steps, values, color=colour, linestyle=dashes, linewidth=2)
            ends[name] = (float(values[-1]), colour)
        if floor is not None:
            axes.axhline(floor, color=INK, linewidth=1.3, linestyle=(0, (5, 3)))
            ends[f"{floor_name} {floor:.4g}"] = (floor, INK)
        axes.set(xlabel=x_axis, ylabel=y_axis)
        axes.set_title(title, loc="left")
        axes.margins(x=0)
        if log:
            _log_axes(axes, steps)
        else:
            low, high = limits or (min(0.0, *(v.min() for v in lines.values())), None)
            axes.set_ylim(low, high)
            room = max(2, int(PLOT_WIDTH / CHARACTER / (len(f"{np.max(steps):g}") + 3)))  # labels side by side
            whole = np.issubdtype(steps.dtype, np.integer)  # there is no position 2.5
            axes.xaxis.set_major_locator(MaxNLocator(nbins=min(8, room), integer=whole))
        name_ends(axes, ends)
        facts = [f"{name}: {tell_curve(steps, values)}" for name, values in lines.items()]
        facts += [f"{floor_name} (dashed line): {floor:.3f}"] if floor is not None else []
        return drawn(figure, sentences(title, alt, "; ".join(facts)), "\n".join([*([title] if title else []), *facts]))


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
        turned = 90 if len(values) > FEW else 0
        for position, value in enumerate(values):
            if not turned or f"{value:z.2f}" != "0.00":  # a row of turned zeros says less than the bars that are not there
                axes.annotate(
                    f"{value:z.2f}", (position, value), (0, 3), textcoords="offset points", ha="center", rotation=turned
                )
        if floor is not None:
            axes.axhline(floor, color=INK, linewidth=1.3, linestyle=(0, (5, 3)))
        axes.set(xlabel=x_axis, ylabel=y_axis, ylim=(0, 1.3 * max(values.max(), floor or 0.0, 1e-9)))
        if floor is not None:
            name_ends(axes, {f"{floor_name} {floor:.4g}": (floor, INK)})
        room = PLOT_WIDTH / len(values) / CHARACTER  # characters that stand side by side
        every = 3 if positions is None and len(values) > FEW else 1
        turned = 90 if max(map(len, names)) + 1 > every * room else 0
        axes.set_xticks(range(0, len(values), every), names[::every], rotation=turned)
        axes.set_title(title, loc="left")
        facts = ", ".join(f"{name}: {value:z.2f}" for name, value in zip(names, values, strict=True))
        facts += f"; {floor_name} (dashed line): {floor:.3f}" if floor is not None else ""
        return drawn(figure, sentences(title, alt, facts), f"{title}\n{facts}".strip())


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
        name_ends(axes, {floor_name: (float(low[-1]), INK)})
        axes.set_title(title, loc="left")
        pairs = enumerate(zip(values, low, strict=True))
        facts = [f"{k}: {loss:z.2f}, {floor_name} {least:.2f}" for k, (loss, least) in pairs]
        return drawn(figure, sentences(title, alt, "; ".join(facts)), "\n".join([*([title] if title else []), *facts]))


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
    if values.dtype == bool and allowed is None:
        ruled_out = ~values
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


def _number(value: Any, decimals: int) -> str:
    if isinstance(value, np.bool_):
        return "✓" if value else "·"
    if np.isposinf(value) or np.isneginf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, np.integer):
        return str(value).replace("-", "−")
    text = f"{value:.{decimals}f}" if abs(value) < 1e4 or np.isnan(value) else f"{value:.0e}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


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
    ground = {"boxstyle": "round,pad=0.12", "facecolor": RULED_OUT, "edgecolor": "none"}
    for i, j in np.ndindex(ruled_out.shape):
        axes.text(
            j + 0.5, i + 0.5, texts[i][j], ha="center", va="center_baseline", color=text_colour(colours[i, j]),
            size=12 if large else None, bbox=ground if ruled_out[i, j] else None,
        )  # fmt: skip


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
    bar.imshow(np.linspace(1, 0, 128)[:, None], cmap=map_for(low, high), aspect="auto", extent=(0, 1, low, high))
    bar.yaxis.tick_right()
    bar.set_xticks([])
    bar.spines[:].set_visible(False)


def _log_axes(axes: Axes, x: NDArray[Any]) -> None:
    """Logarithmic axes, with the measured points as ticks where there are few of them."""
    axes.set(xscale="log", yscale="log")
    if len(x) <= 7:
        axes.set_xticks(x, [f"{value:g}" for value in x], rotation=90 if len(x) * len(f"{max(x):g}") > 26 else 0)
        axes.set_xticks([], minor=True)
