"""A fork server: it has imported what the assignment needs, and forks one process for each submission in milliseconds.

There are two. The students' fork server moves into the sandbox's root file system before it imports, and knows neither tests nor
solutions; the checkers' fork server knows the tests, and runs no student's code. Each runs the instructor's cells that depend on
no student once, for all. Both have one thread: neither threads nor BLAS survive a fork.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import gc
import importlib
import json
import logging
import os
import re
import shutil
import signal
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

from autograder.grading.home import copy_files, enter_home
from autograder.grading.rpc.channel import READ_AHEAD, Channel, ConnectionLost
from autograder.grading.rpc.control_messages import (
    End,
    Ended,
    Failed,
    MapUsers,
    Message,
    Ready,
    RunSharedCells,
    SharedCellsRun,
    Spawn,
    Spawned,
    StartCheckers,
    StartStudents,
    UsersMapped,
)
from autograder.grading.rpc.control_socket import ControlSocket
from autograder.sandbox import linux
from autograder.sandbox.namespaces import HOME, SandboxRoot
from autograder.sandbox.policy import SandboxPolicy, limit_memory
from autograder.sandbox.restrict import ProcessCount, enter_basic

MAX_WORK = 1 << 31  # bytes of a trusted message


def main() -> None:
    """`python -m autograder.grading.fork_server_process DESCRIPTOR`, started by `fork_server.ForkServer`."""
    descriptor = int(sys.argv[1])
    os.umask(0o022)  # that of whoever starts the grader could hide the sandbox's folders from students
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, who then ends this process
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where whoever starts the grader ignores it, no child can be waited for
    # On a busy machine it says on standard error that it is slow, and a test that writes there has failed.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    control = ControlSocket(socket.socket(fileno=descriptor))
    start, _ = control.receive()
    try:
        server = _make_server(control, start)
    except (OSError, ImportError) as error:
        with contextlib.suppress(OSError):
            control.send(Failed(str(error)))
        return
    with contextlib.suppress(EOFError, OSError):  # the grader has ended, or has given up the sandbox
        control.send(Ready())
        server.serve()
    server.shut_down()


def _make_server(control: ControlSocket, start: Message) -> _ForkServer:
    match start:
        case StartStudents():
            return _StudentForkServer(control, start)
        case StartCheckers():
            return _CheckerForkServer(control, start)
    raise ValueError(start)


class _ForkServer:
    """Answers Spawn, End and RunSharedCells; the first and the last come with a connection."""

    def __init__(self, control: ControlSocket) -> None:
        self.control = control
        self.children: set[int] = set()
        self.kept: set[int] = set()  # processes that the shared cells have started
        self.size = self.others = 0  # bytes of the address space, and processes of a child's user, before a fork
        self.counted = ProcessCount()

    def serve(self) -> None:
        while True:
            question, descriptors = self.control.receive()
            match question:
                case Spawn():
                    child = self._spawn(question, descriptors[0])
                    self.children.add(child)
                    self.control.send(Spawned(child, self.outer_number(child)))
                case RunSharedCells():
                    self.control.send(self._try_shared_cells(Channel(socket.socket(fileno=descriptors.pop()))))
                case End(child):
                    self.control.send(Ended(self._end(child)))
            for descriptor in descriptors:
                os.close(descriptor)

    def outer_number(self, child: int) -> int:
        """The number of a child to the grader."""
        return child

    def _end(self, child: int) -> int:
        """Kill a child, if it still lives, and say how it ended: an exit code, or minus a signal."""
        if child not in self.children:
            return 0
        self.children.discard(child)
        done, status = os.waitpid(child, os.WNOHANG)
        if not done:
            self.kill(child)
            status = os.waitpid(child, 0)[1]
        self.reap_orphans()
        return os.waitstatus_to_exitcode(status)

    # In a pid namespace the end of the first process is the end of all. Outside, orphans come to this one.

    @property
    def has_namespaces(self) -> bool:
        """Whether each child is the first process of a pid namespace of its own."""
        return False

    def kill(self, child: int) -> None:
        """End a child that still lives, and what lives by it."""
        if self.has_namespaces or sys.platform != "linux":
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        else:
            linux.kill_tree(child)

    def reap_orphans(self) -> None:
        """End what a child has left behind."""
        while not self.has_namespaces and sys.platform == "linux":
            left = _own_children() - self.children - self.kept
            if not left:
                return
            for orphan in left:
                linux.kill_tree(orphan)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(orphan, 0)

    def shut_down(self) -> None:
        """The grader is gone, perhaps killed: end everything."""
        for child in list(self.children):
            self._end(child)

    def _spawn(self, question: Spawn, descriptor: int) -> int:
        child = self.fork()
        if child:
            return child
        status = 70
        try:
            os.set_inheritable(descriptor, False)
            self.run_child(question, descriptor)
            status = 0
        except ConnectionLost:
            status = 0
        finally:
            os._exit(status)

    def _try_shared_cells(self, channel: Channel) -> SharedCellsRun | Failed:
        try:
            work = json.loads(channel.receive(max_bytes=MAX_WORK))
            try:
                _write_files(work["files"])
            except OSError as error:  # no room for them, say
                return Failed(f"the files beside the notebook can't be written for the lesson's cells: {error.strerror or error}")
            self._run_shared_cells(channel, work)
        except OSError as error:  # no process for them, say
            return Failed(f"the lesson's cells can't be run: {error.strerror or error}")
        return SharedCellsRun()

    def _run_shared_cells(self, channel: Channel, work: dict[str, Any]) -> None:
        """Run the instructor's cells of `work`; what all of them showed is sent over `channel` once they are done."""
        from autograder.grading import ipython_shell
        from autograder.grading.random_state import get_state

        sys.path.insert(0, "")  # a notebook imports what lies beside it
        self.shell = ipython_shell.make()
        outputs = {}
        for key, source in work["cells"]:
            outputs[key] = self.shell.run(source)
            if key in work["left_states"]:
                self.shell.random_states[key] = get_state()
        self.preload_tests(work.get("tests", []))
        self.run_display_cells(channel, outputs, work.get("display_only", []))
        channel.close()
        self.kept = set() if self.has_namespaces else _own_children() - self.children
        work.clear()
        del outputs
        gc.collect()
        linux.malloc_trim()
        gc.freeze()  # what is here is shared with all children, if no collection touches it

    def run_display_cells(self, channel: Channel, outputs: dict[str, Any], display_only: list[tuple[str, str]]) -> None:
        """Run the cells that only show something in a process of their own: whoever is graded need not wait for pictures."""

    def preload_tests(self, tests: list[str]) -> None:
        """Load what tests will need, before the forks."""

    def fork(self) -> int:
        return os.fork()

    def run_child(self, question: Spawn, descriptor: int) -> None:
        raise NotImplementedError


