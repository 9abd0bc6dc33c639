"""The view and the walls: a small read-only machine for the parent of all students' processes, and a cell in it for each."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable

from autograder.sandbox import landlock, linux, seccomp
from autograder.sandbox.linux import NEWIPC, NEWNET, NEWNS, NEWPID, NEWUSER, NEWUTS
from autograder.sandbox.policy import Terms, limit

BOX = "/box"  # a student's folder, the only place to write to
NOBODY = 65534
DEVICES = ("null", "zero", "full", "random", "urandom")
ROOTS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")  # links into /usr, or folders
SHARED = ("/usr", *(f"/etc/{name}" for name in ("ld.so.cache", "ld.so.conf", "localtime", "alternatives", "fonts")))


class View:
    """What the parent sees once it has moved in; its children are confined one by one."""

    def __init__(self, terms: Terms, folder: str, map_users: Callable[[], None]) -> None:
        """Move this process into the view, made at the empty `folder`. `map_users` has the users mapped from outside.

        Raises OSError where the machine does not allow it.
        """
        self.terms = terms
        self.root = os.geteuid() == 0
        self.proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        linux.unshare(NEWUSER | NEWPID | NEWNS | NEWIPC | NEWNET | NEWUTS)
        map_users()
        _become_first()
        linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
        _furnish(folder, terms)
        os.mkdir(f"{folder}/old", 0o700)
        linux.pivot_root(folder, f"{folder}/old")
        linux.unmount("/old")
        os.rmdir("/old")
        linux.mount("none", "/", flags=linux.MS_BIND | 32 | linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV)
        self.own_pids = os.open("self/ns/pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.proc)

    def fork(self) -> int:
        """As os.fork; the child is the first process of a pid namespace of its own."""
        linux.unshare(NEWPID)
        child = os.fork()
        if child:
            linux.enter(self.own_pids, NEWPID)  # for the next one
        return child

    def confine(self, already: int) -> str:
        """Lock up this process, a child, for good. Returns the folder that is its own."""
        if self.root:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            linux.be_dumpable()
        linux.die_with_parent()
        user, group = os.geteuid(), os.getegid()
        linux.unshare(NEWUSER | NEWNS | NEWIPC | NEWNET | NEWUTS)
        self._write("setgroups", "deny")
        self._write("uid_map", f"1000 {user} 1")
        self._write("gid_map", f"1000 {group} 1")
        size = f"size={self.terms.disk},nr_inodes={self.terms.files},mode=700,uid=1000,gid=1000"
        linux.mount("box", BOX, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, size)
        os.umask(0o077)
        limit(self.terms, already)
        linux.drop_capabilities()
        lock(self.terms, BOX, ["/"], ())
        return BOX

    def _write(self, file: str, text: str) -> None:
        descriptor = os.open(f"self/{file}", os.O_WRONLY, dir_fd=self.proc)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def _become_first() -> None:
    """Go on as the first process of the new pid namespace, with whose end all in it end; the old one only waits."""
    child = os.fork()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    linux.die_with_parent()


def confine_here(terms: Terms, box: str, already: int) -> None:
    """Lock up this process where there are no namespaces: it sees the whole machine, and may open little of it."""
    if os.geteuid() == 0:
        # Of root, no limit counts the processes. It may be the only user, though, who can reach Python.
        linux.drop_capabilities(keep=linux.CAN_REACH)
        os.setgroups([])
        linux.become(NOBODY, keep=linux.CAN_REACH)
    linux.die_with_parent()
    linux.adopt_orphans()
    limit(terms, already, others=_processes_of(os.geteuid()))
    system = [path for path in (*(f"/{name}" for name in ROOTS), *SHARED) if os.path.exists(path)]
    lock(terms, box, [*system, *terms.readable], terms.hidden)


def _processes_of(user: int) -> int:
    """How many a user has already; a limit counts them, threads too."""
    found = 0
    with os.scandir("/proc") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # it has just ended
                if entry.name.isdigit() and entry.stat().st_uid == user:
                    found += len(os.listdir(f"{entry.path}/task"))
    return found


def lock(terms: Terms, box: str, readable: Iterable[str], hidden: Iterable[str]) -> None:
    """The walls that need no namespace: no new privileges, Landlock, the filter of system calls."""
    linux.gain_no_privileges()
    devices = [f"/dev/{name}" for name in DEVICES if os.path.exists(f"/dev/{name}")]
    landlock.restrict(readable, [box, *devices], hidden)
    seccomp.load(terms.program)


def _furnish(root: str, terms: Terms) -> None:
    """A machine that holds Python, what the assignment imports, and nothing else."""
    linux.mount("view", root, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755,size=4m")
    for name in ROOTS:
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
        elif os.path.isdir(f"/{name}"):
            _show(root, f"/{name}")
    for path in sorted({*SHARED, *terms.readable}):
        if os.path.exists(path) and not os.path.lexists(f"{root}{path}"):
            _show(root, path)
    for path in terms.hidden:
        if os.path.isdir(f"{root}{path}"):
            linux.mount("hidden", f"{root}{path}", "tmpfs", linux.MS_RDONLY, "mode=755,size=4k")
    os.makedirs(f"{root}/etc", exist_ok=True)
    with open(f"{root}/etc/passwd", "w", encoding="ascii") as users:
        users.write(f"student:x:1000:1000::{BOX}:/bin/sh\n")
    for folder in ("dev", "proc", "box/tmp"):
        os.makedirs(f"{root}/{folder}", exist_ok=True)
    if not os.path.lexists(f"{root}/tmp"):  # a course may lie in it
        os.symlink("box/tmp", f"{root}/tmp")
    for name in DEVICES:
        _show(root, f"/dev/{name}", read_only=False)
    os.symlink("/box/tmp", f"{root}/dev/shm")


def _show(root: str, path: str, read_only: bool = True) -> None:
    target = f"{root}{path}"
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    if read_only:
        linux.bind_read_only(path, target)
    else:
        linux.mount(path, target, flags=linux.MS_BIND)
