"""One picture of a transformer, from tokens to logits, on which a lesson marks its own place: "you are here".

As in `plots`, the function returns a `Picture`; what is marked has a thicker frame and a label, so colour is never alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from leftcontext.plots.charts import STYLE
from leftcontext.plots.colours import BLUE, HATCH, MUTED, PALE, PAPER, RULED_OUT, SKY, VERMILION
from leftcontext.plots.picture import Picture, drawn

WIDTH, HEIGHT = 4.3, 6.3  # inches: a phone's width
WORDS = ("these", "dogs", "near", "the", "cat")  # the course's sentence


@dataclass(frozen=True)
class Part:
    """A part of the picture: its frame (in tenths of an inch), its name, a few words on it, and a sentence for a listener."""

    x: float
    y: float
    width: float
    height: float
    name: str
    note: str
    says: str


PLUS = {"boxstyle": "circle,pad=0.1", "facecolor": PAPER, "edgecolor": MUTED, "linewidth": 1.1}
BESIDE = 40.2  # where the line runs that carries a block's input past attention and past the MLP
PARTS = {
    "tokens": Part(2, 57.5, 39, 4.5, "", "", "Tokens: the text as numbers, positions 0 to 4"),
    "embedding": Part(2, 50, 18.5, 4.6, "embedding", "a vector for the token", "Embedding: each token becomes a vector"),
    "position": Part(22.5, 50, 18.5, 4.6, "+ position", "a vector for the place", "Position: a vector for the place is added"),
    "attention": Part(1, 20.2, 37.5, 25.6, "", "", "Attention, in which positions exchange what they know"),
    "query": Part(2.2, 38, 11, 4.6, "query Q", "what I look for", "Query: what a position looks for"),
    "key": Part(14.2, 38, 11, 4.6, "key K", "how I am found", "Key: what a position can be found by"),
    "value": Part(26.2, 38, 11, 4.6, "value V", "what I pass on", "Value: what a position passes on"),
    "scores": Part(2.2, 28, 11, 7.4, "scores", "Q Kᵀ / √d", "Scores: each query with each key"),
    "mask": Part(14.2, 28, 11, 7.4, "+ mask", "hides the future", "Mask: keys to the right of the query are hidden"),
    "softmax": Part(26.2, 28, 11, 7.4, "softmax", "weights, sum 1", "Softmax: scores become weights, a row sums to 1"),
    "output": Part(2.2, 21.2, 35, 4.4, "output", "weights × V, for all heads", "Output: the weighted sum of the values"),
    "mlp": Part(1, 12.0, 37.5, 4.2, "MLP", "each position by itself", "MLP: each position is computed by itself"),
    "logits": Part(2, 4.4, 25, 4.2, "logits", "a score for each next token", "Logits: a score for every next token"),
    "loss": Part(29, 4.4, 12, 4.2, "loss", "training", "Loss: in training, the logits meet the true next token"),
    "next": Part(2, 0.1, 25, 3.2, "next token", "generation", "Next token: in generation, one is chosen and appended"),
}  # fmt: skip
ARROWS = (
    ((BESIDE, 18.8), (20.6, 18.8)), ((BESIDE, 10.9), (15.4, 10.9)),
    ((21, 57.3), (21, 54.9)), ((21, 49.8), (21, 46.0)), ((7.7, 37.8), (7.7, 35.7)), ((19.7, 37.8), (9.5, 35.7)),
    ((13.3, 31.7), (14.1, 31.7)), ((25.3, 31.7), (26.1, 31.7)), ((31.7, 27.8), (31.7, 25.8)), ((19.7, 20.0), (19.7, 16.3)),
    ((37.95, 23.4), (37.3, 23.4)), ((14.5, 11.8), (14.5, 8.7)), ((27.2, 6.5), (28.9, 6.5)), ((14.5, 4.2), (14.5, 3.4)),
)  # fmt: skip


def show_transformer(*here: str) -> Picture:
    """A transformer from tokens to logits, with the parts `here` marked: `show_transformer("mask")`.

    Parts: tokens, embedding, position, attention, query, key, value, scores, mask, softmax, output, mlp, logits, loss, next.
    Raises ValueError for another name.
    """
    unknown = [name for name in here if name not in PARTS]
    if unknown:
        raise ValueError(f"The picture has no part {', '.join(unknown)}. It has {', '.join(PARTS)}.")
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, HEIGHT))
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 10 * WIDTH), ylim=(0, 10 * HEIGHT))
        axes.set_axis_off()
        _draw_block(axes)
        for start, end in ARROWS:
            style: dict[str, Any] = {"arrowstyle": "-|>,head_width=2.2,head_length=3.4", "shrinkA": 0, "shrinkB": 0}
            axes.add_patch(FancyArrowPatch(start, end, color=MUTED, linewidth=1.1, zorder=3, **style))
        for name, part in PARTS.items():
            _draw_part(axes, name, part, name in here)
        _draw_tokens(axes)
        _draw_grids(axes)
        if here:
            _draw_label(axes, PARTS[here[0]])
        return drawn(figure, _alternative(here), _plain(here))


def _draw_block(axes: Axes) -> None:
    """The frame of one block, which is repeated; its input goes past attention and past the MLP and is added to their results."""
    axes.add_patch(_frame(0.2, 9.8, 42.6, 36.8, PAPER, HATCH, 1.2, (0, (4, 2))))
    axes.text(41.8, 29, "a block, repeated N times", rotation=90, ha="center", va="center", color=MUTED, size=8)
    for start, top, bottom in ((21, 47.6, 18.8), (19.7, 17.2, 10.9)):
        axes.plot([start, BESIDE, BESIDE], [top, top, bottom], color=MUTED, linewidth=1.1, zorder=3)
    axes.plot([37.3, 37.95, 37.95], [40.3, 40.3, 23.4], color=MUTED, linewidth=1.1, zorder=3)  # from V to the output
    for x, y in ((19.7, 18.8), (14.5, 10.9)):
        axes.text(x, y, "+", ha="center", va="center_baseline", size=9, weight="bold", zorder=5, bbox=PLUS)


def _draw_part(axes: Axes, name: str, part: Part, marked: bool) -> None:
    fill = PAPER if name in ("attention", "tokens") else PALE
    edge, width = (VERMILION, 2.8) if marked else (BLUE, 1.0)
    axes.add_patch(_frame(part.x, part.y, part.width, part.height, fill, edge, width))
    middle, top = part.x + part.width / 2, part.y + part.height
    if name == "attention":
        axes.text(
            part.x + 1, top - 1.4, "attention: positions exchange what they know", va="center", size=8, color=MUTED
        )
    elif part.height < 5:
        axes.text(middle, top - part.height * 0.31, part.name, ha="center", va="center", size=9, weight="bold")
        axes.text(middle, part.y + part.height * 0.27, part.note, ha="center", va="center", size=7)
    else:
        axes.text(part.x + 3.7, top - 1.3, part.name, ha="center", va="center", size=8.5, weight="bold")
        axes.text(middle, part.y + 1.0, part.note, ha="center", va="center", size=7)


def _draw_tokens(axes: Axes) -> None:
    part = PARTS["tokens"]
    width = part.width / len(WORDS)
    for position, word in enumerate(WORDS):
        middle = part.x + (position + 0.5) * width
        axes.text(middle, part.y + 2.9, word, ha="center", va="center", size=9.5, weight="bold")
        axes.text(middle, part.y + 1.1, str(position), ha="center", va="center", size=7, color=MUTED)
        if position:
            axes.plot(
                [part.x + position * width] * 2, [part.y + 0.4, part.y + part.height - 0.4], color=HATCH, linewidth=0.8
            )


def _draw_grids(axes: Axes) -> None:
    """Three small tables of queries and keys: all pairs, what the mask hides, what is left."""
    for name in ("scores", "mask", "softmax"):
        part = PARTS[name]
        left, top, cell = part.x + 6.9, part.y + part.height - 0.6, 0.74
        for i in range(5):
            for j in range(5):
                hidden = name != "scores" and j > i
                fill = RULED_OUT if hidden else PAPER if name == "mask" else SKY
                axes.add_patch(
                    Rectangle(
                        (left + j * cell, top - (i + 1) * cell), cell, cell, facecolor=fill, edgecolor=HATCH,
                        linewidth=0.5, hatch="//////" if hidden else None,
                    )
                )  # fmt: skip


def _draw_label(axes: Axes, part: Part) -> None:
    """The words "you are here" on the frame's upper edge, within the picture."""
    middle = min(max(part.x + part.width / 2, 7.0), 10 * WIDTH - 7.0)
    ground = {"boxstyle": "round,pad=0.25", "facecolor": VERMILION, "edgecolor": PAPER}
    axes.text(
        middle, part.y + part.height + 0.55, "▼ you are here", ha="center", va="center", size=8, weight="bold",
        color=PAPER, bbox=ground, zorder=6,
    )  # fmt: skip


def _frame(
    x: float, y: float, width: float, height: float, fill: str, edge: str, line: float, dashes: Any = "-"
) -> FancyBboxPatch:
    return FancyBboxPatch(
        (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.8", facecolor=fill, edgecolor=edge, linewidth=line,
        linestyle=dashes,
    )  # fmt: skip


def _alternative(here: tuple[str, ...]) -> str:
    steps = "; ".join(part.says for part in PARTS.values())
    marked = f" You are here: {', '.join(here)}." if here else ""
    block = "Attention and MLP form a block, which is repeated; each adds its result to its input."
    return f"A transformer, from top to bottom. {steps}. {block}{marked}"


def _plain(here: tuple[str, ...]) -> str:
    lines = [f"{'→' if name in here else ' '} {part.says}." for name, part in PARTS.items()]
    marked = ["", f"You are here: {', '.join(here)}."] if here else []
    return "\n".join(["A transformer, from top to bottom:", *lines, *marked])
