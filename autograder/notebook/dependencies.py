"""Which of the instructor's cells need to run only once for all students, and which names a test takes from whom.

A lesson's pictures cost seconds, its exercises milliseconds. A released cell that nobody changed and that depends on no
answer gives the same in every submission; it is run in the parent, before the forks. Where that could make a difference to
what the student's own cells see, the submission is run from its first cell to its last instead.
"""

from __future__ import annotations

import ast
import builtins
import functools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.notebook.names import MAGIC, OTHERWISE, parsed, plain, scoped
from autograder.notebook.rebuild import LESSON, TEST, Cell, Rebuilt

NEVER = "skip-execution"  # the tag of a long demonstration; believed in released cells only
DYNAMIC = {"get_ipython", "globals", "locals", "vars", "eval", "exec", "__main__", "__import__"}
STATE = ("seed", "set_printoptions", "seterr", "rcParams", "filterwarnings", "simplefilter", "environ", "chdir")


@dataclass(frozen=True)
class Code:
    """What can be told of a code cell without running it. `fixed` names are modules, functions and classes."""

    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    opaque: bool = False  # a magic, a shell line, or a look at names that are not written down: it may do more than is seen here
    plain: bool = False  # not that, and no star import, no change of a module's state

    @property
    def mentions(self) -> frozenset[str]:
        return self.reads | self.binds


@functools.lru_cache(maxsize=4096)
def code(source: str) -> Code:
    """Read a cell."""
    tree, text = parsed(source), plain(source)
    opaque = "get_ipython" in source or MAGIC.search(source) is not None
    try:
        reads, binds = scoped(text)
        loose = scoped("\n".join(ast.unparse(node) for node in tree.body if not _is_fixed(node)))[1]
    except SyntaxError:  # unless IPython reads it otherwise, nothing of it runs
        return Code(opaque=OTHERWISE.search(source) is not None)
    except (ValueError, RecursionError, MemoryError):
        return Code(opaque=True)
    opaque |= not reads.isdisjoint(DYNAMIC)
    fixed = {name for node in tree.body for name in _defined(node)}
    words = [word for word in STATE if word in text]
    state = bool(words) and any(isinstance(node, ast.Attribute) and node.attr in words for node in ast.walk(tree))
    star = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body)
    plainly = bool(tree.body) and not opaque and not state and not star
    return Code(frozenset(reads), frozenset(binds), frozenset(fixed - loose), opaque, plainly)


def _is_fixed(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)


def _statement(node: ast.AST) -> Code:
    """What can be told of one statement or expression."""
    try:
        return code(ast.unparse(node))
    except RecursionError:  # nested too deep to be written out again
        return Code(opaque=True)


def _defined(node: ast.stmt) -> list[str]:
    """The names that an import, a function or a class binds."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.split(".")[0] for alias in node.names]
    return [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []


def _meanings(source: str) -> set[tuple[str, str]]:
    """The names that a cell's imports, functions and classes bind, each with what it stands for."""
    found: set[tuple[str, str]] = set()
    for node in parsed(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}:" if isinstance(node, ast.ImportFrom) else ""
            found |= {(name, module + alias.name) for name, alias in zip(_defined(node), node.names, strict=True)}
        else:
            found |= {(name, ast.get_source_segment(plain(source), node) or "") for name in _defined(node)}
    return found


def runs(cell: Cell) -> bool:
    """Whether a released cell is run at all."""
    return cell.kind == "code" and (NEVER not in cell.tags or cell.role == TEST)


def binds(cell: Cell) -> frozenset[str]:
    """The names that a released cell binds, or that its answer will."""
    return code(cell.source).binds | code(cell.solved).binds if cell.kind == "code" else frozenset()


def asked(released: tuple[Cell, ...]) -> set[str]:
    """The names that the student is to bind: those of the answers, and those that are used and that nobody else binds."""
    others = [cell for cell in released if cell.kind == "code" and not cell.theirs]
    known = {name for cell in others for name in binds(cell)}
    used = {name for cell in others for name in code(cell.source).reads if not hasattr(builtins, name)}
    return {name for cell in released if cell.theirs for name in binds(cell)} | (used - known)


