"""The venv's commands, run in forks of a process that has imported nbgrader: most of what `nbgrader` takes is its import.

A fork has its own environment, folder and output, and imports the project from where its PYTHONPATH says.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

SECONDS = 600  # that a command may take
SIGNALLED = 128  # and the signal's number, as a shell tells it


def run_warm(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one of the venv's commands, by its name, in this environment alone."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        files = [f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in (out, err)]
        try:
            print(json.dumps([list(command), str(cwd), dict(env), files]), file=server.stdin, flush=True)
            if not select.select([server.stdout], [], [], SECONDS)[0]:
                raise subprocess.TimeoutExpired(list(command), SECONDS)
            status = int(server.stdout.readline())
        except BaseException:  # a time limit too: the answer to this command must not be taken for one to the next
            _server.cache_clear()
            os.killpg(server.pid, signal.SIGKILL)
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, status, out.read(), err.read())


@cache
def _server() -> subprocess.Popen[str]:
    command = [sys.executable, "-P", __file__]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    atexit.register(server.communicate)  # it ends where its input ends
    return server


def _serve() -> None:
    import importlib.metadata

    import nbconvert.exporters
    import nbgrader.apps.nbgraderapp

    assert nbgrader and nbconvert
    commands = {entry.name: entry for entry in importlib.metadata.entry_points(group="console_scripts")}
    for line in sys.stdin:
        command, folder, environment, files = json.loads(line)
        child = os.fork()
        if not child:
            _run(commands[command[0]], command, folder, environment, files)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(status if status >= 0 else SIGNALLED - status, flush=True)


def _run(entry: object, command: list[str], folder: str, environment: dict[str, str], files: list[str]) -> None:
    """In the fork: be that command, and end."""
    for number, name in ((0, os.devnull), (1, files[0]), (2, files[1])):
        os.dup2(os.open(name, os.O_RDWR), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path[:0] = [place for place in environment.get("PYTHONPATH", "").split(os.pathsep) if place]
    sys.argv = command
    status: object = 1
    try:
        status = entry.load()()  # type: ignore[attr-defined]
    except SystemExit as end:
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        if isinstance(status, str):
            print(status, file=sys.stderr)
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(status or 0))  # type: ignore[call-overload]


if __name__ == "__main__":
    _serve()
