"""A verdict as a learner sees it: HTML for a notebook, plain text for everything else, one line for machines."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from autograder.judge.failures import FAILURES
from autograder.judge.verdict import Finding, Verdict

FEW_NUMBERS = 12  # in a 3-D input that is shown layer by layer
MOST_CELLS = 8  # rows or columns of a matrix that are shown; a larger one is cut around its first wrong cell


def message(verdict: Verdict) -> str:
    """One line: the score and, for a wrong answer, what is wrong."""
    line = f"{verdict.exercise}: {_points(verdict.score)} of {_points(verdict.max_score)} points."
    if verdict.finding is None:
        return line
    return f"{line} {_title(verdict.finding)}: {verdict.finding.message}"


def text(verdict: Verdict, hints: int = 1) -> str:
    """The verdict in plain text, with the first `hints` hints."""
    lines = [f"{'✓' if verdict.passed else '✗'} {verdict.exercise}: {_score(verdict)}"]
    if len(verdict.parts) > 1:
        lines += [f"  {'✓' if part.passed else '✗'} {part.title} ({_points(part.points)})" for part in verdict.parts]
    if verdict.finding:
        lines += ["", f"{_title(verdict.finding)}.", verdict.finding.message, *_text_of_case(verdict)]
        lines += [f"Hint {n}: {hint}" for n, hint in enumerate(verdict.hints[:hints], 1)]
        if len(verdict.hints) > hints:
            lines.append("Another failed try opens the next hint.")
    lines += [f"Note: {note}" for note in verdict.notes]
    return "\n".join(lines)


def as_html(verdict: Verdict, hints: int = 1) -> str:
    """The verdict as one self-contained HTML element without script; all that a learner wrote is escaped."""
    # A blue bar means passed, an orange one not yet; the sign and the words say the same without colour.
    colour = "#0072b2" if verdict.passed else "#d55e00"
    body = [f"<div><b>{'✓' if verdict.passed else '✗'} {_esc(verdict.exercise)}</b>: {_esc(_score(verdict))}</div>"]
    if len(verdict.parts) > 1:
        marks = (f"{'✓' if part.passed else '✗'} {_esc(part.title)} ({_points(part.points)})" for part in verdict.parts)
        body.append(f"<div style='font-size:90%;opacity:.85'>{' &nbsp; '.join(marks)}</div>")
    if verdict.finding:
        title, sentence = _esc(_title(verdict.finding)), _prose(verdict.finding.message)
        body.append(f"<p style='margin:.6em 0 .2em'><b>{title}.</b> {sentence}</p>")
        body.append(_html_of_case(verdict))
        opened = enumerate(verdict.hints[:hints], 1)
        body += [f"<div style='margin-top:.4em'><b>Hint {n}.</b> {_prose(hint)}</div>" for n, hint in opened]
        if len(verdict.hints) > hints:
            body.append("<div style='font-size:90%;opacity:.85'>Another failed try opens the next hint.</div>")
    body += [f"<div style='margin-top:.4em'><b>Note.</b> {_prose(note)}</div>" for note in verdict.notes]
    return (
        f"<div role='status' style='border-left:5px solid {colour};padding:.5em .9em;margin:.3em 0;max-width:60em;"
        f"line-height:1.5'>{''.join(body)}</div>"
    )


def _score(verdict: Verdict) -> str:
    return f"{_points(verdict.score)} of {_points(verdict.max_score)} points"


def _points(number: float) -> str:
    return f"{number:g}"


def _title(finding: Finding) -> str:
    if finding.misconception is None:
        return "Not right yet"
    return finding.misconception.name if finding.certain else f"This looks like: {finding.misconception.name}"


def _esc(words: str) -> str:
    return html.escape(words, quote=True)


def _prose(words: str) -> str:
    """A sentence, escaped; what stands between backticks is code, a word or some between stars is stressed."""
    pieces = re.split(r"`([^`]+)`", _esc(words))  # prose, code, prose, ...
    stressed = (re.sub(r"(?<![\w*])\*(\w(?:[^*]*\w)?)\*(?![\w*])", r"<em>\1</em>", piece) for piece in pieces[::2])
    codes = (f"<code>{code}</code>" for code in pieces[1::2])
    return "".join(piece for pair in zip_longest(stressed, codes, fillvalue="") for piece in pair)


# The smallest input on which it shows, and the two results side by side.


def _call(verdict: Verdict, names: Sequence[str], values: Sequence[Any]) -> str:
    # An array that is shown below goes by its name alone.
    words = [
        name if _is_shown(value) else f"{name}={_brief(value)}"
        for name, value in zip(names, values, strict=True)
    ]
    return f"{verdict.exercise}({', '.join(words)})"


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size <= 6 and value.ndim <= 1:
            return "[" + ", ".join(_number(x, 3) for x in value) + "]"
        return f"<shape {value.shape}>"
    if callable(value):
        return getattr(value, "__name__", "a function")
    if isinstance(value, np.random.Generator):
        return "rng"
    words = repr(value)
    return words if len(words) <= 60 else f"<{type(value).__name__}>"


def _arguments(finding: Finding) -> tuple[list[str], list[Any]]:
    assert finding.trial is not None
    case = finding.trial.case
    return list(finding.names), [*case.args, *case.kwargs.values()]


def _panels(finding: Finding) -> list[tuple[str, np.ndarray, np.ndarray | None]]:
    """The matrices to show: small inputs, then the result beside the right one. Each as (title, 2-D values, wrong)."""
    panels = _inputs(*_arguments(finding))
    difference = finding.difference
    if difference is None or difference.actual is None or difference.expected is None:
        return panels
    of = f" ({difference.where})" if difference.where else ""
    actual, expected, wrong = np.asarray(difference.actual), np.asarray(difference.expected), difference.wrong
    if wrong is not None and wrong.ndim > 2:
        lead = tuple(int(i) for i in np.argwhere(wrong)[0][:-2])
        actual, expected, wrong = actual[lead], expected[lead], wrong[lead]
        of += f" [{', '.join(map(str, lead))}]"
    if wrong is None and max(actual.ndim, expected.ndim) > 2:
        return panels  # the shapes differ, and a line says so
    mark = np.atleast_2d(wrong) if wrong is not None else None
    window = _window(mark) if mark is not None else (slice(0, MOST_CELLS), slice(0, MOST_CELLS))
    cut = None if mark is None else mark[window]
    yours = np.atleast_2d(actual)[window], cut
    right = np.atleast_2d(expected)[window], None
    return [*panels, (f"your result{of}", *yours), (f"wanted{of}", *right)]


def _inputs(names: Sequence[str], values: Sequence[Any]) -> list[tuple[str, np.ndarray, np.ndarray | None]]:
    """The small input arrays, as 2-D panels; equal ones share a panel ("Wq = Wk")."""
    shown: dict[str, np.ndarray] = {}
    for name, value in zip(names, values, strict=True):
        if not _is_shown(value):
            continue
        same = next((title for title, other in shown.items() if _same(value, other)), None)
        if same is None:
            shown[name] = value
        else:
            shown = {f"{title} = {name}" if title == same else title: other for title, other in shown.items()}
    panels: list[tuple[str, np.ndarray, np.ndarray | None]] = []
    for title, value in shown.items():
        layers = {f"{title} [{n}]": layer for n, layer in enumerate(value)} if value.ndim == 3 else {title: value}
        panels += [(name, np.atleast_2d(layer), None) for name, layer in layers.items()]
    return panels


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _is_shown(value: Any) -> bool:
    """Whether an argument is an array too large for the line of the call, and small enough for a panel."""
    if not isinstance(value, np.ndarray) or not _brief(value).startswith("<"):
        return False
    most = FEW_NUMBERS if value.ndim == 3 else MOST_CELLS**2
    return 1 <= value.ndim <= 3 and 0 < value.size <= most and max(value.shape) <= MOST_CELLS


def _window(wrong: np.ndarray) -> tuple[slice, slice]:
    row, column = (int(i) for i in np.argwhere(wrong)[0])
    starts = (max(0, min(at - MOST_CELLS // 2, n - MOST_CELLS)) for at, n in zip((row, column), wrong.shape, strict=True))
    top, left = starts
    return slice(top, top + MOST_CELLS), slice(left, left + MOST_CELLS)


def _shapes(finding: Finding) -> str:
    """A line on the two shapes where they differ and the finding's own sentence does not say it; or on a missing result."""
    found = finding.difference
    if found is None or found.wrong is not None or finding.misconception is FAILURES["wrong_shape"]:
        return ""
    if found.actual is None or found.expected is None:
        return f"Your result is {_whole(found.actual)}; {_whole(found.expected)} is wanted."
    if np.shape(found.actual) == np.shape(found.expected):
        return ""
    return f"The shape of your result is {np.shape(found.actual)}; {np.shape(found.expected)} is wanted."


