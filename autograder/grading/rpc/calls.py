"""Two processes that call each other's functions, with plain data only; both ends run this same code.

A call is one message there and one back; while it waits, an end serves the calls that come the other way. What the
function changed in its arguments and what it printed come back with its result. A question begins with a random token and
its answer repeats it: what was sent ahead of a question answers none.
"""

from __future__ import annotations

import contextlib
import io
import secrets
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from autograder.grading.forked import ending_forks
from autograder.grading.rpc.channel import Channel, ConnectionLost, Deadline, DeadlineExceeded, NoAnswer
from autograder.grading.rpc.errors import StudentError, error_names_of, error_of, line_of, text_of
from autograder.grading.rpc.serialize import KINDS, MalformedMessage, NotSerializable, decode, encode
from autograder.judge.guarded_call import measure_peak_memory, same_data
from autograder.sandbox.meter import Meter

MAX_PRINTED = 120_000  # characters of one call: more than the judge calls a flood
MAX_CALL_DEPTH = 40
MEMORY_NOISE = 128 * 1024  # bytes by which a process may grow in a call beyond what the call itself holds
MAX_AHEAD = 1 << 16  # bytes of calls that are sent ahead; a connection holds them all
TICK = 0.01  # seconds, in steps of which the processor time of another process is counted
MEASURED, BEHIND, NOT_CALLED = "measured", "behind", ["not called"]
MUTABLE = (np.ndarray, list, dict, set, bytearray, np.random.Generator)  # whose changes cross with a result


@dataclass(frozen=True)
class _Expected:
    """A call that is about to be made."""

    number: int
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    token: str = field(default_factory=lambda: secrets.token_hex(8))


