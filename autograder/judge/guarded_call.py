"""One call of somebody else's function, held to a time, an amount of output, and its own inputs.

Whatever it does (hang, recurse, print without end, raise, exit) ends here, as a `CallFailure` in words.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import ctypes
import functools
import io
import linecache
import os
import signal
import sys
import threading
import time
import traceback
import tracemalloc
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_HOME = Path(__file__).parents[2]
_OURS = (
    str(_HOME / folder) for folder in ("autograder", "source", "leftcontext")
)  # the judge, its cases and their models
FRAMES_TO_HIDE = (*_OURS, "site-packages", ".pyx", "/lib/python", "\\Lib\\")  # whose frames explain nothing
UNTRACED = (*FRAMES_TO_HIDE, "<string>", "<frozen ")  # nor do those of Python's own making, as a dataclass's methods
MAX_OUTPUT = 100_000  # characters; a debugging print fits, a flood does not
SLOWER = 3  # how many times the time a call may take in a browser, where Python is slower and the clock that on the wall
MAX_STEPS = 5_000_000  # lines, calls and returns in a browser: a loop without end takes some seconds, and no right answer so many
PATIENCE = 10  # how many times its processor time a call may take by the clock on the wall

HAS_THREADS = sys.platform != "emscripten"  # Python in a browser has none, and no alarm either

Clock = Callable[[], float]  # seconds
# Of this thread. Python in a browser has no `thread_time`, and its `process_time` stands still.
PROCESSOR_TIME: Clock = time.thread_time if HAS_THREADS else time.monotonic


@dataclass(frozen=True)
class CallFailure:
    """Why a call has no result: `id` for machines, `message` for the learner, `error_name` if Python's own error ended it."""

    id: str
    message: str
    error_name: str = ""


@dataclass
class Call:
    """What one call did: its result or its failure, which inputs it changed, and what it printed."""

    result: Any = None
    failure: CallFailure | None = None
    changed: list[int | str] = field(default_factory=list)
    printed: str = ""


# Not Exceptions: a learner's `except Exception` must not swallow them.
class _OutOfTime(BaseException): ...


class _OutOfSteps(_OutOfTime): ...


class _Flood(BaseException): ...


_FAILURES: tuple[tuple[type[BaseException], str, str], ...] = (
    (_Flood, "floods", f"It printed more than {MAX_OUTPUT:,} characters. Take the `print` out, or print less."),
    (RecursionError, "recurses", "The call ended in a RecursionError. When does it stop calling itself?"),
    (NotImplementedError, "not_written", "It raises NotImplementedError."),
    (MemoryError, "raises", "It asked for more memory than there is (MemoryError)."),
)


class _Bounded(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() + len(text) > MAX_OUTPUT:
            raise _Flood
        return super().write(text)


@contextlib.contextmanager
def time_limit(seconds: float, clock: Clock = PROCESSOR_TIME) -> Iterator[None]:
    """Raise inside the block when it has used up its time; again and again, should the block swallow it.

    `seconds` are processor time by `clock`: on a machine that is busy with other things the block gets no less. A block
    that waits for something uses none, and is ended after `PATIENCE` times as many seconds by the clock on the wall.
    """
    if not HAS_THREADS:
        yield from _by_tracing(SLOWER * seconds)
    elif threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGALRM"):
        yield from _by_alarm(_Timer(seconds, clock))
    else:  # another thread watches, which can't read the processor time of this one
        yield from _by_thread(_Timer(seconds, time.process_time))


class _Timer:
    def __init__(self, seconds: float, clock: Clock) -> None:
        self.seconds, self.clock = seconds, clock
        self.started, self.wall_started = clock(), time.monotonic()
        self.tick = min(0.5, max(0.05, seconds / 20))

    @property
    def is_over(self) -> bool:
        used, waited = self.clock() - self.started, time.monotonic() - self.wall_started
        return used >= self.seconds or waited >= PATIENCE * self.seconds


def clock_of(function: Callable[..., Any]) -> Clock:
    """The clock by which a function's time is counted: that of its own process, where it lives in another one."""
    elsewhere = getattr(type(function), "cpu_seconds", None)
    return (lambda: float(elsewhere(function))) if elsewhere is not None else PROCESSOR_TIME


def _by_alarm(timer: _Timer) -> Iterator[None]:
    rang, tracing = False, sys.gettrace()

    def ring(_signal: int, frame: types.FrameType | None) -> None:
        nonlocal rang
        if not timer.is_over:
            return
        if rang:
            _raise_on_next_line(frame)
        rang = True
        raise _OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, timer.seconds, timer.tick)
    try:
        yield
        if rang:
            raise _OutOfTime
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.settrace(tracing)


def _raise_on_next_line(frame: types.FrameType | None) -> None:
    """Raise at the next line too: in `while True: try: ... except: pass` that one lies outside the `try`."""

    def again(_frame: types.FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            raise _OutOfTime
        return again

    sys.settrace(lambda *_: None)
    while frame is not None and frame.f_code.co_filename != __file__:
        frame.f_trace = again
        frame = frame.f_back


def _by_thread(timer: _Timer) -> Iterator[None]:
    # Windows and worker threads have no alarm: another thread throws the exception into this one.
    target, done = threading.get_ident(), threading.Event()

    def watch() -> None:
        wait = timer.seconds
        while not done.wait(wait):
            if timer.is_over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), ctypes.py_object(_OutOfTime))
            wait = timer.tick

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), None)


