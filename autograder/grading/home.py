"""A process's own folder: the only one in which a student's process, and one that runs tests, can write."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def enter_home(folder: str) -> None:
    """Make `folder` home, and leave standard input, output and error to nobody."""
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=f"{folder}/tmp", MPLCONFIGDIR=f"{folder}/tmp")
    Path(folder, "tmp").mkdir(exist_ok=True)
    tempfile.tempdir = None  # the parent may have looked for its own
    nobody = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nobody, descriptor)
    os.close(nobody)


def copy_files(folder: str) -> None:
    """Copy what lies in `folder` into the current one, so that a test may change it. Raises OSError."""
    shutil.copytree(folder, ".", copy_function=shutil.copyfile, dirs_exist_ok=True)
