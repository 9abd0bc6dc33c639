"""The level `full`: a private root file system for the process that forks students, and namespaces for each student on top.

See namespaces(7), user_namespaces(7) and pivot_root(2).
"""

from __future__ import annotations

import os
from collections.abc import Callable

from autograder.sandbox import linux
from autograder.sandbox.linux import NEWIPC, NEWNET, NEWNS, NEWPID, NEWUSER, NEWUTS
from autograder.sandbox.policy import SandboxPolicy, set_limits
from autograder.sandbox.restrict import other_user, restrict
from autograder.sandbox.visible_paths import DEVICES, SYSTEM_FILES, SYSTEM_FOLDERS

HOME = "/box"  # a student's folder, the only one that can be written to
_REMOUNT = 32


class SandboxRoot:
    """The root file system that this process has moved into; each of its children then enters namespaces of its own."""

    def __init__(self, policy: SandboxPolicy, folder: str, map_users: Callable[[], None]) -> None:
        """Move this process into a root file system that is mounted on the empty `folder`.

        `map_users` asks a process outside to write the uid map. Raises OSError where the machine does not allow namespaces.
        """
        self.policy = policy
        self.student_user = other_user()
        self.proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        linux.unshare(NEWUSER | NEWPID | NEWNS | NEWIPC | NEWNET | NEWUTS)
        map_users()
        _become_init()
        linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
        _build_root(folder, policy)
        os.mkdir(f"{folder}/old", 0o700)
        linux.pivot_root(folder, f"{folder}/old")
        linux.umount("/old")
        os.rmdir("/old")
        linux.mount("none", "/", flags=linux.MS_BIND | _REMOUNT | linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV)
        self.own_pids = os.open("self/ns/pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.proc)

    def fork(self) -> int:
        """As os.fork; the child is the first process of a pid namespace of its own."""
        linux.unshare(NEWPID)
        child = os.fork()
        if child:
            linux.setns(self.own_pids, NEWPID)  # later children, too, are to see this process's namespace as their parent
        return child

    def outer_number(self, child: int) -> int:
        """The number of a child to the processes outside the sandbox. Raises ProcessLookupError."""
        own = os.readlink("self", dir_fd=self.proc)  # its /proc is the one outside
        for process in reversed(self._read(f"{own}/task/{own}/children").split()):
            numbers = next(line for line in self._read(f"{process}/status").splitlines() if line.startswith("NSpid:")).split()
            if numbers[-2:] == [str(child), "1"]:  # it is the first process of its own namespace
                return int(process)
        raise ProcessLookupError(child)

    def enter(self, initial_memory: int) -> str:
        """Put this process, a child, at level `full`, for good. Returns the folder that is its own."""
        if self.student_user is not None:
            os.setgroups([])
            os.setresgid(self.student_user, self.student_user, self.student_user)
            os.setresuid(self.student_user, self.student_user, self.student_user)
            linux.set_dumpable()
        linux.set_parent_death_signal()
        user, group = os.geteuid(), os.getegid()
        linux.unshare(NEWUSER | NEWNS | NEWIPC | NEWNET | NEWUTS)
        self._write("setgroups", "deny")
        self._write("uid_map", f"1000 {user} 1")
        self._write("gid_map", f"1000 {group} 1")
        size = f"size={self.policy.disk},nr_inodes={self.policy.files},mode=700,uid=1000,gid=1000"
        linux.mount("home", HOME, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, size)
        os.umask(0o077)
        set_limits(self.policy, initial_memory)
        linux.drop_capabilities()
        restrict(self.policy, HOME, ["/"], ())
        return HOME

    def _read(self, file: str) -> str:
        with open(os.open(file, os.O_RDONLY, dir_fd=self.proc), encoding="utf-8", errors="replace") as opened:
            return opened.read()

    def _write(self, file: str, text: str) -> None:
        descriptor = os.open(f"self/{file}", os.O_WRONLY, dir_fd=self.proc)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def _become_init() -> None:
    """Go on as the first process of the new pid namespace, with whose end every process in it ends; the old one only waits."""
    child = os.fork()
    if child:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    linux.set_parent_death_signal()


def _build_root(root: str, policy: SandboxPolicy) -> None:
    """Mount, below `root`, the system's files, Python, the packages that may be imported, devices, and nothing else."""
    linux.mount("root", root, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755,size=4m")
    _bind_readable(root, policy)
    for path in policy.hidden:
        if os.path.isdir(f"{root}{path}"):
            linux.mount("hidden", f"{root}{path}", "tmpfs", linux.MS_RDONLY, "mode=755,size=4k")
    os.makedirs(f"{root}/etc", exist_ok=True)
    with open(f"{root}/etc/passwd", "w", encoding="ascii") as users:
        users.write(f"student:x:1000:1000::{HOME}:/bin/sh\n")
    for folder in ("dev", "proc", f"{HOME}/tmp"):
        os.makedirs(f"{root}/{folder.lstrip('/')}", exist_ok=True)
    if not os.path.lexists(f"{root}/tmp"):  # a package may lie in it
        os.symlink(f"{HOME}/tmp".lstrip("/"), f"{root}/tmp")
    for name in DEVICES:
        _bind_mount(root, f"/dev/{name}", device=True)
    os.symlink(f"{HOME}/tmp", f"{root}/dev/shm")


def _bind_readable(root: str, policy: SandboxPolicy) -> None:
    for name in SYSTEM_FOLDERS:
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
        elif os.path.isdir(f"/{name}"):
            _bind_mount(root, f"/{name}")
    for path in sorted({*SYSTEM_FILES, *policy.readable}):
        if os.path.exists(path) and not os.path.lexists(f"{root}{path}"):
            _bind_mount(root, path)
    shell, wanted = os.path.realpath("/bin/sh"), os.path.realpath("/bin/bash")
    if os.path.basename(shell) == "dash" and os.path.isfile(wanted):
        # In dash, `wait` needs a handler of SIGCHLD, which the filter of system calls refuses: it would wait without end.
        linux.bind_read_only(wanted, f"{root}{shell}")


def _bind_mount(root: str, path: str, device: bool = False) -> None:
    target = f"{root}{path}"
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    linux.bind_read_only(path, target, device)