class RpcEndpoint:
    """One end. `deadline` holds for whatever it waits for; `meter` measures the process at the other end.

    Where it `is_discreet`, its functions cross without their names, and their errors without the line that raised them: a test
    may hand over a function whose name is the answer, or one in the middle of a hidden test.
    """

    def __init__(self, channel: Channel, meter: Meter | None = None, is_discreet: bool = False) -> None:
        self.channel, self.meter, self.is_discreet = channel, meter, is_discreet
        self.deadline: Deadline | None = None
        self.broken: ConnectionLost | None = None  # why nothing more can be asked
        self.on_refusal: Callable[[str], None] = lambda _: None  # hears why a value could not be handed over
        self._exports: dict[int, Callable[..., Any]] = {}
        self._numbers: dict[int, int] = {}
        self._depth = 0
        self._expected = deque[_Expected]()  # calls that are about to be made
        self._sent = deque[_Expected]()  # those of them that the other end has, and whose answers are still to be read
        self._was_unwritten = False  # whether the last call that was served raised NotImplementedError
        self._used, self._used_until = 0.0, 0.0  # the processor time of the other process, and how long that is good enough

    def send(self, message: Any) -> None:
        self.channel.send(self._encode(message), self.deadline)

    def _encode(self, message: Any) -> bytes:
        return encode(message, self.export, self._number_of_theirs, tells_names=not self.is_discreet)

    def receive(self) -> Any:
        """The next message, whatever it is. Raises ConnectionLost."""
        try:
            return decode(self.channel.receive(self.deadline), self._import, self._own)
        except MalformedMessage:
            raise NoAnswer("it sent what is no message") from None

    def ask(self, *question: Any) -> Any:
        """Send a question and return the answer to it; calls that come before the answer are served. Raises ConnectionLost."""
        __tracebackhide__ = True
        with self._unbroken():
            while self._sent:  # answers that nobody asks for any more
                self._answer_to(self._sent.popleft().token)
            self._expected.clear()
            token = secrets.token_hex(8)
            self.send([token, *question])
            return self._answer_to(token)

    @contextlib.contextmanager
    def _unbroken(self) -> Iterator[None]:
        """A block that waits for an answer. Where it does not get it, no other is asked for."""
        __tracebackhide__ = True
        if self.broken:
            raise self.broken.with_traceback(None)
        try:
            yield
        except NotSerializable:  # before anything was sent
            raise
        except BaseException as error:  # an alarm too: an answer is on its way that nobody waits for
            if isinstance(error, ConnectionLost):
                self.broken = error
            else:
                self.broken = DeadlineExceeded("it had to be ended", getattr(error, "seconds", None), worth_a_retry=True)
            raise

    def _answer_to(self, token: str) -> list[Any]:
        while True:
            message = self.receive()
            if type(message) is not list or len(message) < 2 or type(message[0]) is not str:
                raise NoAnswer("it sent what is no answer")
            if message[0] == token:
                return message[1:]
            if message[1] != "call":
                raise NoAnswer("it sent what is no answer")
            self.serve(message)

    def call(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any], measured: bool = False) -> Any:
        """Call the other end's function, `measured` its memory too. Raises what it raised, NotSerializable, or ConnectionLost."""
        __tracebackhide__ = True
        answer = None if measured else self._answer_ahead(number, args, kwargs)
        if answer is None or answer == NOT_CALLED:
            answer = self.ask("call", number, args, kwargs, *([MEASURED] if measured else []))
        match answer:
            case ["returned", value, dict(changed), str(printed)]:
                self._wrote(printed)
                _apply(changed, args, kwargs)
                return value
            case ["raised", [*error_names], str(text), str(line), str(printed)]:
                self._wrote(printed)
                raise error_of(error_names, text, line) from None
            case ["not serializable", str(sentence)]:
                self.on_refusal(sentence[:500])
                raise NotSerializable(sentence[:500])
        self.broken = NoAnswer("it sent what is no answer")
        raise self.broken

    # --- Calls that are sent ahead: the other end then goes on without a switch between the processes for each ------------

    def expect_calls(self, number: int, calls: Iterable[tuple[tuple[Any, ...], dict[str, Any]]]) -> None:
        """The calls of a function that are about to be made, in this order; they may be sent before they are."""
        expected = [_Expected(number, args, kwargs) for args, kwargs in calls]
        if not self._sent and all(_is_plain((call.args, call.kwargs)) for call in expected):
            self._expected = deque(expected)

    def _answer_ahead(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any] | None:
        """The answer to a call that was expected; None where it was not."""
        __tracebackhide__ = True
        if not self._sent and not self._expected:
            return None
        with self._unbroken():
            if not self._sent:
                self._send_ahead()
            call = self._sent[0] if self._sent else None
            if call is None or not (call.number == number and same_data((args, kwargs), (call.args, call.kwargs))):
                return None
            self._sent.popleft()
            return self._answer_to(call.token)

    def _send_ahead(self) -> None:
        """Send as many of the calls as fit into the connection, so that neither end waits for the other to read."""
        messages, size = list[bytes](), 0
        while self._expected:
            call = self._expected[0]
            what = [call.token, "call", call.number, call.args, call.kwargs, *([BEHIND] if messages else [])]
            try:
                message = encode(what)
            except NotSerializable:  # whoever makes the call is told
                self._expected.clear()
                break
            if messages and size + len(message) > MAX_AHEAD:
                break
            messages.append(message)
            size += len(message)
            self._sent.append(self._expected.popleft())
        self.channel.send_all(messages, self.deadline)

    def serve(self, question: list[Any]) -> None:
        """Answer a call of one of this end's functions: a token, "call", its number, args and kwargs."""
        token = question[0]
        match question[1:]:
            case ["call", int(), tuple(), dict(), *how] if BEHIND in how and self._was_unwritten:
                answer = encode([token, *NOT_CALLED])
            case ["call", int(number), tuple(args), dict(named), *how] if self._may_call(number):
                self._depth += 1
                function = self._exports[number]
                function = partial(measure_peak_memory, function) if MEASURED in how else function
                try:
                    answer = self._serve_call(token, function, args, named)
                finally:
                    self._depth -= 1
            case _:
                answer = encode([token, "raised", ["RuntimeError"], "there is no such function", "", ""])
        self.channel.send(answer, self.deadline)

    def _may_call(self, number: int) -> bool:
        return number in self._exports and self._depth < MAX_CALL_DEPTH

    def _serve_call(self, token: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        before = {key: _print_of(value) for key, value in _mutable(args, kwargs)}
        self._was_unwritten = False
        with ending_forks(), _Capture() as printed:
            try:
                result = function(*args, **kwargs)
                changed = {key: value for key, value in _mutable(args, kwargs) if _print_of(value) != before[key]}
                # Encoded in here, for an object of theirs may print or raise while it is read.
                return self._encode([token, "returned", result, changed, printed()])
            except NotSerializable as reason:
                return encode([token, "not serializable", str(reason)])
            except ConnectionLost:
                raise
            except BaseException as error:
                self._was_unwritten = issubclass(type(error), NotImplementedError)
                line = "" if self.is_discreet else line_of(error)
                return encode([token, "raised", error_names_of(error), text_of(error), line, printed()])

    def cpu_seconds(self) -> float:
        """The processor time of this process's thread and of the other process, which is known within `TICK` seconds."""
        now = time.monotonic()
        if self.meter is None:
            return now
        if now >= self._used_until:
            self._used, self._used_until = self.meter.cpu_seconds(), now + TICK
        return time.thread_time() + self._used

    def _wrote(self, text: str) -> None:
        if text:
            sys.stdout.write(text)

    def export(self, function: Callable[..., Any]) -> int:
        """The number under which the other end may call a function."""
        known = self._numbers.get(id(function))
        if known is None:
            known = self._numbers[id(function)] = len(self._exports)
            self._exports[known] = function  # kept, so that the id stays its own
        return known

    def _number_of_theirs(self, value: Any) -> int | None:
        """The number of a function that the other end has handed over, which is handed back as what it is there."""
        return value.number if type(value) is RemoteFunction and value.endpoint is self else None

    def _own(self, number: int) -> Any:
        if number not in self._exports:
            raise MalformedMessage("no function of this number was handed over")
        return self._exports[number]

    def _import(self, number: int, name: str, empty: bool) -> RemoteFunction:
        return RemoteFunction(self, number, name, empty)


class RemoteFunction:
    """A function that lives in the other process."""

    # A test that looks at a signature or a docstring fails, and so is found to be one that can't run isolated.
    __signature__ = ...

    def __init__(self, endpoint: RpcEndpoint, number: int, name: str, empty: bool) -> None:
        self.endpoint, self.number, self.empty = endpoint, number, empty
        self.__name__ = self.__qualname__ = name
        self.__doc__ = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves this frame out
        return self.endpoint.call(self.number, args, kwargs)

    def expect_calls(self, calls: Iterable[tuple[tuple[Any, ...], dict[str, Any]]]) -> None:
        """The calls that are about to be made, in this order; they may be sent before they are."""
        self.endpoint.expect_calls(self.number, calls)

    def cpu_seconds(self) -> float:
        """The processor time that a call of it has used up: of this process's thread, and of the other process."""
        return self.endpoint.cpu_seconds()

    def measure_peak_memory(self, *args: Any) -> tuple[Any, int]:
        """What a call returns, and the most memory in bytes that it held over there.

        That is what the other process says, which can count single arrays, but no less than what its memory grows by, measured
        from outside, but for `MEMORY_NOISE`: it gains nothing by saying less. Neither sees arrays that were made before the call.
        """
        __tracebackhide__ = True
        meter, before = self.endpoint.meter, self._reset_peak_memory()
        result, peak = self.endpoint.call(self.number, args, {}, measured=True)
        if before is None or meter is None:
            return result, int(peak)
        memory, past_children = before
        try:
            grown = meter.peak_memory() - memory
            uses_processes = meter.has_children() or meter.past_children() > past_children
        except OSError:
            raise ConnectionLost("it ended") from None
        if uses_processes:  # they could hold what is measured
            raise StudentError("Its memory is measured, so it may use no other process.")
        return result, max(int(peak), grown - MEMORY_NOISE)

    def _reset_peak_memory(self) -> tuple[int, int] | None:
        """The other process's memory, whose peak is measured from now on, and past children; None where that can't be done."""
        with contextlib.suppress(OSError):
            if (meter := self.endpoint.meter) is not None:
                return meter.reset_peak_memory(), meter.past_children()
        return None

    @property
    def __code__(self) -> Any:
        # The judge looks here whether a function was written at all; nothing else of it can be seen from outside.
        if self.empty:
            return _unwritten.__code__
        raise AttributeError("__code__")

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"

    def __copy__(self) -> RemoteFunction:
        return self

    def __deepcopy__(self, memo: Any) -> RemoteFunction:
        return self


def _unwritten() -> None: ...


def _mutable(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[int | str, Any]]:
    named: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
    for key, value in named:
        if isinstance(value, MUTABLE):
            yield key, value


def _is_plain(value: Any) -> bool:
    """Whether a value is plain data, such as `same_data` compares bit for bit."""
    if type(value) is np.ndarray:
        return value.dtype.kind in KINDS
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, value.values()))
    return value is None or type(value) in (int, float, str, bool)


