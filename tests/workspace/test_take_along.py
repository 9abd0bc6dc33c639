"""A learner's work as one file: it can be handed in as it is, and comes back whole where it is put back."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from autograder import paths
from autograder.atomic_write import write_json_over
from autograder.nbgrader.submitted_files import SubmittedFiles, with_notebooks_found
from autograder.workspace.take_along import FILE, CannotPutBack, put_back, work

FILES = {"05-mask/05-mask.ipynb": "a", "06-softmax/06-softmax.ipynb": "b", "progress.json": "{}"}
OTHERS = {paths.MARKER: "{}", "reference/glossary.md": "c", "05-mask/.ipynb_checkpoints/05-mask.ipynb": "d"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name, text in (FILES | OTHERS).items():
        path = tmp_path / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "here"


def test_work_comes_back_whole_and_replaces_nothing_unseen(workspace: Path, tmp_path: Path) -> None:
    file, there = tmp_path / FILE, tmp_path / "there"
    file.write_bytes(work(workspace).content)
    (there / "05-mask").mkdir(parents=True)
    (there / "05-mask/05-mask.ipynb").write_text("mine")
    assert put_back(file, there) == list(FILES)
    assert {name: (there / name).read_text() for name in FILES} == FILES
    assert (there / "05-mask/05-mask.before.ipynb").read_text() == "mine"
    assert put_back(file, there) == []
    assert len([path for path in there.rglob("*") if path.is_file()]) == len(FILES) + 1


def test_the_same_work_is_the_same_file_and_a_link_to_it(workspace: Path) -> None:
    assert work(workspace).content == work(workspace).content
    assert f'download="{FILE}"' in work(workspace)._repr_html_()
    assert "3 files" in repr(work(workspace))


def test_a_file_of_work_is_read_as_the_notebook_that_is_due(workspace: Path) -> None:
    handed_in = SubmittedFiles()
    handed_in.add(FILE, work(workspace).content)
    assert with_notebooks_found(handed_in, ["06-softmax"]).contents["06-softmax.ipynb"] == b"b"


@pytest.mark.parametrize("name", ["../out.ipynb", "/out.ipynb", "C:\\out.ipynb", paths.MARKER, "script.py"])
def test_nothing_comes_out_of_a_file_but_work(name: str, tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "x")
    (tmp_path / FILE).write_bytes(content.getvalue())
    with pytest.raises(CannotPutBack, match="no notebook"):
        put_back(tmp_path / FILE, tmp_path / "there")


def test_what_is_no_zip_file_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no zip")
    with pytest.raises(CannotPutBack, match="zip"):
        put_back(tmp_path / FILE, tmp_path)


@pytest.mark.parametrize("old", [None, "", '""', '{"a": 1, "b": 2}\n'])
def test_json_is_written_over_a_file_that_is_never_emptied(tmp_path: Path, old: str | None) -> None:
    path = tmp_path / "progress.json"
    if old is not None:
        path.write_text(old, encoding="utf-8")
    write_json_over(path, '{"ä": 1}\n')
    assert json.loads(path.read_text(encoding="utf-8")) == {"ä": 1}
    assert path.stat().st_size >= len(old or "")
