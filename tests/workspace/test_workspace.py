"""A learner's workspace: handed out, brought up to date, never written over; progress kept, and shown on the map."""

import json
import multiprocessing
import os
from pathlib import Path

import nbformat
import numpy as np
import pytest
from ipykernel.ipkernel import IPythonKernel

from autograder import check_answer, paths
from autograder.workspace import overview, progress, workspace
from autograder.workspace.kernel_metadata import with_language_info

UNIT = "01-first"
FILE = f"{UNIT}/{UNIT}.ipynb"


def notebook(answer: str = "# YOUR CODE HERE", title: str = "01 · First") -> bytes:
    def marked(source: str, id: str, **marks: bool) -> dict:
        cell = nbformat.v4.new_code_cell(source, id=id)
        cell.metadata.nbgrader = {"grade_id": id, "grade": False, **marks}
        return cell

    cells = [
        nbformat.v4.new_markdown_cell(f"# {title}\n\nA text.", id="title"),
        marked(answer, "one", solution=True),
        marked('check("one", one)', "check_one", grade=True),
        marked('check("two", two)', "check_two", grade=True),
    ]
    return with_language_info(nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode())


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course's notebooks/ with one unit in it."""
    folder = tmp_path / "notebooks"
    (folder / UNIT).mkdir(parents=True)
    (folder / FILE).write_bytes(notebook())
    monkeypatch.setattr(workspace, "released", lambda: folder)
    return folder


