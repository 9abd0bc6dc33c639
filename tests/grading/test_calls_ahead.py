"""Calls that the judge sends ahead: the function over there sees the same calls in the same order as it does here."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograder.bank import catalog
from autograder.feedback import render
from autograder.grading.rpc.calls import RemoteFunction, RpcEndpoint
from autograder.grading.rpc.channel import Channel, ConnectionLost, WallDeadline
from autograder.judge.judge import judge

Log = list[tuple[Any, ...]]
Remote = Callable[[Callable[..., Any]], RemoteFunction]


def serve(connection: socket.socket, function: Callable[..., Any]) -> None:
    endpoint = RpcEndpoint(Channel(connection, 1 << 16))
    with contextlib.closing(endpoint.channel), contextlib.suppress(ConnectionLost):
        endpoint.send([endpoint.receive()[0], function])
        while True:
            endpoint.serve(endpoint.receive())


@pytest.fixture
def remote() -> Iterator[Remote]:
    """Makes a function one of another process; here it lives in a thread."""
    open_ends: list[socket.socket] = []

    def make(function: Callable[..., Any]) -> RemoteFunction:
        ours, theirs = socket.socketpair()
        threading.Thread(target=serve, args=(theirs, function), daemon=True).start()
        endpoint = RpcEndpoint(Channel(ours))
        endpoint.deadline = WallDeadline(60)
        open_ends.append(ours)
        found: RemoteFunction = endpoint.ask("function")[0]
        return found

    yield make
    for ours in open_ends:
        ours.close()


def logged(function: Callable[..., Any], log: Log) -> Callable[..., Any]:
    def answer(*args: Any) -> Any:
        log.append(tuple(np.array(arg).tolist() for arg in args))
        return function(len(log), *args)

    return answer


def _raise(error: type[BaseException]) -> Any:
    raise error("so it is")


class NotYet(NotImplementedError): ...


class BothAtOnce(ValueError, NotImplementedError): ...


# What each does is a function of how many calls there were before, so one call more or less would show.
WAYS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "right": lambda right: lambda _, *args: right(*args),
    "wrong": lambda right: lambda _, *args: right(*args) + 1,
    "wrong at the tenth call": lambda right: lambda n, *args: right(*args) + (n == 10),
    "wrong from the 23rd call on": lambda right: lambda n, *args: right(*args) + (n >= 23),
    "another result each time": lambda right: lambda n, *args: right(*args) * n,
    "an error at the fifth call": lambda right: lambda n, *args: _raise(ValueError) if n == 5 else right(*args),
    "not written from the fourth call on": lambda right: lambda n, *args: _raise(NotYet) if n >= 4 else right(*args),
    "an error that is two at the sixth call": lambda right: lambda n, *args: _raise(BothAtOnce) if n == 6 else right(*args),
    "no data at the third call": lambda right: lambda n, *args: object() if n == 3 else right(*args),
}
CROSS_AS_OTHERS = ("an error that is two at the sixth call", "no data at the third call")  # the judge is told of another thing


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("exercise", ["causal_attention", "split_heads", "causal_mask"])
def test_the_same_calls_in_the_same_order(remote: Remote, exercise: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, here, ahead, one_by_one = catalog.find(exercise).load(), Log(), Log(), Log()
    answer = WAYS[way](found.reference)
    mine, theirs = judge(found, logged(answer, here)), judge(found, remote(logged(answer, ahead)))
    monkeypatch.setattr(RemoteFunction, "expect_calls", lambda *_: None)
    assert render.text(judge(found, remote(logged(answer, one_by_one)))) == render.text(theirs)
    assert ahead == one_by_one
    if way not in CROSS_AS_OTHERS:
        assert ahead == here
        assert (theirs.score, theirs.misconception) == (mine.score, mine.misconception)


def test_a_call_that_was_not_expected_gets_its_own_answer(remote: Remote) -> None:
    log = Log()
    double = remote(logged(lambda _, x: 2 * x, log))
    double.expect_calls([((1,), {}), ((2,), {}), ((3,), {})])
    assert [double(1), double(5), double(3)] == [2, 10, 6]
    assert [double(4), double(6)] == [8, 12]
    assert log == [(1,), (2,), (3,), (5,), (3,), (4,), (6,)]


def test_nothing_is_sent_before_the_first_call(remote: Remote) -> None:
    log = Log()
    double = remote(logged(lambda _, x: 2 * x, log))
    double.expect_calls([((1,), {}), ((2,), {})])
    assert double(7) == 14
    assert log[-1] == (7,)


def test_more_than_the_connection_holds_crosses(remote: Remote) -> None:
    echo = remote(lambda x: x)
    arrays = [np.full(size, float(size)) for size in (3, 90_000, 5, 7_000, 7_000, 1, 300_000)]
    echo.expect_calls([((array,), {}) for array in arrays])
    for array in arrays:
        np.testing.assert_array_equal(echo(array), array)


def test_the_answers_before_the_end_of_a_process_count(remote: Remote) -> None:
    def ends(n: int, x: int) -> int:
        if n == 3:
            raise ConnectionLost("it ended")
        return x

    log = Log()
    answer = remote(logged(ends, log))
    answer.expect_calls([((x,), {}) for x in range(6)])
    assert [answer(0), answer(1)] == [0, 1]
    with pytest.raises(ConnectionLost):
        answer(2)
    with pytest.raises(ConnectionLost):
        answer(3)
    assert len(log) == 3


def test_what_a_call_changes_and_prints_comes_with_that_call(remote: Remote, capsys: pytest.CaptureFixture[str]) -> None:
    def swap(items: list[int]) -> None:
        print(items)
        items.reverse()

    answer = remote(swap)
    given = [[1, 2], [3, 4]]
    answer.expect_calls([((items[:],), {}) for items in given])
    for items in given:
        before = f"{items}\n"
        answer(items)
        assert capsys.readouterr().out == before
    assert given == [[2, 1], [4, 3]]
