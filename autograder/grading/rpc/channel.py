"""Messages over a socket: a length, then so many bytes. Both ends have a deadline and a bound."""

from __future__ import annotations

import contextlib
import socket
import struct
import time

from autograder.grading.rpc.serialize import MAX_BYTES, MalformedMessage

HEAD = struct.Struct("<I")


class ConnectionLost(BaseException):
    """The other end is dead, or can't be used any more; the message says why.

    No Exception: a test's own `except Exception` must not take it for an error of the student's function.
    """


class NoAnswer(ConnectionLost):
    """The other end sent something that is no answer."""


class DeadlineExceeded(ConnectionLost):
    """The other end took too long: `seconds`, where that is known."""

    seconds: float | None = None

    out_of_time = True  # by this the judge tells a hang from an error


class Channel:
    """One end of a connection that carries whole messages."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, message: bytes, deadline: float | None = None) -> None:
        """Raises ConnectionLost, DeadlineExceeded too: the other end may not read."""
        self.connection.settimeout(None if deadline is None else max(deadline - time.monotonic(), 0.001))
        try:
            self.connection.sendall(HEAD.pack(len(message)) + message)
        except TimeoutError:
            raise DeadlineExceeded("it ran out of time") from None
        except OSError:
            raise ConnectionLost("it ended") from None

    def receive(self, deadline: float | None = None, max_bytes: int = MAX_BYTES + 1024) -> bytes:
        """The next message; `deadline` in time.monotonic's seconds. Raises ConnectionLost or MalformedMessage."""
        (length,) = HEAD.unpack(self._exactly(HEAD.size, deadline))
        if length > max_bytes:
            raise MalformedMessage("too long a message")
        return self._exactly(length, deadline)

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        parts, missing = [], size
        while missing:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:  # though there may be more to read: whoever never pauses is late too
                raise DeadlineExceeded("it ran out of time")
            self.connection.settimeout(left)
            try:
                part = self.connection.recv(min(missing, 1 << 20))
            except TimeoutError:
                raise DeadlineExceeded("it ran out of time") from None
            except OSError:
                raise ConnectionLost("it ended") from None
            if not part:
                raise ConnectionLost("it ended")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def hang_up(self) -> None:
        """End the connection for both ends; whoever reads finds it ended."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.connection.close()


def deadline_in(seconds: float) -> float:
    """A deadline, so many seconds from now."""
    return time.monotonic() + seconds
