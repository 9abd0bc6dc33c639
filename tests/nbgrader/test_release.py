"""A released notebook is read as nbformat reads it, without the time that validation takes."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder.nbgrader import release


def written(folder: Path, cells: list[dict[str, Any]], minor: int = 5) -> Path:
    path = folder / "one.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}), encoding="utf-8")
    return path


def code(source: str | list[str], **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **more}


def test_it_is_what_nbformat_reads(tmp_path: Path) -> None:
    path = written(tmp_path, [code(["x = 1\n", "x = 'é'"], id="a"), code("y", id="b")])
    assert release.parse_file(path) == nbformat.read(path, as_version=4)


def test_of_cells_with_the_same_id_the_first_keeps_it(tmp_path: Path) -> None:
    path = written(tmp_path, [code("x", id="a"), code("y", id="a"), code("z", id="b")])
    assert [cell.get("id") for cell in release.parse_file(path).cells] == ["a", None, "b"]


def test_a_cell_without_an_id_gets_none(tmp_path: Path) -> None:
    assert "id" not in release.parse_file(written(tmp_path, [code("x")], minor=4)).cells[0]


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"nbformat": 4}', '{"nbformat": 99, "cells": []}', "\udcff"])
def test_what_is_no_notebook_is_not_read(tmp_path: Path, content: str) -> None:
    path = tmp_path / "one.ipynb"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert release.read_file(path) is None
