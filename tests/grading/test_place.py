"""Where Python and the course lie makes no difference to the sandbox."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support import sample_course
from support.clone import BIN, ROOT

from autograder.sandbox.levels import IsolationLevel, unmet_requirement


@pytest.mark.long
@pytest.mark.skipif(bool(unmet_requirement(IsolationLevel.FULL)), reason="this machine has no sandbox of level full")
def test_the_packages_may_lie_in_the_folder_for_temporary_files(tmp_path: Path) -> None:
    if not tmp_path.is_relative_to("/tmp"):
        pytest.skip("temporary files lie elsewhere on this machine")
    for package in ("autograder", "leftcontext"):
        shutil.copytree(ROOT / package, tmp_path / "here" / package, ignore=shutil.ignore_patterns("__pycache__"))
    course = tmp_path / "course"
    course.mkdir()
    sample_course.course(course)
    sample_course.submit(course, "plain", "ada", 0)
    done = subprocess.run(
        [BIN / "leftcontext", "grade", "plain", "--isolation", "full"], cwd=course, text=True, capture_output=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "here"), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 graded" in done.stdout
