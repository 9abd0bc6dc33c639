"""Where the processor time of `leftcontext grade` goes, by kind of process: once at the start, and for each submission.

    python benchmarks/processor_time.py                       # 40 submissions of unit 07
    python benchmarks/processor_time.py --course small --submissions 100

Each process is looked at in /proc (schedstat, in nanoseconds) just before it is ended. Beside it stands the floor: the answers
and tests alone, in one warm process. Linux only.
"""

import argparse
import contextlib
import gc
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import cast

from grading import COURSES, floor
from rich.console import Console
from rich.table import Table

for name in ("rfc3987_syntax", "isoduration"):
    sys.modules.setdefault(name, cast(ModuleType, None))  # as the command line does
BEGAN = time.process_time()
gc.disable()
from autograder.grading import fork_server, pool, run, worker  # noqa: E402

gc.freeze()
gc.enable()
IMPORTS = time.process_time() - BEGAN


_seen: dict[int, float] = {}  # by process, what was found when it was looked at last


def used(process: int) -> float:
    """Seconds of processor time of a process's threads, though it may have ended; as last seen, where its end was waited for."""
    threads = Path(f"/proc/{process}/task")
    with contextlib.suppress(OSError):
        _seen[process] = sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads.iterdir()) / 1e9
    return _seen.get(process, 0.0)


def family(process: int) -> list[int]:
    """A fork server is the child of the process that was started, where it has a pid namespace of its own."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *map(int, children[:1])]


class Watch:
    """Adds up what each kind of process uses, before and after submissions begin to be graded."""

    def __init__(self) -> None:
        self.phase = "start"
        self.seconds: Counter[tuple[str, str]] = Counter()
        self.servers: list[fork_server.ForkServer] = []
        self.began = time.process_time() - IMPORTS  # what this process had used for other things

    def note(self, kind: str, seconds: float) -> None:
        self.seconds[self.phase, kind] += seconds

    def begin(self, phase: str) -> None:
        """Note what the long-lived processes have used so far, and go on to another phase."""
        servers = sum(used(process) for server in self.servers for process in family(server.process.pid))
        for kind, seconds in {"grader": time.process_time() - self.began, "fork servers": servers}.items():
            self.note(kind, seconds - sum(spent for (_, known), spent in self.seconds.items() if known == kind))
        self.phase = phase


def before(owner: type, name: str, look: Callable[..., object]) -> None:
    """Have `look` called, with the same arguments, before each call of a method."""
    method = getattr(owner, name)

    def wrapped(*args: object, **kwargs: object) -> object:
        look(*args, **kwargs)
        return method(*args, **kwargs)

    setattr(owner, name, wrapped)


def watch_processes(watch: Watch) -> None:
    runs: Counter[int] = Counter()  # of each checker: how many students' processes it had

    def student_ends(_: pool.Pool, running: pool.Running) -> None:
        if running.student is not None:
            runs[running.checker.process] += 1
            kind = "student, isolated" if runs[running.checker.process] == 1 else "student, one kernel"
            watch.note(kind, used(running.student.process))

    def checker_ends(_: pool.Pool, running: pool.Running) -> None:
        time.sleep(0.01)  # it has sent its result, and is about to end
        watch.note("checker", used(running.checker.process))

    def limits_are_checked(_: pool.Pool, running: pool.Running, *__: object) -> None:
        if running.student is not None:  # it may be seen to have ended, and then be waited for
            used(running.student.process)

    before(pool.Pool, "_enforce_limits", limits_are_checked)
    before(pool.Pool, "_end_student", student_ends)
    before(pool.Pool, "_finish", checker_ends)
    before(worker.Worker, "_end", lambda reader: watch.note("reader", used(reader.process)))
    before(fork_server.ForkServer, "ready", lambda server: watch.servers.append(server))
    grade_all = run.Grading.run

    def grade_watched(grading: run.Grading, *rest: object) -> Iterator[object]:
        watch.begin("run")
        yield from grade_all(grading, *rest)
        watch.begin("end")

    run.Grading.run = grade_watched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--course", choices=COURSES, default="unit")
    parser.add_argument("--submissions", type=int, default=40)
    options = parser.parse_args()
    course = COURSES[options.course]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "course"
        course.make(folder)
        for number in range(options.submissions):
            course.submit(folder, number)
        os.chdir(folder)
        watch = Watch()
        watch_processes(watch)
        for _ in run.grade(course.assignment, jobs=2):
            pass
        show(watch, options.submissions)
        if options.course == "unit":
            lesson, tests = floor(folder, course.assignment)
            print(f"Floor: {lesson:.2f} s the lesson's cells, once; {1e3 * tests:.1f} ms each one's answers and tests.")
        os.chdir("/")


def show(watch: Watch, submissions: int) -> None:
    table = Table("process", "start, s", "each submission, ms")
    kinds = dict.fromkeys(kind for _, kind in watch.seconds)
    for kind in kinds:
        table.add_row(kind, f"{watch.seconds['start', kind]:.2f}", f"{1e3 * watch.seconds['run', kind] / submissions:.1f}")
    sums = {phase: sum(spent for (known, _), spent in watch.seconds.items() if known == phase) for phase in ("start", "run")}
    table.add_row("together", f"{sums['start']:.2f}", f"{1e3 * sums['run'] / submissions:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
