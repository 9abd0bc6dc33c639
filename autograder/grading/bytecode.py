"""The compiled files of our own packages: a fork server reads them, and can't write them in its read-only file system."""

from __future__ import annotations

import compileall
import os
import sys
from pathlib import Path

PACKAGES = Path(__file__).parents[2]
IMPORTED = ("autograder/grading", "autograder/judge", "autograder/sandbox", "autograder/exercise", "leftcontext")


def compile_packages() -> None:
    """Compile what a fork server imports, where that is not done yet: else each would do it anew at every start.

    An installer has done it for an installed package. Nothing happens where Python is told to write none, or may not.
    """
    if sys.dont_write_bytecode:
        return
    for name in IMPORTED:
        folder = PACKAGES / name
        if os.access(folder, os.W_OK):
            compileall.compile_dir(folder, quiet=2)
