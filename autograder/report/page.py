"""`leftcontext report`: gathers what is known, and writes the page."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.feedback.page_templates import environment
from autograder.feedback.sanitize import clean_text, render_markdown
from autograder.grading.journal import Journal
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.report import plots, records, statistics

FIRST_MISCONCEPTIONS = 12  # the others are folded away
MAX_ROWS = 200  # of a table; the page stays readable for ten thousand students


@dataclass(frozen=True)
class Report:
    """All that the page says of an assignment."""

    assignment: str
    scores: statistics.ScoreDistribution
    exercises: list[statistics.ExerciseStatistics]
    most_common: dict[str, tuple[str, int]]  # misconception and students, by grade id
    late: int
    students: int
    judged: int  # students whose findings are in the journal
    misconceptions: list[records.MisconceptionSummary]
    unclassified: records.Unclassified
    identical_code: list[records.IdenticalCode]
    notes: list[records.GraderNote]
    not_isolated: dict[str, int]

    @property
    def hardest(self) -> statistics.ExerciseStatistics | None:
        """The exercise that the fewest got full credit for."""
        graded = [exercise for exercise in self.exercises if exercise.pass_rate is not None]
        return min(graded, key=lambda exercise: exercise.pass_rate or 0.0, default=None)

    @property
    def waiting(self) -> int:
        """Answers that the instructor still has to read."""
        return sum(exercise.waiting for exercise in self.exercises)

    @property
    def note_counts(self) -> Counter[str]:
        """The grader's notes, counted by kind."""
        return Counter(note.kind for note in self.notes)


def write(assignment: str, output: Path | None = None) -> Path:
    """Write the page; where it stands now. Raises MissingData, OSError."""
    course = NbgraderCourse()
    if not course.has_gradebook:
        raise MissingData("There is no gradebook here. Run this in the folder of an nbgrader course, after grading.")
    with course.open():
        report = gather(course, assignment)
    page = render_page(report)
    output = output or course.records / f"{assignment}.html"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8", errors="replace")
    return output


def gather(course: NbgraderCourse, assignment: str) -> Report:
    """Points from the gradebook, the rest from the journal. Raises MissingData."""
    table = course.score_table(assignment)
    newest = Journal(course.records / f"{assignment}.jsonl").newest()
    entries = {student: newest[student] for student in table.students if student in newest}
    known = _Sources(course, assignment)
    found = statistics.exercise_statistics(table.cells, table.scores, table.points)
    return Report(
        assignment,
        statistics.score_distribution(table.scores, table.points),
        sorted(found, key=lambda exercise: known.order.get(exercise.id, len(known.order))),
        records.most_common_by_cell(entries),
        int((table.penalties > 0).sum()),
        len(table.students),
        len(entries),
        records.misconceptions(entries),
        records.unclassified(entries),
        records.identical_code(entries, known.own_lines),
        records.grader_notes(entries),
        dict(records.not_isolated_tests(entries)),
    )


def render_page(report: Report) -> str:
    """The page as HTML."""
    templates = environment("autograder.report")
    templates.filters |= {
        "percent": lambda fraction: f"{100 * fraction:.0f}%",
        "clean_text": clean_text,
        "markdown": render_markdown,
        "heading": lambda name: clean_text(name).replace("`", ""),
    }
    text = templates.get_template("report.html.j2").render(
        report=report,
        figures={"scores": plots.score_histogram(report.scores), "exercises": plots.credit_chart(report.exercises)},
        histogram_text=plots.histogram_text,
        first=FIRST_MISCONCEPTIONS,
        max_rows=MAX_ROWS,
    )
    return str(text).encode("utf-8", "replace").decode()


class _Sources:
    """The code behind the digests: what was released, what the solution is, what a student wrote."""

    def __init__(self, course: NbgraderCourse, assignment: str) -> None:
        self.course, self.assignment = course, assignment
        try:
            notebooks = course.released(assignment)
        except MissingData:
            notebooks = ()  # the source is elsewhere; the gradebook is here
        cells = [cell for notebook in notebooks for cell in notebook.cells if cell.grade_id]
        self.order = {str(cell.grade_id): number for number, cell in enumerate(cells)}
        self.known = {str(cell.grade_id): (cell.source, cell.solved) for cell in cells}

    def own_lines(self, student: str, exercise: str) -> int:
        """Lines that stand neither in the released cell nor in the solution; 0 where the notebook is gone."""
        folder = self.course.folder("autograded", student, self.assignment)
        for path in sorted(folder.glob("*.ipynb")):
            try:
                cells = json.loads(path.read_bytes())["cells"]
            except (OSError, ValueError, KeyError):
                continue
            for cell in cells:
                if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == exercise:
                    return records.own_lines(_source(cell), *self.known.get(exercise, ()))
        return 0


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)
