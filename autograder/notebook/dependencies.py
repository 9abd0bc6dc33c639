"""Which released cells run once for all students, and which names a test needs from whom (def-use analysis of cells).

A lesson's pictures cost seconds, its exercises milliseconds. A released cell that nobody changed and that depends on no
answer gives the same in every submission. It is run once, before the processes of the students are forked. Where that
could make a difference to a submission, the submission is run from its first cell to its last instead.

An example; tests/notebook/test_dependencies.py holds it to what is said here:

    0  lesson   import numpy as np           student-independent: run once
    1  lesson   x = np.arange(4)             student-independent: run once
    2  answer   def f(x): return x + 1       defines f, the student's name
    3  test     assert f(1) == 2             needs f of the student's
    4  lesson   shown = f(x)                 uses f: run in each student's process
    5  lesson   x = x * 2                    depends on no answer, but cell 4 must see the old x: as cell 4
    6  test     assert shown.sum() == 10     needs cells 4, 1 and 0 of the instructor's and, through cell 4, f of the student's
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass

from autograder.notebook.cell import Cell, Role
from autograder.notebook.code import (
    Code,
    analyse,
    analyse_node,
    defines_before_use,
    is_definition,
    never_rebound,
    rebound_by_import_only,
    stable_names,
)
from autograder.notebook.effects import Effects
from autograder.notebook.names import imported_names, parse
from autograder.notebook.randomness import Randomness
from autograder.notebook.rebuild import MergedCell, MergedNotebook

SKIP_EXECUTION = "skip-execution"  # the tag of a long demonstration
VARIANT = "variant"  # the tag of what asks for the student's id or shows a question of theirs; in grading, both are known
NOT_RUN = {SKIP_EXECUTION, VARIANT}  # believed in released cells only


def is_run(cell: Cell) -> bool:
    """Whether a released cell is run at all."""
    return cell.cell_type == "code" and (cell.role == Role.TEST or not NOT_RUN & {*cell.tags})


def definitions(cell: Cell) -> frozenset[str]:
    """The names that a released cell defines, or that its answer will."""
    return analyse(cell.source).defines | analyse(cell.solved).defines if cell.cell_type == "code" else frozenset()


def student_names(released: tuple[Cell, ...]) -> set[str]:
    """The names that the student is to define: those of the answers, and those that are used and that nobody else defines."""
    others = [cell for cell in released if cell.cell_type == "code" and not cell.is_answer]
    defined = {name for cell in others for name in definitions(cell)}
    used = {name for cell in others for name in analyse(cell.source).uses if not hasattr(builtins, name)}
    return {name for cell in released if cell.is_answer for name in definitions(cell)} | (used - defined)


# --- What runs once for all students ------------------------------------------------------------------------------------


def student_independent_cells(released: tuple[Cell, ...], randomness: Randomness) -> frozenset[int]:
    """The released cells that depend on no answer, by number, and that may be run before all others."""
    dependent_names = student_names(released)
    dependent_names |= {name for cell in released if cell.role == Role.TEST for name in analyse(cell.source).defines}
    chosen: set[int] = set()
    for number, cell in enumerate(released):
        if cell.role != Role.LESSON or not is_run(cell):
            continue
        code = analyse(cell.source)
        if code.analysable and not code.names & dependent_names and randomness.knows_seeds(cell.source):
            chosen.add(number)
        else:
            dependent_names |= code.defines
    while conflicts := _order_conflicts(released, chosen) | _random_conflicts(released, chosen, randomness):
        chosen -= conflicts
    return frozenset(chosen)


def _order_conflicts(released: tuple[Cell, ...], chosen: set[int]) -> set[int]:
    """The chosen cells that redefine or may change a name which an earlier, student-dependent lesson cell still needs.

    They must not run ahead of it. What is dropped becomes such a cell itself.
    """
    dropped: set[int] = set()
    waiting = [n for n, cell in enumerate(released) if cell.role == Role.LESSON and is_run(cell) and n not in chosen]
    while waiting:
        number = waiting.pop()
        kept = chosen - dropped
        constant = never_rebound(analyse(released[n].source) for n in kept)
        code = analyse(released[number].source)
        defined_by_kept = {name for n in kept for name in analyse(released[n].source).defines}
        shared = (code.names & defined_by_kept | code.defines) - constant
        conflicts = {n for n in kept if n > number and analyse(released[n].source).names & shared}
        dropped |= conflicts
        waiting += conflicts
    return dropped


def _random_conflicts(released: tuple[Cell, ...], chosen: set[int], randomness: Randomness) -> set[int]:
    """The chosen cells before which another lesson cell, that is not chosen, may draw from a generator that was seeded."""
    conflicts: set[int] = set()
    waiting: set[int] = set()
    relying = randomness.relying(chosen)
    for number in reversed(range(len(released))):
        cell = released[number]
        if number in relying:
            waiting.add(number)
        elif number in chosen and randomness.restarts(cell.source):
            waiting.clear()
        elif waiting and number not in chosen and cell.role == Role.LESSON and is_run(cell) and randomness.may_draw(cell.source):
            conflicts |= waiting
    return conflicts


def cells_that_leave_a_state(shared: frozenset[int], randomness: Randomness) -> frozenset[int]:
    """The shared cells that seed, or draw what follows from a seed: what runs behind them takes over the generators' state."""
    seeding = {n for n in shared if analyse(randomness.released[n].source).seeds}
    return frozenset(randomness.relying(shared) | seeding)


