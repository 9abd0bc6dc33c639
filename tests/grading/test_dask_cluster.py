"""A Dask cluster of two workers gives the gradebook of one machine, also when one of them is killed on the way."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from distributed import Client, LocalCluster
from support import sample_course
from support.clone import ROOT, run
from support.sizes import sized

STUDENTS = sized(10, 24)
HERE = {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster") / "course"
    folder.mkdir()
    sample_course.course(folder)
    for number in range(STUDENTS):
        sample_course.submit(folder, "plain", f"student{number:02d}", number)
    return folder


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_worker_is_killed_and_nothing_is_lost(course: Path) -> None:
    done = run(course, "leftcontext", "grade", "plain", env=HERE)
    assert done.returncode == 0, done.stderr
    alone = sample_course.scores(course)
    (course / "gradebook.db").unlink()
    assert run(course, "nbgrader", "generate_assignment", "plain", env=HERE).returncode == 0

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
        graded = course / "autograded"
        before = {path: path.stat().st_mtime_ns for path in graded.glob("*/plain")}

        def kill_once_under_way() -> None:
            until = time.monotonic() + 120
            while time.monotonic() < until:
                if any(path.stat().st_mtime_ns != before.get(path) for path in graded.glob("*/plain")):
                    break
                time.sleep(0.05)
            os.kill(victim, signal.SIGKILL)

        killer = threading.Thread(target=kill_once_under_way)
        killer.start()
        done = run(course, "leftcontext", "grade", "plain", "--force", "--scheduler", cluster.scheduler_address, env=HERE)
        killer.join()
    assert done.returncode == 0, done.stderr
    assert f"{STUDENTS} graded" in done.stdout
    assert sample_course.scores(course) == {key: value for key, value in alone.items() if key[0] == "plain"}


@pytest.mark.long
def test_without_a_scheduler_there_is_one_line(course: Path) -> None:
    done = run(course, "leftcontext", "grade", "plain", "--force", "--scheduler", "tcp://127.0.0.1:9", env=HERE)
    assert done.returncode == 2
    assert "no Dask scheduler answers" in done.stderr.splitlines()[-1]
