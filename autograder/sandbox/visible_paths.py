"""Which files of the machine a sandboxed Python process may read."""

from __future__ import annotations

import importlib.util
import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")  # links into /usr, or folders
SYSTEM_FILES = ("/usr", *(f"/etc/{name}" for name in ("ld.so.cache", "ld.so.conf", "localtime", "alternatives", "fonts")))
DEVICES = ("null", "zero", "full", "random", "urandom")
_ALWAYS_VISIBLE = ("/usr", "/lib", "/lib64", "/bin", "/sbin")


def visible_paths(modules: Iterable[str]) -> tuple[str, ...]:
    """The folders and files outside the system's own that Python needs to run and to import `modules`.

    Both names of a path with symbolic links in it are returned, and of nested paths the outermost only.
    """
    paths = _python_paths()
    for module in modules:
        paths |= {place for place in module_paths(module) if not _is_below(place, paths)}
    found = {os.path.realpath(path) for path in paths} | {path for path in paths if os.path.exists(path)}
    found -= {"/", *_ALWAYS_VISIBLE}
    return tuple(path for path in sorted(found) if not _is_below(path, (*_ALWAYS_VISIBLE, *(found - {path}))))


def hidden_paths(readable: Iterable[str], secret: Iterable[str]) -> tuple[str, ...]:
    """Those of the folders `secret` that exist and would be readable."""
    shown = (*readable, *_ALWAYS_VISIBLE)
    return tuple(sorted({path for path in map(os.path.realpath, secret) if os.path.isdir(path) and _is_below(path, shown)}))


def module_paths(name: str) -> list[str]:
    """Where a top-level module lies: its folders, or its file; nothing where it is built in or isn't installed."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    if found is None or (found.origin in (None, "built-in", "frozen") and not found.submodule_search_locations):
        return []
    return list(found.submodule_search_locations or [found.origin or ""])


def _python_paths() -> set[str]:
    paths = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    paths |= {sysconfig.get_path("stdlib"), *site.getsitepackages()}
    if site.ENABLE_USER_SITE and site.getusersitepackages():
        paths.add(site.getusersitepackages())
    return paths


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)
