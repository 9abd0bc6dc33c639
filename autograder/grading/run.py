"""`leftcontext grade`: plan, run, record. One writer; each submission is entered whole, then noted in the journal."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nbformat import NotebookNode, from_dict

from autograder.grading.fork_server import NotHeld
from autograder.grading.journal import Journal, code_lines, digest, only_one
from autograder.grading.pool import Pool, Task
from autograder.nbgrader.gradebook import Course, NotThere, credit
from autograder.notebook import rebuild
from autograder.notebook.graded import document, encoded
from autograder.notebook.rebuild import TEST, Cell, Rebuilt, Written
from autograder.notebook.released import Notebook
from autograder.sandbox import levels
from autograder.sandbox.policy import Terms

VERSION = 2  # of the grader: a change regrades what was graded
UNLIKELY = 0x5EED1E55  # a seed that no test sets by itself: what passes with it does not pass by that chance


class Executor(Protocol):
    """What runs tasks: a Pool on this machine, or a cluster."""

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, dict[str, Any]]]: ...

    def shown(self, notebook: str) -> dict[str, list[dict[str, Any]]]: ...


@dataclass(frozen=True)
class Graded:
    """What one submission came to."""

    student: str
    score: float
    max_score: float
    status: str  # graded, or unreadable: none of its files is a notebook
    cells: dict[str, float | None]
    notes: list[str] = field(default_factory=list)
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)
    unhardened: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)  # a digest of each answer's code, by grade id

    def to_json(self) -> str:
        return json.dumps({name: getattr(self, name) for name in ("student", "score", "max_score", "status", "cells", "notes")})


@dataclass
class _Open:
    """A submission of which some notebooks are still out."""

    rebuilt: dict[str, Rebuilt]
    files: dict[str, bytes]
    digest: str
    status: str
    notes: list[str]
    results: dict[str, dict[str, Any]] = field(default_factory=dict)


class Grading:
    """One run over one assignment."""

    def __init__(
        self, course: Course, assignment: str, notebooks: tuple[Notebook, ...], seconds: float | None, version: str
    ) -> None:
        self.course, self.assignment = course, assignment
        self.notebooks = {notebook.name: notebook for notebook in notebooks}
        self.seconds = seconds or course.seconds
        self.journal = Journal(course.records / f"{assignment}.jsonl")
        self.open: dict[str, _Open] = {}
        self.released = digest(version, [(n.name, n.cells, sorted(n.files.items())) for n in notebooks])

    def waiting(self, again: bool) -> list[str]:
        """The students whose submission has to be graded: all, if `again`, else those that are new or changed."""
        return [student for student in self.course.students(self.assignment) if again or not self._is_done(student)]

    def _is_done(self, student: str) -> bool:
        known = self.journal.digests.get(student)
        if known is None or not self.course.folder("autograded", student, self.assignment).is_dir():
            return False
        return known == self._digest(self.course.submitted_files(self.assignment, student))

    def _digest(self, files: dict[str, bytes | None]) -> str:
        return digest(self.released, self.seconds, *(part for name in sorted(files) for part in (name, files[name])))

    def calibrate(self, solved: dict[str, bytes | None], executor: Executor, said: Callable[[str], None]) -> None:
        """Find the tests that can't be run apart: what the instructor's own solution loses apart and wins together.

        And those whose result is a number of points: there, what is no number is no credit.

        No student has a say in it, so nobody can ask for the weaker way.
        """
        for name, notebook in self.notebooks.items():
            source = solved[name]
            tests = {str(cell.grade_id) for cell in notebook.cells if cell.role == TEST and cell.kind == "code"}
            if source is None or not tests:
                continue
            rebuilt = rebuild.rebuild(notebook.cells, rebuild.read(source)[0])
            joined = dataclasses.replace(notebook, together=frozenset(tests))
            apart = self._try(notebook, rebuilt, executor)
            lost = {test for test in tests if not _full(rebuilt, apart, test)}
            together = self._try(joined, rebuilt, executor) if lost else apart
            won = {test for test in lost if _full(rebuilt, together, test)}
            for test in sorted(lost - won):
                said(f"{name}: the instructor's own solution does not pass {test}.")
            if won:
                said(f"{name}: unhardened, for they can't be run apart from the student's code: {', '.join(sorted(won))}.")
            partial = {test for test in tests if _is_number(rebuilt, together if test in won else apart, test)}
            self.notebooks[name] = dataclasses.replace(notebook, together=frozenset(won), partial=frozenset(partial))

    def _try(self, notebook: Notebook, rebuilt: Rebuilt, executor: Executor) -> dict[str, Any]:
        job = notebook.job(rebuilt, notebook.files, self.seconds)
        ((_, result),) = executor.results([Task("", notebook.name, job, UNLIKELY)])
        return result

    def run(self, students: Iterable[str], executor: Executor) -> Iterator[Graded]:
        """Grade these students' submissions; each is recorded before it is handed back."""
        for task, result in executor.results(self._tasks(students)):
            out = self.open[task.student]
            out.results[task.notebook] = result
            if len(out.results) == len(out.rebuilt):
                del self.open[task.student]
                yield self._recorded(task.student, out, executor)

    def _tasks(self, students: Iterable[str]) -> Iterator[Task]:
        for student in students:
            out = self.open[student] = self._planned(student)
            beside = {name: content for name, content in out.files.items() if not name.endswith(".ipynb")}
            for name, rebuilt in out.rebuilt.items():
                notebook = self.notebooks[name]
                job = notebook.job(rebuilt, {**beside, **notebook.files}, self.seconds)
                yield Task(student, name, job, int(digest(out.digest, name)[:8], 16))

    def _planned(self, student: str) -> _Open:
        submitted = self.course.submitted_files(self.assignment, student)
        files, notes = self._named(submitted)
        notes += self._left_out(student, submitted)
        rebuilt, unreadable = {}, 0
        for name, notebook in self.notebooks.items():
            cells: list[Any] = []
            said: list[str] = []
            if f"{name}.ipynb" in files:
                try:
                    cells, said = rebuild.read(files[f"{name}.ipynb"])
                except rebuild.Unreadable as reason:
                    unreadable += 1
                    said = [str(reason)]
                rebuilt[name] = rebuild.rebuild(notebook.cells, cells, said)
                notes += [f"{name}: {note}" for note in rebuilt[name].notes]
            else:
                notes.append(f"{name}.ipynb was not handed in.")
        status = "unreadable" if unreadable and unreadable == len(rebuilt) else "graded" if rebuilt else "missing"
        if not rebuilt:  # something has to be run, for the submission to be entered: the notebook as it was released
            name, notebook = next(iter(self.notebooks.items()))
            rebuilt[name] = rebuild.rebuild(notebook.cells, [])
        read = {name: content for name, content in files.items() if content is not None}
        return _Open(rebuilt, read, self._digest(submitted), status, notes)

    def _named(self, submitted: dict[str, bytes | None]) -> tuple[dict[str, bytes | None], list[str]]:
        """What was handed in, a notebook under another name as the one that is missing and that it was made of."""
        files, notes = dict(submitted), list[str]()
        others = [name for name in files if name.endswith(".ipynb") and "/" not in name and name[:-6] not in self.notebooks]
        for other in others:
            with contextlib.suppress(rebuild.Unreadable):
                cells, _ = rebuild.read(files[other])
                missing = [one for one in self.notebooks.values() if f"{one.name}.ipynb" not in files]
                best = max(missing, key=lambda one: rebuild.matches(one.cells, cells), default=None)
                if best is not None and rebuild.matches(best.cells, cells):
                    files[f"{best.name}.ipynb"] = files.pop(other)
                    notes.append(f"{other} was read as {best.name}.ipynb, which was missing.")
                    continue
            notes.append(f"{other} was not read: no notebook of this name was released, and none is missing that it was made of.")
        return files, notes

    def _left_out(self, student: str, files: dict[str, bytes | None]) -> list[str]:
        """What of a submission is not taken into account, in sentences; of notebooks more is said elsewhere."""
        lost = sorted(name for name, content in files.items() if content is None and not name.endswith(".ipynb"))
        notes = [f"{name!r} can't be read, or is too large; it was left out." for name in lost]
        try:
            self.course.handed_in(self.assignment, student)
        except ValueError:
            notes.append("timestamp.txt holds no date: nothing was taken off for handing in late.")
        return notes

    def _recorded(self, student: str, out: _Open, executor: Executor) -> Graded:
        nodes: dict[str, NotebookNode | None] = {}
        files = {name: content for name, content in out.files.items() if not name.endswith(".ipynb")}
        unhardened: list[str] = []
        findings: dict[str, Any] = {}
        remarks: dict[str, str] = {}
        for name, rebuilt in out.rebuilt.items():
            notebook, result = self.notebooks[name], out.results[name]
            made = document(notebook, rebuilt, result["outputs"], executor.shown(name))
            files |= notebook.files
            files[f"{name}.ipynb"] = encoded(made)
            nodes[name] = from_dict({**made, "cells": [cell for cell in made["cells"] if "nbgrader" in cell["metadata"]]})
            out.notes += [f"{name}: {note}" for note in result["notes"]]
            findings |= result["findings"]
            remarks |= self.remarks(notebook, rebuilt)
            unhardened += [test for tests in notebook.loose().values() for test in tests]
        if out.status == "missing":
            nodes = {}
        scores = self.course.record(self.assignment, student, nodes, remarks)
        self.course.publish(self.assignment, student, files)
        codes = {name: code for rebuilt in out.rebuilt.values() for name, code in _answers(rebuilt.cells)}
        said: dict[str, Any] = {"notes": out.notes, "findings": findings, "unhardened": unhardened, "codes": codes}
        graded = Graded(student, status=out.status, **scores, **said)
        self.journal.add({**dataclasses.asdict(graded), "digest": out.digest})
        return graded

    def remarks(self, notebook: Notebook, rebuilt: Rebuilt) -> dict[str, str]:
        """Automatic comments by grade id: what was mended, and which points of an answer are unhardened."""
        found = dict(rebuilt.remarks)
        written = {id for id, _ in _answers(rebuilt.cells)}
        for answer, tests in notebook.loose().items():
            if answer in written:
                said = f"The points of {', '.join(tests)} are unhardened: run in one process with the student's code."
                found[answer] = f"{found[answer]} {said}" if answer in found else said
        return found


