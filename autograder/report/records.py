"""What the journal knows beyond points: misconceptions, repaired notebooks, time-outs, tests not isolated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.grading.graded_submission import GradingStatus
from autograder.grading.judged_finding import JudgedFinding
from autograder.judge.failures import FAILURES
from autograder.notebook.note import Note, NoteKind

Entries = Mapping[str, Mapping[str, Any]]  # by student
NOT_WRITTEN = "not_written"
NO_MISCONCEPTIONS = frozenset({"raises", "hangs"})  # a call that fails or does not end says nothing of what was thought


@dataclass(frozen=True)
class MisconceptionSummary:
    """A misconception of the class, with the judge's finding on one anonymous answer."""

    id: str
    title: str
    students: int
    exercises: tuple[str, ...]
    message: str
    example: str
    errors: Counter[str] = field(default_factory=Counter)  # Python's own errors by name, where the call raised one
    is_option: bool = False  # whether it is the wrong option of a quiz

@dataclass(frozen=True)
class Unclassified:
    """Incorrect answers without a known misconception: exercise ids with how often."""

    empty: Counter[str]
    other: Counter[str]


@dataclass(frozen=True)
class GraderNote:
    """A note of the grader's."""

    kind: str
    student: str
    text: str


def misconceptions(entries: Entries) -> list[MisconceptionSummary]:
    """The class's misconceptions, the most frequent first; each student counts once."""
    students: dict[str, set[str]] = defaultdict(set)
    where: dict[str, Counter[str]] = defaultdict(Counter)
    best: dict[str, JudgedFinding] = {}
    errors: dict[str, Counter[str]] = defaultdict(Counter)
    for student, finding in _failed_findings(entries):
        id = finding.misconception
        if id and id != NOT_WRITTEN:
            students[id].add(student)
            where[id][finding.exercise] += 1
            best[id] = min(best.get(id, finding), finding, key=_example_order)
            if finding.error_name:
                errors[id][finding.error_name] += 1
    ranked = sorted(students, key=lambda id: (-len(students[id]), id))
    return [
        MisconceptionSummary(
            id, _title(best[id]), len(students[id]), tuple(exercise for exercise, _ in where[id].most_common()),
            _general_message(best[id]), _anonymous(best[id]), errors[id], best[id].is_option,
        )
        for id in ranked
    ]  # fmt: skip


def _example_order(finding: JudgedFinding) -> tuple[bool, int]:
    """The sort key of examples: a function before the letter of a quiz, a short text before a long one."""
    return finding.is_option, len(finding.text)


def _title(finding: JudgedFinding) -> str:
    title = finding.title
    return f"{finding.exercise}, {title.replace('Option', 'option')}" if finding.is_option else title


def unclassified(entries: Entries) -> Unclassified:
    """Answers that were left empty, and wrong ones that no known misconception explains."""
    empty, other = Counter[str](), Counter[str]()
    readable = {student: entry for student, entry in entries.items() if entry.get("status") != GradingStatus.UNREADABLE}
    for _, finding in _failed_findings(readable):
        if finding.misconception == NOT_WRITTEN:
            empty[finding.exercise] += 1
        elif not finding.misconception:
            other[finding.exercise] += 1
    return Unclassified(empty, other)


def nothing_written(entries: Entries) -> list[str]:
    """Students who handed in and left every exercise empty."""
    found = {student: [one.misconception for one in _findings(entries[student]).values()] for student in sorted(entries)}
    return [student for student, ideas in found.items() if ideas and set(ideas) == {NOT_WRITTEN}]


def _failed_findings(entries: Entries) -> Iterable[tuple[str, JudgedFinding]]:
    for student in sorted(entries):
        for finding in _findings(entries[student]).values():
            if not finding.passed:
                yield student, finding


def _findings(entry: Mapping[str, Any]) -> dict[str, JudgedFinding]:
    """What the judge found in one student's answers, by grade id of the test."""
    return {test: JudgedFinding.from_json(finding) for test, finding in entry.get("findings", {}).items()}


def _general_message(finding: JudgedFinding) -> str:
    """The message without a line, an error or a value of the student's, which that of a failed call may quote."""
    failure = FAILURES.get(finding.misconception or "")
    return failure.message if failure else finding.message


def _anonymous(finding: JudgedFinding) -> str:
    """The judge's finding without the student's own values and error messages, which may contain a name."""
    general = _general_message(finding)
    if finding.message == general:
        return finding.text
    before, found, after = finding.text.partition(finding.message)
    return f"{before}{general}{after}" if found else general


def most_common_by_cell(entries: Entries) -> dict[str, tuple[str, int]]:
    """By grade id, the misconception that most students have there, and their number."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    titles: dict[tuple[str, str], str] = {}
    for entry in entries.values():
        for grade_id, finding in _findings(entry).items():
            id = finding.misconception
            if not finding.passed and id and id != NOT_WRITTEN:
                counts[grade_id][id] += 1
                titles[grade_id, id] = finding.title
    most = {grade_id: count.most_common(1)[0] for grade_id, count in counts.items()}
    return {grade_id: (titles[grade_id, id], count) for grade_id, (id, count) in most.items()}


def grader_notes(entries: Entries) -> list[GraderNote]:
    """All notes of the grader, sorted by kind and student."""
    notes = [(student, Note.from_json(note)) for student, entry in entries.items() for note in entry.get("notes", ())]
    order = list(NoteKind)
    notes.sort(key=lambda pair: (order.index(pair[1].kind), pair[0]))
    return [GraderNote(str(note.kind), student, note.text) for student, note in notes]


def not_isolated_tests(entries: Entries) -> Counter[str]:
    """Tests that ran in one process with the student's code, and for how many students."""
    return Counter(test for entry in entries.values() for test in entry.get("not_isolated", ()))
