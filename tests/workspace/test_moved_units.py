"""A workspace of an older course: its units get their present names, and everything in them stays as it was."""

import contextlib
from pathlib import Path

import nbformat
import pytest

from autograder import paths
from autograder.bank import former_names
from autograder.workspace import moved_units, overview, progress, workspace
from autograder.workspace.kernel_metadata import with_language_info

OLD, NEW = "04-causal-mask", "05-causal-mask"


def notebook(text: str, exercises: tuple[str, ...] = ()) -> bytes:
    cells = [nbformat.v4.new_markdown_cell(f"# {text}", id="title")]
    for id in exercises:
        cell = nbformat.v4.new_code_cell(f'check("{id}", {id})', id=f"check_{id}")
        cell.metadata.nbgrader = {"grade_id": f"check_{id}", "grade": True}
        cells.append(cell)
    return with_language_info(nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode())


def write(folder: Path, unit: str, content: bytes) -> Path:
    path = folder / unit / f"{unit}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that an older course has handed out: all of its units, none changed."""
    course, folder = tmp_path / "older", tmp_path / "mine"
    for old in ("01-left-context", *former_names.UNITS):
        write(course, old, notebook(f"{old}, as it was"))
    monkeypatch.setattr(workspace, "released", lambda: course)
    with monkeypatch.context() as older:
        older.setattr(moved_units, "UNITS", {})
        assert workspace.update_workspace(folder) == []
    return folder


@pytest.fixture
def released(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present course."""
    course = tmp_path / "course"
    for new in ("01-left-context", *(name for names in former_names.UNITS.values() for name in names)):
        write(course, new, notebook(f"{new}, as it is"))
    monkeypatch.setattr(workspace, "released", lambda: course)
    return course


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_an_unchanged_workspace_becomes_that_of_the_present_course(mine: Path, released: Path) -> None:
    said = workspace.update_workspace(mine)
    assert f"moved: {mine / OLD} is now {mine / NEW}" in said
    assert any(f"new: {mine / '11-clinic'} (its exercises were in 10-debugging before" in line for line in said)
    assert any(f"new: {mine / '09-leak-audits'} (its exercises were in 08-train-and-inference" in line for line in said)
    units = {name: content for name, content in contents(mine).items() if name.count("/") == 1}
    assert {name: content for name, content in units.items() if not name.startswith("reference/")} == contents(released)
    assert workspace.update_workspace(mine) == []


def test_everything_that_a_learner_wrote_is_still_there(mine: Path, released: Path) -> None:
    own = notebook("my work")
    for old in former_names.UNITS:
        write(mine, old, own)
        (mine / old / "notes.txt").write_text(f"notes on {old}")
        (mine / old / f"{old}.new.ipynb").write_bytes(notebook("laid beside, and changed"))
        (mine / old / ".ipynb_checkpoints").mkdir()
        (mine / old / ".ipynb_checkpoints" / f"{old}-checkpoint.ipynb").write_bytes(notebook(f"saved {old}"))
    workspace.update_workspace(mine)
    for old, (new, *_) in former_names.UNITS.items():
        assert (mine / new / f"{new}.ipynb").read_bytes() == own
        assert (mine / new / "notes.txt").read_text() == f"notes on {old}"
        assert (mine / new / f"{new}.new.ipynb").read_bytes() == notebook("laid beside, and changed")
        checkpoint = mine / new / ".ipynb_checkpoints" / f"{new}-checkpoint.ipynb"
        assert checkpoint.read_bytes() == notebook(f"saved {old}")
        # What the present course hands out lies beside it, under a name that was free.
        assert (mine / new / f"{new}.new2.ipynb").read_bytes() == notebook(f"{new}, as it is")
    before = contents(mine)
    assert workspace.update_workspace(mine) == []
    assert contents(mine) == before


def test_a_folder_whose_new_name_is_taken_stays_where_it_is(mine: Path, released: Path) -> None:
    own = write(mine, OLD, notebook("my work"))
    other = write(mine, NEW, notebook("something of my own"))
    said = workspace.update_workspace(mine)
    assert f"left where it is: {mine / OLD} (this unit is now {mine / NEW}, which exists already)" in said
    assert own.read_bytes() == notebook("my work")
    assert other.read_bytes() == notebook("something of my own")
    assert (mine / NEW / f"{NEW}.new.ipynb").read_bytes() == notebook(f"{NEW}, as it is")


def test_without_its_record_everything_is_moved_and_kept(mine: Path, released: Path) -> None:
    (mine / paths.MARKER).write_text("{")
    own = notebook("my work")
    write(mine, OLD, own)
    workspace.update_workspace(mine)
    assert (mine / NEW / f"{NEW}.ipynb").read_bytes() == own
    assert not (mine / OLD).exists()


@pytest.mark.long
def test_an_update_that_was_interrupted_goes_on(mine: Path, released: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = notebook("my work")
    for old in former_names.UNITS:
        write(mine, old, own)
    for stop in range(1, 25):  # after each of the first renamings
        left = [stop]
        rename = Path.rename

        def failing(path: Path, target: Path, rename=rename, left=left) -> Path:
            left[0] -= 1
            if left[0] == 0:
                raise OSError(28, "No space left on device", str(path))
            return rename(path, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", failing)
            with contextlib.suppress(workspace.NoWorkspace):
                workspace.update_workspace(mine)
    workspace.update_workspace(mine)
    for new, *_ in former_names.UNITS.values():
        assert (mine / new / f"{new}.ipynb").read_bytes() == own


def test_a_folder_within_a_unit_and_files_of_other_names_keep_theirs(mine: Path, released: Path) -> None:
    (mine / OLD / "data").mkdir()
    (mine / OLD / "data" / OLD).write_text("mine")
    workspace.update_workspace(mine)
    assert (mine / NEW / "data" / OLD).read_text() == "mine"


def test_progress_is_kept_and_the_map_leads_to_the_present_folder(mine: Path, released: Path, monkeypatch) -> None:
    write(mine, OLD, notebook("04 · The causal mask", ("causal_mask",)))
    monkeypatch.setenv(paths.WORKSPACE, str(mine))
    progress.record("causal_mask", True, 2, 2)
    before = (mine / progress.PROGRESS_FILE).read_text()
    workspace.update_workspace(mine)
    assert (mine / progress.PROGRESS_FILE).read_text() == before
    (unit,) = (unit for unit in overview.overview(mine).units if "causal_mask" in unit.exercises)
    assert (unit.notebook, unit.solved) == (f"{NEW}/{NEW}.ipynb", 1)


def test_the_record_of_what_was_handed_out_follows_its_files() -> None:
    record = {f"{OLD}/{OLD}.ipynb": "a", f"{OLD}/data.txt": "b", "start.ipynb": "c", "01-left-context/x.ipynb": "d"}
    moved = {f"{NEW}/{NEW}.ipynb": "a", f"{NEW}/data.txt": "b", "start.ipynb": "c", "01-left-context/x.ipynb": "d"}
    assert moved_units.moved_keys(record) == moved
    assert moved_units.moved_keys(moved) == moved
    assert moved_units.moved_keys(record | {f"{NEW}/{NEW}.ipynb": "newer"})[f"{NEW}/{NEW}.ipynb"] == "newer"
