"""A graded notebook as the parts of a feedback page: what was asked, what was answered, and what the tests found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.feedback import hidden_tests, sanitize

LESSON, PROMPT, ANSWER, TEST, MANUAL, TASK = "lesson", "prompt", "answer", "test", "manual", "task"
GRADED = (TEST, MANUAL, TASK)
PICTURES = ("image/png", "image/jpeg", "image/gif")
NOT_SHOWN = "Your own output is not shown from the first hidden test on."
HIDDEN_FAILED = "A hidden test failed."


@dataclass
class Part:
    """One cell, or a run of the lesson's cells, as the page shows it; `blocks` are safe HTML."""

    kind: str
    name: str = ""
    number: int = 0
    blocks: list[Markup] = field(default_factory=list)
    score: float = 0.0
    points: float = 0.0
    comment: Markup | None = None
    cells: int = 1
    heading: str = ""

    @property
    def graded(self) -> bool:
        return self.kind in GRADED

    @property
    def title(self) -> str:
        return self.name.removeprefix("check_").removeprefix("test_") or self.name

    @property
    def mark(self) -> str:
        """Full, part or none of the points, told without colour."""
        return "✓" if self.score >= self.points else "◐" if self.score > 0 else "✗"


class Sheet:
    """The parts of a notebook that GetGrades has put scores and comments into."""

    def __init__(self, nb: Any, folder: Path | None, marks: tuple[str, str] = (hidden_tests.BEGIN, hidden_tests.END)) -> None:
        self.folder, self.marks = folder, marks
        self.language = str(nb.metadata.get("language_info", {}).get("name", "python"))[:40]
        self.secret = False  # whether a hidden test has run: from then on, the student's code may know its values
        self.parts = list(_folded(list(self._parts(nb.cells))))
        self.title = _heading(nb.cells)

    @property
    def graded(self) -> list[Part]:
        return [part for part in self.parts if part.graded]

    def _parts(self, cells: list[Any]) -> Iterator[Part]:
        for number, cell in enumerate(cells):
            marks = cell.metadata.get("nbgrader", {})
            kind = _kind(marks)
            if kind == LESSON and cell.cell_type == "markdown" and _asks(cells, number):
                kind = PROMPT
            part = Part(kind, str(marks.get("grade_id", "")), number)
            part.score, part.points = float(marks.get("score") or 0), float(marks.get("points") or 0)
            if marks.get("comment"):
                part.comment = sanitize.words(str(marks["comment"]))
            part.heading = _heading([cell])
            part.blocks = list(self._code(cell, kind) if cell.cell_type == "code" else self._text(cell))
            yield part

    def _text(self, cell: Any) -> Iterator[Markup]:
        if cell.cell_type == "markdown":
            source = hidden_tests.read(cell.source, *self.marks).source
            yield Markup('<div class="words">{}</div>').format(sanitize.words(source, self.folder, cell.get("attachments")))
        else:
            yield _pre("printed", cell.source)

    def _code(self, cell: Any, kind: str) -> Iterator[Markup]:
        test = hidden_tests.read(cell.source, *self.marks)
        self.secret = self.secret or test.hides
        if test.source.strip():
            yield Markup('<pre class="code">{}</pre>').format(sanitize.code(test.source, self.language))
        if kind == TEST:
            yield from _hidden_findings(cell.outputs, test) if self.secret else _findings(cell.outputs, test)
        elif not self.secret:
            yield from (shown for output in cell.outputs for shown in _output(output))
        elif cell.outputs:
            yield Markup('<p class="aside">{}</p>').format(NOT_SHOWN)


def _findings(outputs: list[Any], test: hidden_tests.Cell) -> Iterator[Markup]:
    found = False
    for output in outputs:
        html = output.get("data", {}).get("text/html")
        if html:
            found = True
            yield Markup('<div class="verdict">{}</div>').format(sanitize.verdict(_joined(html)))
        elif output.output_type == "error" and found and output.get("ename") == "CheckFailed":
            continue  # the finding says it better
        elif output.output_type == "error":
            yield _failure(output, hidden_tests.failed_line(output, test))
        elif not _is_credit(output):
            yield from _output(output)


