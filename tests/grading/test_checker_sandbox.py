"""A test may evaluate a text that a student wrote: it runs with the instructor's tests, and reaches nothing of the machine's."""

import dataclasses
import itertools
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support import small_course
from support.sizes import LONG, share
from support.small_course import Grader

from autograder.grading import attempts, fork_server, pool
from autograder.grading.course_policy import course_policy
from autograder.grading.executor import Result, Task
from autograder.grading.pool import Pool
from autograder.grading.run import verify_sandbox
from autograder.sandbox.levels import IsolationLevel, SandboxUnavailable, unmet_requirement

BOOK = dataclasses.replace(
    small_course.notebook(
        small_course.lesson("import os"),
        small_course.answer("text", "text = 'done = 1'"),
        small_course.check("t_text", "scope = {}\nexec(text, scope)\nassert scope['done'] == 1"),
        small_course.answer("other", "other = 2"),
        small_course.check("t_other", "assert other == 2\nassert open('data.csv').read() == '1,2'"),
    ),
    files={"data.csv": b"1,2"},
    isolated_tests=frozenset({"t_text", "t_other"}),
)
USUAL = """
import os, pathlib, subprocess, sys, tempfile, threading, warnings
import matplotlib.pyplot as plt
pathlib.Path("made.txt").write_text("made")
with open("data.csv", "a") as file:
    file.write("3")
with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:
    pathlib.Path(folder, "a").write_text("a")
    file.write(b"b")
plt.plot([1, 2]); plt.savefig("figure.png"); plt.close()
warnings.warn("once")
assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True).stdout == "1\\n"
assert subprocess.run("cat data.csv", shell=True, capture_output=True, text=True).stdout == "1,23"
thread = threading.Thread(target=os.getpid); thread.start(); thread.join()
done = 1
"""
REACHES = {
    "write into the gradebook": "open('{outside}/gradebook.db', 'a').write('18 points')",
    "read another submission": "print(open('{outside}/gradebook.db').read())",
    "list the course": "import os; os.listdir('{outside}')",
    "remove a file": "import os; os.remove('{outside}/gradebook.db')",
    "list the folders of other tests": "import os; os.listdir('..')",
    "change the file of all": "import os; open(os.path.join(os.path.dirname(os.getcwd()), '0', 'work', 'data.csv'), 'w')",
    "signal the grader": "import os; os.kill({grader}, 0)",
    "signal its parent": "import os; os.kill(os.getppid(), 0)",
    "trace the grader": "import ctypes; assert ctypes.CDLL(None).ptrace(16, {grader}, 0, 0) == 0",
    "read the grader's environment": "open('/proc/{grader}/environ').read()",
    "read the grader's memory": "open('/proc/{grader}/mem', 'rb')",
    "look into the grader's files": "import os; os.readlink('/proc/{grader}/fd/0')",
    "change how the kernel works": "open('/proc/sys/kernel/core_pattern', 'a')",
    "connect to a port": "import socket; socket.create_connection(('127.0.0.1', {port}))",
    "make a socket": "import socket; socket.socket(socket.AF_UNIX)",
    "be found by its environment": "import os; print(os.environ['LEFTCONTEXT_SECRET'])",
    "read its first environment": "import pathlib; assert b'the-secret' in pathlib.Path('/proc/self/environ').read_bytes()",
    "take a terabyte": "bytearray(1 << 40)",
}
ANSWER = "def send(message):\n    import gc, json\n    from autograder.grading.rpc.channel import Channel\n    for one in gc.get_objects():\n        if isinstance(one, Channel) and not one.ahead:\n            one.send(json.dumps(message).encode())\n"
ANSWER += """
def raw(data):
    import gc
    from autograder.grading.rpc.channel import Channel
    for one in gc.get_objects():
        if isinstance(one, Channel):
            one.connection.sendall(data)
def result(outputs):
    return {'outputs': outputs, 'notes': [], 'findings': {}, 'tests': {}, 'isolated': {}, 'one_kernel': {}, 'try_alone': False}
"""
FORGED = {
    "too many points": "send({'outputs': {}, 'notes': [], 'findings': {}, 'tests': {'2': {'status': 'passed', 'points': 99, 'reason': '', 'is_number': False}}, 'isolated': {}, 'one_kernel': {}, 'try_alone': False})",
    "no result": "send({'outputs': 7})",
    "no message": "send(7)",
    "a step that is none": "send({'at': 'x'})\nsend({'at': 10**9})\nraise SystemExit",
    "a step that is almost one": "import os\nsend({'at': 2.0})\nos._exit(0)",
    "a step of someone else's": "import os\nsend({'at': 4})\nos._exit(0)",
    "half a message": "raw(b'\\xff\\0\\0\\0')\nraise SystemExit",
    "half a length": "raw(b'\\xff')\nraise SystemExit",
    "a message of two gigabytes": "raw(b'\\0\\0\\0\\x80')\nraise SystemExit",
    "a long question": "send({'at': 2, 'more': 'x' * 10**6})\nraise SystemExit",
    "ten million lists": "raw((len(text := b'{\"outputs\": {\"2\": [' + b'[],' * 10**7 + b'[]]}}')).to_bytes(4, 'little') + text)\nraise SystemExit",
    "questions without end whose answers nobody reads": "while True: send({'check': 'now'})",
    "processes without end": "while True: send({'student': True})",
    "a step of someone else's without end": "while True: send({'at': 4})",
    "steps at random without end": "import random\nwhile True: send({'at': random.randrange(5)})",
    "a step at random": "import os, random\nsend({'at': random.randrange(5)})\nos._exit(0)",
    "outputs that are none": "send(result({'2': [7, None, {}, {'output_type': 'stream'}]}))",
    "notes without end": "send({**result({}), 'notes': [{'kind': 'other', 'text': 'x' * 10**5}] * 1000})",
}