class _StudentForkServer(_ForkServer):
    def __init__(self, control: ControlSocket, start: StartStudents) -> None:
        super().__init__(control)
        self.policy = SandboxPolicy.from_json(start.policy)
        self.sandbox: SandboxRoot | None = None
        if self.policy.has_namespaces:
            self.sandbox = SandboxRoot(self.policy, start.folder, self._map_users)
        else:
            linux.set_child_subreaper()
        self._prepare_home(start.folder)
        import autograder.grading.student_process  # noqa: F401 (before the forks)

        # A library with threads, as JAX, warns at each fork. An answer that calls it may hang, which costs that answer alone.
        warnings.filterwarnings("ignore", message=".*fork", category=RuntimeWarning)
        warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)

    def _map_users(self) -> None:
        self.control.ask(MapUsers(), UsersMapped)

    def _prepare_home(self, folder: str) -> None:
        """A folder to import things in."""
        folder = f"{HOME}/tmp" if self.sandbox else folder
        if self.sandbox:
            linux.mount("home", HOME, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755,size=64m")
            os.mkdir(folder)
        os.environ.update(HOME=folder, MPLCONFIGDIR=folder, TMPDIR=folder, IPYTHONDIR=folder)
        os.chdir(folder)

    def run_display_cells(self, channel: Channel, outputs: dict[str, Any], display_only: list[tuple[str, str]]) -> None:
        child = os.fork()
        self.children.add(child)
        if child:
            return
        try:
            linux.set_parent_death_signal()
            outputs |= {key: self.shell.run(source) for key, source in display_only}
            channel.send(json.dumps(outputs, default=str).encode())
        finally:
            os._exit(0)

    def fork(self) -> int:
        if self.policy.is_enforced:
            self.size = linux.address_space(self.sandbox.proc if self.sandbox else None)
            self.others = 0 if self.sandbox else self.counted.now()  # in a namespace of its own it has none beside
        return self.sandbox.fork() if self.sandbox else os.fork()

    def outer_number(self, child: int) -> int:
        return self.sandbox.outer_number(child) if self.sandbox else child

    @property
    def has_namespaces(self) -> bool:
        return self.sandbox is not None

    def run_child(self, question: Spawn, descriptor: int) -> None:
        from autograder.grading import student_process

        # Before there are limits; what the sandbox itself needs is closed when it is entered.
        needed = (self.sandbox.proc, self.sandbox.own_pids) if self.sandbox else ()
        linux.close_descriptors([descriptor, *needed], needed[0] if needed else None)
        if self.sandbox:
            home = self.sandbox.enter(self.size)
        else:
            home = str(question.home)
            linux.set_parent_death_signal()
            os.setsid()
            if self.policy.is_enforced:
                enter_basic(self.policy, home, self.size, self.others)
        for needless in needed:
            os.close(needless)
        enter_home(home)
        student_process.serve(Channel(socket.socket(fileno=descriptor), READ_AHEAD), self.shell, question.seed)


class _CheckerForkServer(_ForkServer):
    def __init__(self, control: ControlSocket, start: StartCheckers) -> None:
        super().__init__(control)
        self.work, self.folder = start.folder, Path(start.folder).parent
        self.policy = SandboxPolicy.from_json(start.policy)
        self.policy = dataclasses.replace(self.policy, readable=(*self.policy.readable, self.work))
        linux.set_child_subreaper()
        os.chdir(self.work)
        # No learner's progress is kept here, and what IPython writes is none of the notebook's files.
        os.environ.update(LEFTCONTEXT_WORKSPACE="", IPYTHONDIR=str(self.folder / "ipython"))
        import autograder.grading.checker_process  # noqa: F401 (before the forks)

    def shut_down(self) -> None:
        super().shut_down()
        with contextlib.suppress(OSError):
            os.chdir("/")
            shutil.rmtree(self.folder)
            self.folder.parent.rmdir()

    def preload_tests(self, tests: list[str]) -> None:
        if any("matplotlib" in source for source in tests):  # its list of fonts can't be read later
            with contextlib.suppress(ImportError):
                importlib.import_module("matplotlib.pyplot")
        if "autograder.check_answer" not in sys.modules:
            return
        from autograder.bank import catalog
        from autograder.feedback import render
        from autograder.judge.judge import judge

        for id in {id for source in tests for id in re.findall(r"""check\(["'](\w+)["']""", source)}:
            with contextlib.suppress(catalog.UnknownExercise):
                verdict = judge(catalog.find(id).load(), _nothing)
                render.text(verdict), render.as_html(verdict)

    def fork(self) -> int:
        self.size = linux.address_space() if sys.platform == "linux" else 0
        self.others = self.counted.now() if self.policy.is_enforced else 0
        return super().fork()

    def run_child(self, question: Spawn, descriptor: int) -> None:
        from autograder.grading import checker_process

        # A test may evaluate what a student wrote, count to where a student tells it to, or make arrays as large.
        home = str(question.home)
        linux.close_descriptors([descriptor])
        linux.set_parent_death_signal()
        os.setsid()
        if self.policy.is_enforced:
            enter_basic(self.policy, home, self.size, self.others)
        elif self.size:
            limit_memory(self.policy.memory, self.size)
        enter_home(home)
        copy_files(self.work)
        checker_process.serve(socket.socket(fileno=descriptor), self.shell)


def _write_files(contents: dict[str, str]) -> None:
    """Write files beside the notebook: contents in Base64 by path."""
    for name, content in contents.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(base64.b64decode(content))


def _own_children() -> set[int]:
    if sys.platform != "linux":
        return set()
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()))


def _nothing(*_: Any, **__: Any) -> Any:
    return 0


if __name__ == "__main__":
    main()
