"""The fork servers, as the grader sees them: started, made to run the shared cells, asked to fork and to end children."""

from __future__ import annotations

import base64
import functools
import json
import os
import select
import site
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.grading.course_policy import checker_policy
from autograder.grading.rpc.channel import Channel, ConnectionLost
from autograder.grading.rpc.control_messages import (
    End,
    Ended,
    Failed,
    MapUsers,
    Message,
    Ready,
    RunSharedCells,
    Spawn,
    Spawned,
    StartCheckers,
    StartStudents,
    UsersMapped,
)
from autograder.grading.rpc.control_socket import ControlSocket, pair
from autograder.notebook.released import ReleasedNotebook
from autograder.sandbox.levels import SandboxUnavailable
from autograder.sandbox.policy import SandboxPolicy
from autograder.sandbox.restrict import map_users, other_user

MAX_RESULT = 1 << 31
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class ForkServer:
    """A process that forks for us: started, asked, closed."""

    def __init__(self, start: Message, environment: dict[str, str]) -> None:
        server_end, child_end = pair()
        command = [sys.executable, "-P", "-m", "autograder.grading.fork_server_process", str(child_end.fileno())]
        self.process = subprocess.Popen(
            command,
            pass_fds=(child_end.fileno(),),
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        child_end.close()
        self.control = ControlSocket(server_end)
        self.control.send(start)

    def ready(self) -> None:
        """Wait until it can be asked. Raises SandboxUnavailable where it could not start."""
        while True:
            try:
                message, _ = self.control.receive()
            except EOFError:
                raise SandboxUnavailable("its process ended") from None
            match message:
                case Failed(reason):
                    raise SandboxUnavailable(reason)
                case Ready():
                    return
                case MapUsers():
                    try:
                        map_users(self.process.pid, other_user())
                    except OSError as error:
                        raise SandboxUnavailable(f"users can't be mapped: {error.strerror}") from None
                    self.control.send(UsersMapped())

    def run_shared_cells(self, files: dict[str, bytes], **work: Any) -> Channel:
        """Have it run cells where `files` lie, and keep what they bind; the answer comes over the channel."""
        server_end, child_end = socket.socketpair()
        self.control.send(RunSharedCells(), child_end.fileno())
        child_end.close()
        channel = Channel(server_end)
        beside = {name: base64.b64encode(content).decode() for name, content in files.items()}
        channel.send(json.dumps({**work, "files": beside}).encode())
        return channel

    def spawn(self, what: Spawn, descriptor: int) -> Spawned:
        """Fork a process that talks over `descriptor`."""
        return self.control.ask(what, Spawned, descriptor)

    def end(self, child: int) -> int:
        """End a process, by its number to the fork server; an exit code, or minus a signal."""
        return self.control.ask(End(child), Ended).status

    def close(self) -> None:
        self.control.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class ForkServers:
    """Both fork servers of a notebook, and what its shared cells showed."""

    notebook: ReleasedNotebook
    policy: SandboxPolicy
    folder: Path

    def __post_init__(self) -> None:
        for name in ("root", "work"):
            (self.folder / name).mkdir(parents=True)
        for_students = StartStudents(self.policy.to_json(), str(self.folder / "root"))
        self.checker_policy = checker_policy(self.policy, self.notebook.files)
        for_checkers = StartCheckers(self.checker_policy.to_json(), str(self.folder / "work"))
        self.students = ForkServer(for_students, _environment())
        self.checkers = ForkServer(for_checkers, _environment("HOME"))
        try:
            self._run_shared_cells()
        except BaseException:
            self.close()
            raise

    def _run_shared_cells(self) -> None:
        files = {**_fonts(), **self.notebook.files}  # looked for while the servers import
        self.students.ready()
        self.checkers.ready()
        book = self.notebook
        self.showing = self.students.run_shared_cells(files, **book.student_preload())
        self.checkers.run_shared_cells(book.files, **book.checker_preload()).close()
        for server in (self.students, self.checkers):
            try:
                message, _ = server.control.receive()
            except EOFError:
                raise SandboxUnavailable("its process ended while it ran the lesson's cells") from None
            if isinstance(message, Failed):
                raise SandboxUnavailable(message.reason)

    @functools.cached_property
    def shown(self) -> dict[str, list[dict[str, Any]]]:
        """What the cells showed that were run once for all; waits for it."""
        try:
            return dict(json.loads(self.showing.receive(max_bytes=MAX_RESULT)))
        except ConnectionLost:  # a picture took its process down; no grade depends on it
            return {}

    @property
    def has_shown(self) -> bool:
        """Whether `shown` need not wait."""
        return "shown" in self.__dict__ or bool(select.select([self.showing.connection], [], [], 0)[0])

    def close(self) -> None:
        if "showing" in self.__dict__:  # not where the sandbox could not be set up
            self.showing.close()
        self.students.close()
        self.checkers.close()


def _environment(*more: str) -> dict[str, str]:
    """Of a fork server: without what the grader's own environment may hold, such as tokens, but for the variables `more`.

    A process can read the environment that it was started with, and a test may evaluate what a student wrote.
    """
    return {
        **{name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ", *more) if name in os.environ},
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": _python_path(),
        **dict.fromkeys(THREADS, "1"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NBGRADER_EXECUTION": "autograde",  # as nbgrader itself sets it, for notebooks that ask
    }


def _python_path() -> str:
    """The PYTHONPATH by which a fork server imports this very package.

    nbgrader puts its course folder in front of sys.path, and that folder may be a clone with an `autograder/` of its own.
    """
    folder = str(Path(__file__).parents[2])
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if folder not in site.getsitepackages():  # there it is found without, and after the standard library
        folders.insert(0, folder)
    return os.pathsep.join(filter(None, folders))


def _fonts() -> dict[str, bytes]:
    """matplotlib's list of fonts, if it has made one: in the sandbox it would take a second to make it again."""
    return {path.name: path.read_bytes() for path in fonts_folder().glob("fontlist-v*.json")}


def fonts_folder() -> Path:
    """Where matplotlib keeps that list on Linux (matplotlib.get_cachedir); the grader need not import it for that."""
    if own := os.environ.get("MPLCONFIGDIR"):
        return Path(own).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "matplotlib")
