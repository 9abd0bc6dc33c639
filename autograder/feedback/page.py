"""A graded notebook as the sections of a feedback page: what was asked, what was answered, and what the tests found."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.feedback import hidden_tests, sanitize
from autograder.notebook.cell import without_prefix
from autograder.plain_text import without_cell_names

IMAGE_MIME_TYPES = ("image/png", "image/jpeg", "image/gif")
NOT_SHOWN = "Your own output is not shown after the first hidden test."
HIDDEN_FAILED = "A hidden test failed."


class SectionType(StrEnum):
    """What a section of the page is, which the page's styles name too. A prompt is the question before an answer."""

    LESSON = "lesson"
    PROMPT = "prompt"
    ANSWER = "answer"
    TEST = "test"
    MANUAL = "manual"
    TASK = "task"


GRADED = (SectionType.TEST, SectionType.MANUAL, SectionType.TASK)


@dataclass
class Section:
    """One cell, or a run of the lesson's cells, as the page shows it; `blocks` are safe HTML."""

    type: SectionType
    name: str = ""
    number: int = 0
    blocks: list[Markup] = field(default_factory=list)
    score: float = 0.0
    points: float = 0.0
    comment: Markup | None = None
    cells: int = 1
    heading: str = ""
    is_waiting: bool = False  # the instructor has not graded it yet

    @property
    def is_graded(self) -> bool:
        return self.type in GRADED

    @property
    def title(self) -> str:
        return without_prefix(self.name)

    @property
    def result(self) -> str:
        """The points in words."""
        if self.is_waiting:
            return f"waiting to be graded ({_points(self.points)} points)"
        return f"{_points(self.score)} of {_points(self.points)}"

    @property
    def sign(self) -> str:
        """Full, partial or no credit, or waiting, as a sign that needs no colour."""
        if self.is_waiting:
            return "…"
        return "✓" if self.score >= self.points else "◐" if self.score > 0 else "✗"


class Page:
    """The sections of a notebook that GetGrades has put scores and comments into."""

    def __init__(
        self,
        nb: Any,
        folder: Path | None,
        delimiters: tuple[str, str] = hidden_tests.DELIMITERS,
        waiting: Collection[str] = (),
        solved: Mapping[str, str] | None = None,
    ) -> None:
        """`waiting` are the grade ids that the instructor has not graded yet, `solved` solutions that may be shown."""
        self.pictures = sanitize.Pictures(folder) if folder is not None else None
        self.delimiters, self.waiting, self.solved = delimiters, waiting, solved or {}
        self.language = str(nb.metadata.get("language_info", {}).get("name", "python"))[:40]
        self.hidden_test_ran = False  # from then on, the student's code may know its values
        self.sections = list(_merge_lesson_cells(list(self._sections(nb.cells))))
        self.title = _heading(nb.cells)

    @property
    def graded_sections(self) -> list[Section]:
        return [section for section in self.sections if section.is_graded]

    @property
    def waiting_points(self) -> float:
        """The points of what the instructor has not graded yet."""
        return sum(section.points for section in self.sections if section.is_waiting)

    def _sections(self, cells: list[Any]) -> Iterator[Section]:
        for number, cell in enumerate(cells):
            metadata = cell.metadata.get("nbgrader", {})
            section_type = _section_type(metadata)
            if section_type == SectionType.LESSON and cell.cell_type == "markdown" and _precedes_answer(cells, number):
                section_type = SectionType.PROMPT
            section = Section(section_type, str(metadata.get("grade_id", "")), number)
            section.score, section.points = float(metadata.get("score") or 0), float(metadata.get("points") or 0)
            if metadata.get("comment"):
                section.comment = sanitize.render_markdown(str(metadata["comment"]))
            section.is_waiting = section.is_graded and section.name in self.waiting
            section.heading = _heading([cell])
            section.blocks = list(self._code(cell, section_type) if cell.cell_type == "code" else self._text(cell))
            if section_type in (SectionType.ANSWER, SectionType.MANUAL) and section.name in self.solved:
                section.blocks.append(self._solution(cell, self.solved[section.name]))
            yield section

    def _solution(self, cell: Any, source: str) -> Markup:
        """The instructor's solution, folded."""
        source = re.sub(r"^[ \t]*#+ (BEGIN|END) SOLUTION[ \t]*\n?", "", source, flags=re.MULTILINE)
        if cell.cell_type == "code":
            shown = Markup('<pre class="code">{}</pre>').format(sanitize.highlighted_code(source, self.language))
        else:
            shown = Markup('<div class="prose">{}</div>').format(sanitize.render_markdown(source))
        return Markup("<details><summary>The instructor's solution</summary>{}</details>").format(shown)

    def _text(self, cell: Any) -> Iterator[Markup]:
        if cell.cell_type == "markdown":
            source = hidden_tests.hide(cell.source, *self.delimiters).source
            prose = sanitize.render_markdown(source, self.pictures, cell.get("attachments"))
            yield Markup('<div class="prose">{}</div>').format(prose)
        else:
            yield _pre("printed", cell.source)

    def _code(self, cell: Any, section_type: SectionType) -> Iterator[Markup]:
        test = hidden_tests.hide(cell.source, *self.delimiters)
        self.hidden_test_ran = self.hidden_test_ran or test.hides
        if test.source.strip():
            yield Markup('<pre class="code">{}</pre>').format(sanitize.highlighted_code(test.source, self.language))
        if section_type == SectionType.TEST:
            yield from _hidden_findings(cell.outputs, test) if self.hidden_test_ran else _findings(cell.outputs, test)
        elif not self.hidden_test_ran:
            yield from (shown for output in cell.outputs for shown in _output(output))
        elif cell.outputs:
            yield Markup('<p class="aside">{}</p>').format(NOT_SHOWN)


