"""A call is held to processor time, and what it starts does not go on judging."""

import os
import subprocess
import sys
import time

import pytest

from autograder.judge.guarded_call import MAX_STEPS, PATIENCE, SLOWER, clock_of, guarded_call
from autograder.judge.unwritten import is_unwritten


def waits(seconds: float) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)
    return "done"


def works() -> None:
    while True:
        pass


def test_who_waits_for_a_busy_machine_is_not_out_of_time() -> None:
    assert guarded_call(waits, (0.5,), {}, 0.1, clock=lambda: 0.0).result == "done"


def test_who_works_too_long_is_out_of_time() -> None:
    failure = guarded_call(works, (), {}, 0.2).failure
    assert failure is not None
    assert failure.id == "hangs"


def test_who_waits_without_end_is_ended_by_the_clock_on_the_wall() -> None:
    begun = time.monotonic()
    failure = guarded_call(waits, (600.0,), {}, 0.05).failure
    assert failure is not None
    assert failure.id == "hangs"
    assert time.monotonic() - begun > 0.9 * PATIENCE * 0.05


def in_a_browser(max_steps: int, seconds: float, answer: str) -> str:
    """What becomes of an answer where Python has neither an alarm nor threads: in a process of its own, for it traces."""
    lines = (
        "import time",
        "from autograder.judge import guarded_call as guarded",
        f"guarded.HAS_THREADS, guarded.UNTRACED, guarded.MAX_STEPS = False, ['autograder'], {max_steps}",
        answer,
        f"call = guarded.guarded_call(answer, (), {{}}, {seconds})",
        "print(call.failure.message if call.failure else call.result)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=300, check=True)
    return done.stdout.strip()


def test_in_a_browser_a_loop_without_end_is_ended_by_its_steps() -> None:
    message = in_a_browser(10_000, 3600.0, "def answer():\n    while True:\n        pass")
    assert message == "It was still running after 10,000 steps. Is there a loop that never ends?"


def test_in_a_browser_few_slow_steps_are_ended_by_the_clock() -> None:
    message = in_a_browser(MAX_STEPS, 0.1, "def answer():\n    for _ in range(1000):\n        time.sleep(0.1)")
    assert message == f"It was still running after {SLOWER * 0.1:g} seconds. Is there a loop that never ends?"


def test_in_a_browser_the_longest_right_answer_of_the_bank_is_no_loop_without_end() -> None:
    assert in_a_browser(MAX_STEPS, 3600.0, "answer = lambda: sum(n - n + 1 for n in range(1_000_000))") == "1000000"


class ElsewhereFunction:
    """As one that lives in another process: it says itself how much time it has used."""

    used = 7.5

    def cpu_seconds(self) -> float:
        return self.used

    def __call__(self) -> None: ...


def test_a_function_of_another_process_has_a_clock_of_its_own() -> None:
    assert clock_of(ElsewhereFunction())() == 7.5
    assert clock_of(works) is time.thread_time


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_fork_of_an_answer_ends_where_the_answer_does() -> None:
    reader, writer = os.pipe()
    call = guarded_call(lambda: os.fork() and os.getpid(), (), {}, 5.0)
    os.write(writer, b"x")  # a fork that went on would write one too
    os.waitpid(-1, 0)
    os.close(writer)
    assert call.result == os.getpid()
    assert os.read(reader, 10) == b"x"
    os.close(reader)


def test_an_exception_that_lies_about_itself_is_only_an_error() -> None:
    class Liar(Exception):
        @property
        def __class__(self):
            raise RuntimeError("no class")

        def __str__(self) -> str:
            raise RuntimeError("no words")

        def __getattr__(self, name: str) -> None:
            raise RuntimeError(name)

    def lies() -> None:
        raise Liar

    failure = guarded_call(lies, (), {}, 1.0).failure
    assert failure is not None
    assert failure.id == "raises"
    assert failure.message.startswith("It raised Liar")
    assert failure.error_name == ""  # which only Python's own errors have


def test_an_unwritten_function_does_nothing_at_all() -> None:
    def documented():
        """Nothing yet."""

    def generates():
        yield

    assert is_unwritten(documented)
    assert is_unwritten(lambda: None)
    assert not is_unwritten(lambda: 0)
    assert not is_unwritten(generates)
    assert not is_unwritten(sys)
