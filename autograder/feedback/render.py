"""A verdict as a learner sees it: HTML for a notebook, plain text for everything else, one line for machines."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from autograder.judge.failures import FAILURES
from autograder.judge.verdict import Finding, Verdict

PASSED, FAILED, NOTICE = "#0072b2", "#d55e00", "#888"  # the colours of the bar beside a verdict or a notice
MAX_LAYERED = 12  # numbers in a 3-D input that is shown layer by layer
MAX_SIDE = 8  # rows or columns of a matrix that are shown; a larger one is cut around its first wrong cell
MAX_PRINTED = 300  # characters of what the call printed
PRINTED = "Your code printed:"
NEXT_HINT = "The next hint opens after another failed attempt."


def message(verdict: Verdict) -> str:
    """One line: the score; for a wrong answer what is wrong, for a right one its notes."""
    line = f"{verdict.exercise}: {_points(verdict.score)} of {_points(verdict.max_score)} points."
    finding = verdict.finding
    if finding is None:
        return " ".join([line, *(f"Note: {note}" for note in verdict.notes)])
    # What is not named shows in the marked cells of a table; one line has to spell the first of them out.
    what = finding.message if finding.misconception else _counter_example(verdict, finding) or finding.message
    return f"{line} {_title(finding)}: {what}"


def _counter_example(verdict: Verdict, finding: Finding) -> str:
    """Where a result is wrong, in a sentence; nothing where there is no single wrong cell to name."""
    found = finding.difference
    if found is None or found.wrong is None or found.actual is None or finding.trial is None:
        return ""
    case = finding.trial.case
    call = _call(verdict, *_arguments(finding)) + (f" ({case.note})" if case.note else "")
    cell = tuple(int(i) for i in np.argwhere(found.wrong)[0])
    where = " ".join([found.where, f"at {list(cell)}" if cell else ""]).strip()
    actual, expected = np.asarray(found.actual)[cell], np.asarray(found.expected)[cell]
    digits = next((n for n in range(3, 17) if not _read_alike(actual, expected, n)), 17)
    values = f"{_number(actual, digits)}; expected {_number(expected, digits)}"
    return f"{call} gives {values}" + (f" ({where})." if where else ".")


def text(verdict: Verdict, hints: int = 1, is_final: bool = False) -> str:
    """The verdict in plain text, with the first `hints` hints; where it `is_final`, no other hint is promised."""
    sign, failed, _ = _look(verdict)
    lines = [f"{sign} {verdict.exercise}: {_score(verdict)}"]
    if len(verdict.parts) > 1:
        lines += [f"  {'✓' if part.passed else failed} {part.title} ({_points(part.points)})" for part in verdict.parts]
    if verdict.finding:
        lines += ["", f"{_title(verdict.finding)}.", verdict.finding.message, *_example_text(verdict)]
        lines += [f"Hint {n}: {hint}" for n, hint in enumerate(verdict.hints[:hints], 1)]
        if len(verdict.hints) > hints and not is_final:
            lines.append(NEXT_HINT)
    lines += [f"Note: {note}" for note in verdict.notes]
    return "\n".join(lines)


def as_html(verdict: Verdict, hints: int = 1, is_final: bool = False) -> str:
    """The verdict as one self-contained HTML element without script; all that a learner wrote is escaped.

    Where it `is_final`, no other hint is promised.
    """
    sign, failed, colour = _look(verdict)
    body = [f"<div><b>{sign} {_escape(verdict.exercise)}</b>: {_escape(_score(verdict))}</div>"]
    if len(verdict.parts) > 1:
        marks = (f"{'✓' if part.passed else failed} {_escape(part.title)} ({_points(part.points)})" for part in verdict.parts)
        body.append(f"<div style='font-size:90%;opacity:.85'>{' &nbsp; '.join(marks)}</div>")
    if verdict.finding:
        title, sentence = _escape(_title(verdict.finding)), prose_html(verdict.finding.message)
        body.append(f"<p style='margin:.6em 0 .2em'><b>{title}.</b> {sentence}</p>")
        body.append(_example_html(verdict))
        opened = enumerate(verdict.hints[:hints], 1)
        body += [f"<div style='margin-top:.4em'><b>Hint {n}.</b> {prose_html(hint)}</div>" for n, hint in opened]
        if len(verdict.hints) > hints and not is_final:
            body.append(f"<div style='font-size:90%;opacity:.85'>{NEXT_HINT}</div>")
    body += [f"<div style='margin-top:.4em'><b>Note.</b> {prose_html(note)}</div>" for note in verdict.notes]
    return _boxed(colour, body)


def notice_html(title: str, sentence: str) -> str:
    """A notice that is no verdict, as one HTML element in the same form."""
    return _boxed(NOTICE, [f"<div><b>{_escape(title)}.</b> {prose_html(sentence)}</div>"])


def _look(verdict: Verdict) -> tuple[str, str, str]:
    """The verdict's sign, the sign of a part without points, and the colour of the bar, which repeats what the sign says."""
    if verdict.passed:
        return "✓", "✗", PASSED
    if verdict.misconception == "not_written":
        return "○", "○", NOTICE  # no failure: running a whole notebook for the first time shows many of these
    return "◐" if verdict.score else "✗", "✗", FAILED


