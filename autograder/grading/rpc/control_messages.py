"""What the grader and a fork server say to each other over their control socket."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, get_args


@dataclass(frozen=True)
class StartStudents:
    """To the students' fork server, first: its policy as `SandboxPolicy.to_json` writes it, and an empty folder."""

    policy: dict[str, Any]
    folder: str


@dataclass(frozen=True)
class StartCheckers:
    """To the checkers' fork server, first: a policy as `SandboxPolicy.to_json` writes it, and where the notebook's files lie."""

    policy: dict[str, Any]
    folder: str


@dataclass(frozen=True)
class MapUsers:
    """From the students' fork server, which has made a user namespace and needs its users."""


@dataclass(frozen=True)
class UsersMapped:
    """The answer to MapUsers."""


@dataclass(frozen=True)
class Ready:
    """From a fork server that can be asked."""


@dataclass(frozen=True)
class Failed:
    """From a fork server that could not start, or could not run the shared cells."""

    reason: str


@dataclass(frozen=True)
class RunSharedCells:
    """Run the instructor's cells that the attached connection names."""


@dataclass(frozen=True)
class SharedCellsRun:
    """The answer to RunSharedCells."""


@dataclass(frozen=True)
class Spawn:
    """Fork a process that talks over the attached connection. `home` is its folder, but for who has a file system."""

    seed: int = 0
    home: str | None = None


@dataclass(frozen=True)
class Spawned:
    """The answer to Spawn: the process's number to its fork server, and its number to the grader."""

    child: int
    process: int


@dataclass(frozen=True)
class End:
    """End a child, if it still lives."""

    child: int


@dataclass(frozen=True)
class Ended:
    """The answer to End: an exit code, or minus a signal."""

    status: int


Message = (
    StartStudents | StartCheckers | MapUsers | UsersMapped | Ready | Failed | RunSharedCells | SharedCellsRun | Spawn | Spawned
    | End | Ended
)  # fmt: skip
_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in get_args(Message)}


def to_json(message: Message) -> dict[str, Any]:
    """The message with its kind, for JSON."""
    return {"kind": type(message).__name__, **dataclasses.asdict(message)}


def from_json(fields: dict[str, Any]) -> Message:
    """The message that `to_json` wrote."""
    values = dict(fields)
    return _KINDS[values.pop("kind")](**values)
