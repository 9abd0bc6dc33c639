"""Points, tests, solutions, due dates and submissions change in any order; a plain model says what each score must be.

No student's process is run: a stub executes the cells here, for what is tried is what is counted, kept and told.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import random
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import LateSubmissionPlugin
from support import sample_course
from support.sizes import sized

from autograder.grading.executor import Result, Task
from autograder.grading.reading import SubmissionReader
from autograder.grading.run import Graded, Grading, grade
from autograder.nbgrader import release
from autograder.nbgrader.gradebook import MissingData, NbgraderCourse
from autograder.notebook.test_result import count_points
from autograder.sandbox.levels import IsolationLevel

SEQUENCES = sized(1, 60)
STUDENTS = ("ada", "bo", "cy")


class Stub:
    """Runs a task's cells in this process, as the pool would in two others."""

    tasks = 0

    def __init__(self, *_: Any) -> None: ...
    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *_: object) -> None: ...
    def shown(self, notebook: str) -> dict[str, Any]:
        return {}

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        for task in tasks:
            Stub.tasks += 1
            names: dict[str, Any] = {}
            outputs, tests = {}, {}
            for number, step in enumerate(task.job.steps):
                if step.source.strip() and step.kind != "display":
                    outputs[str(number)] = self._run(step.source, names)
                if step.is_test:
                    tests[str(number)] = count_points(outputs[str(number)], step.points, step.is_partial_credit)
            yield task, Result(outputs, tests, isolated=tests, one_kernel=tests)

    def _run(self, source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            exec(source, names)
        except Exception as error:
            return [{"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []}]
        shown = names.pop("credit", None)
        return [] if shown is None else [{"output_type": "execute_result", "data": {"text/plain": str(shown)}, "metadata": {}}]


@dataclasses.dataclass
class Facts:
    """What the instructor has written: points and right values of two tests, and the solutions."""

    points: tuple[float, float] = (2.0, 4.0)
    right: tuple[int, int] = (3, 7)
    solved: tuple[int, int] = (3, 7)

    def score(self, number: int, value: int) -> float:
        """The second test gives one point for a value that is at least positive."""
        if value == self.right[number]:
            return self.points[number]
        return 1.0 if number == 1 and value > 0 else 0.0

    def notebook(self) -> Any:
        first, second = self.right
        return sample_course.notebook(
            sample_course.answer("x", f"x = {self.solved[0]}"),
            sample_course.check("test_x", f"assert x == {first}", self.points[0]),
            sample_course.answer("y", f"y = {self.solved[1]}"),
            sample_course.check("test_y", f"assert y > 0\nif y != {second}:\n    credit = 1", self.points[1]),
        )


class World:
    """A course on the disk, changed as an instructor and students change it, and the model beside it."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root, self.chance = root, chance
        self.source, self.released = Facts(), Facts()
        self.due: int | None = None  # a day of January
        self.submitted: dict[str, tuple[tuple[int, int], int | None]] = {}
        self.extended: dict[str, int] = {}
        self.graded: dict[str, dict[str, float]] = {}  # by student and test
        self.seen: dict[str, Any] = {}  # what each was graded with
        self.stamps: dict[str, int | None] = {}  # the days that the gradebook knows
        (root / "source" / "ps").mkdir(parents=True)
        self.zero = True
        self.configure()
        self.write_source()
        self.release()

    def configure(self) -> None:
        text = sample_course.CONFIG.format(root=str(self.root))
        (self.root / "nbgrader_config.py").write_text(text.replace('"zero"', '"zero"' if self.zero else '"none"'))

    def write_source(self) -> None:
        nbformat.write(self.source.notebook(), self.root / "source" / "ps" / "ps.ipynb")

    def release_source(self) -> None:
        course = NbgraderCourse()
        release.generate(course.folders, course.config, "ps", self.root / "release", enter=True)

    def release(self) -> None:
        self.release_source()
        self.released = dataclasses.replace(self.source)

    def change_points(self) -> None:
        self.source = dataclasses.replace(self.source, points=(self.chance.randint(1, 9), self.chance.randint(1, 9)))
        self.write_source()

    def change_tests(self) -> None:
        right = (self.chance.choice((3, 4)), self.chance.choice((7, 8)))
        self.source = dataclasses.replace(self.source, right=right, solved=right)
        self.write_source()

    def break_solution(self) -> None:
        self.source = dataclasses.replace(self.source, solved=(self.chance.choice((3, 4)), self.chance.choice((7, 8, 0))))
        self.write_source()

    def submit(self) -> None:
        student = self.chance.choice(STUDENTS)
        values = self.chance.choice((3, 4, 0)), self.chance.choice((7, 8, 1, 0))
        self.hand_in(student, values, self.chance.choice((None, 5, 15, 25)))

    def hand_in(self, student: str, values: tuple[int, int], day: int | None) -> None:
        self.submitted[student] = values, day
        node = nbformat.read(self.root / "release/ps/ps.ipynb", as_version=4)
        for cell, value in zip((node.cells[0], node.cells[2]), values, strict=True):
            cell.source = f"{cell.metadata.nbgrader.grade_id} = {value}"
        if self.chance.random() < 0.3:  # points that a student changes change nothing
            node.cells[1].metadata.nbgrader.points = 100
        place = self.root / "submitted" / student / "ps"
        place.mkdir(parents=True, exist_ok=True)
        nbformat.write(node, place / "ps.ipynb")
        stamp = place / "timestamp.txt"
        stamp.unlink(missing_ok=True)
        if day is not None:
            stamp.write_text(f"2026-01-{day:02d} 12:00:00 UTC")

    def move_due_date(self) -> None:
        self.due = self.chance.choice((None, 1, 10, 20))
        with Gradebook(f"sqlite:///{self.root}/gradebook.db", "honest") as book:
            book.update_or_create_assignment("ps", duedate=None if self.due is None else f"2026-01-{self.due:02d} 00:00:00 UTC")

    def extend(self) -> None:
        if self.graded:
            student = self.chance.choice(sorted(self.graded))
            self.extended[student] = self.chance.choice((0, 10, 30))
            with Gradebook(f"sqlite:///{self.root}/gradebook.db", "honest") as book:
                book.grant_extension("ps", student, days=self.extended[student])

    def change_penalty(self) -> None:
        self.zero = not self.zero
        self.configure()

    # What must be.

    def penalty(self, student: str) -> float:
        day = self.stamps[student]
        late = self.zero and self.due is not None and day is not None and day + 0.5 > self.due + self.extended.get(student, 0)
        return sum(self.graded[student].values()) if late else 0.0

    def expect(self, force: bool) -> dict[str, str]:
        """Take the grading over into the model; the status that each student must have."""
        broken = {n for n in (0, 1) if self.released.score(n, self.source.solved[n]) != self.released.points[n]}
        status = {}
        for student, (values, day) in self.submitted.items():
            released = self.released.points, self.released.right  # solutions are not in what is released
            seen = (released, dataclasses.astuple(self.source), values, day)
            status[student] = "graded" if force or self.seen.get(student) != seen else "unchanged"
            if status[student] == "unchanged":
                continue
            self.seen[student] = seen
            self.stamps[student] = day if day is not None else self.stamps.get(student)  # nbgrader forgets no date
            before = self.graded.setdefault(student, {})
            for number, test in enumerate(("test_x", "test_y")):
                if force or number not in broken or test not in before:
                    before[test] = self.released.score(number, values[number])
        return status


def run(force: bool = False, messages: list[str] | None = None, **more: Any) -> dict[str, Graded]:
    said = [] if messages is None else messages
    found = list(grade("ps", jobs=1, isolation=IsolationLevel.NONE, executor=Stub, force=force, on_message=said.append, **more))
    assert len({one.student for one in found}) == len(found)
    return {one.student: one for one in found}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A course with one release: making a gradebook takes nbgrader seconds."""
    root, here = tmp_path_factory.mktemp("released"), Path.cwd()
    (root / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(root)))
    os.chdir(root)  # where every nbgrader command is run
    try:
        return World(root, random.Random(0))
    finally:
        os.chdir(here)


@pytest.fixture
def world(released: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = copy.deepcopy(released)
    made.root = tmp_path / "course"
    shutil.copytree(released.root, made.root)
    made.configure()
    monkeypatch.chdir(made.root)
    return made


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_every_score_is_what_the_model_says(world: World, seed: int) -> None:
    world.chance = random.Random(seed)
    changes = [
        world.change_points, world.change_tests, world.break_solution, world.release, world.submit, world.submit,
        world.move_due_date, world.extend, world.change_penalty,
    ]  # fmt: skip
    world.submit()
    for _ in range(12):
        done = [change.__name__ for change in world.chance.choices(changes, k=world.chance.randint(0, 3)) if change() is None]
        force = world.chance.random() < 0.15
        before = {student: sum(tests.values()) for student, tests in world.graded.items()}
        expected = world.expect(force)
        found = run(force)
        assert {student: one.status for student, one in found.items()} == expected, done
        for student, one in found.items():
            assert one.cells == world.graded[student], done
            assert one.score == sum(world.graded[student].values())
            assert one.max_score == sum(world.released.points)
            assert one.late_penalty == world.penalty(student), done
            assert one.previous_score == before.get(student)
            assert one.reason or one.status == "unchanged"
        with NbgraderCourse().open() as course:
            kept = course.recorded("ps")
        assert {student: (kept[student].score, kept[student].late_penalty) for student in found} == {
            student: (one.score, one.late_penalty) for student, one in found.items()
        }


def test_points_that_were_not_released_do_not_count_and_are_told(world: World) -> None:
    world.submit()
    world.source = Facts(points=(10.0, 40.0))
    world.write_source()
    said: list[str] = []
    (graded,) = run(messages=said).values()
    assert graded.max_score == 6
    assert graded.score <= 6
    (told,) = [sentence for sentence in said if "differs" in sentence]
    assert "test_x (2 released, 10 now)" in told
    assert "nbgrader generate_assignment ps" in told


@pytest.mark.parametrize("change", ["added", "removed", "lesson"])
def test_cells_that_were_not_released_are_told_and_change_nothing(world: World, change: str) -> None:
    world.submit()
    before = run()
    node = world.source.notebook()
    if change == "added":
        node.cells += [sample_course.answer("z", "z = 1"), sample_course.check("test_z", "assert z == 1", 5)]
    elif change == "removed":
        node.cells = node.cells[:2]
    else:
        node.cells.insert(0, sample_course.new_code_cell("import math"))
    nbformat.write(node, world.root / "source/ps/ps.ipynb")
    said: list[str] = []
    after = run(force=change == "lesson", messages=said)
    assert [one.cells for one in after.values()] == [one.cells for one in before.values()]
    assert any("differs from what was released" in sentence for sentence in said)


def test_a_test_that_the_own_solution_fails_overwrites_nothing_without_force(world: World) -> None:
    world.chance = random.Random(1)
    world.submitted["ada"] = ((3, 7), None)
    world.submit()
    student = next(iter(run()))
    scores = run(force=True)[student].cells
    (world.root / "submitted" / student / "ps" / "extra.txt").write_text("x")
    world.source = dataclasses.replace(world.source, solved=(99, 7))
    world.write_source()
    said: list[str] = []
    kept = run(messages=said)[student]
    assert kept.status == "graded"
    assert kept.cells == scores
    assert any("test_x" in note.text and "kept" in note.text for note in kept.notes)
    assert any("--force" in sentence for sentence in said)


def test_where_the_source_has_no_solutions_the_latest_submission_counts(world: World) -> None:
    """Some courses have only tests in their source. Their scores are those of nbgrader."""
    notebook = world.source.notebook()
    for cell in notebook.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = "# YOUR CODE HERE"
    nbformat.write(notebook, world.root / "source" / "ps" / "ps.ipynb")
    world.release_source()
    scores, said = [], []
    for values in ((0, 0), (3, 7), (0, 7)):
        world.submitted.clear()
        world.hand_in("ada", values, None)
        (one,) = run(messages=said).values()
        scores.append(one.cells)
    assert scores == [{"test_x": 0, "test_y": 0}, {"test_x": 2, "test_y": 4}, {"test_x": 0, "test_y": 4}]
    assert any("no solution in the source" in sentence for sentence in said)
    assert not any("does not pass" in sentence for sentence in said)


@pytest.mark.long
@pytest.mark.parametrize(
    ("solved", "says"),
    [
        ("### BEGIN SOLUTION\n{0} = {1}\n### END SOLUTION\n{0} =", ""),  # a stub that ends the whole cell with an error
        ("### BEGIN SOLUTION\n{0} = {1}\n### END SOLUTION\n{0} = None", ""),  # or takes the solution's place
        ("### BEGIN SOLUTION\n{0} = {1} (\n### END SOLUTION", "not valid Python"),
    ],
)
def test_where_the_solution_does_not_run_as_it_stands_the_latest_submission_counts(world: World, solved: str, says: str) -> None:
    notebook = world.source.notebook()
    for cell, value in zip((notebook.cells[0], notebook.cells[2]), world.source.solved, strict=True):
        cell.source = solved.format(cell.metadata.nbgrader.grade_id, value)
    nbformat.write(notebook, world.root / "source" / "ps" / "ps.ipynb")
    world.release_source()
    scores, said = [], list[str]()
    for values in ((0, 0), (3, 7), (0, 7)):
        world.submitted.clear()
        world.hand_in("ada", values, None)
        (one,) = run(messages=said).values()
        scores.append(one.cells)
    assert scores == [{"test_x": 0, "test_y": 0}, {"test_x": 2, "test_y": 4}, {"test_x": 0, "test_y": 4}]
    assert any("not isolated" in sentence for sentence in said) == bool(says)
    assert any(says in sentence for sentence in said)
    assert not any("does not pass" in sentence or "kept" in sentence for sentence in said)


def test_a_new_due_date_is_noticed_and_nothing_is_run(world: World) -> None:
    world.submit()
    student = next(iter(world.submitted))
    (world.root / "submitted" / student / "ps" / "timestamp.txt").write_text("2026-01-15 12:00:00 UTC")
    with Gradebook(f"sqlite:///{world.root}/gradebook.db", "honest") as book:
        book.update_or_create_assignment("ps", duedate="2026-01-10 00:00:00 UTC")
    late = run()[student]
    assert late.late_penalty == late.score
    tasks = Stub.tasks
    with Gradebook(f"sqlite:///{world.root}/gradebook.db", "honest") as book:
        book.grant_extension("ps", student, days=20)
    again = run()[student]
    assert (again.status, again.late_penalty) == ("unchanged", 0)
    assert (late.score == 0) or "late changed from" in again.reason
    assert Stub.tasks == tasks


@pytest.mark.parametrize("asked", [1000.0, -5.0, 0.5])
def test_no_penalty_takes_more_than_there_is_or_gives_anything(world: World, monkeypatch: pytest.MonkeyPatch, asked: float) -> None:
    world.hand_in("ada", (3, 0), 15)
    world.due = 10
    with Gradebook(f"sqlite:///{world.root}/gradebook.db", "honest") as book:
        book.update_or_create_assignment("ps", duedate="2026-01-10 00:00:00 UTC")
    monkeypatch.setattr(LateSubmissionPlugin, "late_submission_penalty", lambda *_: asked)
    (found,) = run().values()
    assert (found.score, found.late_penalty) == (2.0, min(2.0, max(0.0, asked)))
    with Gradebook(f"sqlite:///{world.root}/gradebook.db", "honest") as book:
        kept = book.find_submission("ps", "ada").notebooks[0]
        assert (kept.score, kept.late_submission_penalty) == (2.0, found.late_penalty)


def test_a_test_without_a_result_costs_its_points_and_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was lost on the way: its worker, its checker, a part of the message."""
    world.hand_in("ada", (3, 7), None)
    assert run()["ada"].score == 6
    monkeypatch.setattr(Stub, "results", lambda self, tasks: ((task, Result()) for task in tasks))
    world.hand_in("ada", (3, 7), 5)
    calibrate = Grading.calibrate
    monkeypatch.setattr(Grading, "calibrate", lambda self, *args, **more: calibrate(self, *args, **{**more, "overwrite": True}))
    found = run()["ada"]
    assert (found.score, found.cells) == (0.0, {"test_x": 0.0, "test_y": 0.0})
    assert [test for test in ("test_x", "test_y") if f"ps: {test} could not be run." in " ".join(note.text for note in found.notes)] == ["test_x", "test_y"]


@pytest.mark.long
def test_an_assignment_that_is_released_and_not_registered_is_registered(world: World) -> None:
    world.submit()
    (world.root / "gradebook.db").unlink()
    said: list[str] = []
    (graded,) = run(messages=said).values()
    assert graded.status == "graded"
    assert any("entered into the gradebook" in sentence for sentence in said)
    assert not any("differs" in sentence for sentence in said)


def test_an_assignment_of_which_only_the_due_date_is_known_is_registered(world: World) -> None:
    """As after `nbgrader db assignment add`, before anything was graded."""
    world.submit()
    (world.root / "gradebook.db").unlink()
    due = datetime(2026, 10, 5, 22)
    with NbgraderCourse().open() as course:
        course.gradebook.update_or_create_assignment("ps", duedate=due)
        assert not course.is_entered("ps")
    (graded,) = run().values()
    assert graded.status == "graded"
    with NbgraderCourse().open() as course:
        assert course.is_entered("ps") and course.gradebook.find_assignment("ps").duedate == due


def test_what_another_gradebook_does_not_hold_is_graded_again(world: World) -> None:
    """As after a gradebook was lost, or an older one was put in its place; the journal and the graded folders are still there."""
    world.chance = random.Random(5)
    while len(world.submitted) < 3:
        world.submit()
    before = run()
    with Gradebook(f"sqlite:///{world.root}/gradebook.db", "honest") as book:
        book.remove_submission("ps", "bo")
    found = run()
    assert {student: one.status for student, one in found.items()} == {"ada": "unchanged", "bo": "graded", "cy": "unchanged"}
    assert found["bo"].reason == "the gradebook did not hold it"
    (world.root / "gradebook.db").unlink()
    found = run()
    assert {student: (one.status, one.score) for student, one in found.items()} == {
        student: ("graded", one.score) for student, one in before.items()
    }


def test_a_test_that_nobody_has_any_more_is_not_graded_around(world: World) -> None:
    """Else it would keep the score of an earlier answer. Where the release has it, the source may have lost it."""
    world.hand_in("ada", (3, 7), None)
    assert run()["ada"].score == 6
    world.hand_in("ada", (0, 0), None)
    source = world.root / "source" / "ps" / "ps.ipynb"
    node = nbformat.read(source, as_version=4)
    node.cells = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "test_y"]
    nbformat.write(node, source)
    shutil.move(world.root / "release", world.root / "aside")
    with pytest.raises(MissingData, match=r"holds all cells of ps.*generate_assignment ps"):
        run()
    shutil.move(world.root / "aside", world.root / "release")
    assert run()["ada"].score == 0


@pytest.mark.long
def test_a_release_that_its_source_does_not_make_is_not_registered(world: World) -> None:
    world.submit()
    (world.root / "gradebook.db").unlink()
    world.change_points()
    with pytest.raises(MissingData, match="generate_assignment ps"):
        run()
    with NbgraderCourse().open() as course:
        assert course.assignments() == []


def test_a_submission_that_vanishes_keeps_its_grade(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.submit()
    student = next(iter(world.submitted))
    before = run()[student]
    read = NbgraderCourse.submitted_files
    called = world.root / "called"  # by processes that are forked

    def vanishing(self: NbgraderCourse, *where: Any) -> Any:
        if called.exists():
            raise FileNotFoundError
        called.touch()
        return read(self, *where)

    (world.root / "submitted" / student / "ps" / "more.txt").write_text("x")
    monkeypatch.setattr(NbgraderCourse, "submitted_files", vanishing)
    said: list[str] = []
    assert run(messages=said) == {}
    assert any("gone" in sentence for sentence in said)
    with NbgraderCourse().open() as course:
        assert course.recorded("ps")[student].score == before.score


@pytest.mark.parametrize(("kind", "where"), [(SubmissionReader, "read"), (Grading, "_record")])
def test_a_fault_of_the_graders_costs_nobody_else_and_overwrites_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: type, where: str
) -> None:
    world.chance = random.Random(5)
    while len(world.submitted) < 3:
        world.submit()
    before = run()
    method = getattr(kind, where)

    def faulty(self: Any, student: str, *more: Any) -> Any:
        if student == "bo":
            raise ValueError("a number of five thousand digits")
        return method(self, student, *more)

    monkeypatch.setattr(kind, where, faulty)
    after = run(force=True)
    assert {student: one.status for student, one in after.items()} == {"ada": "graded", "bo": "failed", "cy": "graded"}
    assert [note.text for note in after["bo"].notes if "five thousand digits" in note.text]
    with NbgraderCourse().open() as course:
        assert {student: one.score for student, one in course.recorded("ps").items()} == {
            student: one.score for student, one in before.items()
        }
    assert run(force=True)["bo"].score == before["bo"].score


def test_every_submission_has_a_line_of_json(world: World) -> None:
    world.submit()
    first, second = run(), run()
    lines = [json.loads(one.to_json()) for one in (*first.values(), *second.values())]
    assert [line["status"] for line in lines] == ["graded", "unchanged"]
    assert lines[0]["cells"] == lines[1]["cells"]
