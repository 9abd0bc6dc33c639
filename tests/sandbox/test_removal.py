"""Folders go away, whatever they hold, and what takes time keeps nobody waiting."""

import os
from pathlib import Path

import pytest

from autograder.sandbox import removal
from autograder.sandbox.removal import Remover, remove_home


def filled(home: Path, folders: int) -> str:
    home.mkdir()
    for number in range(folders):
        (home / f"{number}" / "in").mkdir(parents=True)
        (home / f"{number}" / "file").touch()
    return str(home)


@pytest.mark.parametrize(("folders", "is_here"), [(0, True), (20, True), (200, False)])
def test_what_holds_much_is_removed_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: int, is_here: bool
) -> None:
    def told(folder: str) -> None:
        (tmp_path / "by").write_text(f"{os.getpid()}")
        remove_home(folder)

    monkeypatch.setattr(removal, "remove_home", told)
    remover = Remover()
    home = filled(tmp_path / "home", folders)
    remover.remove(home)
    remover.close()
    assert not os.path.exists(home)
    assert ((tmp_path / "by").read_text() == f"{os.getpid()}") == is_here


def test_nobody_waits_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that removes waits for a word of ours, so whoever waited for it would wait without end."""
    said, say = os.pipe()
    copy = os.fdopen(os.dup(said), "rb")
    go = tmp_path / "go"
    os.mkfifo(go)
    monkeypatch.setattr(removal, "remove_home", lambda folder: (go.read_text(), remove_home(folder)))
    remover = Remover()
    home = filled(tmp_path / "home", 200)
    remover.remove(home)
    os.close(say)
    assert copy.read() == b""  # it holds nothing of ours open
    assert os.path.exists(home)
    go.write_text("go")
    remover.close()
    assert not os.path.exists(home)
    copy.close()
    os.close(said)


def test_one_that_is_gone_already_is_removed(tmp_path: Path) -> None:
    remover = Remover()
    remover.remove(str(tmp_path / "none"))
    remover.close()
    assert list(tmp_path.iterdir()) == []
