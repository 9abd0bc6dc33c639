"""A copy of the project to try things in, and its commands, run as a person in a fresh clone would run them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support.warm_command import run_warm

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
NOT_CLONED = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "*.db")
NEED_NBGRADER = {"grade", "report", "compose"}  # what they take is mostly its import
READ_AT_START = {"LANG", "LC_ALL", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONWARNINGS"}  # by Python, before a command begins
NOT_TRACKED = {"course", "workspace", "build", "node_modules", "site"}  # at the root only: packages are called so too


def clone(to: Path) -> Path:
    """Copy what a clone holds."""
    shutil.copytree(ROOT, to, ignore=_left_out, dirs_exist_ok=True)
    return to


def _left_out(folder: str, names: list[str]) -> set[str]:
    return set(NOT_CLONED(folder, names)) | (NOT_TRACKED & set(names) if Path(folder) == ROOT else set())


def run(
    root: Path, command: str, *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of the venv's commands on the copy, from a shell where no venv is activated."""
    own = {"PYTHONPATH": str(root), "HOME": str(root.parent), "COLUMNS": "100", "NO_COLOR": "1", **(env or {})}
    # A PATH without the venv's commands: who types .venv/bin/nbgrader has not activated it.
    path = os.pathsep.join(place for place in os.environ["PATH"].split(os.pathsep) if Path(place) != BIN)
    typed, environment = [command, *map(str, arguments)], {**os.environ, **own, "PATH": path}
    needs_nbgrader = command == "nbgrader" or (command == "leftcontext" and typed[1:2] and typed[1] in NEED_NBGRADER)
    if needs_nbgrader and sys.platform == "linux" and not READ_AT_START & (env or {}).keys():
        return run_warm(typed, cwd or root, environment)
    return subprocess.run(
        [BIN / command, *typed[1:]], cwd=cwd or root, env=environment,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600,
    )  # fmt: skip
