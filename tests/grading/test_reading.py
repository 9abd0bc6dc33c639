"""A submission on which reading or planning crashes, hangs or takes all memory costs its own points, and nobody else's."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from support import sample_course
from support.clone import ROOT
from support.sizes import share

from autograder.grading import reading
from autograder.grading.graded_submission import Graded
from autograder.grading.run import grade
from autograder.grading.worker import ReadAhead, Worker, WorkFailed
from autograder.nbgrader import release
from autograder.nbgrader.gradebook import NbgraderCourse
from autograder.notebook.note import NoteKind
from autograder.notebook.released import ReleasedNotebook
from autograder.sandbox.levels import IsolationLevel

BOOK = sample_course.notebook(
    sample_course.answer("x", "x = 3"), sample_course.check("test_x", "assert x == 3", 2), sample_course.check("test_one", "assert True", 1)
)


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three students; one has written a word at which the fault comes."""
    root = tmp_path_factory.mktemp("handed-in")
    (root / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(root)))
    (root / "source" / "ps").mkdir(parents=True)
    nbformat.write(BOOK, root / "source" / "ps" / "ps.ipynb")
    with contextlib.chdir(root):
        made = NbgraderCourse()
        release.generate(made.folders, made.config, "ps", root / "release", enter=True)
    for student, answer in {"ada": "x = 3", "bo": "x = 3  # trouble", "cy": "x = 3"}.items():
        node = nbformat.read(root / "release" / "ps" / "ps.ipynb", as_version=4)
        next(cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("solution")).source = answer
        (root / "submitted" / student / "ps").mkdir(parents=True)
        nbformat.write(node, root / "submitted" / student / "ps" / "ps.ipynb")
    return root