def _hidden_findings(outputs: list[Any], test: hidden_tests.Cell) -> Iterator[Markup]:
    """Where it failed, if a student may read that line; no word that the student's code could have put there."""
    for output in outputs:
        if output.output_type == "error":
            line = hidden_tests.failed_line(output, test)
            said = Markup("{} in <code>{}</code>").format(hidden_tests.kind(output), line) if line else HIDDEN_FAILED
            yield Markup('<p class="failed"><b>✗</b> {}</p>').format(said)


def _kind(marks: dict[str, Any]) -> str:
    match bool(marks.get("grade")), bool(marks.get("solution")), bool(marks.get("task")):
        case True, True, _:
            return MANUAL
        case True, False, _:
            return TEST
        case _, _, True:
            return TASK
        case _, True, _:
            return ANSWER
    return PROMPT if marks.get("locked") else LESSON


def _asks(cells: list[Any], number: int) -> bool:
    """Whether what is answered or tested comes right after."""
    after = cells[number + 1].metadata.get("nbgrader", {}) if number + 1 < len(cells) else {}
    return _kind(after) in (ANSWER, *GRADED)


def _folded(parts: list[Part]) -> Iterator[Part]:
    """The same, with neighbouring cells of the lesson as one."""
    run: Part | None = None
    for part in parts:
        if part.kind != LESSON:
            if run is not None:
                yield run
            run = None
            yield part
        elif run is None:
            run = part
        else:
            run.blocks += part.blocks
            run.cells += 1
            run.heading = run.heading or part.heading
    if run is not None:
        yield run


def _heading(cells: list[Any]) -> str:
    for cell in cells:
        if cell.cell_type == "markdown" and (found := re.match(r"#+\s+(.+)", cell.source.lstrip())):
            return sanitize.plain(found[1].strip("# \r`*"), 200)
    return ""


def _output(output: Any) -> Iterator[Markup]:
    """What a cell of the lesson or the student's own has shown: text and pictures."""
    if output.output_type == "stream":
        yield _pre("printed", _joined(output.text))
    elif output.output_type == "error":
        yield _failure(output, None)
    elif output.output_type in ("execute_result", "display_data"):
        data = output.get("data", {})
        alt = _joined(data.get("text/plain", ""))
        for kind in PICTURES:
            alt = "A picture" if alt.startswith("<Figure") or not alt else alt
            if kind in data and (shown := sanitize.picture(kind, _joined(data[kind]), alt)):
                yield shown
                return
        text = data.get("text/latex") or data.get("text/plain")
        if text:
            yield _pre("printed", _joined(text))


def _failure(error: Any, line: str | None) -> Markup:
    name, words = sanitize.plain(str(error.get("ename", "")), 200), sanitize.plain(str(error.get("evalue", "")), 2000)
    where = Markup(" in <code>{}</code>").format(line) if line else ""
    said = Markup('<p class="failed"><b>✗ {}</b>{}{}{}</p>').format(name, where, ": " if words else "", words)
    trace = sanitize.plain("\n".join(map(str, error.get("traceback", ()))))
    if trace.count("\n") < 2:
        return said
    return said + Markup("<details><summary>Where it happened</summary>{}</details>").format(_pre("printed", trace))


def _pre(kind: str, text: str) -> Markup:
    return Markup('<pre class="{}" tabindex="0">{}</pre>').format(kind, sanitize.plain(text))


def _is_credit(output: Any) -> bool:
    """Whether it is a partial credit, as nbgrader reads it."""
    try:
        float(_joined(output.get("data", {}).get("text/plain", "")))
    except ValueError:
        return False
    return output.output_type == "execute_result"


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text)
