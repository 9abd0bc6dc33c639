"""Write a file whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

IN_BROWSER = sys.platform == "emscripten"


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step, so that a crash leaves the old one or the new one, never half of it."""
    if IN_BROWSER and path.suffix in (".json", ".ipynb"):
        write_json_over(path, text)
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, path.stat().st_mode if path.exists() else 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_json_over(path: Path, text: str) -> None:
    """Write JSON over a file without emptying or renaming one: the drive of JupyterLite bears neither.

    It reads what is in a .json or .ipynb file as JSON at each change, and a kernel that empties one waits for ever; and a file
    that is renamed keeps the type of its former name, so that a notebook no longer opens. What is left of a longer old text
    is overwritten by spaces, which JSON allows at its end.
    """
    new = text.encode()
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
        old = file.read()
        file.seek(0)
        file.write(new.ljust(len(old)))
