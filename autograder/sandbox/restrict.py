"""The restrictions that need no namespace, and the isolation level that consists of them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from autograder.sandbox import landlock, linux, seccomp
from autograder.sandbox.policy import SandboxPolicy, set_limits
from autograder.sandbox.visible_paths import DEVICES, SYSTEM_FILES, SYSTEM_FOLDERS

NOBODY = 65534
# What root needs to hand a student's process and its folder to another user, to let it read Python, to measure and to end it.
CAPABILITIES = {
    "CAP_CHOWN": 0,
    "CAP_DAC_READ_SEARCH": linux.CAP_DAC_READ_SEARCH,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_SYS_PTRACE": 19,
}  # numbers of capabilities(7)


def map_users(process: int, user: int | None) -> None:
    """Give a process that has made a user namespace its users, from outside. Raises OSError.

    Root in it stands for whoever runs this; `user`, where there may be one more, is for students.
    """
    folder = Path("/proc", str(process))
    if user is not None:
        both = f"0 0 1\n{user} {user} 1\n"
        (folder / "uid_map").write_text(both)
        (folder / "gid_map").write_text(both)
    else:
        (folder / "setgroups").write_text("deny")
        (folder / "uid_map").write_text(f"0 {os.geteuid()} 1")
        (folder / "gid_map").write_text(f"0 {os.getegid()} 1")


def other_user() -> int | None:
    """The user that students' processes of root become; None where this process is not root, or can't become another."""
    return NOBODY if os.geteuid() == 0 and linux.is_mapped(NOBODY) else None


def missing_capabilities() -> list[str]:
    """Which of `CAPABILITIES` this process lacks, as root in a container may; none where it does not change the user."""
    if other_user() is None:
        return []
    held = linux.effective_capabilities()
    return [name for name, number in CAPABILITIES.items() if not held >> number & 1]


def restrict(policy: SandboxPolicy, home: str, readable: Iterable[str], hidden: Iterable[str]) -> None:
    """Set no_new_privs, Landlock and the seccomp filter on this process, for good.

    It may read below `readable` but for `hidden`, and write below `home`. Raises OSError where the kernel refuses.
    """
    linux.set_no_new_privs()
    devices = [f"/dev/{name}" for name in DEVICES if os.path.exists(f"/dev/{name}")]
    landlock.restrict(readable, [home, *devices], hidden)
    seccomp.load(policy.program)


def enter_basic(policy: SandboxPolicy, home: str, initial_memory: int, other_processes: int) -> None:
    """Put this process at level `basic`, for good: it sees the whole machine and may open little of it.

    `other_processes` are those of the user that it becomes, as `ProcessCount` counts them.
    """
    user = other_user()
    if user is not None:
        # No limit counts the processes of root, so it becomes another user. Root may be the only one who can reach Python,
        # though, so it keeps the right to read; Landlock still says which files.
        linux.drop_capabilities(keep=linux.CAP_DAC_READ_SEARCH)
        os.setgroups([])
        linux.become_user(user, keep=linux.CAP_DAC_READ_SEARCH)
    linux.set_parent_death_signal()
    linux.set_child_subreaper()
    set_limits(policy, initial_memory, other_processes)
    system = [path for path in (*(f"/{name}" for name in SYSTEM_FOLDERS), *SYSTEM_FILES) if os.path.exists(path)]
    restrict(policy, home, [*system, *policy.readable], policy.hidden)


class ProcessCount:
    """How many processes and threads the user has whom a process at level `basic` becomes.

    To look at each process of the machine takes longer than all the rest of `enter_basic`, so the number may be `SECONDS` old.
    """

    SECONDS = 1.0

    def __init__(self) -> None:
        self.number, self.until = 0, 0.0

    def now(self) -> int:
        if time.monotonic() > self.until:
            user = other_user()
            self.number = _count_processes(os.geteuid() if user is None else user)
            self.until = time.monotonic() + self.SECONDS
        return self.number


def _count_processes(user: int) -> int:
    """How many processes and threads a user has."""
    found = 0
    with os.scandir("/proc") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # it has just ended
                if entry.name.isdigit() and entry.stat().st_uid == user:
                    found += len(os.listdir(f"{entry.path}/task"))
    return found
