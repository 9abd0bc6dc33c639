"""`leftcontext lab`: a learner's own folder of notebooks. What a learner wrote is never overwritten.

A unit's folder that has another name now is moved first, with all that is in it. A notebook that is as it was handed out
is brought up to date. One that was changed is kept, and its new version is stored beside it. The workspace's marker file
holds the checksums of what was handed out.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from autograder import paths
from autograder.atomic_write import write_atomically
from autograder.course.checksums import checksum
from autograder.environment import prefer_own_kernel
from autograder.errors import UserError
from autograder.workspace import moved_units
from autograder.workspace.diagnostic_page import DIAGNOSTIC, diagnostic_notebook
from autograder.workspace.kernel_metadata import with_language_info
from autograder.workspace.progress import PROGRESS_FILE
from autograder.workspace.start_page import START, start_notebook, trust

REFERENCE = "reference"  # cheat sheet, glossary, bibliography: source/reference/*.md
FIRST_PORT = 8888  # Jupyter's own


class NoWorkspace(UserError, LookupError):
    """A folder that can't be a workspace, or a lab that can't be opened; the message says what to do."""


def released() -> Path:
    """The folder `notebooks/`. Raises NoWorkspace where there is none."""
    folder = paths.released()
    if folder is None:
        raise NoWorkspace("There are no notebooks to hand out yet. Run: leftcontext build")
    return folder


def update_workspace(folder: Path) -> list[str]:
    """Make or update the workspace; what was done, one line each. Raises NoWorkspace."""
    source = released()
    if folder.exists() and not folder.is_dir():
        raise NoWorkspace(f"{folder} is a file. Name a folder: leftcontext lab DIR")
    if folder.resolve() in (source, *source.parents):
        raise NoWorkspace(f"{folder} is the course itself. Work in a folder of your own: leftcontext lab DIR")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        checksums = moved_units.moved_keys(_read_checksums(folder))
        messages = [*moved_units.move_units(folder), *moved_units.divided_units(folder, checksums)]
        hand_out = _HandOut(folder, checksums, messages)
        for path in paths.list_files(source):
            content = path.read_bytes()
            hand_out.give(path.relative_to(source), with_language_info(content) if path.suffix == ".ipynb" else content)
        hand_out.give(Path(DIAGNOSTIC), with_language_info(diagnostic_notebook()))
        for path in sorted((paths.source() / REFERENCE).glob("*.md")):
            hand_out.give(Path(REFERENCE, path.name), path.read_bytes())
        page = with_language_info(start_notebook(folder))
        hand_out.give(Path(START), page)
        if (folder / START).read_bytes() == page:  # not one to which a learner has added something
            trust(folder / START)
        if not (folder / PROGRESS_FILE).exists():
            write_atomically(folder / PROGRESS_FILE, "{}\n")  # the first page asks for it every few seconds
        write_atomically(folder / paths.MARKER, json.dumps({"files": hand_out.checksums}, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise NoWorkspace(f"{error.filename or folder} can't be written: {error.strerror}.") from None
    return hand_out.messages


@dataclass
class _HandOut:
    """Lays files in a workspace; `checksums` are those of the versions that were handed out last."""

    folder: Path
    checksums: dict[str, str]
    messages: list[str] = field(default_factory=list)

    def give(self, name: Path, content: bytes) -> None:
        new, former = checksum(name.name, content), self.checksums.get(name.as_posix())
        path = self.folder / name
        current = _checksum_of(path)
        if current is None or (current == former and (current != new or name.name == START)):
            self._write(name, content)
            if current is not None and name.name != START:
                self.messages.append(f"updated: {path}")
        elif current not in (former, new) and new != former:
            beside = next(other for other in _new_names(name) if _checksum_of(self.folder / other) in (None, new))
            self._write(beside, content)
            self.messages.append(f"kept your version: {path} (the new version is {beside.name}, in the same folder)")
        self.checksums[name.as_posix()] = new

    def _write(self, name: Path, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def as_root() -> list[str]:
    """What Jupyter wants to be told by root: in a container there is nobody else to be."""
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def open_lab(folder: Path, port: int | None = None, browser: bool = True) -> NoReturn:
    """Become a JupyterLab on the workspace. Raises NoWorkspace for an occupied port."""
    if port and not _is_free(port):
        raise NoWorkspace(f"Port {port} is taken. Name another with --port, or leave it out to get a free one.")
    options = [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--ServerApp.port={FIRST_PORT if port is None else port}",
        f"--LabApp.default_url=/lab/tree/{START}",
        # The learner's own settings may name a folder outside the workspace, where Jupyter would refuse to start.
        f"--ServerApp.preferred_dir={folder.resolve()}",
        "--FileContentsManager.preferred_dir=",
        "--AsyncLargeFileManager.preferred_dir=",
    ]
    if not browser:
        options.append("--no-browser")
    options += as_root()
    # More BLAS threads than one make the course's small matrices slower.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Defaults of ours (no question about news at the start) behind the learner's own.
    places = [os.environ.get("JUPYTER_CONFIG_PATH"), str(paths.PACKAGE / "jupyter")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(place for place in places if place)
    # IPython runs this file in each kernel. A file of the user's own has precedence.
    os.environ.setdefault("PYTHONSTARTUP", str(paths.PACKAGE / "jupyter" / "kernel_startup.py"))
    prefer_own_kernel()
    os.chdir(folder)
    command = [sys.executable, "-m", "jupyterlab", *options]
    if sys.platform == "win32":
        sys.exit(subprocess.call(command))
    os.execv(sys.executable, command)


def _read_checksums(folder: Path) -> dict[str, str]:
    try:
        files = json.loads((folder / paths.MARKER).read_text(encoding="utf-8"))["files"]
        return {str(name): str(digest) for name, digest in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # none yet, or damaged: then every file there counts as the learner's own


def _checksum_of(path: Path) -> str | None:
    """The checksum of a file; None where there is none."""
    if not path.exists():
        return None
    try:
        return checksum(path.name, path.read_bytes())
    except ValueError:
        return "not a notebook"


def _new_names(name: Path) -> Iterator[Path]:
    yield name.with_name(f"{name.stem}.new{name.suffix}")
    number = 2
    while True:
        yield name.with_name(f"{name.stem}.new{number}{name.suffix}")
        number += 1


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