def once(released: tuple[Cell, ...]) -> frozenset[int]:
    """The released cells that depend on no answer, by number."""
    answered = asked(released)
    answered |= {name for cell in released if cell.role == TEST for name in code(cell.source).binds}
    chosen: set[int] = set()
    for number, cell in enumerate(released):
        if cell.role != LESSON or not runs(cell):
            continue
        what = code(cell.source)
        if what.plain and not what.mentions & answered:
            chosen.add(number)
        else:
            answered |= what.binds
    return frozenset(chosen - _met_otherwise(released, chosen))


def _met_otherwise(released: tuple[Cell, ...], chosen: set[int]) -> set[int]:
    """Those of the chosen cells that would change what an earlier released cell sees, one that waits for an answer."""
    dropped: set[int] = set()
    waiting = [n for n, cell in enumerate(released) if cell.role == LESSON and runs(cell) and n not in chosen]
    while waiting:
        number = waiting.pop()
        kept = chosen - dropped
        fixed = _fixed_for_good(code(released[n].source) for n in kept)
        own = code(released[number].source)
        known = {name for n in kept for name in code(released[n].source).binds}
        names = (own.mentions & known | own.binds) - fixed
        met = {n for n in kept if n > number and code(released[n].source).mentions & names}
        dropped |= met
        waiting += met
    return dropped


def aside(released: tuple[Cell, ...], chosen: frozenset[int]) -> frozenset[int]:
    """Those of the `chosen` cells that only show something: whatever else is run can do without what they bind or change."""
    ahead = {number: code(released[number].source) for number in sorted(chosen)}
    shared = _same_everywhere([released[number].source for number in ahead])
    wanted = {
        name
        for number, cell in enumerate(released)
        if cell.kind == "code" and number not in chosen
        for source in (cell.source, cell.solved)
        for name in (re.findall(r"\w+", source) if code(source).opaque else code(source).mentions)
    }
    loose = {name for one in ahead.values() for name in one.binds} - shared  # a cell that mentions one may change it
    # What only imports and defines shows nothing, and answers count on it.
    kept = {n for n in ahead if all(map(_is_fixed, parsed(released[n].source).body))}
    wanted.update(name for n in kept for name in ahead[n].mentions)
    while more := [n for n in ahead if n not in kept and (ahead[n].binds | (ahead[n].mentions & loose)) & wanted]:
        kept.update(more)
        wanted.update(name for n in more for name in ahead[n].mentions)
    return frozenset(ahead) - kept


def _same_everywhere(sources: list[str]) -> frozenset[str]:
    """The names that mean one and the same module, function or class in all of these cells."""
    often = Counter(name for name, _ in set().union(*map(_meanings, sources)))
    return frozenset(name for name in _fixed_for_good(map(code, sources)) if often[name] == 1)


def looks_aside(released: tuple[Cell, ...], chosen: frozenset[int], shown: frozenset[int], rebuilt: Rebuilt) -> bool:
    """Whether a submission may use what those of the `chosen` cells have bound that were run to be `shown` only."""
    bound = {n: code(released[n].source).binds for n in chosen}
    hidden = frozenset().union(*(bound[n] for n in shown)) - frozenset().union(*(bound[n] for n in chosen - shown))
    own: set[str] = set()
    for written in rebuilt.cells if hidden else ():
        if written.kind == "code" and written.changed:
            what = code(written.source)
            body = parsed(written.source).body
            if what.opaque or any(not _bound_first(name, body) for name in (what.reads & hidden) - own):
                return True
            own |= what.binds
    return False


def _bound_first(name: str, body: list[ast.stmt]) -> bool:
    """Whether statements bind a name before they read it."""
    for node in body:
        if isinstance(node, ast.For) and name in _statement(node.target).reads:
            return name not in _statement(node.iter).reads
        what = _statement(node)
        if what.opaque or name in what.mentions:
            return name in what.binds - what.reads
    return True


