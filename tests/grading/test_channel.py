"""The end of a connection that serves many: it takes in what has come, and waits for nobody."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from autograder.grading.rpc.channel import HEAD, Channel, ConnectionLost, WallDeadline
from autograder.grading.rpc.serialize import MalformedMessage


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Channel]]:
    ends = socket.socketpair()
    yield Channel(ends[0]), Channel(ends[1])
    for end in ends:
        end.close()


def test_a_message_that_comes_in_parts_is_handed_over_once_it_is_whole(pair: tuple[Channel, Channel]) -> None:
    theirs, ours = pair
    data = b"".join(HEAD.pack(len(text)) + text for text in (b"first", b"", b"third"))
    found = []
    for number in range(len(data)):
        theirs.connection.sendall(data[number : number + 1])
        found.append(ours.receive_ready(100))
    assert [text for text in found if text is not None] == [b"first", b"", b"third"]
    assert found[8] == b"first"


def test_nothing_of_a_later_message_is_taken_in(pair: tuple[Channel, Channel]) -> None:
    theirs, ours = pair
    for text in (b"one", b"two"):
        theirs.send(text, WallDeadline(60))
    assert ours.receive_ready(100) == b"one"
    assert ours.receive() == b"two"
    assert ours.receive_ready(100) is None


def test_who_does_not_read_is_not_waited_for(pair: tuple[Channel, Channel]) -> None:
    _, ours = pair
    ours.send(b"x", WallDeadline(60))  # after this, the connection would wait so long
    sent = 0
    with contextlib.suppress(ConnectionLost):
        while sent < 100_000:
            ours.send_at_once(b"x" * 100)
            sent += 1
    assert 0 < sent < 100_000


def test_too_long_a_message_and_the_end_are_told(pair: tuple[Channel, Channel]) -> None:
    theirs, ours = pair
    theirs.send(b"12345", WallDeadline(60))
    with pytest.raises(MalformedMessage):
        ours.receive_ready(4)
    with pytest.raises(MalformedMessage):
        ours.receive_ready(4)
    theirs.hang_up()
    assert ours.receive_ready(5) == b"12345"
    with pytest.raises(ConnectionLost):
        ours.receive_ready(5)
