"""`leftcontext report`: gathers what is known, and writes the page."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from jinja2 import Environment

from autograder.feedback.page_templates import environment
from autograder.feedback.sanitize import clean_text, render_markdown
from autograder.grading.journal import Journal
from autograder.nbgrader.class_list import class_standing
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.notebook.cell import Cell
from autograder.report import answers, options, plots, records, similarity, statistics
from autograder.report.students import Roster, as_csv, feedback_link, gather_rows
from autograder.report.titles import exercise_titles

FIRST_MISCONCEPTIONS = 12  # the others are folded away
MAX_ROWS = 200  # of a table; the page stays readable for ten thousand students


@dataclass(frozen=True)
class Report:
    """All that the page says of an assignment."""

    assignment: str
    scores: statistics.ScoreDistribution
    exercises: list[statistics.ExerciseStatistics]
    most_common: dict[str, tuple[str, int]]  # misconception and students, by grade id
    students: int
    judged: int  # students whose findings are in the journal
    misconceptions: list[records.MisconceptionSummary]
    unclassified: records.Unclassified
    notes: list[records.GraderNote]
    not_isolated: dict[str, int]
    title: str = ""
    written: datetime | None = None
    due: datetime | None = None
    roster: Roster = field(default_factory=Roster)
    left_out: list[statistics.ExerciseStatistics] = field(default_factory=list)  # of the scores, for they wait
    failures: list[answers.CellFailure] = field(default_factory=list)
    same_code: list[similarity.SameCode] = field(default_factory=list)
    solution_copies: list[similarity.SolutionCopy] = field(default_factory=list)
    option_texts: dict[str, list[str]] = field(default_factory=dict)  # what options say, by the id of the misconception
    titles: dict[str, str] = field(default_factory=dict)  # what an exercise is called, by its id

    @property
    def late(self) -> int:
        return sum(bool(row.late) for row in self.roster.rows)

    @property
    def marked_late_by(self) -> str:
        """The system that marked submissions as late without saying when they were handed in; empty where none did."""
        return next((row.standing.marked_late_by for row in self.roster.rows if row.standing.marked_late_by), "")

    @property
    def at_risk(self) -> int:
        return sum(row.is_at_risk for row in self.roster.rows)

    @property
    def missing_packages(self) -> dict[str, list[str]]:
        """Students by what Python said of a package that is not installed: the machine lacks something, not they."""
        found: dict[str, list[str]] = defaultdict(list)
        for failure in self.failures:
            if failure.is_missing_package and failure.student not in found[failure.said]:
                found[failure.said].append(failure.student)
        return dict(found)

    @property
    def broken(self) -> list[answers.CellFailure]:
        """Cells that are no Python."""
        return [failure for failure in self.failures if not failure.is_missing_package]

    @property
    def hardest(self) -> statistics.ExerciseStatistics | None:
        """The exercise that the fewest got full credit for."""
        graded = [exercise for exercise in self.exercises if exercise.pass_rate is not None]
        return min(graded, key=lambda exercise: exercise.pass_rate or 0.0, default=None)

    @property
    def most_frequent(self) -> records.MisconceptionSummary | None:
        """The misconception that most have, where more than one student has it."""
        return next((one for one in self.misconceptions if one.students > 1 and one.id not in records.NO_MISCONCEPTIONS), None)

    @property
    def waiting(self) -> int:
        """Answers that the instructor still has to read."""
        return sum(exercise.waiting for exercise in self.exercises)

    @property
    def note_counts(self) -> Counter[str]:
        """The grader's notes, counted by kind."""
        return Counter(note.kind for note in self.notes)


def open_course() -> NbgraderCourse:
    """The course of the current folder. Raises MissingData where it has no gradebook."""
    course = NbgraderCourse()
    if not course.has_gradebook:
        raise MissingData("There is no gradebook here. Run this in the folder of an nbgrader course, after grading.")
    return course


def write(assignment: str, output: Path | None = None) -> tuple[Path, Path]:
    """Write the page, and a table of its students beside it; where both are now. Raises MissingData, OSError."""
    course = open_course()
    output = (output or course.records / f"{assignment}.html").absolute()
    with course.open():
        report = gather(course, assignment, output)
    page = render_page(report)
    table = as_csv(report.roster, [one.name for one in report.exercises], report.scores.maximum)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8", errors="replace")
    beside = output.with_suffix(".csv")
    beside.write_text(table, encoding="utf-8-sig", errors="replace", newline="")  # Excel takes plain UTF-8 for Latin-1
    return output, beside