def _boxed(colour: str, body: Sequence[str]) -> str:
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


def _escape(sentence: str) -> str:
    return html.escape(sentence, quote=True)


def prose_html(sentence: str) -> str:
    """A sentence as HTML, escaped: `code` between backticks, *emphasis* between stars."""
    pieces = re.split(r"`([^`]+)`", _escape(sentence))  # prose, code, prose, ...
    stressed = (re.sub(r"(?<![\w*])\*(\w(?:[^*]*\w)?)\*(?![\w*])", r"<em>\1</em>", piece) for piece in pieces[::2])
    codes = (f"<code>{code}</code>" for code in pieces[1::2])
    return "".join(piece for pair in zip_longest(stressed, codes, fillvalue="") for piece in pair)


# The example: the smallest input on which the answer is wrong, its result and the expected one.


@dataclass(frozen=True)
class _Panel:
    """A matrix to show; `wrong` marks the cells of a result that differ from the expected ones."""

    title: str
    values: np.ndarray  # (rows, columns)
    wrong: np.ndarray | None = None  # (rows, columns), bool


def _call(verdict: Verdict, names: Sequence[str], values: Sequence[Any]) -> str:
    # An array that has a panel of its own appears by its name alone.
    arguments = [
        name if _has_panel(value) else f"{name}={_short_value(value)}"
        for name, value in zip(names, values, strict=True)
    ]
    return f"{verdict.exercise}({', '.join(arguments)})"