def display_only_cells(released: tuple[Cell, ...], shared: frozenset[int]) -> frozenset[int]:
    """The shared cells that only show something: no other cell needs what they define or change.

    They run in a process of their own, so that no student waits for their pictures.
    """
    codes = {number: analyse(released[number].source) for number in sorted(shared)}
    stable = stable_names([released[number].source for number in codes])
    needed = _names_needed_by_others(released, shared)
    unstable = {name for code in codes.values() for name in code.defines} - stable  # a cell that mentions one may change it
    # A cell of imports and definitions shows nothing, and answers count on it. What else a cell may do, others may count on too.
    effects = Effects(released)
    kept: set[int] = set()
    for number in codes:
        source = released[number].source
        if all(map(is_definition, parse(source).body)) or effects.has(source):
            kept.add(number)
            needed.update(codes[number].names)
    is_growing = True
    while is_growing:  # what a cell that is kept needs, is kept too
        is_growing = False
        for number, code in codes.items():
            if number not in kept and (code.defines | (code.names & unstable)) & needed:
                kept.add(number)
                needed.update(code.names)
                is_growing = True
    return frozenset(codes) - kept


def _names_needed_by_others(released: tuple[Cell, ...], shared: frozenset[int]) -> set[str]:
    """The names that the cells which are not shared mention; every word of a cell that can't be analysed."""
    needed: set[str] = set()
    for number, cell in enumerate(released):
        if cell.cell_type != "code" or number in shared:
            continue
        for source in (cell.source, cell.solved):
            code = analyse(source)
            needed.update(re.findall(r"\w+", source) if code.dynamic else code.names)
    return needed


# --- Whether one submission may use what was run once -------------------------------------------------------------------


def uses_display_only_names(
    released: tuple[Cell, ...], shared: frozenset[int], display_only: frozenset[int], merged: MergedNotebook
) -> bool:
    """Whether a submission may use a name that only a display-only cell defines, which its process does not have."""
    defined = {n: analyse(released[n].source).defines for n in shared}
    absent = frozenset().union(*(defined[n] for n in display_only)) - frozenset().union(
        *(defined[n] for n in shared - display_only)
    )
    own: set[str] = set()
    for cell in merged.cells if absent else ():
        if cell.cell_type == "code" and cell.changed:
            code = analyse(cell.source)
            body = parse(cell.source).body
            if code.dynamic or any(not defines_before_use(name, body) for name in (code.uses & absent) - own):
                return True
            own |= code.defines
    return False


def can_reuse_shared_run(
    released: tuple[Cell, ...],
    shared: frozenset[int],
    merged: MergedNotebook,
    randomness: Randomness,
    with_tests: bool = False,
) -> bool:
    """Whether running the shared cells beforehand makes no difference to this submission.

    Read from the last cell to the first: a cell of the student's must not touch what a shared cell behind it defines or uses;
    nor must a test, `with_tests`, where tests run in the student's process too.
    """
    codes = {number: analyse(released[number].source) for number in shared}
    constant = never_rebound(codes.values())
    defined = frozenset().union(*(code.defines for code in codes.values()))
    numbers = {id(cell): number for number, cell in enumerate(released)}
    names_behind: set[str] = set()  # that the shared cells behind the present one mention
    for cell in reversed(merged.cells):
        number = numbers.get(id(cell.released)) if cell.released else None
        if number in shared:
            if cell.changed:
                return False  # what it was has been run
            names_behind |= codes[number].names
        elif _is_run_by_student(cell, with_tests) and _touches(cell, defined, constant, names_behind):
            return False
    return not _draws_before_others(released, shared, merged, randomness, with_tests)


def _draws_before_others(
    released: tuple[Cell, ...], shared: frozenset[int], merged: MergedNotebook, randomness: Randomness, with_tests: bool
) -> bool:
    """Whether a cell that is run for this student may draw between a seed and a shared cell that draws, too."""
    relying = randomness.relying(shared)
    numbers = {id(cell): number for number, cell in enumerate(released)}
    is_drawn_behind = False
    for cell in reversed(merged.cells) if relying else ():
        number = numbers.get(id(cell.released), -1)
        if number in shared:
            is_drawn_behind |= number in relying
            is_drawn_behind &= number in relying or not randomness.restarts(cell.source)
        elif is_drawn_behind and _is_run_by_student(cell, with_tests) and randomness.may_draw(cell.source):
            return True
    return False


def _is_run_by_student(cell: MergedCell, with_tests: bool) -> bool:
    """Whether the student's process runs it; an isolated test runs in another process."""
    if cell.cell_type != "code":
        return False
    return cell.released is None or ((with_tests or cell.released.role != Role.TEST) and is_run(cell.released))


