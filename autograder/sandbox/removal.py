"""Removing the folders that students' processes wrote in, whatever these have made of them."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import warnings
from collections.abc import Callable

from autograder.sandbox import linux

_FEW = 200  # files and folders that are removed at once; on some disks each folder takes five milliseconds


class Remover:
    """Removes folders. What holds much is left to a process of its own, since whoever grades must not wait for it."""

    def __init__(self) -> None:
        self._at_work: set[int] = set()

    def remove(self, folder: str) -> None:
        """Remove a folder, now or a little later."""
        if _has_few(folder):
            remove_home(folder)
            return
        self._wait(os.WNOHANG)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, as a Jupyter server has; none is needed here
            child = os.fork()
        if child:
            self._at_work.add(child)
            return
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader
            linux.close_descriptors([])  # nothing of the grader's is kept open
            remove_home(folder)
        finally:
            os._exit(0)

    def close(self) -> None:
        """Wait until all are gone."""
        self._wait(0)

    def _wait(self, how: int) -> None:
        for child in list(self._at_work):
            done = child
            with contextlib.suppress(ChildProcessError):  # where SIGCHLD is ignored, as by whoever started this program
                done, _ = os.waitpid(child, how)
            if done:
                self._at_work.discard(child)


def _has_few(folder: str) -> bool:
    """Whether a folder holds little, as far as can be seen."""
    waiting, count = [folder], 0
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    if count > _FEW:
                        return False
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except FileNotFoundError:
            continue
        except OSError:  # it may not be listed, or its path is too long
            return False
    return True


def remove_home(home: str) -> None:
    """Remove a folder with all that is in it, also where its owner has taken the right to list or to change it.

    Folders may be nested deeper than a path can be long, so each is moved up before it is emptied.
    """
    if _try(os.rmdir, home):  # as nearly always, it is empty
        return
    with contextlib.suppress(OSError):  # there is none, or its disk is broken
        place = tempfile.mkdtemp(dir=os.path.dirname(os.path.abspath(home)))
        waiting, number = [home], 0
        while waiting:
            folder = waiting.pop()
            for entry in _entries(folder):
                if entry.is_dir(follow_symlinks=False):
                    if _try(os.rmdir, entry.path):
                        continue
                    number += 1
                    waiting.append(_moved(entry.path, f"{place}/{number}"))
                else:
                    _try(os.unlink, entry.path)
            _try(os.rmdir, folder)
        _try(os.rmdir, place)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    _try(os.chmod, folder, 0o700)
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _moved(folder: str, to: str) -> str:
    """Where a folder is after it was moved, if that was possible."""
    _try(os.chmod, folder, 0o700)  # who moves a folder writes in it
    return to if _try(os.rename, folder, to) else folder


def _try(do: Callable[..., object], *arguments: object) -> bool:
    """Whether that was possible."""
    try:
        do(*arguments)
    except OSError:
        return False
    return True
