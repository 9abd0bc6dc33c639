"""Reads a folder of a student's. No file is believed: links, devices, pipes and what is too much are left out, and named.

nbgrader's own walk follows links, opens whatever has a name, and takes quadratic time; this one takes linear time.
"""

from __future__ import annotations

import fnmatch
import io
import itertools
import os
import stat
import zipfile
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

MAX_BYTES = 64 * 1024 * 1024  # of all files of a submission together
MAX_FILES = 2_000
MAX_ENTRIES = 20_000  # names that are looked at
MAX_DEPTH = 20
MAX_PATH = 1_000  # bytes; the grader's own copies have longer paths than the submission
MAX_NAME = 200
OVER_LIMIT = f"is too large (a submission may have {MAX_BYTES // 2**20} MB in all)"
NOTEBOOK_ENDINGS = (".ipynb.json", ".ipynb.txt", ".ipynb.html", ".ipynb.ipynb", ".ipynb")  # what browsers make of .ipynb


@dataclass
class SubmittedFiles:
    """The regular files below a folder by their relative POSIX path, and why others are left out."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # a reason, as the end of a sentence, by path
    notes: list[str] = field(default_factory=list)  # of what was read under another name
    room: int = MAX_BYTES

    @property
    def contents(self) -> dict[str, bytes | None]:
        """Contents by path, None where a file is there but was left out."""
        return {**dict.fromkeys(self.left_out), **self.files}

    def left_out_sentences(self, except_for: Collection[str] = ()) -> list[str]:
        """What the instructor is told of the files that are left out; nothing of those `except_for`."""
        left_out = [(name, reason) for name, reason in self.left_out.items() if name not in except_for]
        shown = [f"{name!r} {reason}; it was left out." for name, reason in left_out[:20]]
        more = [f"{len(left_out) - 20} more were left out."] if len(left_out) > 20 else []
        return [*shown, *more]

    def add(self, name: str, content: bytes | None) -> None:
        """Take a file in, if there is room for it; None is one that can't be read."""
        if content is None or len(content) > self.room:
            self.left_out[name] = "can't be read" if content is None else OVER_LIMIT
        elif len(self.files) >= MAX_FILES:
            self.left_out[name] = f"is beyond the first {MAX_FILES:,} files"
        else:
            self.files[name] = content
            self.room -= len(content)


