"""No cheat is paid, nothing is lost, nothing is left behind: over the whole corpus."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import stock
import table
from corpus import CASES, PARTS, Case
from support.clone import ROOT, run
from support.hostile_harness import NEIGHBOUR, SECONDS, SECRET, Field
from support.sizes import LONG, share, sized

from autograder.grading.pool import Pool

UNREADABLE = {
    *("a picture", "nothing", "half a notebook", "a list", "nested a hundred thousand deep", "a gzipped notebook"),
    "two notebooks, one behind the other",
}
LOWER = ("a test evaluates what they wrote", "files and places", "processes and the network", "messages are forged", "the tests are turned off", "the values lie")
MORE = {"a call never ends", *(case.name for case in CASES if case.why_not == "it would take the machine")}  # no kernel counts there
STOCK = json.loads(stock.KEPT.read_text(encoding="utf-8"))
TRIED = sized(1, 20)  # cases that stock nbgrader is shown
# In `make test-long` all cases are tried in all ways. In `make test` every eighth is tried alone at the strictest level, every
# twentieth in other ways, and of those that end by their time limit one at most.
SLOW = {
    "a call never ends", "an error whose text never ends", "processes without end",
    "cells that take their time", "eighty cells that show four megabytes", "questions without end", "a number without end",
    "the stack overflows", "a cell never ends, and catches all", "a print without end", "it hangs when it is thrown away",
    "a cell sleeps", "a regular expression without end", "a handler for SIGALRM and SIGTERM", "a cell never ends",
    "a million lines on stderr", "six thousand cells before all others", "memory of many processes",
    "the text never ends", "the text makes processes without end", "the text says half of something and waits",
}  # fmt: skip
TRIABLE = [case for case in CASES if LONG or case.name not in SLOW or case.name == "a cell never ends"]
ALONE = share(TRIABLE, 12)
CLASS = share([case for case in TRIABLE if not case.evaluates], 20)  # cases that are graded in one run
BASIC = share([case for case in TRIABLE if case.group in LOWER or case.name in MORE], 20)
UNHELD = share([case for case in TRIABLE if case.trips in ("paid", "read", "left")], 20)


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Field:
    return Field(tmp_path_factory.mktemp("field"))


@pytest.fixture(scope="module")
def held(field: Field) -> Iterator[Pool]:
    with field.pool("full") as pool:
        yield pool


@pytest.fixture(scope="module")
def lower(field: Field) -> Iterator[Pool]:
    with field.pool("basic") as pool:
        yield pool


@pytest.fixture(scope="module")
def loose(field: Field) -> Iterator[Pool]:
    with field.pool("none") as pool:
        yield pool


def test_the_corpus_is_large_and_every_case_trips_something_or_says_why_not() -> None:
    names = {case.name for case in CASES}
    assert len(names) == len(CASES)
    assert names >= SLOW
    tripping = [case for case in CASES if case.trips or stumbles(case)]
    assert len(tripping) >= 80
    assert [case.name for case in CASES if case not in tripping and not case.why_not] == []


def test_the_page_in_docs_is_made_of_the_corpus() -> None:
    assert table.PAGE.read_text(encoding="utf-8") == table.page(), "run: python tests/hostile/table.py"


def stumbles(case: Case) -> bool:
    """Whether stock nbgrader gives it another score than it has earned."""
    given = STOCK.get(case.name, list(case.elsewhere))
    return given is None or tuple(given) != case.elsewhere


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in ALONE])
def test_alone(field: Field, held: Pool, case: Case) -> None:
    ((points, result),) = field.run(held, [case])
    assert points == case.points, result.notes
    assert SECRET not in json.dumps(result.to_json())
    assert field.left() == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in BASIC])
def test_without_namespaces_too(field: Field, lower: Pool, case: Case) -> None:
    ((points, result),) = field.run(lower, [case])
    assert points == case.points, result.notes
    assert SECRET not in json.dumps(result.to_json())
    assert field.left() == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in UNHELD])
def test_with_nothing_to_hold_it_the_case_trips(field: Field, loose: Pool, case: Case) -> None:
    ((points, result),) = field.run(loose, [case], in_process=True)
    left = field.left()
    for name in left:
        path = field.outside / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    match case.trips:
        case "paid":
            assert points != case.points
            assert not sum(points) <= sum(case.points)
        case "read":
            assert SECRET in json.dumps(result.to_json()) or "secret" in json.dumps(result.to_json())
        case "left":
            assert left


@pytest.mark.timeout(1800)
def test_all_at_once_twice_and_between_neighbours(field: Field, tmp_path: Path) -> None:
    wanted: dict[str, tuple[float, ...]] = {}
    for number, case in enumerate(CLASS):
        for turn, one in (("a", case), ("b", NEIGHBOUR), ("c", case)):
            student = f"{number:03d}{turn}"
            field.submit(one, student)
            wanted[student] = one.points
    home = tmp_path / "home"
    home.mkdir()
    submitted = snapshot(field.course / "submitted")
    processes = {process.pid for process in psutil.process_iter()}
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(home), "TMPDIR": str(temporary), "LEFTCONTEXT_SECRET": SECRET}

    done = run(field.course, "leftcontext", "grade", "plain", "--json", "--timeout", f"{SECONDS:g}", env=environment)

    assert done.returncode == 0, done.stderr[-3000:]
    lines = {line["student"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert lines.keys() == wanted.keys()
    points = {student: tuple(line["cells"][name] for name in PARTS) for student, line in lines.items()}
    wrong = {f"{CLASS[int(s[:3])].name} ({s[3]})": (points[s], wanted[s]) for s in wanted if points[s] != wanted[s]}
    assert not wrong
    statuses = {CLASS[int(s[:3])].name for s, line in lines.items() if line["status"] == "unreadable"}
    assert statuses == UNREADABLE & {case.name for case in CLASS}
    assert snapshot(field.course / "submitted") == submitted
    assert field.left() == []
    assert SECRET not in (field.course / "gradebook.db").read_bytes().decode("latin-1")
    assert not any(SECRET in path.read_text("utf-8", "replace") for path in field.course.glob("autograded/*/plain/*.ipynb"))
    assert [path.name for path in temporary.iterdir() if path.name.startswith("left")] == []
    assert not [p for p in psutil.process_iter() if p.pid not in processes and is_left(p)]
    assert [path.name for path in home.iterdir() if path.name not in (".cache", ".config", ".local", ".ipython", ".jupyter")] == []


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def is_left(process: psutil.Process) -> bool:
    """Whether it is one of a grader's processes, and the grader is gone. Another test's may be at work, or another clone's."""
    parent, line = process.parent(), cmdline(process)
    is_ours = line[:1] == [sys.executable] and "autograder.grading" in " ".join(line)
    return is_ours and (parent is None or "python" not in " ".join(cmdline(parent)))


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_stock_nbgrader_stumbles_as_the_table_says(field: Field, tmp_path: Path) -> None:
    stumbling = [case for case in CASES if stumbles(case) and stock.is_harmless(case)]
    for case in stumbling[:: max(1, len(stumbling) // TRIED)]:
        folder = tmp_path / f"{CASES.index(case)}"
        folder.mkdir()
        course = field.copy(folder)
        given = stock.grade(course.with_evaluating_test() if case.evaluates else course, case, "ada", stock.unheld)
        assert given is None or tuple(given) != case.elsewhere, case.name
