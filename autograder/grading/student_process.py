"""The student's process: it runs cells and answers for the names that they bound. Nothing in it can be trusted."""

from __future__ import annotations

import contextlib
import random
import types
from pathlib import Path
from typing import Any

import numpy as np

from autograder.grading.ipython_shell import Shell
from autograder.grading.one_kernel import verdict_of
from autograder.grading.random_state import set_state
from autograder.grading.rpc.calls import RpcEndpoint
from autograder.grading.rpc.channel import Channel, ConnectionLost
from autograder.grading.rpc.serialize import NotSerializable, encode


def serve(channel: Channel, shell: Shell, seed: int) -> None:
    """Do as the checker says until it hangs up."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (a fork would share the legacy generator's state with every other one)
    endpoint = RpcEndpoint(channel)
    with contextlib.suppress(ConnectionLost):
        while True:
            match endpoint.receive():
                case [str(), "call", *_] as call:
                    endpoint.serve(call)
                case [str(token), *question]:
                    endpoint.send([token, *_answer(endpoint, shell, question)])


def _answer(endpoint: RpcEndpoint, shell: Shell, question: list[Any]) -> list[Any]:
    match question:
        case ["file", str(name), bytes(part), bool(more)]:
            return ["done"] if _write(Path(name), part, more) else ["no room"]
        case ["forget"]:
            shell.forget()
            return ["done"]
        case ["random", str(name)]:
            set_state(shell.random_states[name])
            return ["done"]
        case ["run", str(source)]:
            return ["ran", shell.run(source)]
        case ["test", str(source)]:
            return verdict_of(shell.run(source), shell.error_line)
        case ["values", list(names)]:
            return ["are", {name: _value(endpoint, shell.user_ns[name]) for name in names if name in shell.user_ns}]
    return ["what?"]  # the answer to something that they asked behind this process's back


def _value(endpoint: RpcEndpoint, value: Any) -> list[Any]:
    if isinstance(value, types.ModuleType):
        return ["module", str(value.__name__)]
    try:
        encode(value, endpoint.export)
        return ["value", value]
    except NotSerializable as reason:
        return ["not serializable", str(reason)]
    except Exception as error:  # an object of theirs that raises when it is read
        return ["not serializable", f"Reading it raised {type(error).__name__}."]


def _write(path: Path, part: bytes, more: bool) -> bool:
    """Write a part of a file, behind the others if there are `more` before it; whether that was possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab" if more else "wb") as file:
            file.write(part)
    except (OSError, ValueError):  # a name that no file can have here, or no room
        return False
    return True
