"""Runs what may do anything, as stock nbgrader runs a hostile notebook, so that the machine stays whole. For root on Linux.

The process and all that it starts have namespaces of their own (processes, mounts, network, messages), another user, and a
control group with limits of memory and processes; they can write in one folder only, which is a file system of limited size.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from autograder.sandbox import linux
from autograder.sandbox.linux import NEWIPC, NEWNET, NEWNS, NEWPID, NEWUTS

USER = 61_234  # whose processes are counted: nobody else's
DISK, FILES = 256 * 2**20, 20_000
MEMORY, ONE_PROCESS, PROCESSES = 3 * 2**30, 2 * 2**30, 200
CONTROL = Path("/sys/fs/cgroup")
_REMOUNT = 32
_SIOCSIFFLAGS, _UP_AND_RUNNING = 0x8914, 0x41


@contextlib.contextmanager
def limited_folder(where: Path) -> Iterator[Path]:
    """A file system of limited size, mounted on a new folder of this name: the one place where the jailed may write."""
    where.mkdir()
    linux.mount("case", str(where), "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, f"size={DISK},nr_inodes={FILES},mode=755")
    try:
        yield where
    finally:
        linux.umount(str(where))
        where.rmdir()


def run_jailed(work: Callable[[], object], writable: Path, seconds: float) -> bool:
    """Run `work` in a jail; whether it ended by itself in that time. What it started ends with it. It prints to nobody."""
    for folder in (writable, *writable.rglob("*")):
        os.chown(folder, USER, USER, follow_symlinks=False)
    with _control_group() as groups:
        child = os.fork()
        if not child:
            _end_with(lambda: _keep(work, writable, groups))
        ended = False
        try:
            ended = _waited(child, seconds)
        finally:
            if not ended:
                linux.kill_tree(child)
                os.waitpid(child, 0)
    return ended


def _waited(child: int, seconds: float) -> bool:
    """Whether a child has ended within this time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def _control_group() -> Iterator[list[Path]]:
    """Groups that limit memory and processes, of either version of control groups (cgroups(7)). Raises OSError without them."""
    name = f"leftcontext-stock-{os.getpid()}"
    old = (CONTROL / "memory").is_dir()
    groups = [CONTROL / "memory" / name, CONTROL / "pids" / name] if old else [CONTROL / name]
    for group in groups:
        group.mkdir()
    try:
        (groups[0] / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(MEMORY))
        (groups[-1] / "pids.max").write_text(str(PROCESSES))
        yield groups
    finally:
        for group in groups:
            _remove(group)


def _remove(group: Path) -> None:
    """Its processes have been killed, but may take a moment to go."""
    for _ in range(100):
        try:
            return group.rmdir()
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{group} still has processes")


def _keep(work: Callable[[], object], writable: Path, groups: list[Path]) -> None:
    """Enter the jail, and wait in it as its first process, with whose end everything in it ends."""
    linux.set_parent_death_signal()
    for group in groups:
        (group / "cgroup.procs").write_text(str(os.getpid()))
    linux.unshare(NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS)
    first = os.fork()
    if first:
        os.waitpid(first, 0)
        return
    linux.set_parent_death_signal()
    _mount(writable)
    _loopback()
    worker = os.fork()
    if not worker:
        _end_with(lambda: _jailed(work, writable))
    with contextlib.suppress(ChildProcessError):
        while os.wait()[0] != worker:  # what others have left behind is waited for as well, as by any init
            pass


def _mount(writable: Path) -> None:
    """Everything is read-only but that folder; /proc shows the jail's processes alone."""
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc")
    with open("/proc/self/mounts", encoding="utf-8") as file:
        places = {line.split()[1].encode().decode("unicode_escape") for line in file}
    for place in places - {str(writable), "/proc"}:
        with contextlib.suppress(OSError):  # a mount that lies under another one
            linux.mount("none", place, flags=linux.MS_BIND | _REMOUNT | linux.MS_RDONLY | linux.MS_NOSUID)
    linux.mount("shared", "/dev/shm", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=16m,mode=1777")


def _loopback() -> None:
    """A kernel is spoken to over 127.0.0.1 (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP_AND_RUNNING))


def _jailed(work: Callable[[], object], writable: Path) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    linux.close_descriptors([])
    os.setsid()
    for what, value in ((resource.RLIMIT_AS, ONE_PROCESS), (resource.RLIMIT_NPROC, PROCESSES), (resource.RLIMIT_CORE, 1)):
        resource.setrlimit(what, (value, value))
    linux.drop_capabilities(keep=linux.CAP_DAC_READ_SEARCH)  # root may be the only one who can reach Python
    os.setgroups([])
    linux.become_user(USER, keep=linux.CAP_DAC_READ_SEARCH)
    linux.set_dumpable()
    linux.set_no_new_privs()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(writable)
    work()


def _end_with(work: Callable[[], object]) -> None:
    """In a fork: do this, and end. Nothing of the parent's is gone through a second time."""
    status = 1
    try:
        work()
        status = 0
    except SystemExit as end:
        status = int(bool(end.code))
    finally:
        os._exit(status)