def _by_tracing(seconds: float) -> Iterator[None]:
    # Where there is neither an alarm nor a thread, the answer's own code watches itself, at each call and at each line. Time
    # runs by the clock on the wall there, so the course's own code, which comes to an end, isn't held to it. Nor is a busy
    # machine a reason to wait long for a loop without end: its steps are counted as well.
    # What stays inside compiled code for ever, as `sum(itertools.count())` does, only the browser can end.
    target, tracing, clock = threading.get_ident(), sys.gettrace(), time.monotonic
    deadline, steps = clock() + seconds, 0
    reached: type[_OutOfTime] | None = None

    def watch(_frame: types.FrameType, _event: str, _argument: Any) -> Any:
        nonlocal steps, reached
        steps += 1
        if steps >= MAX_STEPS or clock() >= deadline:
            reached = reached or (_OutOfSteps if steps >= MAX_STEPS else _OutOfTime)
            # Not raised here: Python stops tracing when a tracer raises, and the block may swallow it.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), ctypes.py_object(reached))
        return watch

    def enter(frame: types.FrameType, event: str, argument: Any) -> Any:
        return watch(frame, event, argument) if _is_traced(frame.f_code.co_filename) else None

    sys.settrace(enter)
    try:
        yield
        if reached:
            raise reached
    finally:
        sys.settrace(tracing)
        if reached:  # it may have been set once more since it was raised
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), None)


@functools.lru_cache(maxsize=1024)
def _is_traced(filename: str) -> bool:
    """Whether a file holds a learner's code, as far as its name tells."""
    return not any(part in filename for part in UNTRACED)


def same_data(before: Any, after: Any) -> bool:
    """Whether plain data (arrays, numbers, containers of them) is bit for bit the same."""
    if type(before) is not type(after):
        return False
    if isinstance(before, np.ndarray):
        same_form = before.dtype == after.dtype and before.shape == after.shape
        return same_form and (before.tobytes() == after.tobytes())
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(same_data, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(same_data(before[key], after[key]) for key in before)
    if isinstance(before, int | float | str | bool):
        return before == after or before != before
    return True  # callables and random generators: theirs to change


def guarded_call(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    seconds: float,
    clock: Clock = PROCESSOR_TIME,
) -> Call:
    """Call `function` on copies of the arguments; never raises but for the user's own Ctrl-C."""
    copied, copied_by_name = copy.deepcopy(args), copy.deepcopy(kwargs)
    call, output, process = Call(), _Bounded(), os.getpid()
    try:
        with _quiet(output), time_limit(seconds, clock):
            call.result = function(*copied, **copied_by_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        call.failure = _failure(error, seconds)
    finally:
        if os.getpid() != process:  # a fork of the function's own must not go on judging
            os._exit(0)
    call.printed = output.getvalue()
    call.changed = [index for index, (a, b) in enumerate(zip(args, copied, strict=True)) if not same_data(a, b)]
    call.changed += [name for name in kwargs if not same_data(kwargs[name], copied_by_name[name])]
    return call


def _failure(error: BaseException, seconds: float) -> CallFailure:
    """What ended a call, for its learner."""
    if issubclass(type(error), _OutOfTime):
        after = f"{seconds if HAS_THREADS else SLOWER * seconds:g} seconds"
        if issubclass(type(error), _OutOfSteps):
            after = f"{MAX_STEPS:,} steps"
        return CallFailure("hangs", f"It was still running after {after}. Is there a loop that never ends?")
    for raised, id, message in _FAILURES:
        if issubclass(type(error), raised):  # isinstance would ask the learner's own `__class__`
            return CallFailure(id, message, _builtin_name(error))
    if _attribute(error, "out_of_time"):  # of a function in another process
        return CallFailure("hangs", "It was still running when its time was up. Is there a loop that never ends?")
    return CallFailure("raises", _describe_error(error), _builtin_name(error))


def measure_peak_memory(function: Callable[..., Any], *args: Any) -> tuple[Any, int]:
    """What a call returns, and the most memory in bytes that it held at once.

    A function in another process is measured there, by the method `measure_peak_memory` of its class.
    """
    elsewhere = getattr(type(function), "measure_peak_memory", None)
    if elsewhere is not None:
        result, peak = elsewhere(function, *args)
        return result, int(peak)
    tracemalloc.start()
    try:
        result = function(*args)
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@contextlib.contextmanager
def _quiet(output: io.StringIO) -> Iterator[None]:
    # A warning on stderr is no wrong answer: nbgrader would give it 0.
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def _builtin_name(error: BaseException) -> str:
    """The name of Python's own error; "" for another's, which a student may have made up."""
    name = type(error).__name__
    known = getattr(builtins, name, None) if isinstance(name, str) else None  # a metaclass may give anything
    return name if isinstance(known, type) and issubclass(known, BaseException) else ""


def _describe_error(error: BaseException) -> str:
    """The error, and the last line of the learner's own code on the way to it."""
    sentence = f"It raised {type(error).__name__}: {_error_text(error)[:300]}".rstrip(": .")
    frames = traceback.extract_tb(error.__traceback__)
    learners = [frame for frame in frames if not any(part in frame.filename for part in FRAMES_TO_HIDE)]
    elsewhere = _attribute(error, "theirs")
    if isinstance(elsewhere, str) and elsewhere:  # it was raised in another process
        sentence += f" (line {elsewhere})"
    elif learners:
        last = learners[-1]
        line = (last.line or linecache.getline(last.filename, last.lineno or 0)).strip()
        sentence += f" (line {last.lineno}" + (f": {line[:100]})" if line else ")")
    return sentence + "."


def _attribute(error: BaseException, name: str) -> Any:
    try:
        return getattr(error, name, None)
    except Exception:  # the learner's own property
        return None


def _error_text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # the learner's own __str__
        return ""