def _findings(outputs: list[Any], test: hidden_tests.ReadableCell) -> Iterator[Markup]:
    found = False
    for output in outputs:
        html = output.get("data", {}).get("text/html")
        if html:
            found = True
            yield Markup('<div class="verdict">{}</div>').format(sanitize.clean_verdict(_join(html)))
        elif output.output_type == "error" and found and output.get("ename") == "CheckFailed":
            continue  # the finding says it better
        elif output.output_type == "error":
            yield _failure(output, hidden_tests.failed_line(output, test))
        elif not _is_partial_credit(output):
            yield from _output(output)


def _hidden_findings(outputs: list[Any], test: hidden_tests.ReadableCell) -> Iterator[Markup]:
    """Where it failed, if a student may read that line; no word that the student's code could have put there."""
    for output in outputs:
        if output.output_type == "error":
            line = hidden_tests.failed_line(output, test)
            said = Markup("{} in <code>{}</code>").format(hidden_tests.error_name(output), line) if line else HIDDEN_FAILED
            yield Markup('<p class="failed"><b>✗</b> {}</p>').format(said)


def _section_type(metadata: dict[str, Any]) -> SectionType:
    match bool(metadata.get("grade")), bool(metadata.get("solution")), bool(metadata.get("task")):
        case True, True, _:
            return SectionType.MANUAL
        case True, False, _:
            return SectionType.TEST
        case _, _, True:
            return SectionType.TASK
        case _, True, _:
            return SectionType.ANSWER
    return SectionType.PROMPT if metadata.get("locked") else SectionType.LESSON


def _precedes_answer(cells: list[Any], number: int) -> bool:
    """Whether what is answered or tested comes right after."""
    after = cells[number + 1].metadata.get("nbgrader", {}) if number + 1 < len(cells) else {}
    return _section_type(after) in (SectionType.ANSWER, *GRADED)


def _merge_lesson_cells(sections: list[Section]) -> Iterator[Section]:
    """The same, with neighbouring cells of the lesson merged into one section."""
    run: Section | None = None
    for section in sections:
        if section.type != SectionType.LESSON:
            if run is not None:
                yield run
            run = None
            yield section
        elif run is None:
            run = section
        else:
            run.blocks += section.blocks
            run.cells += 1
            run.heading = run.heading or section.heading
    if run is not None:
        yield run


def _heading(cells: list[Any]) -> str:
    for cell in cells:
        if cell.cell_type == "markdown" and (found := re.match(r"#+\s+(.+)", cell.source.lstrip())):
            return sanitize.clean_text(found[1].strip("# \r`*"), 200)
    return ""


def _output(output: Any) -> Iterator[Markup]:
    """What a cell of the lesson or the student's own has shown: text and pictures."""
    if output.output_type == "stream":
        yield _pre("printed", _join(output.text))
    elif output.output_type == "error":
        yield _failure(output, None)
    elif output.output_type in ("execute_result", "display_data"):
        data = output.get("data", {})
        alt = _join(data.get("text/plain", ""))
        for mime_type in IMAGE_MIME_TYPES:
            alt = "A figure" if alt.startswith("<Figure") or not alt else alt
            if mime_type in data and (shown := sanitize.embedded_image(mime_type, _join(data[mime_type]), alt)):
                yield shown
                return
        text = data.get("text/latex") or data.get("text/plain")
        if text:
            yield _pre("printed", _join(text))


def _failure(error: Any, line: str | None) -> Markup:
    name = sanitize.clean_text(str(error.get("ename", "")), 200)
    message = sanitize.clean_text(without_cell_names(str(error.get("evalue", ""))), 2000)
    where = Markup(" in <code>{}</code>").format(line) if line else ""
    said = Markup('<p class="failed"><b>✗ {}</b>{}{}{}</p>').format(name, where, ": " if message else "", message)
    trace = sanitize.clean_text("\n".join(map(str, error.get("traceback", ()))))
    if trace.count("\n") < 2:
        return said
    return said + Markup("<details><summary>Where it happened</summary>{}</details>").format(_pre("printed", trace))


def _pre(css_class: str, text: str) -> Markup:
    return Markup('<pre class="{}" tabindex="0">{}</pre>').format(css_class, sanitize.clean_text(text))


def _is_partial_credit(output: Any) -> bool:
    """Whether it is a partial credit, as nbgrader reads it."""
    try:
        float(_join(output.get("data", {}).get("text/plain", "")))
    except ValueError:
        return False
    return output.output_type == "execute_result"


def _points(number: float) -> str:
    return f"{round(number, 2):g}"


def _join(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text)
