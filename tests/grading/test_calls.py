"""Calls between two processes that share nothing but a socket: what goes over, what comes back, what is refused."""

import contextlib
import inspect
import linecache
import multiprocessing
import os
import signal
import socket
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support import small_course

from autograder.bank import catalog
from autograder.grading.rpc.calls import RemoteFunction, RpcEndpoint, StudentError
from autograder.grading.rpc.channel import HEAD, Channel, ConnectionLost, DeadlineExceeded, WallDeadline
from autograder.grading.rpc.serialize import NotSerializable, encode
from autograder.judge.guarded_call import clock_of, measure_peak_memory
from autograder.judge.judge import judge
from autograder.judge.unwritten import is_unwritten
from autograder.sandbox.meter import Meter


def swap(items: list) -> None:
    items.reverse()


def clip(a: np.ndarray) -> None:
    np.minimum(a, 1, out=a)


def fill(of: dict) -> int:
    of["new"] = [1]
    return 3


def draw(rng: np.random.Generator) -> float:
    return float(rng.random())


def twice(f: Callable[[Any], Any], x: Any) -> Any:
    return f(f(x))


def says(text: str) -> str:
    print(text)
    print(text, file=sys.stderr)
    return text


class Own(ValueError):
    pass


def fails(kind: str) -> None:
    raise {"value": ValueError, "own": Own, "stop": StopIteration, "exit": SystemExit, "linalg": np.linalg.LinAlgError}[kind](
        "so it is"
    )


def makes(what: str) -> Any:
    return {"object": object(), "own": {"nested": [Own()]}, "class": Own, "function": lambda n: n + 1, "endless": endless()}[what]


def endless() -> Iterator[Any]:
    yield [1]
    yield len
    raise ValueError("so it is")


def add_up(items: Iterator[int]) -> int:
    return next(items) + sum(items)


def unwritten(x: int) -> None:
    """Not yet."""


def never() -> None:
    while True:
        pass


def holds(numbers: int) -> int:
    return len(np.zeros(numbers))


def whole_matrix(Q: np.ndarray, K: np.ndarray, V: np.ndarray, block: int) -> np.ndarray:
    scores = np.where(np.tri(Q.shape[-2]) > 0, Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1]), -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    rows = [weights[..., i, None, : i + 1] @ V[..., : i + 1, :] for i in range(Q.shape[-2])]  # later values may be NaN
    return np.concatenate(rows, axis=-2)


def rows(Q: np.ndarray, K: np.ndarray, V: np.ndarray, block: int) -> np.ndarray:
    return catalog.find("blockwise_causal_attention").load().reference(Q, K, V, block)


def lying_matrix(Q: np.ndarray, K: np.ndarray, V: np.ndarray, block: int) -> np.ndarray:
    tracemalloc.get_traced_memory = lambda: (0, 0)
    return whole_matrix(Q, K, V, block)


def in_a_child(Q: np.ndarray, K: np.ndarray, V: np.ndarray, block: int) -> np.ndarray:
    there, here = os.pipe()
    child = os.fork()
    if not child:
        os.write(here, whole_matrix(Q, K, V, block).tobytes())
        os._exit(0)
    os.close(here)
    with open(there, "rb") as file:
        result = np.frombuffer(file.read()).reshape(V.shape)
    os.waitpid(child, 0)
    return result


def tells(function: Callable[[int], float]) -> tuple[str, str]:
    try:
        function(0)
    except ZeroDivisionError as error:
        return function.__name__, error.theirs  # type: ignore[attr-defined]
    return "", ""


FUNCTIONS = [tells, add_up, swap, clip, fill, draw, twice, says, fails, makes, unwritten, never, holds, whole_matrix, lying_matrix, in_a_child, rows]


def other_end(connection: socket.socket) -> None:
    endpoint = RpcEndpoint(Channel(connection))
    endpoint.send([endpoint.receive()[0], "values", *FUNCTIONS])
    with contextlib.suppress(ConnectionLost):
        while True:
            endpoint.serve(endpoint.receive())


