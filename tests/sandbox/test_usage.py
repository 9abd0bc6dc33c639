"""What a process uses is measured from outside, whatever it does about it; and its folder goes away."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.sandbox import linux, usage
from autograder.sandbox.policy import MB, SandboxPolicy
from autograder.sandbox.removal import remove_home
from autograder.sandbox.usage import exceeded_limit

SMALL = SandboxPolicy("basic", total_memory=200 * MB, disk=8 * MB, processes=12)
ROOMY = replace(SMALL, total_memory=1 << 50, processes=1000)  # but for the disk


# The first thread ends; another one goes on, with all that the process has.
FIRST_THREAD_ENDS = """
import ctypes
def rest():
    time.sleep(0.2)
    print(flush=True)
    time.sleep(60)
def go():
    threading.Thread(target=rest).start()
    ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)
"""
# Files that are mapped, and neither open nor in a folder.
NO_NAME_NO_DESCRIPTOR = """
import ctypes
kept = []
def hide():
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    for n in range(6):
        f = os.open('f', os.O_CREAT | os.O_RDWR)
        os.write(f, os.urandom(2 * 2**20))
        assert libc.mmap(None, ctypes.c_size_t(4096), 1, 1, f, ctypes.c_long(0)) > 0
        os.close(f)
        os.unlink('f')
"""


def test_a_process_has_ended_when_its_last_thread_has() -> None:
    for code, has_ended in (("", True), (FIRST_THREAD_ENDS + "go()", False)):
        with subprocess.Popen([sys.executable, "-c", f"import os, threading, time\n{code}"], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()  # nothing where it has ended
            until = time.monotonic() + 60
            while usage.has_ended(process.pid) != has_ended and time.monotonic() < until:
                time.sleep(0.01)
            assert usage.has_ended(process.pid) == has_ended
            linux.kill_tree(process.pid)
    assert not usage.has_ended(2**22 + 1)  # of what can't be seen nothing is known


def outcome(code: str, home: Path, policy: SandboxPolicy = SMALL) -> str | None:
    """The limit that a process running `code` is seen to exceed; it prints when it has done so."""
    source = f"import os, sys, threading, time\n{code}\nprint(flush=True)\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", source], cwd=home, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            return exceeded_limit(policy, process.pid, 0, str(home))
        finally:
            linux.kill_tree(process.pid)


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("x = 1", None),
        ("open('f', 'wb').write(bytes(4 * 2**20))", None),
        ("x = bytearray(b'x' * 300 * 2**20)", "memory"),
        ("[os.fork() or time.sleep(60) for _ in range(16)]", "processes"),
        ("[threading.Thread(target=time.sleep, args=(60,), daemon=True).start() for _ in range(16)]", "processes"),
        ("for n in range(6):\n    open(f'f{n}', 'wb').write(os.urandom(2 * 2**20))", "disk"),
        ("f = open('f', 'wb')\nos.unlink('f')\nf.write(os.urandom(20 * 2**20))\nf.flush()", "disk"),
        ("os.mkdir('d')\nfor n in range(6):\n    open(f'd/f{n}', 'wb').write(os.urandom(2 * 2**20))", "disk"),
        ("for n in range(21_000):\n    open(f'f{n}', 'w').close()", "disk"),
        (f"{FIRST_THREAD_ENDS}\nx = bytearray(b'x' * 300 * 2**20)\ngo()", "memory"),
        ("import mmap\nx = mmap.mmap(-1, 300 * 2**20)\nx.write(b'x' * 300 * 2**20)\nx.madvise(mmap.MADV_DONTNEED)", "memory"),
        ("import mmap\nx = mmap.mmap(-1, 120 * 2**20)\nx.write(b'x' * 120 * 2**20)\nos.fork()", None),
        (f"{NO_NAME_NO_DESCRIPTOR}\nhide()", "disk"),
        ("import mmap\nf = open('f', 'wb+')\nf.write(bytes(2**20))\nos.unlink('f')\nx = mmap.mmap(f.fileno(), 4096)", None),
    ],
)
def test_the_limit_that_is_exceeded_is_named(code: str, limit: str | None, tmp_path: Path) -> None:
    assert outcome(code, tmp_path) == limit


def test_in_namespaces_the_kernel_counts_all_but_memory() -> None:
    """A process of its own is measured: that of the tests has mapped whatever the tests before it loaded."""
    no_processes = replace(SMALL, processes=0)
    for code, limit in (("", None), ("x = bytearray(b'x' * 300 * 2**20)\n", "memory")):
        waits = f"{code}print(flush=True)\nimport time\ntime.sleep(60)"
        with subprocess.Popen([sys.executable, "-c", waits], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert exceeded_limit(no_processes, process.pid, 0) == limit
            process.kill()


def test_a_process_that_has_ended_is_an_os_error() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    time.sleep(0.1)
    with pytest.raises((FileNotFoundError, ProcessLookupError)):
        exceeded_limit(SMALL, process.pid, 0)


def test_a_folder_goes_away_whatever_its_rights(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "a" / "b").mkdir(parents=True)
    (home / "a" / "b" / "file").touch()
    (home / "a" / "link").symlink_to(tmp_path)
    (home / "a" / "b").chmod(0o300)
    (home / "a").chmod(0o000)
    keep = tmp_path / "keep"
    keep.mkdir(mode=0o750)
    if os.geteuid() == 0:  # root may list whatever it likes: an ordinary user has to remove it
        for path in (tmp_path, home, home / "a", home / "a" / "b", home / "a" / "b" / "file"):
            os.chown(path, 65534, 65534)
        for path in [tmp_path, *tmp_path.parents]:
            os.chmod(path, path.stat().st_mode | 0o011)
        child = os.fork()
        if not child:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            remove_home(str(home))
            os._exit(0)
        os.waitpid(child, 0)
    else:
        remove_home(str(home))
    assert not home.exists()
    assert keep.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("name", ["d", "x" * 200])
def test_folders_in_folders_are_seen_and_go_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Deeper than Python nests its calls, and than a path can be long: nothing can hide there."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    for _ in range(1200):
        os.mkdir(name)
        os.chdir(name)
    Path("file").write_bytes(bytes(1 << 20))
    os.chdir(tmp_path)
    assert exceeded_limit(ROOMY, os.getpid(), 0, str(home)) == "disk"
    remove_home(str(home))
    assert list(tmp_path.iterdir()) == []


def test_what_is_at_the_end_of_a_long_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(50):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    policy = replace(ROOMY, disk=4 << 20)
    assert exceeded_limit(policy, os.getpid(), 0, str(tmp_path)) is None
    Path("file").write_bytes(bytes(5 << 20))
    assert exceeded_limit(policy, os.getpid(), 0, str(tmp_path)) == "disk"
    os.chdir(tmp_path)
    remove_home(str(tmp_path / ("x" * 200)))


def test_folders_count_as_files_do(tmp_path: Path) -> None:
    policy = replace(ROOMY, disk=1 << 40)
    for number in range(101):
        (tmp_path / f"{number}").mkdir()
    assert exceeded_limit(policy, os.getpid(), 0, str(tmp_path)) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usage, "MAX_FILES", 100)
        assert exceeded_limit(policy, os.getpid(), 0, str(tmp_path)) == "disk"


def test_a_process_with_mappings_without_end_has_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exceeded_limit(ROOMY, os.getpid(), 0) is None
    monkeypatch.setattr(usage, "_MAX_MAPPINGS", 20)
    assert exceeded_limit(ROOMY, os.getpid(), 0) == "memory"