def _short_value(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.size <= 6 and value.ndim <= 1:
            return "[" + ", ".join(_number(x, 3) for x in value) + "]"
        return f"<shape {value.shape}>"
    if callable(value):
        return getattr(value, "__name__", "a function")
    if isinstance(value, np.random.Generator):
        return "rng"
    text = repr(value)
    return text if len(text) <= 60 else f"<{type(value).__name__}>"


def _arguments(finding: Finding) -> tuple[list[str], list[Any]]:
    assert finding.trial is not None
    case = finding.trial.case
    return list(finding.names), [*case.args, *case.kwargs.values()]


def _panels(finding: Finding) -> list[_Panel]:
    """The matrices to show: the small inputs, then the result and the expected one."""
    return [*_input_panels(*_arguments(finding)), *_result_panels(finding)]


def _result_panels(finding: Finding) -> list[_Panel]:
    difference = finding.difference
    if difference is None or difference.actual is None or difference.expected is None:
        return []
    item = f" ({difference.where})" if difference.where else ""
    actual, expected, wrong = np.asarray(difference.actual), np.asarray(difference.expected), difference.wrong
    if wrong is not None and wrong.ndim > 2:
        lead = tuple(int(i) for i in np.argwhere(wrong)[0][:-2])
        actual, expected, wrong = actual[lead], expected[lead], wrong[lead]
        item += f" [{', '.join(map(str, lead))}]"
    if wrong is None and max(actual.ndim, expected.ndim) > 2:
        return []  # the shapes differ, and a line says so
    mark = np.atleast_2d(wrong) if wrong is not None else None
    window = _window(mark) if mark is not None else (slice(0, MAX_SIDE), slice(0, MAX_SIDE))
    return [
        _Panel(f"Your result{item}", np.atleast_2d(actual)[window], None if mark is None else mark[window]),
        _Panel(f"Expected{item}", np.atleast_2d(expected)[window]),
    ]


def _input_panels(names: Sequence[str], values: Sequence[Any]) -> list[_Panel]:
    """The small input arrays; equal ones share a panel ("Wq = Wk")."""
    shown: dict[str, np.ndarray] = {}
    for name, value in zip(names, values, strict=True):
        if not _has_panel(value):
            continue
        same = next((title for title, other in shown.items() if _is_same(value, other)), None)
        if same is None:
            shown[name] = value
        else:
            shown = {f"{title} = {name}" if title == same else title: other for title, other in shown.items()}
    panels = []
    for title, value in shown.items():
        layers = {f"{title} [{n}]": layer for n, layer in enumerate(value)} if value.ndim == 3 else {title: value}
        panels += [_Panel(name, np.atleast_2d(layer)) for name, layer in layers.items()]
    return panels


def _is_same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _has_panel(value: Any) -> bool:
    """Whether an argument is an array too large for the line of the call, and small enough for a panel."""
    if not isinstance(value, np.ndarray) or not _short_value(value).startswith("<"):
        return False
    most = MAX_LAYERED if value.ndim == 3 else MAX_SIDE**2
    return 1 <= value.ndim <= 3 and 0 < value.size <= most and max(value.shape) <= MAX_SIDE


def _window(wrong: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns to show of a large result: those around its first wrong cell."""
    row, column = (int(i) for i in np.argwhere(wrong)[0])
    starts = (max(0, min(at - MAX_SIDE // 2, n - MAX_SIDE)) for at, n in zip((row, column), wrong.shape, strict=True))
    top, left = starts
    return slice(top, top + MAX_SIDE), slice(left, left + MAX_SIDE)


def _shape_sentence(finding: Finding) -> str:
    """What is said of a missing result, or of two shapes that differ where the finding itself does not say so."""
    difference = finding.difference
    if difference is None or difference.wrong is not None or finding.misconception is FAILURES["wrong_shape"]:
        return ""
    if difference.actual is None or difference.expected is None:
        return f"Your result is {_result_text(difference.actual)}, expected {_result_text(difference.expected)}."
    if np.shape(difference.actual) == np.shape(difference.expected):
        return ""
    return f"Your result has shape {np.shape(difference.actual)}, expected {np.shape(difference.expected)}."


def _result_text(value: Any) -> str:
    """A result that is None, or that stands where None is expected."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_result_text, value))})"
    return "None" if value is None else _number(value, 3) if np.ndim(value) == 0 else _short_value(value)


def _digits(panels: Sequence[_Panel]) -> int:
    """Enough digits that a wrong cell reads differently from the expected one."""
    if len(panels) < 2 or panels[-2].wrong is None:
        return 3
    actual, wrong, expected = panels[-2].values, panels[-2].wrong, panels[-1].values
    pairs = [(a, b) for a, b in zip(actual[wrong], expected[wrong], strict=True) if a != b]
    return next((n for n in range(3, 17) if not any(_read_alike(a, b, n) for a, b in pairs)), 17)


def _read_alike(a: Any, b: Any, digits: int) -> bool:
    left, right = (re.sub(r"\.0+$", "", _number(x, digits)) for x in (a, b))  # 1.000 reads like 1
    return left == right


def _number(value: Any, digits: int) -> str:
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    number = float(value)
    if number.is_integer() and abs(number) < 1e6:
        return str(int(number))
    return f"{number:.{digits}f}" if 1e-3 <= abs(number) < 1e6 else f"{number:.{digits}g}"


def _example_text(verdict: Verdict) -> list[str]:
    finding = verdict.finding
    if finding is None or finding.trial is None:
        return []
    note = f"  ({finding.trial.case.note})" if finding.trial.case.note else ""
    lines = [f"Example: {_call(verdict, *_arguments(finding))}{note}"]
    panels = _panels(finding)
    digits = _digits(panels)
    for panel in panels:
        lines += _panel_text(panel, digits)
    lines += [f"  {sentence}"] if (sentence := _shape_sentence(finding)) else []
    if finding.outcome and finding.outcome.printed:
        lines += [f"  {PRINTED} {finding.outcome.printed[:MAX_PRINTED].strip()}"]
    return lines


def _panel_text(panel: _Panel, digits: int) -> list[str]:
    """A matrix in columns, with stars around its wrong cells."""
    title = f"{panel.title} (*wrong*)" if panel.wrong is not None else panel.title
    wrong = panel.wrong if panel.wrong is not None else np.zeros(panel.values.shape, dtype=bool)
    marked = zip(panel.values, wrong, strict=True)
    rows = [[_star(x, w, digits) for x, w in zip(values, marks, strict=True)] for values, marks in marked]
    width = max((len(cell) for row in rows for cell in row), default=1)
    return [f"  {title}:", *("    " + "  ".join(cell.rjust(width) for cell in row) for row in rows)]


def _star(value: Any, wrong: bool, digits: int) -> str:
    return f"*{_number(value, digits)}*" if wrong else _number(value, digits)


def _example_html(verdict: Verdict) -> str:
    finding = verdict.finding
    if finding is None or finding.trial is None:
        return ""
    names, values = _arguments(finding)
    note = f" ({_escape(finding.trial.case.note)})" if finding.trial.case.note else ""
    parts = [f"<div>Example: <code>{_escape(_call(verdict, names, values))}</code>{note}</div>"]
    panels = _panels(finding)
    digits = _digits(panels)
    tables = "".join(_table(panel, digits) for panel in panels)
    parts.append(f"<div style='display:flex;flex-wrap:wrap;gap:1.2em;overflow-x:auto'>{tables}</div>")
    parts += [f"<div>{_escape(sentence)}</div>"] if (sentence := _shape_sentence(finding)) else []
    parts.append(_code_to_run(verdict.exercise, names, values))
    if finding.outcome and finding.outcome.printed:
        printed = _escape(finding.outcome.printed[:MAX_PRINTED].strip())
        parts.append(f"<div>{PRINTED}<pre style='margin:.2em 0'>{printed}</pre></div>")
    return "".join(parts)


def _code_to_run(function: str, names: Sequence[str], values: Sequence[Any]) -> str:
    """The call as code that a learner can copy; nothing where an argument can't be written as code."""
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    writable = all(isinstance(value, np.ndarray | int | float | str | list | tuple | None) for value in values)
    if not arrays or not writable or sum(array.size for array in arrays) > MAX_SIDE**2:
        return ""
    with np.printoptions(threshold=10**6, linewidth=100, floatmode="unique"):
        lines = [f"{name} = {_code(value)}" for name, value in zip(names, values, strict=True)]
    code = _escape("\n".join([*lines, f"{function}({', '.join(names)})"]))
    return f"<details><summary>Try it yourself</summary><pre style='margin:.2em 0'>{code}</pre></details>"


def _code(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    code = re.sub(r"\barray\(", "np.array(", repr(value))
    return re.sub(r"(?<!\.)\b(inf|nan)\b", r"np.\1", code)


def _table(panel: _Panel, digits: int) -> str:
    wrong = panel.wrong if panel.wrong is not None else np.zeros(panel.values.shape, dtype=bool)
    rows = []
    for values, marks in zip(panel.values, wrong, strict=True):
        cells = "".join(_cell(value, bool(mark), digits) for value, mark in zip(values, marks, strict=True))
        rows.append(f"<tr>{cells}</tr>")
    caption = (
        f"<caption style='caption-side:top;text-align:left;font-size:90%;opacity:.85'>{_escape(panel.title)}</caption>"
    )
    return f"<table style='border-collapse:collapse;margin:.4em 0;width:auto'>{caption}{''.join(rows)}</table>"


def _cell(value: Any, wrong: bool, digits: int) -> str:
    style = "padding:.1em .5em;text-align:right;font-family:monospace;border:1px solid #8888"
    if wrong:
        style += ";outline:2px solid #d55e00;outline-offset:-2px;font-weight:bold"
    label, sign = (" aria-label='wrong'", "✗ ") if wrong else ("", "")
    return f"<td style='{style}'{label}>{sign}{_escape(_number(value, digits))}</td>"
