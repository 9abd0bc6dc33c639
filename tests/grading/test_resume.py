"""Killed at any instant and run again, the gradebook is that of an uninterrupted run; two runs never meet."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from support import sample_course
from support.clone import BIN, ROOT
from support.sizes import sized

KILLS = sized(3, 25)
STUDENTS = sized(5, 8)


def start(course: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [BIN / "leftcontext", "grade", "plain", "--jobs", "2", *more], cwd=course, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(course.parent), "COLUMNS": "200"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def children(of: int) -> list[psutil.Process]:
    return psutil.Process(of).children(recursive=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume") / "course"
    folder.mkdir()
    sample_course.course(folder)
    for number in range(STUDENTS):
        sample_course.submit(folder, "plain", f"student{number}", number)
    return folder


@pytest.fixture(scope="module")
def whole(course: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict, float]:
    """An uninterrupted run: its gradebook, its notebooks, its time."""
    copy = sample_course.copied(course, tmp_path_factory.mktemp("whole") / "course")
    began = time.monotonic()
    process = start(copy)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert f"{STUDENTS} graded" in out
    return sample_course.scores(copy), notebooks(copy), time.monotonic() - began


def notebooks(course: Path) -> dict[str, bytes]:
    return {str(path.relative_to(course)): path.read_bytes() for path in course.glob("autograded/*/*/*.ipynb")}


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_killed_and_run_again_it_is_as_if_nothing_had_been(course: Path, whole: tuple, tmp_path: Path) -> None:
    copy = sample_course.copied(course, tmp_path / "course")
    scores, files, seconds = whole
    rng = random.Random(4)
    for _ in range(KILLS):
        process = start(copy)
        time.sleep(rng.uniform(0.2 * seconds, 0.95 * seconds))
        left = children(process.pid) if process.poll() is None else []
        process.kill()
        process.communicate()
        _, alive = psutil.wait_procs(left, timeout=5)
        assert not alive
        if rng.random() < 0.3:  # begin anew, so that not all kills fall on a finished run
            shutil.rmtree(copy)
            sample_course.copied(course, copy)
    process = start(copy)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert sample_course.scores(copy) == scores
    assert notebooks(copy) == files


@pytest.mark.long
def test_what_is_done_is_not_done_again(course: Path, tmp_path: Path) -> None:
    copy = sample_course.copied(course, tmp_path / "course")
    out, _ = start(copy, "--student", "student0").communicate(timeout=240)
    assert "1 graded" in out
    before = (copy / "autograded/student0/plain").stat().st_mtime_ns
    out, _ = start(copy).communicate(timeout=240)
    assert f"{STUDENTS - 1} graded" in out
    assert (copy / "autograded/student0/plain").stat().st_mtime_ns == before
    out, _ = start(copy).communicate(timeout=240)
    assert "up to date" in out
    changed = next((copy / "submitted/student1/plain").glob("*.ipynb"))
    changed.write_text(changed.read_text().replace('"nbformat_minor": 5', '"nbformat_minor": 4'))
    out, _ = start(copy).communicate(timeout=240)
    assert "1 graded" in out


@pytest.mark.long
def test_a_second_run_waits_for_the_first(course: Path, whole: tuple, tmp_path: Path) -> None:
    copy = sample_course.copied(course, tmp_path / "course")
    runs = [start(copy), start(copy)]
    said = [run.communicate(timeout=240) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert any("waiting" in err for _, err in said)
    assert not any("locked" in err for _, err in said)
    assert sample_course.scores(copy) == whole[0]


def submit_a_slow_one(course: Path, student: str) -> Path:
    """A submission that is far from done when the others are."""
    folder = course / "submitted" / student / "plain"
    folder.mkdir(parents=True)
    slow = nbformat.read(course / "release/plain/one.ipynb", as_version=4)
    next(cell for cell in slow.cells if cell.id == "prefix").source = "import time\ntime.sleep(50)"
    nbformat.write(slow, folder / "one.ipynb")
    return folder.parent


@pytest.mark.long
def test_ctrl_c_stops_soon_and_keeps_what_is_done(course: Path, whole: tuple, tmp_path: Path) -> None:
    copy = sample_course.copied(course, tmp_path / "course")
    slow = submit_a_slow_one(copy, "a-slow-one")
    process = start(copy, "--json")
    assert process.stdout is not None
    first = process.stdout.readline()  # one is graded
    left = children(process.pid)
    process.send_signal(signal.SIGINT)
    more, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped" in err
    assert slow.name not in first + more, "it went on to the end"
    assert not psutil.wait_procs(left, timeout=5)[1]
    assert first.split('"')[3] in {student for _, student in sample_course.scores(copy)}
    shutil.rmtree(slow)
    start(copy).communicate(timeout=240)
    assert sample_course.scores(copy) == whole[0]
