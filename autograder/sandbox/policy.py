"""On what terms a student's process runs: how much it may use, and on which rung it is held."""

from __future__ import annotations

import base64
import dataclasses
import resource
from dataclasses import dataclass
from typing import Any

MB = 1024 * 1024


@dataclass(frozen=True)
class Terms:
    """`readable` is what it may see of the machine; `program` is the compiled filter of its system calls."""

    rung: int = 2
    memory: int = 1536 * MB  # of one process, above what it begins with
    total_memory: int = 2560 * MB  # of all its processes together
    disk: int = 64 * MB
    files: int = 2000
    processes: int = 32
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()  # folders inside the readable ones
    program: bytes = b""

    def to_json(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "program": base64.b64encode(self.program).decode()}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Terms:
        lists = {name: tuple(fields[name]) for name in ("readable", "hidden")}
        return cls(**{**fields, **lists, "program": base64.b64decode(fields["program"])})


def limit(terms: Terms, already: int, others: int = 0) -> None:
    """Hold this process to its limits; `already` is the memory in bytes that it began with.

    Call it in the process's own user namespace, if it has one: outside, one student's processes count as another's, and
    `others` are those that its user has.
    """
    space = already + terms.memory
    most = {
        resource.RLIMIT_AS: space,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: terms.disk,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_NPROC: others + terms.processes,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for what, value in most.items():
        resource.setrlimit(what, (value, value))
