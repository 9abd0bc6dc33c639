"""Which rungs of the ladder this machine has. Only what was tried and held counts.

| rung | what holds a student's process |
|---|---|
| 0 | nothing; refused unless asked for |
| 1 | limits, no new privileges, Landlock, a filter of system calls |
| 2 | the same in user, mount, pid, net, ipc and uts namespaces of its own, with a read-only view without the course |
"""

from __future__ import annotations

import importlib.util
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from autograder.sandbox import landlock, seccomp
from autograder.sandbox.policy import Terms

HIGHEST = 2
MEANING = (
    "nothing holds a student's process",
    "limits, no new privileges, Landlock, a filter of system calls",
    "limits, no new privileges, Landlock, a filter of system calls, own namespaces with a read-only view",
)
HELD = "held"
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin")  # always in view
SECRET = ("source", "notebooks")  # folders of our own package that hold solutions


def terms(rung: int, imported: Iterable[str]) -> Terms:
    """The terms for an assignment whose cells import the modules `imported`."""
    readable, hidden = _visible(imported)
    program = b"" if rung == 0 else seccomp.compiled(signals=rung >= 2 or landlock.abi() >= 6, alone=rung >= 2)
    return Terms(rung=rung, readable=readable, hidden=hidden, program=program)


def _visible(imported: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Python with its packages, and those imported packages that lie elsewhere, as one that is installed editable."""
    paths = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    paths |= {sysconfig.get_path("stdlib"), *site.getsitepackages()}
    if site.ENABLE_USER_SITE and site.getusersitepackages():
        paths.add(site.getusersitepackages())
    for name in {*imported, "autograder", "leftcontext"}:  # an answer may import the course's library where no cell does
        for place in _places(name):
            if not any(Path(place).is_relative_to(path) for path in paths):
                paths.add(place)
    found = {os.path.realpath(path) for path in paths} | {path for path in paths if os.path.exists(path)}
    found -= {"/", *SYSTEM}
    outer = [path for path in sorted(found) if not any(path.startswith(f"{one}/") for one in (*SYSTEM, *(found - {path})))]
    return tuple(outer), tuple(sorted(_secret((*outer, *SYSTEM))))


def _secret(readable: Iterable[str]) -> Iterator[str]:
    """Where solutions lie among what is readable: an editable install copies the bank beside the packages, too."""
    packages = {os.path.realpath(f"{place or '.'}/autograder") for place in (*sys.path, *site.getsitepackages())}
    for place in packages.union(map(os.path.realpath, _places("autograder"))):
        for folder in SECRET:
            found = Path(place, folder)
            if found.is_dir() and any(found.is_relative_to(path) for path in readable):
                yield str(found)


def _places(name: str) -> list[str]:
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    if found is None or (found.origin in (None, "built-in", "frozen") and not found.submodule_search_locations):
        return []
    return list(found.submodule_search_locations or [found.origin or ""])


def missing(rung: int) -> str | None:
    """What a rung needs and this machine has not, as far as can be told without trying; None where nothing is missing."""
    if rung and sys.platform != "linux":
        return f"this is {sys.platform}; Landlock, seccomp and namespaces are Linux's"
    if rung and not landlock.abi():
        return "this kernel has no Landlock"
    try:
        terms(rung, ())
    except (ImportError, OSError) as error:
        return f"the filter of system calls can't be made: {error}"
    return None


def attempts(secret: str, hidden: Iterable[str] = ()) -> dict[str, str]:
    """What a student's process must not be able to do, as code that says HELD where it can't.

    `secret` is a file outside; `hidden` are folders of which it must read no file.
    """
    files = (next((path for path in Path(folder).rglob("*") if path.is_file()), None) for folder in hidden)
    tried = {
        **{f"read {file}": f"open({str(file)!r}).read()" for file in files if file},
        "read a file of the course": f"open({secret!r}).read()",
        "write beside it": f"open({secret + '.new'!r}, 'w')",
        "open a connection": "__import__('socket').create_connection(('127.0.0.1', 9), 1)",
        "make a namespace": "__import__('ctypes').CDLL(None).unshare(0x10000000) == 0 or 1 / 0",
        "signal another process": "__import__('os').kill(__import__('os').getppid() or 999999, 0)",
        "take all memory": "bytearray(1 << 40)",
    }
    return {what: f"try:\n    {code}\nexcept Exception:\n    print('{HELD}')" for what, code in tried.items()}


def escaped(tried: dict[str, str], result: dict[str, Any]) -> str | None:
    """What a process could do that it must not, after a task made of `tried`; None where every attempt failed."""
    for number, what in enumerate(tried):
        outputs = result["outputs"].get(str(number))
        if not outputs:
            return f"a student's process could {what}, or did not run at all"
        if any(output.get("text") != f"{HELD}\n" for output in outputs):
            return f"a student's process could {what}"
    return None
