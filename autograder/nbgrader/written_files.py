"""Writes a graded submission's files, and takes away those of an earlier grading."""

from __future__ import annotations

import shutil
from pathlib import Path


def write_files(folder: Path, files: dict[str, bytes], mode: int = 0o644) -> list[str]:
    """Write files below a folder; the names of those whose place another one has taken."""
    lost = []
    for name in sorted(files, key=lambda name: (not name.endswith(".ipynb"), name)):  # a folder may have a notebook's name
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
            path.chmod(mode)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            lost.append(name)
    return lost


def remove_place(place: Path) -> None:
    """Remove a folder with all that is in it, or the link or file that has its place."""
    if place.is_symlink() or not place.is_dir():
        place.unlink()
    else:
        shutil.rmtree(place, ignore_errors=True)