def _whole(value: Any) -> str:
    """A result that is None, or stands in place of None."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_whole, value))})"
    return "None" if value is None else _number(value, 3) if np.ndim(value) == 0 else _brief(value)


def _digits(panels: Sequence[tuple[str, np.ndarray, np.ndarray | None]]) -> int:
    """Enough digits that a wrong cell reads differently from the right one."""
    if len(panels) < 2 or panels[-2][2] is None:
        return 3
    actual, wrong, expected = panels[-2][1], panels[-2][2], panels[-1][1]
    pairs = [(a, b) for a, b in zip(actual[wrong], expected[wrong], strict=True) if a != b]
    return next((n for n in range(3, 17) if not any(_read_alike(a, b, n) for a, b in pairs)), 17)


def _read_alike(a: Any, b: Any, digits: int) -> bool:
    one, other = (re.sub(r"\.0+$", "", _number(x, digits)) for x in (a, b))  # 1.000 reads like 1
    return one == other


def _number(value: Any, digits: int) -> str:
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    number = float(value)
    if number.is_integer() and abs(number) < 1e6:
        return str(int(number))
    return f"{number:.{digits}f}" if 1e-3 <= abs(number) < 1e6 else f"{number:.{digits}g}"


def _text_of_case(verdict: Verdict) -> list[str]:
    finding = verdict.finding
    if finding is None or finding.trial is None:
        return []
    names, values = _arguments(finding)
    note = f"  ({finding.trial.case.note})" if finding.trial.case.note else ""
    lines = [f"It shows with {_call(verdict, names, values)}{note}"]
    panels = _panels(finding)
    digits = _digits(panels)
    for title, values2d, wrong in panels:
        cells = [[_number(x, digits) for x in row] for row in values2d]
        if wrong is not None:
            cells = [[f"*{c}*" if w else c for c, w in zip(cs, ws, strict=True)] for cs, ws in zip(cells, wrong, strict=True)]
            title += " (*wrong*)"
        width = max((len(c) for row in cells for c in row), default=1)
        lines += [f"  {title}:", *("    " + "  ".join(c.rjust(width) for c in row) for row in cells)]
    lines += [f"  {shapes}"] if (shapes := _shapes(finding)) else []
    if finding.outcome and finding.outcome.printed:
        lines += ["  it printed: " + finding.outcome.printed[:300].strip()]
    return lines


def _html_of_case(verdict: Verdict) -> str:
    finding = verdict.finding
    if finding is None or finding.trial is None:
        return ""
    names, values = _arguments(finding)
    note = f" ({_esc(finding.trial.case.note)})" if finding.trial.case.note else ""
    parts = [f"<div>It shows with <code>{_esc(_call(verdict, names, values))}</code>{note}</div>"]
    panels = _panels(finding)
    digits = _digits(panels)
    tables = "".join(_table(title, values2d, wrong, digits) for title, values2d, wrong in panels)
    parts.append(f"<div style='display:flex;flex-wrap:wrap;gap:1.2em;overflow-x:auto'>{tables}</div>")
    parts += [f"<div>{_esc(shapes)}</div>"] if (shapes := _shapes(finding)) else []
    parts.append(_to_copy(verdict.exercise, names, values))
    if finding.outcome and finding.outcome.printed:
        printed = _esc(finding.outcome.printed[:300].strip())
        parts.append(f"<div>It printed:<pre style='margin:.2em 0'>{printed}</pre></div>")
    return "".join(parts)


def _to_copy(function: str, names: Sequence[str], values: Sequence[Any]) -> str:
    """The call as code, so that a learner can run it; nothing where it can't be written down."""
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    plain = all(isinstance(value, np.ndarray | int | float | str | list | tuple | None) for value in values)
    if not arrays or not plain or sum(array.size for array in arrays) > MOST_CELLS**2:
        return ""
    with np.printoptions(threshold=10**6, linewidth=100, floatmode="unique"):
        lines = [f"{name} = {_code(value)}" for name, value in zip(names, values, strict=True)]
    code = _esc("\n".join([*lines, f"{function}({', '.join(names)})"]))
    return f"<details><summary>Try it yourself</summary><pre style='margin:.2em 0'>{code}</pre></details>"


def _code(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    code = re.sub(r"\barray\(", "np.array(", repr(value))
    return re.sub(r"(?<!\.)\b(inf|nan)\b", r"np.\1", code)


def _table(title: str, values: np.ndarray, wrong: np.ndarray | None, digits: int) -> str:
    rows = []
    for i, row in enumerate(values):
        cells = []
        for j, value in enumerate(row):
            bad = wrong is not None and bool(wrong[i, j])
            style = "padding:.1em .5em;text-align:right;font-family:monospace;border:1px solid #8888"
            if bad:
                style += ";outline:2px solid #d55e00;outline-offset:-2px;font-weight:bold"
            label = " aria-label='wrong'" if bad else ""
            cells.append(f"<td style='{style}'{label}>{'✗ ' if bad else ''}{_esc(_number(value, digits))}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = f"<caption style='caption-side:top;text-align:left;font-size:90%;opacity:.85'>{_esc(title)}</caption>"
    return f"<table style='border-collapse:collapse;margin:.4em 0;width:auto'>{caption}{''.join(rows)}</table>"
