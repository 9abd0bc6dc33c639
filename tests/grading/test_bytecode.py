"""What the fork servers import is compiled once for all runs, for they may not write what they compile."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from autograder.grading import bytecode


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in bytecode.IMPORTED:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "some.py").write_text("x = 1\n")
    monkeypatch.setattr(bytecode, "PACKAGES", tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def compiled(packages: Path) -> list[bool]:
    return [Path(importlib.util.cache_from_source(packages / name / "some.py")).is_file() for name in bytecode.IMPORTED]


def test_all_that_is_imported_is_there_and_gets_compiled(packages: Path) -> None:
    assert all((Path(bytecode.__file__).parents[2] / name).is_dir() for name in bytecode.IMPORTED)
    bytecode.compile_packages()
    assert all(compiled(packages))


def test_a_source_that_has_changed_is_compiled_again(packages: Path) -> None:
    bytecode.compile_packages()
    source = packages / bytecode.IMPORTED[0] / "some.py"
    file = Path(importlib.util.cache_from_source(source))
    before = file.read_bytes()
    source.write_text("x = 'another'\n")
    os.utime(source, (1e9, 1e9))
    bytecode.compile_packages()
    assert file.read_bytes() != before


def test_nothing_is_written_where_python_is_to_write_nothing(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    bytecode.compile_packages()
    assert not any(compiled(packages))


def test_a_folder_that_is_not_there_stops_nothing(packages: Path) -> None:
    shutil.rmtree(packages / bytecode.IMPORTED[0])
    bytecode.compile_packages()
    assert compiled(packages) == [False, *[True] * (len(bytecode.IMPORTED) - 1)]
