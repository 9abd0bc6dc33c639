"""Each call between grader, checker and student fails in turn: no score exceeds the honest one, and nothing is lost unsaid."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import small_course
from support.sizes import share, sized

from autograder.grading import checker_process, fork_server, home, ipython_shell, pool, student_process
from autograder.grading.executor import Result, Task, notes_on_tests
from autograder.grading.judged_finding import JudgedFinding
from autograder.grading.rpc.calls import RpcEndpoint
from autograder.grading.rpc.channel import Channel, ConnectionLost, DeadlineExceeded, NoAnswer
from autograder.grading.rpc.control_messages import Failed
from autograder.grading.rpc.control_socket import ControlSocket
from autograder.grading.student_kernel import GraderLink
from autograder.notebook.note import NoteKind
from autograder.notebook.rebuild import MergedNotebook
from autograder.notebook.test_result import Status, not_run, passed
from autograder.sandbox.levels import IsolationLevel, unmet_requirement
from autograder.sandbox.meter import Meter

BOOK = small_course.notebook(
    small_course.lesson("x = [1, 2]"),
    small_course.answer("double", "def double(n):\n    return 2 * n"),
    small_course.check("t_double", "assert double(2) == 4\nassert [double(n) for n in x] == [2, 4]", 2.0),
    small_course.answer("total", "total = 3"),
    small_course.check("t_total", "try:\n    assert total == 3\n    assert double(1) == 2\nexcept ValueError:\n    pass", 1.0),
    small_course.answer("biggest", "biggest = max"),
    small_course.check("t_biggest", "points = 0\nfor items in ([1, 2], [3, 1]):\n    try:\n        points += biggest(items) == max(items)\n    except Exception:\n        pass\npoints", 2.0),
)
MIXED = {"double": "def double(n):\n    return 2 * n", "total": "total = 4", "biggest": "def biggest(items):\n    return items[0]"}
HONEST = {"t_double": 2.0, "t_total": 0.0, "t_biggest": 1.0}
SECONDS = 3.0  # of a call whose answer never comes
EVERY = sized(25, 1)  # of the calls every twenty-fifth fails; in `make test-long` each
ERRORS: list[BaseException] = [
    ConnectionLost("it ended"), DeadlineExceeded("it ran out of time"), NoAnswer("no answer"), OSError(28, "No space left on device"),
    MemoryError(), ValueError("cut short"),
]  # fmt: skip


def failing(function: Callable[..., Any], at: int, error: BaseException) -> Callable[..., Any]:
    """The same function, but its call number `at` fails."""
    numbers = itertools.count()

    def call(*args: Any, **kwargs: Any) -> Any:
        if next(numbers) == at:
            raise error
        return function(*args, **kwargs)

    return call


# --- Between the checker and the student ------------------------------------------------------------------------------


class LocalGrader(GraderLink):
    """Starts the student's process itself."""

    def __init__(self, job: Any, shell: ipython_shell.Shell, folder: Path) -> None:
        super().__init__(Channel(socket.socket()), job)  # over which nothing is sent
        self.shell, self.folder, self.child = shell, folder, 0
        self.shared = set(shell.user_ns)

    def tell(self, message: dict[str, Any]) -> None: ...

    def check_own_limits(self) -> None: ...

    def start_student(self) -> RpcEndpoint:
        ours, theirs = socket.socketpair()
        self.child = os.fork()
        if not self.child:
            with contextlib.suppress(BaseException):
                Channel.send, Channel.receive = REAL  # only the checker's calls fail
                ours.close()
                for name in set(self.shell.user_ns) - self.shared:  # what the checker has fetched
                    del self.shell.user_ns[name]
                home.enter_home(str(self.folder))
                student_process.serve(Channel(theirs), self.shell, 1)
            os._exit(0)
        theirs.close()
        return RpcEndpoint(Channel(ours), Meter(self.child))

    def end_student(self) -> dict[str, Any]:
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        return {"status": 0}


REAL = Channel.send, Channel.receive


@pytest.fixture(scope="module")
def shell() -> Iterator[ipython_shell.Shell]:
    """What both fork servers have when they fork."""
    made = ipython_shell.make()
    for number in BOOK.shared_cells:
        made.run(BOOK.cells[number].source)
    yield made
    ipython_shell.Shell.clear_instance()  # else other tests would show what they show in it


