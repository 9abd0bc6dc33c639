"""A learner's work as one zip file: to take along from a browser, which alone keeps it, to hand in, and to put back elsewhere.

`leftcontext grade` reads such a file in the place of a notebook: of the notebooks in it, it takes the one that is due.
"""

from __future__ import annotations

import base64
import io
import zipfile
from html import escape
from pathlib import Path, PurePosixPath

from autograder import paths
from autograder.atomic_write import write_atomically
from autograder.errors import UserError

FILE = "left-context-work.zip"
KEPT = (".ipynb", ".json")  # notebooks, what is solved, and predictions
FIRST_TIME = (1980, 1, 1, 0, 0, 0)  # a zip file's own beginning of time: the same work gives the same bytes


class CannotPutBack(UserError, ValueError):
    """A file that is no learner's work; the message says why."""


class Work:
    """The zip file of a workspace; a notebook shows it as a link that downloads it, and names the notebooks in it."""

    def __init__(self, folder: Path) -> None:
        files = [path for path in paths.list_files(folder) if path.suffix in KEPT and path.name != paths.MARKER]
        self.names = [path.relative_to(folder).as_posix() for path in files]
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, path in zip(self.names, files, strict=True):
                archive.writestr(zipfile.ZipInfo(name, FIRST_TIME), path.read_bytes(), zipfile.ZIP_DEFLATED)
        self.content = written.getvalue()

    def __repr__(self) -> str:
        return f"{FILE}: {len(self.names)} files, {len(self.content) / 1000:.0f} kB"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.content).decode()
        link = f'<a download="{FILE}" href="data:application/zip;base64,{data}">Download {FILE}</a>'
        return f"<p>{link} ({escape(repr(self).partition(': ')[2])})</p>"


def work(folder: Path | None = None) -> Work:
    """All work in a workspace (default: the one around), to download. Raises CannotPutBack outside a workspace."""
    return Work(_workspace(folder))


def put_back(file: str | Path, folder: Path | None = None) -> list[str]:
    """Unpack a file that `work` made; the names of the files that it brought, or changed.

    A file that would be changed is kept beside the new one, with `.before` in its name. Raises CannotPutBack.
    """
    folder, changed = _workspace(folder), []
    try:
        with zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name).decode("utf-8") for name in archive.namelist() if _is_work(name)}
    except (OSError, zipfile.BadZipFile, RuntimeError, UnicodeDecodeError) as error:
        raise CannotPutBack(f"{file} can't be read as a zip file: {error}") from None
    if not members:
        raise CannotPutBack(f"{file} has no notebook in it.")
    for name, content in members.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == content.encode():
            continue
        if path.is_file():
            path.replace(path.with_name(f"{path.stem}.before{path.suffix}"))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        changed.append(name)
    return changed


def _workspace(folder: Path | None) -> Path:
    found = folder or paths.workspace()
    if found is None:
        raise CannotPutBack("There is no workspace here. Open one with: leftcontext lab DIR")
    return found


def _is_work(name: str) -> bool:
    """Whether a member of a zip file is a file of a workspace: of a known kind, and inside it."""
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in name
    return inside and path.suffix in KEPT and path.name != paths.MARKER
