"""Messages over a socket: a length, then so many bytes. Both ends have a deadline and a bound."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterable
from typing import Protocol

from autograder.grading.rpc.serialize import MAX_BYTES, MalformedMessage

HEAD = struct.Struct("<I")
MAX_PART = 1 << 20  # bytes that are asked for at a time
READ_AHEAD = 1 << 16  # bytes: most calls and answers fit


class ConnectionLost(BaseException):
    """The other end is dead, or can't be used any more; the message says why.

    No Exception: a test's own `except Exception` must not take it for an error of the student's function.
    """


class NoAnswer(ConnectionLost):
    """The other end sent something that is no answer."""


class DeadlineExceeded(ConnectionLost):
    """The other end took too long: more than `seconds`, where that is known.

    `worth_a_retry` says that it might be in time on an idle machine: it did not use so much processor time itself.
    """

    out_of_time = True  # by this the judge tells a hang from an error

    def __init__(self, message: str, seconds: float | None = None, worth_a_retry: bool = False) -> None:
        super().__init__(message)
        self.seconds, self.worth_a_retry = seconds, worth_a_retry


class Deadline(Protocol):
    """Until when to wait for the other end."""

    def left(self) -> float:
        """For how many seconds one can wait before one has to ask again; 0 where the time is over."""
        ...

    def error(self) -> DeadlineExceeded:
        """What to raise when the time is over."""
        ...


class WallDeadline:
    """So many seconds from now, by the clock on the wall."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        return max(0.0, self.end - time.monotonic())

    def error(self) -> DeadlineExceeded:
        return DeadlineExceeded("it ran out of time", self.seconds, worth_a_retry=True)


class Channel:
    """One end of a connection that carries whole messages.

    `ahead` is how many bytes it may read before they are asked for. A message then takes one system call, not two; but
    select(2) and whoever else reads from the connection know nothing of what it has read.
    """

    def __init__(self, connection: socket.socket, ahead: int = 0) -> None:
        self.connection, self.ahead = connection, ahead
        self._unread = bytearray()
        self._timeout: float | None = -1.0  # that the connection has; not known yet

    def send(self, message: bytes, deadline: Deadline | None = None) -> None:
        """Raises ConnectionLost, DeadlineExceeded too: the other end may not read."""
        self.send_all([message], deadline)

    def send_all(self, messages: Iterable[bytes], deadline: Deadline | None = None) -> None:
        """The same of several messages, in one go."""
        unsent = memoryview(b"".join(part for message in messages for part in (HEAD.pack(len(message)), message)))
        while unsent:
            self._wait_at_most(deadline)
            try:
                unsent = unsent[self.connection.send(unsent) :]
            except TimeoutError:
                continue
            except OSError:
                raise ConnectionLost("it ended") from None

    def send_at_once(self, message: bytes) -> None:
        """Send a short message to one who waits for it, and so has room for it. Raises ConnectionLost where there is none."""
        data = HEAD.pack(len(message)) + message
        self._never_wait()
        try:
            sent = self.connection.send(data)
        except OSError:
            raise ConnectionLost("it ended, or does not read") from None
        if sent < len(data):
            raise ConnectionLost("it does not read")

    def receive(self, deadline: Deadline | None = None, max_bytes: int = MAX_BYTES + 1024) -> bytes:
        """The next message. Raises ConnectionLost or MalformedMessage."""
        (length,) = HEAD.unpack(self._exactly(HEAD.size, deadline))
        if length > max_bytes:
            raise MalformedMessage("too long a message")
        return self._exactly(length, deadline)

    def receive_ready(self, max_bytes: int) -> bytes | None:
        """The next message if what has come in so far completes it, else None; it does not wait.

        It takes in a megabyte at most, and nothing of a later message. Raises ConnectionLost or MalformedMessage.
        """
        self._never_wait()
        for _ in ("its length", "the rest"):
            if (missing := self._size(max_bytes) - len(self._unread)) > 0:
                try:
                    part = self.connection.recv(_more(0, missing))
                except BlockingIOError:
                    return None
                except OSError:
                    raise ConnectionLost("it ended") from None
                if not part:
                    raise ConnectionLost("it ended")
                self._unread += part
            if HEAD.size <= len(self._unread) == self._size(max_bytes):
                found = bytes(memoryview(self._unread)[HEAD.size :])
                self._unread.clear()
                return found
        return None

    def _size(self, max_bytes: int) -> int:
        """Bytes of the message whose beginning is here, its length included. Raises MalformedMessage."""
        if len(self._unread) < HEAD.size:
            return HEAD.size
        (length,) = HEAD.unpack_from(self._unread)
        if length > max_bytes:
            raise MalformedMessage("too long a message")
        return HEAD.size + int(length)

    def _exactly(self, size: int, deadline: Deadline | None) -> bytes:
        while (missing := size - len(self._unread)) > 0:
            self._wait_at_most(deadline)  # though there may be more to read: whoever never pauses is late too
            try:
                part = self.connection.recv(_more(self.ahead, missing))
            except TimeoutError:
                continue
            except OSError:
                raise ConnectionLost("it ended") from None
            if not part:
                raise ConnectionLost("it ended")
            self._unread += part
        found = bytes(memoryview(self._unread)[:size])
        del self._unread[:size]
        return found

    def hang_up(self) -> None:
        """End the connection for both ends; whoever reads finds it ended."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _wait_at_most(self, deadline: Deadline | None) -> None:
        """Have the next system call wait until the deadline, or half as long. Raises DeadlineExceeded where it is over."""
        left = None if deadline is None else deadline.left()
        if deadline is not None and not left:
            raise deadline.error()
        if not _is_near(self._timeout, left):  # each change is a system call
            self.connection.settimeout(left)
            self._timeout = left

    def _never_wait(self) -> None:
        """Have the next system calls return at once."""
        if self._timeout != 0.0:
            self.connection.settimeout(0.0)
            self._timeout = 0.0

    def close(self) -> None:
        self.connection.close()


def _is_near(timeout: float | None, left: float | None) -> bool:
    """Whether a timeout is the time that is left, or a part of it, after which one asks again."""
    if timeout is None or left is None:
        return timeout is left
    return left / 2 <= timeout <= left


def _more(ahead: int, missing: int) -> int:
    """How many bytes to ask for. A student may have put something of his own in the place of `max` and `min`."""
    if missing < ahead:
        return ahead
    return missing if missing < MAX_PART else MAX_PART