def checked(merged: MergedNotebook, shell: ipython_shell.Shell, folder: Path, prepare: Callable[[], None]) -> Result:
    """What a checker's process makes of a submission; nothing at all where it dies."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException), os.fdopen(write, "w") as file:
            job = BOOK.job(merged, {}, SECONDS)
            prepare()
            file.write(json.dumps(checker_process.Checker(LocalGrader(job, shell, folder), shell, job).run().to_json()))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        text = file.read()
    os.waitpid(child, 0)
    return Result.from_json(json.loads(text)) if text else Result()


def hold_to_honest(merged: MergedNotebook, result: Result, what: str) -> dict[str, float]:
    points = {}
    for number, cell in enumerate(merged.cells):
        if cell.released is not None and cell.released.is_code_test:
            name = str(cell.released.grade_id)
            found = result.tests.get(str(number)) or not_run()
            points[name] = found.points
            assert found.points <= HONEST[name], (what, name, found)
            if found.points < HONEST[name]:
                assert found.status is Status.NOT_RUN or found.reason, (what, name, found)
                assert found.status is Status.NOT_RUN or result.notes, (what, name, found)
    return points


@pytest.mark.parametrize("method", ["send", "receive"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_call_to_the_student_fails(shell: ipython_shell.Shell, method: str, error: BaseException, tmp_path: Path) -> None:
    merged = small_course.submission(BOOK, MIXED)
    assert hold_to_honest(merged, checked(merged, shell, tmp_path, lambda: None), "nothing fails") == HONEST

    def fail(at: int) -> None:
        setattr(Channel, method, failing(getattr(Channel, method), at, error))

    for at in range(len(method) % EVERY, 24, EVERY):
        hold_to_honest(merged, checked(merged, shell, tmp_path, lambda at=at: fail(at)), f"{method} {at}")


# --- Between the grader and the others --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grader() -> Iterator[small_course.Grader]:
    with small_course.grader(BOOK) as made:
        yield made


@pytest.mark.parametrize("method", ["send", "send_at_once", "receive_ready"])
def test_a_call_to_the_checker_fails(grader: small_course.Grader, method: str) -> None:
    merged = small_course.submission(BOOK, MIXED)
    for at in range(8):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Channel, method, failing(getattr(Channel, method), at, ConnectionLost("it ended")))
            _, result = grader.grade(merged)
        hold_to_honest(merged, result, f"{method} {at}")


def test_a_forged_verdict_gives_no_point_that_the_isolated_run_does_not_give(grader: small_course.Grader) -> None:
    forge = "import autograder.grading.student_process as there\nthere.verdict_of = lambda *_: ['tested', 'nothing', '', 0]\n"
    points, result = grader.grade(small_course.submission(BOOK, {**MIXED, "double": forge + MIXED["double"]}))
    assert points == HONEST, result.notes


SWALLOWS = small_course.notebook(
    small_course.answer("double", "def double(n):\n    return 2 * n"),
    small_course.check("t_double", "assert double(2) == 4", 1.0),
    small_course.check("t_swallows", "try:\n    double(2)\nexcept:\n    pass", 1.0),
)
ENDS_SOMEWHERE = """import os, sys
def double(n):
    if ("serve" in sys._getframe(1).f_code.co_name) == {isolated}:
        os._exit(0)
    return 2 * n"""


@pytest.mark.parametrize("isolated", [True, False])
def test_a_process_that_ends_in_one_of_the_two_runs_only_gives_no_points(isolated: bool) -> None:
    """Though the test takes any error: each of the two runs has to say by itself that the process was lost."""
    with small_course.grader(SWALLOWS) as made:
        right, _ = made.grade(small_course.submission(SWALLOWS, small_course.solutions(SWALLOWS)))
        points, result = made.grade(small_course.submission(SWALLOWS, {"double": ENDS_SOMEWHERE.format(isolated=isolated)}))
    assert right == {"t_double": 1.0, "t_swallows": 1.0}
    assert points == {"t_double": 0.0, "t_swallows": 0.0}
    assert result.notes


def test_what_has_no_result_has_a_note() -> None:
    merged = small_course.submission(BOOK, MIXED)
    notes = notes_on_tests("one", merged, Result())
    assert [name in note.text and "could not be run" in note.text for name, note in zip(HONEST, notes, strict=True)] == [True] * 3
    results = {str(number): passed(1.0) for number in range(len(merged.cells))}
    assert notes_on_tests("one", merged, Result(tests=results)) == []


@pytest.mark.parametrize(("points", "counted"), [(2.0, 2.0), (0.5, 0.5), (2.5, 0), (-1, 0), (float("nan"), 0), (float("inf"), 0)])
def test_a_checkers_message_gives_no_more_points_than_its_test(points: float, counted: float) -> None:
    job = BOOK.job(small_course.submission(BOOK, MIXED), {}, SECONDS)
    (step,) = (str(number) for number, step in enumerate(job.steps) if step.grade_id == "t_double")
    fields = Result(tests={step: passed(points)}, findings={"of no test": JudgedFinding("x")}).to_json()
    found = Result.from_checker(json.loads(json.dumps(fields)), job)
    assert found.tests[step].points == counted
    assert (found.tests[step].status is Status.NOT_RUN) == (not counted)
    assert found.findings == {}


def test_a_checker_that_always_dies_gives_no_points_and_says_so(grader: small_course.Grader) -> None:
    merged = small_course.submission(BOOK, small_course.solutions(BOOK))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool.Pool, "_serve", lambda *_: (_ for _ in ()).throw(ConnectionLost("it ended")))
        patch.setattr(Channel, "receive_ready", lambda *_, **__: b"no json")
        points, result = grader.grade(merged)
    assert set(points.values()) == {0.0}
    assert "could not be run" in result.notes[0].text


def test_the_fork_server_ends_while_it_prepares() -> None:
    """A file that there is no room for, say: it is told, and nothing is graded."""
    receive = ControlSocket.receive
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ControlSocket, "receive", lambda self: (Failed("no room"), []) if getattr(self, "asked", 0) else receive(self))
        patch.setattr(fork_server.ForkServer, "run_shared_cells", mark(fork_server.ForkServer.run_shared_cells))
        with pytest.raises(Exception, match="no room"), small_course.grader(BOOK):
            pass


def mark(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.control.asked = 1
        return function(self, *args, **kwargs)

    return call


def test_a_task_that_is_lost_is_handed_back_once(grader: small_course.Grader) -> None:
    job = BOOK.job(small_course.submission(BOOK, MIXED), {}, 20.0)
    tasks = [Task(f"{number}", BOOK.name, job, 1) for number in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "receive_ready", failing(Channel.receive_ready, 2, ConnectionLost("it ended")))
        students = sorted(task.student for task, _ in grader.pool.results(tasks))
    assert students == ["0", "1", "2"]


LEAVES = """
import os, time
for i in range(4):
    if os.fork() == 0:
        while time.process_time() < 0.1: pass
        taken = bytearray(200 * 2**20)
        time.sleep(60)
"""


@pytest.mark.parametrize("level", share([IsolationLevel.FULL, IsolationLevel.BASIC], 2))
def test_memory_that_a_cell_has_others_take_later_is_not_blamed_on_a_test(level: IsolationLevel) -> None:
    """As on a busy machine: the cell is over before the processes that it has left get to it."""
    if lacking := unmet_requirement(level):
        pytest.skip(lacking)
    with pytest.MonkeyPatch.context() as patch:
        policy = small_course.course_policy
        patch.setattr(small_course, "course_policy", lambda *about: dataclasses.replace(policy(*about), total_memory=500 * 2**20))
        with small_course.grader(BOOK, level) as grader:
            slowly = "import time\ndef double(n):\n    time.sleep(1)\n    return 2 * n"
            answers = {**small_course.solutions(BOOK), "double": slowly}
            points, result = grader.grade(small_course.submission(BOOK, answers, first=LEAVES))
    assert points == {"t_double": 2.0, "t_total": 1.0, "t_biggest": 2.0}, result.notes
    assert {note.kind for note in result.notes} == {NoteKind.TOO_MUCH_MEMORY}
    assert all("A cell" in note.text for note in result.notes)