def fork_other_ends(requests: socket.socket) -> None:
    """Forks an `other_end` for each connection that comes over `requests`, and tells its process number."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while connections := socket.recv_fds(requests, 1, 1)[1]:
        with socket.socket(fileno=connections[0]) as connection:
            process = os.fork()
            if not process:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                other_end(connection)
                os._exit(0)
        requests.sendall(process.to_bytes(4))


@pytest.fixture(scope="module")
def parent() -> Iterator[socket.socket]:
    """Where other ends are asked for. Their parent is not this process: what earlier tests have freed in it would be used
    again, and not be seen to grow."""
    ours, theirs = socket.socketpair()
    process = multiprocessing.get_context("forkserver").Process(target=fork_other_ends, args=(theirs,))
    process.start()
    theirs.close()
    yield ours
    ours.close()
    process.join()
    process.close()


@pytest.fixture
def remote(parent: socket.socket) -> Iterator[dict[str, RemoteFunction]]:
    ours, theirs = socket.socketpair()
    socket.send_fds(parent, [b"c"], [theirs.fileno()])
    theirs.close()
    process = int.from_bytes(parent.recv(4))
    endpoint = RpcEndpoint(Channel(ours), Meter(process))
    endpoint.deadline = WallDeadline(30)
    yield {function.__name__: function for function in endpoint.ask("all")[1:]}
    ours.close()
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def test_what_a_function_changes_is_changed_here(remote: dict[str, RemoteFunction]) -> None:
    items, a, of = [1, 2, 3], np.array([0.5, 4.0]), {"old": 1}
    assert remote["swap"](items) is None
    assert remote["clip"](a) is None
    assert remote["fill"](of) == 3
    assert items == [3, 2, 1]
    assert a.tolist() == [0.5, 1.0]
    assert of == {"old": 1, "new": [1]}


def test_a_generator_goes_on_where_they_left_it(remote: dict[str, RemoteFunction]) -> None:
    mine, same = np.random.default_rng(3), np.random.default_rng(3)
    assert [remote["draw"](mine), remote["draw"](mine), mine.random()] == [same.random() for _ in range(3)]


@pytest.mark.parametrize("is_discreet", [False, True])
def test_what_a_function_is_called_and_where_it_failed_is_told_or_not(remote: dict[str, RemoteFunction], is_discreet: bool) -> None:
    source, file = "def secret(n):\n    return 1 / n", "<ipython-input-1-test>"
    names: dict[str, Callable[[int], float]] = {}
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), names)
    remote["tells"].endpoint.is_discreet = is_discreet
    name, line = remote["tells"](names["secret"])
    assert (name, "1 / n" in line) == (("function", False) if is_discreet else ("secret", True))


BY_NAME = small_course.notebook(
    small_course.answer("is_yes", "def is_yes(f):\n    return f(1)"),
    small_course.check("t_yes", "def yes(n):\n    return True\ndef no(n):\n    return False\nassert is_yes(yes)\nassert not is_yes(no)", 1.0),
    small_course.answer("called", "def called(f):\n    return f.__name__"),
    small_course.check("t_called", "def seven(n):\n    return 7\nassert called(seven) == 'seven'", 1.0),
)


def test_an_isolated_test_does_not_tell_its_functions_names() -> None:
    cheat = {**small_course.solutions(BY_NAME), "is_yes": "def is_yes(f):\n    return f.__name__ == 'yes'"}
    with small_course.grader(BY_NAME) as grader:
        right, _ = grader.grade(small_course.submission(BY_NAME, small_course.solutions(BY_NAME)))
        wrong, _ = grader.grade(small_course.submission(BY_NAME, cheat))
    assert (right, wrong) == ({"t_yes": 1.0, "t_called": 1.0}, {"t_yes": 0.0, "t_called": 1.0})


def test_memory_is_measured_where_it_is_held(remote: dict[str, RemoteFunction]) -> None:
    remote["holds"](1)  # the pages that a first call writes to are no longer its parent's
    result, peak = measure_peak_memory(remote["holds"], 100_000)
    assert result == 100_000
    assert 800_000 <= peak < 900_000
    verdict = judge(catalog.find("blockwise_causal_attention").load(), remote["whole_matrix"])
    assert verdict.score == verdict.max_score - 1
    assert verdict.misconception == "whole_matrix_held"


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_process_that_lies_about_its_memory_gains_nothing(remote: dict[str, RemoteFunction]) -> None:
    verdict = judge(catalog.find("blockwise_causal_attention").load(), remote["lying_matrix"])
    assert verdict.score == verdict.max_score - 1
    assert measure_peak_memory(remote["lying_matrix"], *np.zeros((3, 512, 2)), 64)[1] > 512 * 512 * 8


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_process_that_has_another_hold_the_memory_gains_nothing(remote: dict[str, RemoteFunction]) -> None:
    verdict = judge(catalog.find("blockwise_causal_attention").load(), remote["in_a_child"])
    assert verdict.score < verdict.max_score
    with pytest.raises(StudentError, match="no other process"):
        measure_peak_memory(remote["in_a_child"], *np.zeros((3, 64, 2)), 64)


def test_a_right_answer_is_not_charged_for_its_process(remote: dict[str, RemoteFunction]) -> None:
    verdict = judge(catalog.find("blockwise_causal_attention").load(), remote["rows"])
    assert verdict.score == verdict.max_score


def test_the_time_of_a_call_is_that_of_both_processes(remote: dict[str, RemoteFunction]) -> None:
    before = remote["twice"].cpu_seconds()
    remote["twice"](lambda n: n, 1)
    assert remote["twice"].cpu_seconds() >= before
    assert clock_of(remote["twice"])() >= before


def test_functions_go_both_ways(remote: dict[str, RemoteFunction]) -> None:
    assert remote["twice"](lambda n: n * 3, 2) == 18
    assert remote["makes"]("function")(4) == 5


def test_what_is_printed_comes_along_and_stderr_is_none(remote: dict[str, RemoteFunction], capsys: pytest.CaptureFixture[str]) -> None:
    remote["says"]("hello")
    assert capsys.readouterr() == ("hello\nhello\n", "")


@pytest.mark.parametrize(("kind", "error"), [("value", ValueError), ("own", ValueError), ("linalg", np.linalg.LinAlgError)])
def test_an_error_arrives_as_what_it_is(remote: dict[str, RemoteFunction], kind: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="so it is") as caught:
        remote["fails"](kind)
    if kind == "own":
        assert type(caught.value).__name__ == "Own"


@pytest.mark.parametrize("kind", ["stop", "exit"])
def test_what_would_end_a_loop_or_a_process_is_an_error_like_any_other(remote: dict[str, RemoteFunction], kind: str) -> None:
    with pytest.raises(Exception, match="so it is") as caught:
        remote["fails"](kind)
    assert not isinstance(caught.value, StopIteration | SystemExit)


@pytest.mark.parametrize(("what", "named"), [("object", "object"), ("own", "type Own")])
def test_what_cannot_cross_is_named(remote: dict[str, RemoteFunction], what: str, named: str) -> None:
    with pytest.raises(NotSerializable, match=named):
        remote["makes"](what)
    assert remote["fill"]({}) == 3  # and the next call goes well


def test_an_iterator_is_asked_for_one_item_after_another_both_ways(remote: dict[str, RemoteFunction]) -> None:
    items = remote["makes"]("endless")
    assert next(items) == [1]
    assert next(items)("ab") == 2
    with pytest.raises(ValueError, match="so it is"):
        next(items)
    given = iter([1, 2, 3])
    assert remote["add_up"](given) == 6
    assert list(given) == []


def test_a_class_can_be_called_and_nothing_else_of_it_is_seen(remote: dict[str, RemoteFunction]) -> None:
    made = remote["makes"]("class")
    with pytest.raises(NotSerializable, match="type Own"):
        made("x")


def test_a_test_that_looks_at_a_function_does_not_see_a_stand_in(remote: dict[str, RemoteFunction]) -> None:
    assert remote["swap"].__doc__ is None
    with pytest.raises(TypeError):
        inspect.signature(remote["swap"])


def test_an_unwritten_function_can_be_told(remote: dict[str, RemoteFunction]) -> None:
    assert is_unwritten(remote["unwritten"])
    assert not is_unwritten(remote["fill"])


def test_after_a_call_that_never_ends_nothing_more_is_asked(remote: dict[str, RemoteFunction]) -> None:
    endpoint = remote["never"].endpoint
    endpoint.deadline = WallDeadline(0.2)
    with pytest.raises(ConnectionLost, match="out of time"):
        remote["never"]()
    with pytest.raises(ConnectionLost):
        remote["fill"]({})


def chatter(connection: socket.socket) -> None:
    call = encode(["x", "call", 0, (), {}])
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(HEAD.pack(len(call)) + call)


def deaf(_connection: socket.socket) -> None:
    time.sleep(60)


@pytest.mark.parametrize("other", [chatter, deaf])
def test_whoever_asks_without_end_or_never_reads_is_late(other: Callable[[socket.socket], None]) -> None:
    ours, theirs = socket.socketpair()
    process = multiprocessing.get_context("fork").Process(target=other, args=(theirs,))
    process.start()
    endpoint = RpcEndpoint(Channel(ours))
    endpoint.deadline = WallDeadline(0.3)
    with pytest.raises(DeadlineExceeded):  # or else it waits for a minute, and then for the test's own time-out
        endpoint.ask("values", np.zeros(1_000_000))
    assert process.is_alive()
    for end in (ours, theirs):
        end.close()
    process.kill()
    process.join()
    process.close()
