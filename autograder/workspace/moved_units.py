"""A workspace of an older course gets the present names of the units: folders and notebooks are renamed, never written.

Only then are the new versions handed out, so that they are compared with what the learner made of the former ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from autograder.bank.former_names import UNITS

CHECKPOINTS = ".ipynb_checkpoints"  # Jupyter's own copies, named after the notebook


def move_units(folder: Path) -> list[str]:
    """Rename the folders of `folder` that have a former name; a line for each. One whose new name is taken stays."""
    messages = []
    for old, (new, *_) in UNITS.items():
        here, there = folder / old, folder / new
        if old == new or not here.is_dir():
            continue
        if there.exists():
            messages.append(f"left where it is: {here} (this unit is now {there}, which exists already)")
            continue
        # The notebooks first: should this be interrupted, the folder still has its former name, and the next time goes on.
        for part in (here, here / CHECKPOINTS):
            _rename_files(part, old, new)
        here.rename(there)
        messages.append(f"moved: {here} is now {there}")
    return messages


def divided_units(folder: Path, checksums: Mapping[str, str]) -> list[str]:
    """A line for each unit that was never handed out here, and whose exercises are in an older notebook of `folder`."""
    handed_out = {name.split("/")[0] for name in checksums}
    return [
        f"new: {folder / part} (its exercises were in {kept} before; what you solved there counts)"
        for kept, *parts in UNITS.values()
        for part in parts
        if kept in handed_out and part not in handed_out
    ]


def moved_keys(checksums: Mapping[str, str]) -> dict[str, str]:
    """The checksums of what was handed out, each under the name that its file has now."""
    return {_moved(PurePosixPath(name)).as_posix(): digest for name, digest in checksums.items()} | {
        name: digest for name, digest in checksums.items() if name.split("/")[0] not in UNITS
    }


def _moved(name: PurePosixPath) -> PurePosixPath:
    old = name.parts[0]
    new = UNITS.get(old, (old,))[0]
    return PurePosixPath(new, *name.parts[1:-1], name.name.replace(old, new, 1)) if len(name.parts) > 1 else name


def _rename_files(folder: Path, old: str, new: str) -> None:
    for path in sorted(folder.glob(f"{old}*")):
        renamed = path.with_name(path.name.replace(old, new, 1))
        if not renamed.exists():
            path.rename(renamed)
