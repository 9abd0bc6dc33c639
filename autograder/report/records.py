"""What the journal knows beyond points: misconceptions, repaired notebooks, time-outs, tests not isolated, identical code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.grading.journal import code_lines
from autograder.judge.failures import FAILURES
from autograder.notebook.note import Note, NoteKind

Entries = Mapping[str, Mapping[str, Any]]  # by student
NOT_WRITTEN = "not_written"
MANY = 12  # students with the same code: rather a common source than a copied answer
FEWEST_LINES = 4  # of one's own, below which two people write the same by themselves


@dataclass(frozen=True)
class Idea:
    """One misconception of the class, with the judge's words on one answer; whose, is not said."""

    id: str
    title: str
    students: int
    exercises: tuple[str, ...]
    says: str
    example: str
    errors: Counter[str] = field(default_factory=Counter)  # Python's own, by name, where the idea is that it raised one


@dataclass(frozen=True)
class Unnamed:
    """What failed without a misconception to name: exercise ids with how often."""

    empty: Counter[str]
    other: Counter[str]


@dataclass(frozen=True)
class Alike:
    """Students who handed in the same code, comments aside, and where: (exercise, lines of their own)."""

    students: tuple[str, ...]
    where: tuple[tuple[str, int], ...]

    @property
    def lines(self) -> int:
        return sum(lines for _, lines in self.where)


@dataclass(frozen=True)
class Remark:
    """A note of the grader's."""

    kind: str
    student: str
    says: str


def misconceptions(entries: Entries) -> list[Idea]:
    """The class's misconceptions, the most frequent first; each student counts once."""
    who: dict[str, set[str]] = defaultdict(set)
    where: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, Mapping[str, Any]] = {}
    errors: dict[str, Counter[str]] = defaultdict(Counter)
    for student, finding in _failed(entries):
        idea = finding.get("misconception")
        if idea and idea != NOT_WRITTEN:
            who[idea].add(student)
            where[idea][str(finding["exercise"])] += 1
            first[idea] = min(first.get(idea, finding), finding, key=_plainness)
            if error_name := finding.get("error_name"):
                errors[idea][str(error_name)] += 1
    ranked = sorted(who, key=lambda idea: (-len(who[idea]), idea))
    return [
        Idea(
            idea, _title(first[idea]), len(who[idea]), tuple(id for id, _ in where[idea].most_common()),
            _words(first[idea]), _anonymous(first[idea]), errors[idea],
        )
        for idea in ranked
    ]  # fmt: skip


def _plainness(finding: Mapping[str, Any]) -> tuple[bool, int]:
    """The best example comes first: a function's says more than a letter of a quiz, a short one more than a long one."""
    return _is_option(finding), len(str(finding["text"]))


def _is_option(finding: Mapping[str, Any]) -> bool:
    return bool(finding.get("is_option"))


def _title(finding: Mapping[str, Any]) -> str:
    title = str(finding["title"])
    return f"{finding['exercise']}, {title.replace('Option', 'option')}" if _is_option(finding) else title


def unnamed(entries: Entries) -> Unnamed:
    """Answers that were left empty, and wrong ones that no known misconception explains."""
    empty, other = Counter[str](), Counter[str]()
    for _, finding in _failed(entries):
        if finding.get("misconception") == NOT_WRITTEN:
            empty[str(finding["exercise"])] += 1
        elif not finding.get("misconception"):
            other[str(finding["exercise"])] += 1
    return Unnamed(empty, other)


def _failed(entries: Entries) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for student in sorted(entries):
        for finding in entries[student].get("findings", {}).values():
            if not finding.get("passed"):
                yield student, finding


def _words(finding: Mapping[str, Any]) -> str:
    """The judge's sentence; of a trouble, the general one: the other may quote a line, an error or a value of the student's."""
    trouble = FAILURES.get(str(finding.get("misconception")))
    return trouble.message if trouble else str(finding["says"])


def _anonymous(finding: Mapping[str, Any]) -> str:
    """The judge's finding without what the student wrote or what their code said and printed: it may hold a name."""
    text, said = str(finding["text"]), str(finding["says"])
    general = _words(finding)
    if said == general:
        return text
    before, found, after = text.partition(said)
    return f"{before}{general}{after}" if found else general


def usual(entries: Entries) -> dict[str, tuple[str, int]]:
    """By grade id, the misconception that most students have there, and how many they are."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    titles: dict[str, str] = {}
    for entry in entries.values():
        for grade_id, finding in entry.get("findings", {}).items():
            idea = finding.get("misconception")
            if not finding.get("passed") and idea and idea != NOT_WRITTEN:
                counts[grade_id][idea] += 1
                titles[idea] = str(finding["title"])
    most = {grade_id: count.most_common(1)[0] for grade_id, count in counts.items()}
    return {grade_id: (titles[idea], count) for grade_id, (idea, count) in most.items()}


def remarks(entries: Entries) -> list[Remark]:
    """Every note of the grader's, by kind and student."""
    notes = [(student, Note.from_json(note)) for student, entry in entries.items() for note in entry.get("notes", ())]
    order = list(NoteKind)
    notes.sort(key=lambda pair: (order.index(pair[1].kind), pair[0]))
    return [Remark(str(note.kind), student, note.text) for student, note in notes]


def not_isolated(entries: Entries) -> Counter[str]:
    """Tests that ran in one process with the student's code, and for how many students."""
    return Counter(test for entry in entries.values() for test in entry.get("not_isolated", ()))


def alike(entries: Entries, lines_of: Callable[[str, str], int]) -> list[Alike]:
    """Groups with identical code, longest first, those of many students last.

    `lines_of(student, grade_id)` counts the lines that are the student's own.

    Short answers are left out: there is often but one natural way to write them.
    """
    same: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student in sorted(entries):
        for exercise, digest in entries[student].get("code_digests", {}).items():
            same[exercise, digest].append(student)
    groups: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for (exercise, _), students in same.items():
        if len(students) > 1 and (lines := lines_of(students[0], exercise)) >= FEWEST_LINES:
            groups[tuple(students)].append((exercise, lines))
    found = [Alike(students, tuple(sorted(where))) for students, where in groups.items()]
    return sorted(found, key=lambda one: (len(one.students) > MANY, -one.lines, one.students))


def own_lines(source: str, *known: str) -> int:
    """How many lines of code in `source` stand in none of the `known` texts; blank lines and comments don't count."""
    public = {line for text in known for line in _code(text)}
    return sum(line not in public for line in _code(source))


def _code(source: str) -> list[str]:
    return [line.strip() for line in code_lines(source)]
