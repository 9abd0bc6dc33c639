"""What an audit found: to print, to show in a notebook, to keep as JSON."""

from __future__ import annotations

import html
import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 120


@dataclass(frozen=True)
class Example:
    """The smallest input found that shows the leak: two inputs that agree wherever output `i` may look, and what it gives.

    Inputs are token ids, or rows of numbers; of outputs, the numbers that moved most.
    """

    before: list[Any]
    after: list[Any]
    i: int
    output_before: list[float]
    output_after: list[float]


@dataclass(frozen=True)
class Found:
    """One leak, as one probe found it."""

    probe: str
    mode: str
    length: int
    first_leak: tuple[int, int] | None
    size: float
    through: str | None = None


@dataclass(frozen=True, eq=False)
class Report:
    """The verdict on a model.

    causal      whether no probe found an output that depends on an input which it must not see
    first_leak  (i, j): output i depends on input j; the smallest i, and for it the smallest j
    size        how far an output moved, in its own unit
    reach       how many positions ahead the leak was seen at most
    mode        `eval`, `train` or `as it is`: where it leaks
    looks_like  what the leak looks like, with the conditions under which it shows
    example     the smallest input that shows it
    found       everything that a probe found, of which the above is the clearest
    warnings    what is no leak of a later input, but wrong or worth a look
    tried, not_tried  what has been done, and what has not
    influence   (T_out, T): how far output i moves with input j; None where nothing was mapped
    """

    model: str
    causal: bool
    length: int
    dtype: str
    first_leak: tuple[int, int] | None = None
    size: float = 0.0
    reach: int = 0
    mode: str | None = None
    looks_like: str | None = None
    example: Example | None = None
    found: tuple[Found, ...] = ()
    warnings: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    not_tried: tuple[str, ...] = ()
    influence: NDArray[np.float64] | None = field(default=None, repr=False)
    calls: int = 0
    seconds: float = 0.0

    def __bool__(self) -> bool:
        return self.causal

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        text = "<br>".join(html.escape(line).replace("  ", "&nbsp;&nbsp;") for line in _lines(self))
        picture = "" if self.influence is None else _draw_map(self.influence)
        return f'<div style="display:flex;gap:1.5em;flex-wrap:wrap;align-items:flex-start"><div>{text}</div>{picture}</div>'

    def to_json(self, *, influence: bool = True, indent: int | None = None) -> str:
        """Everything, as a JSON object, which `from_json` reads back; `influence=False` leaves out the map."""
        fields = asdict(self)
        shown = influence and self.influence is not None
        fields["influence"] = np.round(self.influence, 12).tolist() if shown and self.influence is not None else None
        return json.dumps(fields, ensure_ascii=False, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Report:
        """The report that `to_json` wrote."""
        fields = json.loads(text)
        fields["first_leak"] = _pair(fields["first_leak"])
        fields["example"] = None if fields["example"] is None else Example(**fields["example"])
        fields["found"] = tuple(Found(**{**each, "first_leak": _pair(each["first_leak"])}) for each in fields["found"])
        for name in ("warnings", "tried", "not_tried"):
            fields[name] = tuple(fields[name])
        fields["influence"] = None if fields["influence"] is None else np.array(fields["influence"])
        return cls(**fields)


def _pair(value: Any) -> tuple[int, int] | None:
    return None if value is None else (int(value[0]), int(value[1]))


def _lines(report: Report) -> list[str]:
    lines = [_verdict(report)]
    if report.looks_like:
        lines.append(f"It looks like: {report.looks_like}.")
    if report.example is not None:
        lines += _example_lines(report.example)
    also = [each for each in report.found if each.probe != (report.found[0].probe if report.found else "")]
    if also:
        lines.append("Also found by: " + "; ".join(dict.fromkeys(f"{each.probe} ({each.mode})" for each in also)) + ".")
    lines += [f"Warning: {warning}" for warning in report.warnings]
    lines += ["Tried: " + "; ".join(report.tried) + "."] if report.tried else []
    lines += ["Not tried: " + "; ".join(report.not_tried) + "."] if report.not_tried else []
    return lines


def _verdict(report: Report) -> str:
    if report.causal:
        return f"{report.model}: causal, as far as it was tried (up to {report.length} positions, {report.dtype})."
    where = f" in {report.mode} mode" if report.mode in ("eval", "train") else ""
    if report.first_leak is None:
        return f"{report.model}: NOT causal{where}."
    i, j = report.first_leak
    ahead = f"; the leak reaches {report.reach} ahead" if report.reach else ""
    return f"{report.model}: NOT causal{where}. Output {i} depends on input {j}: it moves by {report.size:.3g}{ahead}."


def _example_lines(example: Example) -> list[str]:
    def row(values: list[Any]) -> str:
        text = ", ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in values)
        return text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."

    return [
        f"The smallest input that shows it has {len(example.before)} positions; what output {example.i} gives for it:",
        f"  [{row(example.before)}]  gives  {row(example.output_before)}",
        f"  [{row(example.after)}]  gives  {row(example.output_after)}",
    ]


def _draw_map(influence: NDArray[np.float64]) -> str:
    """The map as an SVG: blue where an output sees the past or itself, red with a cross where it sees what comes later."""
    rows, columns = influence.shape
    most, cells = 48, []
    step_i, step_j = -(-rows // most), -(-columns // most)
    n, m = -(-rows // step_i), -(-columns // step_j)
    for a in range(n):
        for b in range(m):
            block = influence[a * step_i : (a + 1) * step_i, b * step_j : (b + 1) * step_j]
            i, j = np.nonzero(block)
            if len(i) == 0:
                continue
            future = bool((j + b * step_j > i + a * step_i).any())
            cells.append(f'<rect x="{b}" y="{a}" width="1" height="1" fill="{"#d55e00" if future else "#0072b2"}"/>')
            if future:
                cells.append(f'<path d="M{b} {a}l1 1m0 -1l-1 1" stroke="#fff" stroke-width=".12"/>')
    spoken = f"Map of influence, {rows} outputs by {columns} inputs. Crossed cells: an output sees a later input."
    size = min(360, 12 * max(n, m) + 60)
    return (
        f'<svg role="img" aria-label="{spoken}" width="{size}" viewBox="-.1 -.1 {m + 0.2} {n + 0.2}" '
        f'style="background:#eceff1"><title>{spoken}</title>{"".join(cells)}</svg>'
    )