def _print_of(value: Any) -> object:
    """What is another thing once `value` was changed."""
    if type(value) is np.ndarray and value.dtype.kind in KINDS:
        return value.dtype.str, value.shape, value.tobytes()
    try:
        return encode(value, lambda function: id(function) & 0xFFFF_FFFF)
    except NotSerializable:
        return b""


def _apply(changed: dict[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Change the caller's own arguments as the function changed its copies."""
    if not changed:
        return
    own: dict[Any, Any] = dict(_mutable(args, kwargs))
    for key, new in changed.items():
        old: Any = own.get(key)
        if type(new) is not type(old):
            continue
        with contextlib.suppress(Exception):  # read-only, or resized: then there is nothing of the caller's to change
            if isinstance(old, np.ndarray):
                old[...] = new
            elif isinstance(old, np.random.Generator):
                old.bit_generator.state = new.bit_generator.state
            elif isinstance(old, list | bytearray):
                old[:] = new
            else:
                old.clear()
                old.update(new)


class _Capture:
    """What is printed in the block, cut where it is too long. Warnings are not shown: they cost nothing."""

    def __enter__(self) -> Callable[[], str]:
        stream = _Cut()
        self.before, self.warnings = (sys.stdout, sys.stderr), warnings.catch_warnings()
        sys.stdout = sys.stderr = stream
        self.warnings.__enter__()
        warnings.simplefilter("ignore")
        return stream.getvalue

    def __exit__(self, *error: Any) -> None:
        self.warnings.__exit__(*error)
        sys.stdout, sys.stderr = self.before


class _Cut(io.StringIO):
    def write(self, text: str) -> int:
        room = MAX_PRINTED - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)
