"""What a process can't do at the levels full and basic; each of these was possible once."""

import json
import os
from pathlib import Path

import pytest
from support.sandboxed import run_sandboxed

from autograder.sandbox.escape_attempts import escape_attempts, first_escape
from autograder.sandbox.levels import IsolationLevel, make_policy, unmet_requirement
from autograder.sandbox.policy import SandboxPolicy

ENFORCED = [level for level in IsolationLevel if level != IsolationLevel.NONE]


@pytest.fixture(params=ENFORCED)
def level(request: pytest.FixtureRequest) -> IsolationLevel:
    if lacking := unmet_requirement(request.param):
        pytest.skip(lacking)
    return IsolationLevel(request.param)


def test_code_runs_and_what_it_needs_is_there(level: IsolationLevel, tmp_path: Path) -> None:
    code = """
import json, threading, pathlib, tempfile, fcntl
import numpy as np
pathlib.Path("own.txt").write_text("mine")
with open("own.txt") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    fcntl.fcntl(file, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
open("/dev/null", "w").write("x")
print(len(open("/dev/urandom", "rb").read(3)), len(open("/dev/zero", "rb").read(2)), np.arange(3).sum())
"""
    assert run_sandboxed(code, level, tmp_path).split() == ["thread", "3", "2", "3"]


def test_the_attempts_that_every_start_makes_are_blocked(level: IsolationLevel, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    home = tmp_path / "home"
    home.mkdir()
    for what, code in escape_attempts(str(secret)).items():
        assert run_sandboxed(code, level, home) == "blocked", what


def test_an_attempt_that_succeeds_or_does_not_run_is_told() -> None:
    blocked = [{"output_type": "stream", "text": "blocked\n"}]
    assert first_escape(["a", "b"], {"0": blocked, "1": blocked}) is None
    assert "could b" in str(first_escape(["a", "b"], {"0": blocked, "1": [{"text": "blocked\nand more"}]}))
    assert "nothing is known" in str(first_escape(["a", "b"], {"0": blocked}))


@pytest.mark.parametrize("number", [50, 200, 256, 300, 900])
def test_no_open_file_of_the_grader_reaches_a_student_whatever_its_number(level: IsolationLevel, tmp_path: Path, number: int) -> None:
    before = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
os.dup2(os.open("/dev/null", os.O_RDONLY), {number}, inheritable=True)
"""
    code = """
import json
import os
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
print([number for number in range(3, 1100) if is_open(number)])
"""
    found = run_sandboxed(code, level, tmp_path, before=before)
    kept = json.loads(found)
    assert number not in kept
    assert len(kept) <= 2  # /proc and the pid namespace, which the caller closes when the sandbox is entered


SIGNALS = {
    "F_SETOWN": "fcntl.fcntl(a, 8, victim)",
    "F_SETSIG": "fcntl.fcntl(a, 10, 9)",
    "F_SETOWN_EX": "fcntl.fcntl(a, 15, struct.pack('ii', 1, victim))",
    "FIOSETOWN": "fcntl.ioctl(a, 0x8901, struct.pack('i', victim))",
    "SIOCSPGRP": "fcntl.ioctl(a, 0x8902, struct.pack('i', victim))",
    "F_SETLEASE": "fcntl.fcntl(open('f', 'w'), 1024, fcntl.F_WRLCK)",
    "F_NOTIFY": "fcntl.fcntl(os.open('.', os.O_RDONLY), 1026, 0x80000002)",
}


@pytest.mark.parametrize("name", SIGNALS)
def test_no_signal_is_sent_by_way_of_a_file(level: IsolationLevel, tmp_path: Path, name: str) -> None:
    code = f"""
import fcntl, os, socket, struct
a, b = socket.socketpair()
victim = os.getppid() or 1
try:
    {SIGNALS[name]}
    print("done")
except PermissionError:
    print("refused")
"""
    assert run_sandboxed(code, level, tmp_path) == "refused"


UNCOUNTED = {
    "an ignored SIGCHLD": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "a handler of SIGCHLD": "signal.signal(signal.SIGCHLD, lambda *_: None)",
    "a child of one's parent": "clone(0x8000 | 17)",
}


@pytest.mark.parametrize("name", UNCOUNTED)
def test_no_process_is_made_that_counts_for_nobody(level: IsolationLevel, tmp_path: Path, name: str) -> None:
    code = f"""
import ctypes, os, signal
def clone(flags):
    number = {{"x86_64": 56, "aarch64": 220}}[os.uname().machine]
    made = ctypes.CDLL(None, use_errno=True).syscall(number, flags, 0, 0, 0, 0)
    if made < 0:
        raise PermissionError(ctypes.get_errno())
    if made == 0:
        os._exit(0)
try:
    {UNCOUNTED[name]}
    print("done")
except PermissionError:
    print("refused")
"""
    assert run_sandboxed(code, level, tmp_path).split()[0] == "refused"


def test_children_are_waited_for_as_ever(level: IsolationLevel, tmp_path: Path) -> None:
    code = """
import asyncio, subprocess
print(subprocess.run("echo a | cat; sleep 0.01 & echo b", shell=True, capture_output=True, text=True).stdout.split())
async def run():
    made = await asyncio.create_subprocess_exec("echo", "c", stdout=subprocess.PIPE)
    return (await made.communicate())[0]
print(asyncio.run(run()))
"""
    assert run_sandboxed(code, level, tmp_path).splitlines() == ["['a', 'b']", "b'c\\n'"]


def test_no_open_file_is_sent_away_where_files_are_counted(tmp_path: Path) -> None:
    code = """
import os, socket
a, b = socket.socketpair()
try:
    socket.send_fds(a, [b"x"], [os.open("f", os.O_CREAT)])
    print("done")
except PermissionError:
    print("refused")
"""
    if lacking := unmet_requirement(IsolationLevel.BASIC):
        pytest.skip(lacking)
    assert run_sandboxed(code, IsolationLevel.BASIC, tmp_path) == "refused"


def test_devices_of_the_machine_are_not_changed(level: IsolationLevel, tmp_path: Path) -> None:
    before = os.stat("/dev/zero").st_mtime_ns, os.stat("/dev/null").st_mode
    code = """
import json
import os
for change in (lambda: os.utime("/dev/zero", ns=(123456789, 987654321)), lambda: os.chmod("/dev/null", 0o600)):
    try:
        change()
    except OSError:
        pass
print(os.stat("/dev/zero").st_mtime_ns)
"""
    assert run_sandboxed(code, level, tmp_path) != "987654321"
    assert (os.stat("/dev/zero").st_mtime_ns, os.stat("/dev/null").st_mode) == before


@pytest.mark.parametrize("umask", [0o077, 0o027])
def test_a_strict_umask_of_the_callers_hides_nothing_from_it(level: IsolationLevel, tmp_path: Path, umask: int) -> None:
    assert run_sandboxed("import numpy; print('fine')", level, tmp_path, before=f"os.umask({umask})") == "fine"


def test_a_policy_survives_its_way_to_another_process() -> None:
    policy = make_policy(IsolationLevel.BASIC, ["numpy"], hidden=["/usr/share"])
    assert SandboxPolicy.from_json(policy.to_json()) == policy
    assert policy.hidden == ("/usr/share",)
