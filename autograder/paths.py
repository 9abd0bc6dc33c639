"""Where folders are: the bank's source, the released notebooks, a learner's workspace."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
NBGRADER_CONFIG = "nbgrader_config.py"  # beside it lies the course
MARKER = ".leftcontext.json"  # names a folder as a workspace, and lists what was handed out in it
WORKSPACE = "LEFTCONTEXT_WORKSPACE"  # an environment variable: a workspace's folder, or empty for none


def source() -> Path:
    """The folder `source/`: beside the package in a clone, inside it in an installed wheel."""
    beside = PACKAGE.parent / "source"
    return beside if beside.is_dir() else PACKAGE / "source"


def released() -> Path | None:
    """The folder `notebooks/`, beside the package or inside it; None where there are no notebooks yet."""
    folders = (PACKAGE.parent / "notebooks", PACKAGE / "notebooks")
    return next((folder for folder in folders if any(folder.glob("*/*.ipynb"))), None)


def list_files(folder: Path) -> list[Path]:
    """Every file below a folder, in order, but for Jupyter's checkpoints."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in found if ".ipynb_checkpoints" not in path.parts]


def workspace() -> Path | None:
    """The folder that $LEFTCONTEXT_WORKSPACE names, or the nearest one above the current folder; None outside."""
    named = os.environ.get(WORKSPACE)
    if named is not None:
        return Path(named) if named else None
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / MARKER).is_file()), None)