def _touches(cell: MergedCell, defined: frozenset[str], constant: frozenset[str], names_behind: set[str]) -> bool:
    """Whether a cell may change one of the `names_behind`, or gives a module, function or class among them another meaning."""
    code = analyse(cell.source)
    if code.dynamic and names_behind and cell.changed:  # `%reset`, `exec`, `globals()`: it may touch anything
        return True
    if ((code.names & defined | code.defines) - constant) & names_behind:
        return True
    return not all(rebound_by_import_only(name, cell.source) for name in code.defines & constant & names_behind)


# --- What a test needs --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Needs:
    """What a test needs: released cells to run in the checker before it, and names of the student's.

    `ambiguous_names` are those of the student's names that no cell is seen to define: the instructor's, if a star import or
    the like turns out to define them. `import_cells` are answers whose imports are the instructor's.
    """

    required_cells: frozenset[int]
    student_names: frozenset[str]
    ambiguous_names: frozenset[str]
    import_cells: frozenset[int]


def needs(released: tuple[Cell, ...], test: int, randomness: Randomness) -> Needs:
    """What the test cell number `test` needs. Follows each name to the cell that defines it, and on to what that cell uses."""
    required: set[int] = set()
    student: set[str] = set()
    ambiguous: set[str] = set()
    import_cells: set[int] = set()
    pending = {(name, test) for name in analyse(released[test].source).uses}
    seen = set(pending)
    while pending:
        name, place = pending.pop()
        definer = _defining_cell(released, name, place)
        if definer is None:
            if not hasattr(builtins, name):
                ambiguous.add(name)
            continue
        cell = released[definer]
        if cell.is_answer:
            imported = name in analyse(instructor_imports(cell)).defines
            (import_cells.add(definer) if imported else student.add(name))
        if cell.role in (Role.LESSON, Role.TEST) and definer not in required:
            required.add(definer)
            code = analyse(cell.source)
            more = {(used, definer) for used in code.uses - code.defines} - seen
            seen |= more
            pending |= more
    required |= _state_changing_cells(released, test, randomness)
    while more_cells := _changing_cells(released, test, required, student | ambiguous):
        required |= more_cells
    required = {n for n in required if released[n].role == Role.LESSON}
    return Needs(frozenset(required), frozenset(student | ambiguous), frozenset(ambiguous - student), frozenset(import_cells))


def _state_changing_cells(released: tuple[Cell, ...], before: int, randomness: Randomness) -> set[int]:
    """The lesson cells that do more than define names, such as `np.random.seed(1)`, or that draw numbers behind it."""
    lessons = {n for n in range(before) if released[n].role == Role.LESSON and is_run(released[n])}
    codes = {n: analyse(released[n].source) for n in lessons}
    return {n for n in lessons if not codes[n].analysable or codes[n].seeds} | randomness.relying(lessons)


def _changing_cells(released: tuple[Cell, ...], test: int, required: set[int], student: set[str]) -> set[int]:
    """More lesson cells that a test needs: those that change in place what it, or a required cell, uses of the instructor's.

    `cases.append((3, 9))` defines no name; without it, a test that loops over `cases` would loop over nothing.
    """
    used = set(analyse(released[test].source).uses).union(*(analyse(released[n].source).names for n in required)) - student
    used -= _imported_names(released)
    lessons = (n for n in range(test) if n not in required and released[n].role == Role.LESSON and is_run(released[n]))
    return {n for n in lessons if analyse(released[n].source).changes & used}


def _imported_names(released: tuple[Cell, ...]) -> set[str]:
    """The names of modules: `plt.plot(x)` changes nothing of `plt` that a test would look at."""
    return {name for cell in released if cell.cell_type == "code" for name, _ in imported_names(cell.source)}


def instructor_imports(cell: Cell) -> str:
    """The imports in an answer's cell, as released or in the solution, of names that the answer defines in no other way.

    A test takes such a name from the instructor: a student could give it another meaning, `isclose = lambda *_: True`.
    """
    imports, others = list[str](), set[str]()
    for node in (*parse(cell.source).body, *parse(cell.solved).body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(ast.unparse(node))
        else:
            others |= analyse_node(node).defines
    return "\n".join(line for line in dict.fromkeys(imports) if not analyse(line).defines & others)


def _defining_cell(released: tuple[Cell, ...], name: str, before: int) -> int | None:
    """The last released cell before `before` that defines a name; an answer wherever it is, if there is no other."""
    ahead = [n for n in range(before) if name in definitions(released[n])]
    if ahead:
        return ahead[-1]
    behind = [n for n in range(before + 1, len(released)) if released[n].is_answer and name in definitions(released[n])]
    return behind[0] if behind else None


def is_redefined_elsewhere(released: tuple[Cell, ...], number: int) -> bool:
    """Whether another released cell gives one of the cell's names another value."""
    own = analyse(released[number].source)
    variables = own.defines - own.constant_definitions
    others: list[Code] = [analyse(cell.source) for n, cell in enumerate(released) if n != number and cell.cell_type == "code"]
    return any(
        variables & other.defines or (own.constant_definitions & other.defines) - other.constant_definitions for other in others
    )