@pytest.fixture
def course(handed_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = sample_course.copied(handed_in, tmp_path / "course")
    monkeypatch.chdir(copy)
    return copy


def crash() -> None:
    ctypes.string_at(0)


def loop() -> None:
    while True:
        pass


def eat() -> None:
    kept = []
    while True:
        kept.append(bytearray(10**8))


def leave() -> None:
    os._exit(0)


FAULTS = {
    crash: "it crashed Python (signal 11)", loop: "it was not done after 1 seconds", eat: "it took more memory than it may", leave: "it ended Python",
}  # fmt: skip


def at_trouble(method: Callable[..., Any], fault: Callable[[], None], text: Callable[..., str]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        if "trouble" in text(*arguments):
            fault()
        return method(*arguments)

    return call


def run() -> dict[str, Graded]:
    return {one.student: one for one in grade("ps", jobs=1, isolation=IsolationLevel.NONE)}


@pytest.mark.parametrize("fault", share(FAULTS, 4))
def test_a_fault_in_planning_costs_that_submission_alone(course: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[], None]) -> None:
    method = at_trouble(ReleasedNotebook.job, fault, lambda _, merged, *__: "".join(cell.source for cell in merged.cells))
    with monkeypatch.context() as patch:
        patch.setattr(ReleasedNotebook, "job", method)
        if fault is loop:
            patch.setattr(reading, "Worker", lambda work, items, known=(): Worker(work, items, known, 1.0))
        graded = run()
    assert {name: one.score for name, one in graded.items()} == {"ada": 3, "bo": 0, "cy": 3}
    assert {name: str(one.status) for name, one in graded.items()} == {"ada": "graded", "bo": "unreadable", "cy": "graded"}
    says = f"The submission could not be read: {FAULTS[fault]}."
    assert graded["bo"].notes[0].text == says
    assert {note.kind for note in graded["bo"].notes} == {NoteKind.UNREADABLE, NoteKind.NOT_JUDGED}
    assert all(says in note.text for note in graded["bo"].notes)
    assert says in (course / "autograded" / "bo" / "ps" / "ps.ipynb").read_text()
    again = run()  # read anew, though it is the same
    assert {name: one.score for name, one in again.items()} == {"ada": 3, "bo": 3, "cy": 3}
    assert {name: str(one.status) for name, one in again.items()} == {"ada": "unchanged", "bo": "graded", "cy": "unchanged"}


def test_a_fault_in_reading_costs_that_submission_alone_when_nothing_is_new_too(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    monkeypatch.setattr(NbgraderCourse, "submitted_files", at_trouble(NbgraderCourse.submitted_files, crash, lambda _, __, name, *___: name.replace("bo", "trouble")))
    graded = run()
    assert {name: str(one.status) for name, one in graded.items()} == {"ada": "unchanged", "bo": "unreadable", "cy": "unchanged"}
    assert graded["bo"].score == 0


CTRL_C = """
import sys
from autograder.grading.run import grade
from autograder.notebook.released import ReleasedNotebook
from autograder.sandbox.levels import IsolationLevel
method = ReleasedNotebook.job
def job(book, merged, *more):
    if any("trouble" in cell.source for cell in merged.cells):
        open("begun", "w").close()
        while True: pass
    return method(book, merged, *more)
ReleasedNotebook.job = job
for one in grade("ps", jobs=1, isolation=IsolationLevel.NONE):
    print(one.student, flush=True)
"""


@pytest.mark.long
def test_ctrl_c_ends_what_is_being_read(course: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CTRL_C], cwd=course, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 300
    while not (course / "begun").exists() and time.monotonic() < until:
        time.sleep(0.1)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=120)
    assert "KeyboardInterrupt" in said
    assert psutil.wait_procs(family, timeout=60)[1] == []


def test_what_a_worker_returns_holds_the_known_objects_themselves() -> None:
    known = [["a"], {"b": 1}]
    found, other = Worker(lambda item: ([known[1], known[0], known[0]], item), [["a"]], known).result()
    assert found[0] is known[1]
    assert found[1] is found[2] is known[0]
    assert other == ["a"]
    assert other is not known[0]


class Unsendable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("it can't be sent")


@pytest.mark.parametrize(("error", "kind", "says"), [(ValueError("of it"), ValueError, "of it"), (FileNotFoundError(2, "gone"), FileNotFoundError, "gone"), (Unsendable(1, 2), WorkFailed, "Unsendable: it can't be sent")])
def test_an_error_of_a_worker_is_raised_where_it_is_asked(error: Exception, kind: type[Exception], says: str) -> None:
    def work(number: int) -> int:
        if number == 1:
            raise error
        return number

    begun = Worker(work, range(3))
    assert begun.result() == 0
    with pytest.raises(kind, match=says) as raised:
        begun.result()
    assert getattr(raised.value, "where", "work") == "work"
    assert begun.result() == 2


def test_a_worker_keeps_no_file_of_the_graders_open_and_is_not_interrupted(tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        def work(number: int) -> list[Any]:
            return [signal.getsignal(signal.SIGINT) is signal.SIG_IGN, (Path("/proc/self/fd") / str(number)).exists()]

        assert Worker(work, [file.fileno()]).result() == [True, False]


def test_it_works_where_children_end_without_being_waited_for() -> None:
    """So it is where whoever started the grader ignores SIGCHLD, which programs inherit."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        begun = Worker(lambda number: leave() or 0 if number == 1 else number, range(3))
        assert begun.result() == 0
        with pytest.raises(WorkFailed):
            begun.result()
        assert begun.result() == 2
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_result_that_waits_to_be_asked_for_is_not_late() -> None:
    begun = Worker(bytes, [10**6], (), 0.2)
    begun.limit.wall_seconds = 0.0
    until = time.monotonic() + 60
    while not begun._has_answered(0.1) and time.monotonic() < until:
        pass
    assert len(begun.result()) == 10**6


def test_it_goes_on_behind_what_it_failed_on_and_ends_when_it_is_closed() -> None:
    def work(number: int) -> int:
        return leave() or 0 if number in (1, 2) else number * number

    begun = Worker(work, range(5))

    def take(number: int) -> Iterator[int]:
        with contextlib.suppress(WorkFailed):
            yield from [begun.result()] * (number // 2)

    ahead = ReadAhead(begun, take)
    assert list(ahead) == [9, 16, 16]
    assert ahead.is_ready()
    assert not begun.process
    begun = Worker(lambda _: loop(), range(2))
    child = psutil.Process(begun.process)
    assert not begun.is_ready()
    begun.close()
    assert not child.is_running()