def _answers(cells: Iterable[Written]) -> Iterator[tuple[str, str]]:
    """A digest of each code cell that a student wrote something into."""
    for cell in cells:
        released = cell.released
        if released is None or not released.theirs or cell.kind != "code" or released.grade_id is None:
            continue
        if cell.source.strip() != released.source.strip():
            yield released.grade_id, digest(code_lines(cell.source))


def grade(
    assignment: str,
    *,
    jobs: int,
    rung: int = levels.HIGHEST,
    again: bool = False,
    students: Iterable[str] | None = None,
    seconds: float | None = None,
    executor: Callable[..., Any] = Pool,
    began: Callable[[int], None] = lambda _: None,
    said: Callable[[str], None] = lambda _: None,
) -> Iterator[Graded]:
    """Grade an assignment's submissions in the nbgrader course of the current folder.

    `began` hears how many there are, `said` a sentence now and then. Raises NotThere, NotHeld.
    """
    if lacking := levels.missing(rung):
        raise NotHeld(lacking)
    course = Course()
    if not course.has_gradebook:  # opening one would make it, wherever this is
        raise NotThere(f"There is no gradebook here. In a course, run `nbgrader generate_assignment {assignment}` first.")
    with only_one(course.records / "lock", lambda: said("Another run grades this course; waiting for it to end.")), course.open():
        notebooks = course.released(assignment)
        solved = {notebook.name: course.solved(assignment, notebook.name) for notebook in notebooks}
        grading = Grading(course, assignment, notebooks, seconds, digest(VERSION, *solved.values()))
        waiting, there = grading.waiting(again), set(course.students(assignment))
        if not there:
            raise NotThere(f"Nobody handed in {assignment}: there is no {course.folder('submitted', 'STUDENT', assignment)}.")
        if students is not None:
            chosen = set(students)
            if unknown := chosen - there:
                raise NotThere(f"No submission of {assignment} by {', '.join(sorted(unknown))}.")
            waiting = [student for student in waiting if student in chosen]
        for student in [student for student in waiting if not _is_text(student)]:
            said(f"The name of the folder {student!r} is no text; it was left out.")
            waiting.remove(student)
        began(len(waiting))
        if not waiting:
            return
        imported = {name for notebook in notebooks for name in notebook.imported()}
        terms = levels.terms(rung, imported)
        with executor(notebooks, terms, jobs) as running:
            hold(running, notebooks[0], terms, course.records / "lock")
            said(f"sandbox: rung {rung} holds ({levels.MEANING[rung]})")
            grading.calibrate(solved, running, said)
            yield from grading.run(waiting, running)


