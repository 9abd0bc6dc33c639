"""Time limits count processor time: a busy machine shortens none, and what only waits is ended as well."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from support import small_course

from autograder.grading import time_limit
from autograder.grading.rpc.channel import Channel, DeadlineExceeded
from autograder.grading.time_limit import LEAST_WAIT, PATIENCE, TimeLimit, longest_wait
from autograder.notebook.note import NoteKind


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_what_waits_has_much_longer_than_what_computes() -> None:
    assert longest_wait(0.1) == LEAST_WAIT
    assert longest_wait(120) == PATIENCE * 120


def test_a_process_that_gets_no_processor_is_waited_for(pair: tuple[socket.socket, socket.socket]) -> None:
    limit = TimeLimit(0.01, 0.5, lambda: 0.0)
    with pytest.raises(DeadlineExceeded) as caught:
        Channel(pair[0]).receive(limit)
    assert caught.value.worth_a_retry  # it was the clock on the wall
    assert caught.value.seconds is not None
    assert caught.value.seconds >= 0.5


def test_a_process_that_has_used_its_time_is_not(pair: tuple[socket.socket, socket.socket]) -> None:
    limit = TimeLimit(0.05, 600.0, time.monotonic)  # it computes all the time
    with pytest.raises(DeadlineExceeded) as caught:
        Channel(pair[0]).receive(limit)
    assert not caught.value.worth_a_retry


def test_whoever_does_not_read_is_not_waited_for_either(pair: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(DeadlineExceeded):
        Channel(pair[0]).send(bytes(50_000_000), TimeLimit(0.05, 0.5, time.monotonic))


def test_a_message_that_comes_slowly_arrives_whole(pair: tuple[socket.socket, socket.socket]) -> None:
    message = os.urandom(3_000_000)  # more than a socket's buffer holds
    child = os.fork()
    if not child:
        Channel(pair[1]).send(message)
        os._exit(0)
    assert Channel(pair[0]).receive(TimeLimit(0.001, 60.0, lambda: 0.0)) == message
    os.waitpid(child, 0)


def counted(clock: Callable[[], float]) -> tuple[Callable[[], float], list[float]]:
    looks: list[float] = []

    def look() -> float:
        looks.append(clock())
        return looks[-1]

    return look, looks


def test_the_other_process_is_looked_at_no_more_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time_limit.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time_limit, "CORES", 2)
    look, looks = counted(lambda: now[0])  # it uses one core
    limit = TimeLimit(2.0, 100.0, look)
    while left := limit.left():
        now[0] += left
    assert 2.0 <= now[0] <= 2.1
    assert len(looks) < 12
    assert limit.has_used(1.9)
    assert not limit.has_used(2.2)


def test_a_note_says_whether_a_cell_or_the_whole_notebook_took_too_long() -> None:
    """What is begun when the notebook's time is nearly over has not run for a hundredth of a second "too long"."""
    cells = [(small_course.answer(f"a{n}", f"a{n} = 1"), small_course.check(f"t{n}", f"assert a{n} == 1")) for n in range(9)]
    book = small_course.notebook(*itertools.chain.from_iterable(cells))
    with small_course.grader(book, seconds=0.5) as grader:
        points, result = grader.grade(small_course.submission(book, {f"a{n}": "while True: pass" for n in range(9)}))
    assert set(points.values()) == {0.0}
    says = [note.text.rpartition(": ")[2] for note in result.notes if note.kind is NoteKind.RAN_TOO_LONG]
    assert set(says) == {"It was still running after 0.5 seconds, and was ended.", "The time for the whole notebook was used up."}