def gather(course: NbgraderCourse, assignment: str, output: Path) -> Report:
    """Points from the gradebook, the rest from the journal and the graded notebooks. Raises MissingData."""
    table = course.score_table(assignment)
    standing = class_standing(course, assignment)
    newest = Journal(course.records / f"{assignment}.jsonl").newest()
    entries = {student: newest[student] for student in table.students if student in newest}
    known = _Released(course, assignment)
    entries = options.without_letters(entries, known.variants)
    order = sorted(range(len(table.cells)), key=lambda n: known.order.get(table.cells[n], len(known.order)))
    titles = exercise_titles(known.cells)
    found = statistics.with_headings(statistics.exercise_statistics(table.cells, table.scores, table.points), titles)
    exercises = [found[n] for n in order]
    complete = [n for n in range(len(table.cells)) if not np.isnan(table.scores[:, n]).any()]
    read = {
        student: answers.read_answers(course.folder("autograded", student, assignment), student, frozenset(known.answers))
        for student in table.students
    }
    failures = [failure for student in table.students for failure in read[student].failures]
    programs = {student: answers.program_digests(one.sources, known.answers) for student, one in read.items()}
    exact = {student: entry.get("code_digests", {}) for student, entry in entries.items()}
    sources = {student: one.sources for student, one in read.items()}
    same = similarity.same_code(exact, programs, sources, known.answers)
    copies = similarity.solution_copies(programs, known.answers)
    notes = records.grader_notes(entries)
    ideas = records.misconceptions(entries)
    roster = gather_rows(
        standing, table, order, _flags(notes, failures, same, copies, records.nothing_written(entries)),
        lambda student: feedback_link(course.folder("feedback", student, assignment), output),
    )  # fmt: skip
    return Report(
        assignment,
        statistics.score_distribution(table.scores[:, complete], table.points[complete]),
        exercises,
        records.most_common_by_cell(entries),
        len(table.students),
        len(entries),
        ideas,
        records.unclassified(entries),
        notes,
        dict(records.not_isolated_tests(entries)),
        title=known.title,
        written=datetime.now(UTC),
        due=standing.due,
        roster=roster,
        left_out=[found[n] for n in order if n not in complete],
        failures=failures,
        same_code=same,
        solution_copies=copies,
        titles=titles,
        option_texts=options.option_texts(ideas, known.seeds, known.variants),
    )


def _flags(
    notes: list[records.GraderNote],
    failures: list[answers.CellFailure],
    same: list[similarity.SameCode],
    copies: list[similarity.SolutionCopy],
    empty: list[str],
) -> Mapping[str, list[str]]:
    """What needs a look, by student, each once."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for failure in failures:
        found[failure.student]["package missing" if failure.is_missing_package else "not Python"] = None
    for student in empty:
        found[student]["nothing written"] = None
    for note in notes:
        found[note.student][note.kind] = None
    for group in same:
        for student in group.students if len(group.students) <= similarity.LARGE_GROUP else ():
            found[student]["same code"] = None
    for copy in copies:
        found[copy.student][f"published solution ({len(copy.exercises)} of {copy.compared})"] = None
    return {student: list(flags) for student, flags in found.items()}


def render_page(report: Report) -> str:
    """The page as HTML."""
    text = templates().get_template("report.html.j2").render(
        report=report,
        figures={"scores": plots.score_histogram(report.scores), "exercises": plots.credit_chart(report.exercises)},
        histogram_text=plots.histogram_text,
        first=FIRST_MISCONCEPTIONS,
        max_rows=MAX_ROWS,
        called=lambda id: f"“{report.titles[id]}”" if id in report.titles else id,
    )
    return str(text).encode("utf-8", "replace").decode()


def templates() -> Environment:
    """The report's templates, with what they call."""
    found = environment("autograder.report")
    found.filters |= {
        "percent": lambda fraction: f"{100 * fraction:.0f}%",
        "clean_text": clean_text,
        "markdown": render_markdown,
        "heading": lambda name: clean_text(name).replace("`", ""),
    }
    return found


class _Released:
    """The assignment as it was released: its order, its title, and the solutions behind the digests."""

    def __init__(self, course: NbgraderCourse, assignment: str) -> None:
        try:
            self.notebooks = course.released(assignment)
        except MissingData:
            self.notebooks = ()  # the source is elsewhere; the gradebook is here
        self.cells = [cell for notebook in self.notebooks for cell in notebook.cells]
        graded = [cell for cell in self.cells if cell.grade_id]
        self.order = {str(cell.grade_id): number for number, cell in enumerate(graded)}

    @cached_property
    def answers(self) -> dict[str, similarity.Released]:
        """Answers in code, by grade id."""
        codes = [cell for cell in self.cells if cell.is_answer and cell.cell_type == "code" and cell.grade_id]
        return {str(cell.grade_id): _released(cell) for cell in codes}

    @property
    def title(self) -> str:
        """The first heading."""
        headings = (re.match(r"#\s+(.+)", cell.source.lstrip()) for cell in self.cells if cell.cell_type == "markdown")
        return next((clean_text(found[1].strip("# \r`*"), 200) for found in headings if found), "")

    @property
    def variants(self) -> frozenset[str]:
        """The exercises of which each student has a variant."""
        return frozenset(name for notebook in self.notebooks for name in notebook.variants)

    @property
    def seeds(self) -> dict[str, int]:
        """The variant that a test asks for, by the id of the exercise."""
        found = (re.search(r'check\("(\w+)".*?\bseed=(\d+)', cell.source) for cell in self.cells if cell.is_code_test)
        return {match[1]: int(match[2]) for match in found if match}


def _released(cell: Cell) -> similarity.Released:
    digest = answers.program_digest(cell.solved, str(cell.grade_id)) if cell.solved.strip() else None
    return similarity.Released(cell.source, cell.solved, digest)
