"""What restricts one student's process: its isolation level, the files it may read and the resources it may use."""

from __future__ import annotations

import base64
import dataclasses
import resource
from dataclasses import dataclass
from typing import Any

MB = 1024 * 1024


@dataclass(frozen=True)
class SandboxPolicy:
    """`level` is one of "full", "basic" and "none". Sizes are in bytes. `levels.make_policy` makes a policy."""

    level: str = "full"
    memory: int = 1536 * MB  # the address space of one process, above what it starts with
    total_memory: int = 2560 * MB  # resident memory of all processes of one student together
    disk: int = 64 * MB
    file_size: int = 64 * MB - MB // 4  # of one file: a folder with one that is as large as may be holds less than `disk`
    files: int = 6000  # and folders: a submission may hold 2,000, and its answers write some
    processes: int = 32  # processes and threads
    students: int = 1  # how many run at once under one user, whom the kernel counts together at level basic
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()  # folders inside the readable ones that are to look empty
    program: bytes = b""  # the compiled filter of system calls

    @property
    def has_namespaces(self) -> bool:
        return self.level == "full"

    @property
    def is_enforced(self) -> bool:
        return self.level != "none"

    def to_json(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "program": base64.b64encode(self.program).decode()}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> SandboxPolicy:
        paths = {name: tuple(fields[name]) for name in ("readable", "hidden")}
        return cls(**{**fields, **paths, "program": base64.b64decode(fields["program"])})


def limit_memory(memory: int, initial_memory: int) -> None:
    """Set the limit of this process's address space: `memory` beyond its size before it does anything, in bytes.

    A lower limit that it has already, as by `ulimit -v`, stays.
    """
    most = initial_memory + memory
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def set_limits(policy: SandboxPolicy, initial_memory: int, other_processes: int = 0) -> None:
    """Set this process's resource limits (setrlimit(2)). `initial_memory` is its address space in bytes before it does anything.

    RLIMIT_NPROC counts all processes of a user within the user namespace in which it is set: call this in the process's own
    namespace, or pass how many `other_processes` its user has. Then those of the other students count too, and whoever is the
    parent watches that none has more than its share.
    """
    limit_memory(policy.memory, initial_memory)
    limits = {
        resource.RLIMIT_CORE: 1,  # with 0, a program of the machine's that is sent core dumps would be started all the same
        resource.RLIMIT_FSIZE: policy.file_size,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_NPROC: other_processes + policy.processes * policy.students,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for what, value in limits.items():
        resource.setrlimit(what, (value, value))