@pytest.fixture(scope="module", params=share(["full", "basic"], 2))
def grader(request: pytest.FixtureRequest) -> Iterator[Grader]:
    level = IsolationLevel(request.param)
    if lacking := unmet_requirement(level):
        pytest.skip(lacking)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEFTCONTEXT_SECRET", "the-secret")
        with Pool([BOOK], course_policy(level, BOOK.packages()), jobs=1) as pool:
            yield Grader(BOOK, pool, seconds=10.0)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    tmp_path.chmod(0o777)
    (tmp_path / "gradebook.db").write_text("the gradebook")
    (tmp_path / "gradebook.db").chmod(0o666)
    return tmp_path


def graded(grader: Grader, text: str) -> tuple[dict[str, float], Result]:
    merged = small_course.submission(BOOK, {"text": f"text = {text!r}", "other": "other = 2"})
    return grader.grade(merged)


def test_what_tests_do_as_a_rule_works_and_leaves_nothing_to_the_next(grader: Grader) -> None:
    points, result = graded(grader, USUAL)
    assert points == {"t_text": 1, "t_other": 0}, result.outputs  # the test that changed the file comes first
    assert graded(grader, "import os\nassert not os.path.exists('made.txt')\ndone = 1")[0] == {"t_text": 1, "t_other": 1}


def test_a_text_that_reaches_for_something_gets_an_error(grader: Grader, outside: Path) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    with server:
        values = {"outside": outside, "grader": os.getpid(), "port": server.getsockname()[1]}
        tries = "".join(
            f"try:\n    {code.format(**values)}\n    print('can', {what!r})\nexcept Exception as error:\n    pass\n" for what, code in REACHES.items()
        )
        points, result = graded(grader, tries + "done = 1")
    assert points == {"t_text": 1, "t_other": 1}, result.outputs
    assert result.outputs["2"] == []
    assert (outside / "gradebook.db").read_text() == "the gradebook"
    assert sorted(path.name for path in outside.iterdir()) == ["gradebook.db"]