def fits(released: tuple[Cell, ...], chosen: frozenset[int], rebuilt: Rebuilt) -> bool:
    """Whether running the `chosen` cells beforehand makes no difference to this submission."""
    ahead = {number: code(released[number].source) for number in chosen}
    fixed = _fixed_for_good(ahead.values())
    known = frozenset().union(*(one.binds for one in ahead.values()))
    places = {id(cell): number for number, cell in enumerate(released)}
    later: set[str] = set()  # what the cells that were run ahead of their time have to do with
    for written in reversed(rebuilt.cells):
        number = places.get(id(written.released)) if written.released else None
        if number in chosen and not written.changed:
            later |= ahead[number].mentions
        elif number in chosen:
            return False  # a changed lesson cell: what it was has been run
        elif written.kind == "code" and (written.released is None or runs(written.released)):
            if written.released is not None and written.released.role == TEST:
                continue  # it runs in another process
            own = code(written.source)
            if ((own.mentions & known | own.binds) - fixed) & later:
                return False
            if not all(_by_import(name, written.source) for name in own.binds & fixed & later):
                return False
    return True


def _fixed_for_good(cells: Iterable[Code]) -> frozenset[str]:
    fixed: set[str] = set()
    loose: set[str] = set()
    for cell in cells:
        fixed |= cell.fixed
        loose |= cell.binds - cell.fixed
    return frozenset(fixed - loose)


def _by_import(name: str, source: str) -> bool:
    """Whether a student binds a module's name by an import; `import numpy as np` once more changes nothing."""
    told = [(node, _statement(node)) for node in parsed(source).body]
    binders = [node for node, what in told if what.opaque or name in what.binds]
    return all(isinstance(node, ast.Import | ast.ImportFrom) for node in binders)


@dataclass(frozen=True)
class Needs:
    """What a test needs: released cells to run in the checker before it, and names of the student's.

    `unsure` are those of the names that no cell is seen to bind: the student's, unless a star import or the like makes
    them the instructor's. `given` are answers whose imports, handed out with the cell, are the instructor's.
    """

    cells: frozenset[int]
    theirs: frozenset[str]
    unsure: frozenset[str]
    given: frozenset[int]


def needs(released: tuple[Cell, ...], number: int) -> Needs:
    """What the test cell `number` needs."""
    cells: set[int] = set()
    theirs: set[str] = set()
    unsure: set[str] = set()
    given: set[int] = set()
    open_names = {(name, number) for name in code(released[number].source).reads}
    seen = set(open_names)
    while open_names:
        name, place = open_names.pop()
        binder = _binder(released, name, place)
        if binder is None:
            if not hasattr(builtins, name):
                unsure.add(name)
            continue
        if released[binder].theirs and name in code(imports(released[binder])).binds:
            given.add(binder)
        elif released[binder].theirs:
            theirs.add(name)
        if released[binder].role in (LESSON, TEST) and binder not in cells:
            cells.add(binder)
            what = code(released[binder].source)
            more = {(one, binder) for one in what.reads - what.binds} - seen
            seen |= more
            open_names |= more
    state = {n for n in range(number) if released[n].role == LESSON and runs(released[n]) and not code(released[n].source).plain}
    helping = frozenset(n for n in cells | state if released[n].role == LESSON)
    return Needs(helping, frozenset(theirs | unsure), frozenset(unsure - theirs), frozenset(given))


def imports(cell: Cell) -> str:
    """The imports that are handed out in an answer's own cell, of names that the answer binds in no other way."""
    handed, others = list[str](), set[str]()
    for node in (*parsed(cell.source).body, *parsed(cell.solved).body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            handed.append(ast.unparse(node))
        else:
            others |= _statement(node).binds
    known = {ast.unparse(node) for node in parsed(cell.source).body}
    kept = [line for line in dict.fromkeys(handed) if line in known and not code(line).binds & others]
    return "\n".join(kept)


def _binder(released: tuple[Cell, ...], name: str, before: int) -> int | None:
    """The last released cell before `before` that binds a name; one of the student's wherever it is, if there is no other."""
    ahead = [n for n in range(before) if name in binds(released[n])]
    if ahead:
        return ahead[-1]
    after = [n for n in range(before + 1, len(released)) if released[n].theirs and name in binds(released[n])]
    return after[0] if after else None