@pytest.fixture
def mine(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh workspace, and the learner in it."""
    folder = tmp_path / "mine"
    assert workspace.update_workspace(folder) == []
    monkeypatch.delenv(paths.WORKSPACE)
    monkeypatch.chdir(folder / UNIT)
    return folder


def test_a_notebook_is_handed_out_as_jupyterlab_saves_it(released: Path, tmp_path: Path) -> None:
    """Otherwise JupyterLab would mark it as changed as soon as it is opened."""
    plain = json.loads(notebook())
    plain["metadata"] = {"language_info": {"name": "python"}}
    (released / FILE).write_text(json.dumps(plain))
    workspace.update_workspace(tmp_path / "mine")
    path = tmp_path / "mine" / FILE
    given = nbformat.read(path, as_version=4)
    assert given.metadata.language_info == IPythonKernel.language_info
    assert given.cells == nbformat.reads(notebook().decode(), as_version=4).cells
    assert nbformat.writes(given) + "\n" == path.read_text(encoding="utf-8")


def test_a_new_workspace_holds_the_notebooks_and_a_first_page(mine: Path) -> None:
    assert (mine / FILE).read_bytes() == notebook()
    start = nbformat.read(mine / "start.ipynb", as_version=4)
    nbformat.validate(start)
    shown = next(cell for cell in start.cells if cell.id == "map").outputs[0].data
    assert f"[01 · First](<{FILE}>)" in shown["text/markdown"]
    assert f"<a href='{FILE}'>01 · First</a>" in shown["text/html"]


def test_what_was_not_changed_is_brought_up_to_date(mine: Path, released: Path) -> None:
    (released / FILE).write_bytes(notebook(title="01 · Renamed"))
    (said,) = workspace.update_workspace(mine)
    assert said.startswith("updated: ")
    assert (mine / FILE).read_bytes() == notebook(title="01 · Renamed")


def test_what_a_learner_wrote_is_kept_and_the_new_version_laid_beside(mine: Path, released: Path) -> None:
    own = notebook("def one(): return 1")
    (mine / FILE).write_bytes(own)
    assert workspace.update_workspace(mine) == [], "nothing new, nothing to say"
    for number, title in (("", "Second"), ("2", "Third")):
        new = notebook(title=title)
        (released / FILE).write_bytes(new)
        (said,) = workspace.update_workspace(mine)
        assert "kept your version" in said
        assert (mine / FILE).read_bytes() == own
        assert (mine / f"{UNIT}/{UNIT}.new{number}.ipynb").read_bytes() == new
        assert workspace.update_workspace(mine) == []


def test_a_new_version_that_was_thrown_away_stays_away(mine: Path, released: Path) -> None:
    (mine / FILE).write_bytes(notebook("def one(): return 1"))
    (released / FILE).write_bytes(notebook(title="Second"))
    workspace.update_workspace(mine)
    beside = mine / f"{UNIT}/{UNIT}.new.ipynb"
    beside.unlink()
    workspace.update_workspace(mine)
    assert not beside.exists()


def test_running_a_notebook_is_no_change_and_its_outputs_stay_while_nothing_is_new(mine: Path) -> None:
    shown = json.loads(notebook())
    shown["cells"][1] |= {"execution_count": 1, "outputs": [nbformat.v4.new_output("stream", text="hello")]}
    (mine / FILE).write_text(json.dumps(shown))
    before = (mine / FILE).read_bytes()
    assert workspace.update_workspace(mine) == []
    assert (mine / FILE).read_bytes() == before


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"files": 3}'])
def test_without_its_memory_a_workspace_keeps_everything(mine: Path, released: Path, damage: str) -> None:
    own = notebook("def one(): return 1")
    (mine / FILE).write_bytes(own)
    (mine / paths.MARKER).write_text(damage)
    (released / FILE).write_bytes(notebook(title="Second"))
    workspace.update_workspace(mine)
    assert (mine / FILE).read_bytes() == own


def test_a_notebook_that_was_broken_is_kept(mine: Path, released: Path) -> None:
    (mine / FILE).write_text("half a noteb")
    (released / FILE).write_bytes(notebook(title="Second"))
    assert "kept" in workspace.update_workspace(mine)[0]
    assert (mine / FILE).read_text() == "half a noteb"


def test_a_first_page_with_own_notes_is_kept(mine: Path) -> None:
    page = nbformat.read(mine / "start.ipynb", as_version=4)
    page.cells.append(nbformat.v4.new_markdown_cell("My notes.", id="notes"))
    nbformat.write(page, mine / "start.ipynb")
    workspace.update_workspace(mine)
    assert "My notes." in (mine / "start.ipynb").read_text(encoding="utf-8")
    assert not (mine / "start.new.ipynb").exists()


def test_a_first_page_that_was_run_is_brought_up_to_date(mine: Path) -> None:
    page = nbformat.read(mine / "start.ipynb", as_version=4)
    for cell in page.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="run")], 7
    nbformat.write(page, mine / "start.ipynb")
    progress.record("one", True, 1, 1)
    workspace.update_workspace(mine)
    shown = next(cell for cell in nbformat.read(mine / "start.ipynb", as_version=4).cells if cell.id == "map")
    assert "1 of 2 exercises solved" in shown.outputs[0].data["text/html"]


def test_the_course_itself_and_a_file_are_no_workspace(released: Path, tmp_path: Path) -> None:
    for folder in (released, tmp_path):
        with pytest.raises(workspace.NoWorkspace, match="is the course itself"):
            workspace.update_workspace(folder)
    (tmp_path / "file").touch()
    with pytest.raises(workspace.NoWorkspace, match="is a file"):
        workspace.update_workspace(tmp_path / "file")


# Progress.


def test_tries_are_counted_until_the_first_right_answer(mine: Path) -> None:
    assert progress.attempts("one") == 0
    progress.record("one", False, 1, 3)
    progress.record("one", False, 0, 3)
    assert progress.attempts("one") == 2
    progress.record("one", True, 3, 3)
    progress.record("one", False, 0, 3)
    entry = progress.load()["one"]
    assert entry["passed"]
    assert entry["score"] == entry["max_score"] == 3
    assert entry["failures"] == 2
    assert entry["solved"] is not None
    assert json.loads((mine / "progress.json").read_text()) == progress.load()


def test_nothing_is_written_outside_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.WORKSPACE)
    monkeypatch.chdir(tmp_path)
    assert paths.workspace() is None
    progress.record("one", True, 1, 1)
    assert progress.load() == {}
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_a_workspace_or_none(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.WORKSPACE, "")
    assert paths.workspace() is None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(paths.WORKSPACE, str(mine))
    progress.record("one", True, 1, 1)
    assert progress.load(mine)["one"]["passed"]


@pytest.mark.parametrize("damage", ["", '{"one": ', "[1, 2]", "\ufeff"])
def test_a_damaged_record_is_laid_aside(mine: Path, damage: str) -> None:
    (mine / "progress.json").write_text(damage, encoding="utf-8")
    assert progress.load() == {}
    progress.record("two", True, 1, 1)
    assert (mine / "progress.damaged.json").read_text(encoding="utf-8") == damage
    assert list(progress.load()) == ["two"]


def test_entries_of_another_form_are_passed_over(mine: Path) -> None:
    (mine / "progress.json").write_text('{"one": {"passed": true}, "two": 3}')
    assert progress.load() == {}
    progress.record("one", False, 0, 1)
    assert progress.attempts("one") == 1


def test_a_folder_that_can_not_be_written_costs_nobody_a_point(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    progress.record("one", True, 1, 1)
    assert progress.load() == {}
    assert not [path for path in mine.iterdir() if path.name.startswith(".progress")], "no half file is left behind"


def _record_many(start: int) -> None:
    for number in range(start, start + 20):
        progress.record(f"exercise_{number}", True, 1, 1)


@pytest.mark.long
def test_two_notebooks_at_once_lose_nothing(mine: Path) -> None:
    both = [multiprocessing.get_context("spawn").Process(target=_record_many, args=(start,)) for start in (0, 20)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert len(progress.load()) == 40


def test_checking_is_recorded_opens_hints_and_an_empty_cell_is_no_try(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def causal_mask(T):
        """Nothing yet."""

    with pytest.raises(check_answer.CheckFailed):
        check_answer.check("causal_mask", causal_mask)
    assert progress.load() == {}
    for hints in (1, 2):
        capsys.readouterr()
        with pytest.raises(check_answer.CheckFailed):
            check_answer.check("causal_mask", lambda T: np.triu(np.full((T, T), -np.inf)))
        assert capsys.readouterr().out.count("Hint ") == hints
    check_answer.failures.clear()  # a kernel that is started again
    with pytest.raises(check_answer.CheckFailed):
        check_answer.check("causal_mask", lambda T: np.triu(np.full((T, T), -np.inf)))
    assert capsys.readouterr().out.count("Hint ") == 3
    check_answer.check("causal_mask", lambda T: np.triu(np.full((T, T), -np.inf), k=1))
    assert progress.load()["causal_mask"]["passed"]


# The map.


def test_the_map_shows_what_is_done_and_what_is_next(mine: Path) -> None:
    (mine / "02-second").mkdir()
    (mine / "02-second/02-second.ipynb").write_bytes(notebook(title="02 · Second"))
    assert "▶ 01 · First: 0 of 2" in repr(overview.overview(mine))
    progress.record("one", False, 0, 1)
    assert "`one` (1 try)" in overview.overview()._repr_markdown_()
    progress.record("one", True, 1, 1)
    assert "exercise `two`" in repr(overview.overview())
    progress.record("two", True, 1, 1)
    shown = repr(overview.overview())
    assert "✓ 01 · First: 2 of 2" in shown
    assert "Everything is solved" in shown


def test_the_map_shows_the_hints_that_are_open_and_what_was_solved_last(mine: Path) -> None:
    hints = ("What is asked?", "The formula.", "Nearly the code.")
    progress.record("one", False, 0, 1, hints)
    assert "- `one`: What is asked?\n" in overview.overview()._repr_markdown_() + "\n"
    progress.record("one", False, 0, 1, hints)
    shown = overview.overview()._repr_markdown_()
    assert "- `one`: What is asked? · The formula.\n" in shown + "\n"
    assert "Last solved" not in shown
    progress.record("one", True, 1, 1)
    shown = overview.overview()._repr_markdown_()
    assert "Open hints" not in shown
    day = progress.load()["one"]["solved"]
    assert day is not None and f"Last solved: `one`, on {day[:10]}." in shown


def test_a_record_from_before_hints_were_kept_still_counts(mine: Path) -> None:
    old = {"one": {"failures": 2, "max_score": 1.0, "passed": False, "score": 0.0, "solved": None}}
    (mine / "progress.json").write_text(json.dumps(old))
    assert progress.attempts("one") == 2
    assert "`one` (2 tries)" in overview.overview()._repr_markdown_()


def test_a_broken_notebook_has_no_place_on_the_map(mine: Path) -> None:
    (mine / FILE).write_text("{}")
    assert overview.overview().units == []
