"""What a listener hears of a figure, and its plain text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def tell_curve(steps: NDArray[Any], values: NDArray[np.float64]) -> str:
    """Where a curve (N,) begins and ends, and its extremes where they lie between."""
    told = f"from {values[0]:.2f} to {values[-1]:.2f}"
    for name, place in (("lowest", int(values.argmin())), ("highest", int(values.argmax()))):
        if not min(values[0], values[-1]) - 0.005 <= values[place] <= max(values[0], values[-1]) + 0.005:
            told += f", {name} {values[place]:.2f} at {steps[place]:.4g}"
    return told


def sentences(title: str, alt: str, facts: str) -> str:
    """The parts that there are, each as a sentence."""
    return " ".join(f"{part.rstrip('.')}." for part in (title, alt, facts) if part)


def tell_matrix(values: NDArray[Any], texts: list[list[str]], rows: list[str], columns: list[str]) -> str:
    """What a listener hears of a matrix: all of a small one, of a large one as much as can be followed."""
    if values.size <= 36:
        return "; ".join(f"{row}: {', '.join(line)}" for row, line in zip(rows, texts, strict=True))
    if values.dtype == bool:
        return "; ".join(f"{row}: {runs(line, columns)}" for row, line in zip(rows, values, strict=True))
    finite = np.where(np.isfinite(values), values, np.nan).astype(float)
    if np.isnan(finite).all():
        return "No number in it is finite"
    told = []
    for name, place in (("lowest", np.nanargmin(finite)), ("highest", np.nanargmax(finite))):
        i, j = divmod(int(place), len(columns))
        told.append(f"{name} {texts[i][j]}, at {rows[i]}, {columns[j]}")
    return "; ".join(told)


def runs(line: NDArray[np.bool_], columns: list[str]) -> str:
    """Where the ticks of a row stand: "0 to 3, 7"."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(int)))  # (2 n,)
    runs = [(columns[a], columns[b - 1]) for a, b in edges.reshape(-1, 2)]
    return ", ".join(first if first == last else f"{first} to {last}" for first, last in runs) or "none"


def as_table(title: str, texts: list[list[str]], rows: list[str], columns: list[str]) -> str:
    """A matrix as plain text, its names at the edges."""
    first = max(map(len, rows))
    widths = [max(len(name), *(len(line[j]) for line in texts)) for j, name in enumerate(columns)]
    head = " " * first + "".join(f"  {name:>{w}}" for name, w in zip(columns, widths, strict=True))
    body = [
        f"{row:>{first}}" + "".join(f"  {cell:>{w}}" for cell, w in zip(line, widths, strict=True))
        for row, line in zip(rows, texts, strict=True)
    ]
    return "\n".join([*([title] if title else []), head, *body])