def test_a_mark_on_a_file_changes_nothing(grader: Grader, outside: Path) -> None:
    file = outside / "gradebook.db"
    before = file.stat().st_mode, file.stat().st_mtime_ns
    graded(grader, f"import os\nos.chmod({str(file)!r}, 0o600)\nos.utime({str(file)!r}, (1, 1))\ndone = 1")
    assert (file.stat().st_mode, file.stat().st_mtime_ns) == before


def test_no_process_of_it_stays(grader: Grader) -> None:
    mark = f"{os.getpid()}.25"
    text = f"import subprocess\nsubprocess.Popen(['setsid', 'sleep', '{mark}'])\nsubprocess.Popen('(sleep {mark} &)', shell=True)\ndone = 1"
    assert graded(grader, text)[0] == {"t_text": 1, "t_other": 1}
    assert [process for process in psutil.process_iter(["cmdline"]) if mark in (process.info["cmdline"] or [])] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("number = 0\nwhile True:\n    number += 1\n    open(str(number), 'wb').write(bytes(10**6))", "wrote more to the disk"),
        ("import subprocess, time\nfor _ in range(60):\n    subprocess.Popen(['sleep', '60'])\ntime.sleep(60)", ""),
        ("import os\nos._exit(0)", "ended the checker's process"),
    ],
)  # fmt: skip
def test_a_text_that_takes_too_much_costs_its_own_test(grader: Grader, text: str, says: str) -> None:
    points, result = graded(grader, text)
    assert points == {"t_text": 0, "t_other": 1}
    assert says in result.tests["2"].reason
    grader.pool.remover.close()  # what holds much is removed a little later
    assert [path for path in grader.pool.folder.iterdir() if path.name != "0"] == []


FILLS = "try:\n    with open({name!r}, 'wb') as file:\n        while True: file.write(bytes(10**7))\nexcept OSError:\n    pass\n"


def test_one_file_that_is_as_large_as_may_be_costs_nothing(grader: Grader) -> None:
    """Whenever the grader looks: it is told to look between the two runs, in which the file lies there."""
    points, result = graded(grader, FILLS.format(name="full") + "done = 1")
    assert points == {"t_text": 1, "t_other": 1}, result.outputs


@pytest.mark.parametrize("late", [0, 1])
def test_what_a_text_leaves_on_the_disk_is_not_blamed_on_a_later_step(grader: Grader, late: int) -> None:
    """Though the grader looks by itself only when something else is run."""
    text = FILLS.format(name="one") + FILLS.format(name="two") + "done = 1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "TICK", 60.0 if late else 0.01)
        patch.setattr(grader.pool, "next_memory_check", time.monotonic() + 60.0 * late)
        points, result = graded(grader, text)
    assert points == {"t_text": 0, "t_other": 1}, result.outputs
    assert "wrote more to the disk" in result.tests["2"].reason


LOSES_NOTHING_ELSE = [name for name, text in FORGED.items() if "'at'" in text or ("without end" in name and "notes" not in name)]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", share(LOSES_NOTHING_ELSE, 3))
def test_a_text_that_speaks_for_the_checker_costs_its_own_test_alone(grader: Grader, name: str) -> None:
    points, result = graded(grader, ANSWER + FORGED[name])
    assert points == {"t_text": 0, "t_other": 1}
    assert result.tests["2"].reason


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", FORGED if LONG else list(FORGED)[:4])
def test_a_text_that_speaks_for_the_checker_is_not_believed_and_stops_nothing(grader: Grader, name: str) -> None:
    assert graded(grader, ANSWER + FORGED[name])[0]["t_text"] == 0
    assert graded(grader, "done = 1")[0] == {"t_text": 1, "t_other": 1}


