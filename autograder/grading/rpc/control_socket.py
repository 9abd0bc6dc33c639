"""The control socket between the grader and the fork servers: small JSON messages with open files attached."""

from __future__ import annotations

import json
import socket
from typing import TypeVar

from autograder.grading.rpc import control_messages
from autograder.grading.rpc.control_messages import Message

MAX_MESSAGE = 60_000
Answer = TypeVar("Answer", bound=Message)


class ControlSocket:
    """One end of a SOCK_SEQPACKET pair: each message arrives whole, or not at all."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, message: Message, *descriptors: int) -> None:
        """Raises OSError where the other end is gone."""
        socket.send_fds(self.connection, [json.dumps(control_messages.to_json(message)).encode()], list(descriptors))

    def receive(self) -> tuple[Message, list[int]]:
        """Raises EOFError where the other end is gone."""
        try:
            data, descriptors, _flags, _ = socket.recv_fds(self.connection, MAX_MESSAGE, 4)
        except ConnectionError:
            raise EOFError from None
        if not data:
            raise EOFError
        return control_messages.from_json(json.loads(data)), list(descriptors)

    def ask(self, message: Message, kind: type[Answer], *descriptors: int) -> Answer:
        """Send, and wait for the answer, which is of this kind. Raises EOFError."""
        try:
            self.send(message, *descriptors)
        except OSError:
            raise EOFError from None
        answer, _ = self.receive()
        assert isinstance(answer, kind)
        return answer

    def close(self) -> None:
        self.connection.close()


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends for a ControlSocket."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