def _is_text(name: str) -> bool:
    """Whether a folder's name is UTF-8; the gradebook can hold no other."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def hold(executor: Executor, notebook: Notebook, terms: Terms, secret: Path) -> None:
    """Have a student's process try what it must not do. Raises NotHeld where it can."""
    if terms.rung == 0:
        return
    tried = levels.attempts(str(secret.resolve()), terms.hidden)
    cells = tuple(Written(None, "code", source) for source in tried.values())
    ((_, result),) = executor.results([Task("", notebook.name, notebook.job(Rebuilt(cells, ()), {}, 20.0))])
    if escape := levels.escaped(tried, result):
        raise NotHeld(escape)


def _full(rebuilt: Rebuilt, result: dict[str, Any], grade_id: str) -> bool:
    cell, outputs = _shown(rebuilt, result, grade_id)
    return cell is not None and credit(cell, outputs) >= cell.points


def _is_number(rebuilt: Rebuilt, result: dict[str, Any], grade_id: str) -> bool:
    """Whether the first result that a test gives is a number."""
    _, outputs = _shown(rebuilt, result, grade_id)
    given = [str(one["data"].get("text/plain")) for one in outputs if one["output_type"] == "execute_result"]
    try:
        return bool(given) and float(given[0]) >= 0
    except ValueError:
        return False


def _shown(rebuilt: Rebuilt, result: dict[str, Any], grade_id: str) -> tuple[Cell | None, list[dict[str, Any]]]:
    for number, cell in enumerate(rebuilt.cells):
        if cell.released is not None and cell.released.grade_id == grade_id:
            return cell.released, result["outputs"].get(str(number), [])
    return None, []