def test_what_a_text_shows_holds_no_script(grader: Grader) -> None:
    """Whatever it shows itself, and whatever it says that other cells have shown: formgrader puts both on a page."""
    script = {"output_type": "display_data", "data": {"text/html": "<script>1</script>"}, "metadata": {}}
    latex = {"output_type": "display_data", "data": {"text/latex": "$\\href{java\\script:alert(1)}{x}$"}, "metadata": {}}
    shows = "from IPython.display import HTML, Javascript, display\ndisplay(HTML('<script>1</script>'), Javascript('1'))\ndone = 1"
    for text in (shows, f"{ANSWER}send(result({{'2': [{script}, {latex}], '1': [{script}]}}))"):
        shown = graded(grader, text)[1].outputs
        assert "script>" not in str(shown)
        assert "script:" not in str(shown)
        assert "javascript" not in str(shown)


def test_a_text_that_says_half_of_something_keeps_nobody_waiting(grader: Grader) -> None:
    """The loop that serves all submissions takes in what has come of a message, and goes on."""
    halves = [f"{ANSWER}{half}\nimport time\ntime.sleep(1000)" for half in ("raw(b'\\xff\\0\\0\\0')", "raw(b'\\xff')")]
    texts = {"half": halves[0], "honest": "done = 1", "quarter": halves[1], "also honest": "done = 1"}
    tasks = []
    for student, text in texts.items():
        merged = small_course.submission(BOOK, {"text": f"text = {text!r}", "other": "other = 2"})
        tasks.append(Task(student, BOOK.name, BOOK.job(merged, BOOK.files, grader.seconds), 1))
    policy = course_policy(IsolationLevel.NONE, BOOK.packages())
    with Pool([BOOK], policy, jobs=3) as pool:
        began = time.monotonic()
        found = [task.student for task, _ in itertools.islice(pool.results(tasks), 2)]
    assert sorted(found) == ["also honest", "honest"]
    assert time.monotonic() - began < 50


def test_no_run_begins_where_a_test_reaches_what_it_must_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if lacking := unmet_requirement(IsolationLevel.BASIC):
        pytest.skip(lacking)
    secret = tmp_path / "secret"
    secret.write_text("x")
    policy = course_policy(IsolationLevel.BASIC, BOOK.packages())
    with Pool([BOOK], policy, jobs=1) as pool:
        verify_sandbox(pool, BOOK, policy, secret)
    monkeypatch.setattr(fork_server, "checker_policy", lambda policy, _: dataclasses.replace(policy, level="none"))
    with Pool([BOOK], policy, jobs=1) as pool, pytest.raises(SandboxUnavailable, match="a test could read a file of the course"):
        verify_sandbox(pool, BOOK, policy, secret)


ENDLESS = small_course.notebook(
    small_course.lesson("import os"),
    small_course.answer("early", "early = 1"),
    small_course.check("t_early", "assert early == 1"),
    small_course.answer("text", "text = 'pass'"),
    *(small_course.check(f"t_{number}", "exec(text)") for number in range(4)),
    small_course.answer("late", "late = 1"),
    small_course.check("t_late", "assert late == 1"),
)


@pytest.mark.long
def test_tests_without_end_cost_no_point_that_was_earned_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (attempts, pool):
        monkeypatch.setattr(module, "GRACE", 0.2)
    book = dataclasses.replace(ENDLESS, isolated_tests=frozenset(cell.grade_id for cell in ENDLESS.cells if cell.grade_id))
    merged = small_course.submission(book, {"early": "early = 1", "text": "text = 'while True: pass'", "late": "late = 1"})
    with Pool([book], course_policy(IsolationLevel("none"), book.packages()), jobs=1) as running:
        points, result = Grader(book, running, seconds=0.3).grade(merged)
    assert points == {"t_early": 1, "t_0": 0, "t_1": 0, "t_2": 0, "t_3": 0, "t_late": 0}
    reasons = [test.reason for test in result.tests.values()]
    assert sum("was not over after 0.3 seconds" in reason for reason in reasons) >= 1
    assert "no time left" in reasons[-1]
