"""Code that students have in common: with one another, letter for letter or but for names, and with the published solution."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from autograder.grading.journal import code_lines

LARGE_GROUP = 12  # more students with the same code rather have a common source than copied it
MIN_LINES = 4  # of one's own; shorter answers are often the same by chance


@dataclass(frozen=True)
class SameCode:
    """Students whose code is the same, comments aside, and where: (exercise, lines of their own)."""

    students: tuple[str, ...]
    where: tuple[tuple[str, int], ...]
    is_renamed: bool = False  # whether names of variables were changed

    @property
    def lines(self) -> int:
        return sum(lines for _, lines in self.where)

    @property
    def kind(self) -> str:
        return "names changed" if self.is_renamed else "identical"


@dataclass(frozen=True)
class SolutionCopy:
    """A student whose answers are the published solution, comments and names aside, of those long enough to tell."""

    student: str
    exercises: tuple[str, ...]
    compared: int


@dataclass(frozen=True)
class Released:
    """An answer cell as it was released, and the instructor's solution."""

    source: str
    solved: str
    solution_digest: str | None

    @property
    def solution_lines(self) -> int:
        """Lines that the solution adds to what was released."""
        return own_lines(self.solved, self.source)


def same_code(
    exact: Mapping[str, Mapping[str, str]],
    programs: Mapping[str, Mapping[str, str]],
    sources: Mapping[str, Mapping[str, str]],
    released: Mapping[str, Released],
) -> list[SameCode]:
    """Groups with the same code, the longest first, large groups last.

    By student and grade id: `exact` digests of the text without comments, digests of `programs` without names, `sources`.
    Short answers are left out, for often there is only one natural way to write them; so is the published solution, which
    `solution_copies` lists.
    """
    by_code: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student in sorted(exact):
        for exercise in exact[student]:
            digest = programs.get(student, {}).get(exercise)
            cell = released.get(exercise)
            if cell is not None and digest is not None and digest == cell.solution_digest:
                continue
            by_code[exercise, digest or exact[student][exercise]].append(student)
    groups: dict[tuple[tuple[str, ...], bool], list[tuple[str, int]]] = defaultdict(list)
    for (exercise, _), students in by_code.items():
        if len(students) < 2:
            continue
        cell = released.get(exercise)
        known = (cell.source, cell.solved) if cell else ()
        lines = min(own_lines(sources.get(student, {}).get(exercise, ""), *known) for student in students)
        if lines >= MIN_LINES:
            is_renamed = len({exact[student][exercise] for student in students}) > 1
            groups[tuple(students), is_renamed].append((exercise, lines))
    found = [SameCode(students, tuple(sorted(where)), renamed) for (students, renamed), where in groups.items()]
    return sorted(found, key=lambda group: (len(group.students) > LARGE_GROUP, -group.lines, group.students))


def solution_copies(
    programs: Mapping[str, Mapping[str, str]], released: Mapping[str, Released]
) -> list[SolutionCopy]:
    """Students with the published solution in at least one exercise whose solution is long enough, most exercises first."""
    long = {id for id, cell in released.items() if cell.solution_digest and cell.solution_lines >= MIN_LINES}
    found = []
    for student, own in programs.items():
        copied = tuple(sorted(id for id in long if own.get(id) == released[id].solution_digest))
        if copied:
            found.append(SolutionCopy(student, copied, len(long)))
    return sorted(found, key=lambda copy: (-len(copy.exercises), copy.student))


def own_lines(source: str, *known: str) -> int:
    """How many lines of code in `source` are in none of the `known` texts; blank lines and comments don't count."""
    public = {line for text in known for line in _stripped_lines(text)}
    return sum(line not in public for line in _stripped_lines(source))


def _stripped_lines(source: str) -> Iterable[str]:
    return [line.strip() for line in code_lines(source)]
