"""Corrects the user's environment: which Python runs a notebook, and a home folder where there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def prefer_own_kernel() -> None:
    """Let Jupyter look in this Python's environment first, before the home folder and JUPYTER_PATH.

    A kernel called "python3" that lies there (`ipython kernel install --user` leaves one) starts another Python, without the
    course's packages.
    """
    own = str(Path(sys.prefix, "share", "jupyter"))
    others = [place for place in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if place and place != own]
    os.environ["JUPYTER_PATH"] = os.pathsep.join([own, *others])


def ensure_home() -> None:
    """Make a home folder for this process where there is none: Jupyter does not start without.

    That is so where HOME is not set and the system does not know the user, as in `docker run --user 12345`.
    """
    try:
        Path.home()
    except RuntimeError:
        import atexit
        import tempfile

        home = tempfile.mkdtemp(prefix="leftcontext-home-")
        os.environ["HOME"] = home
        atexit.register(_remove, home, os.getpid())


def _remove(home: str, owner: int) -> None:
    if os.getpid() == owner:  # not where a child of ours ends
        import shutil

        shutil.rmtree(home, ignore_errors=True)