def read_folder(folder: Path, ignore: Sequence[str] = (), first: Iterable[str] = ()) -> SubmittedFiles:
    """Read what lies below `folder`; the files named in `first`, and other notebooks, before all others.

    `ignore` are nbgrader's patterns (CourseDirectory.ignore). Raises FileNotFoundError where the folder is gone.
    """
    read = SubmittedFiles()
    try:
        is_link = stat.S_ISLNK(os.lstat(folder).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(folder) from None
    except OSError:  # it lies in a folder that may not be entered, or its disk is broken
        read.left_out["."] = "can't be read"
        return read
    if is_link:
        read.left_out["."] = "is a symbolic link"
        return read
    wanted = [name for name in first if os.path.lexists(folder / name)]
    found = [*wanted, *itertools.islice(_names(folder, ignore, read), MAX_ENTRIES)]
    for name in sorted(dict.fromkeys(found), key=lambda name: (name not in wanted, not is_notebook(name), name)):
        if (problem := _unusable_name(name)) is not None:
            read.left_out[name.encode("utf-8", "replace").decode()[:200]] = problem
        else:
            _read_file(folder, name, read)
    return read


def may_be_folder(path: Path) -> bool:
    """Whether it is a folder, or somebody's who lets nobody look: a link to a closed place. Whoever reads it tells of it."""
    try:
        return path.is_dir()
    except OSError:
        return True


def is_notebook(name: str) -> bool:
    """Whether a name ends as a notebook's does, also after a browser has changed it."""
    return name.lower().endswith(NOTEBOOK_ENDINGS)


def _names(folder: Path, ignore: Sequence[str], read: SubmittedFiles) -> Iterator[str]:
    """The relative paths of what is no folder, folder by folder."""
    waiting = deque([("", 0)])
    folders = 0
    while waiting and folders < MAX_ENTRIES:
        place, depth = waiting.popleft()
        folders += 1
        try:
            with os.scandir(folder / place) as scanned:
                entries = sorted(itertools.islice(scanned, MAX_ENTRIES), key=lambda entry: entry.name)
        except FileNotFoundError:
            if not place:
                raise
            continue
        except OSError:
            read.left_out[place or "."] = "can't be read"
            continue
        for entry in entries:
            name = f"{place}/{entry.name}" if place else entry.name
            if is_ignored(entry.name, ignore):
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield name
            elif depth < MAX_DEPTH:
                waiting.append((name, depth + 1))
            else:
                read.left_out[name[:200]] = "lies too deep in folders"


def is_ignored(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file's name matches one of nbgrader's patterns; as in a shell, `*` does not match a leading dot."""
    return any(fnmatch.fnmatchcase(name, pattern) and (pattern[:1] == "." or name[:1] != ".") for pattern in patterns)


def _unusable_name(name: str) -> str | None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "has a name that is not UTF-8"
    if size > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in name.split("/")):
        return "has too long a name"
    return None


def _read_file(folder: Path, name: str, read: SubmittedFiles) -> None:
    try:
        # Without blocking, for it may have become a pipe by now; and no link is followed.
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        kind = _kind(folder / name)
        read.left_out[name] = "can't be read" if kind is None else f"is {kind}"
        return
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            read.left_out[name] = f"is {_kind(folder / name) or 'no regular file'}"
        elif about.st_size > read.room:  # a file with holes may be larger than the disk
            read.left_out[name] = OVER_LIMIT
        elif len(read.files) >= MAX_FILES:
            read.left_out[name] = f"is beyond the first {MAX_FILES:,} files"
        else:
            read.add(name, _content(descriptor, read.room + 1))
    finally:
        os.close(descriptor)


def _content(descriptor: int, most: int) -> bytes | None:
    content = bytearray()
    try:
        while len(content) < most and (more := os.read(descriptor, min(1 << 20, most - len(content)))):
            content += more
    except OSError:
        return None
    return bytes(content)


def _kind(path: Path) -> str | None:
    """What a path that is no regular file is, in a word; None for one that is, or can't be looked at."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    kinds = {stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}
    kinds |= {stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode))


def with_notebooks_found(read: SubmittedFiles, released: Sequence[str]) -> SubmittedFiles:
    """Notebooks under the names that were released: out of a zip file, out of a folder, or with a browser's ending.

    `released` are notebook names without .ipynb. Nothing is replaced that has a released name already.
    """
    targets = {f"{name}.ipynb" for name in released}
    if not any(is_notebook(name) for name in read.contents):
        _unzip(read)
    notebooks = [name for name in read.files if is_notebook(name)]
    for name in notebooks:
        target = f"{_stem(name)}.ipynb"
        is_meant = "/" not in name or len(notebooks) == 1 or target in targets
        if name != target and is_meant and target not in read.contents:
            read.files[target] = read.files.pop(name)
            read.notes.append(f"{name!r} was read as {target!r}.")
    return read


def _stem(name: str) -> str:
    """A notebook's name without folders and without its ending."""
    last = PurePosixPath(name).name
    return last[: -len(next(ending for ending in NOTEBOOK_ENDINGS if last.lower().endswith(ending)))]


def _unzip(read: SubmittedFiles) -> None:
    """Take in the members of a zip file that was handed in instead of a notebook."""
    archives = [name for name in read.files if name.lower().endswith(".zip") and "/" not in name]
    if len(archives) != 1:
        return
    try:
        with zipfile.ZipFile(io.BytesIO(read.files[archives[0]])) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()][:MAX_ENTRIES]
            members.sort(key=lambda member: (not is_notebook(member.filename), member.filename))
            _add_members(archive, members, read)
    except Exception:  # foreign bytes: whatever goes wrong, it is their fault
        read.notes.append(f"{archives[0]!r} is no zip file that can be read.")
        return
    read.notes.append(f"{archives[0]!r} was unpacked.")


def _add_members(archive: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo], read: SubmittedFiles) -> None:
    """Unpack members while there is room. A torn one costs time too, and many may share the same bytes: all work is counted."""
    work = 2 * MAX_BYTES
    for member in members:
        if (name := _member_name(member)) is None or name in read.contents:
            continue
        size = max(member.file_size, member.compress_size)  # more is not read of it, whatever it holds
        if stat.S_ISLNK(member.external_attr >> 16):
            read.left_out[name] = "is a symbolic link"
        elif size > min(read.room, work):
            read.left_out[name] = OVER_LIMIT
        else:
            work -= size
            read.add(name, _member_content(archive, member))


def _member_name(member: zipfile.ZipInfo) -> str | None:
    """The relative path of a member; None for one that is not to be unpacked."""
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    name = "/".join(parts)
    unwanted = not parts or ".." in parts or name.startswith("/") or "__MACOSX" in parts
    return None if unwanted or _unusable_name(name) else name


def _member_content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | None:
    try:
        with archive.open(member) as file:
            return file.read()
    except Exception:  # encrypted, torn, of a kind that this Python can't unpack: each unpacker has errors of its own
        return None
