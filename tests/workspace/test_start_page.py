"""The way in and the way out of a workspace: first page, tracks, the fifteen questions, and the page a learner keeps."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from support.clone import ROOT, run
from support.rounding import rounded

from autograder import paths
from autograder.course.execute import WIDGET_VIEW
from autograder.workspace import course_map, overview, progress, start_outputs, start_page, workspace
from autograder.workspace.diagnostic_page import diagnostic_notebook
from autograder.workspace.progress_page import PAGE, render_page
from autograder.workspace.where_to_begin import questions, where_to_begin

UNITS = {path.parent.name for path in (ROOT / "source").glob("*/lesson.md")}
COMING: set[str] = set()  # on a track already; shown as soon as the unit is there
NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of the whole course."""
    folder = tmp_path_factory.mktemp("workspace") / "mine"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(folder.parent / "jupyter"))
        assert workspace.update_workspace(folder) == []
    return folder


@pytest.fixture
def page(mine: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(mine / start_page.START, as_version=4)
    nbformat.validate(notebook)
    return notebook


def solve(folder: Path, monkeypatch: pytest.MonkeyPatch, *ids: str) -> None:
    monkeypatch.setenv(paths.WORKSPACE, str(folder))
    for id in ids:
        progress.record(id, False, 0, 1)
        progress.record(id, True, 1, 1)


# The first page.


def test_every_link_of_the_first_page_leads_to_a_file(mine: Path, page: nbformat.NotebookNode) -> None:
    texts = [cell.source for cell in page.cells if cell.cell_type == "markdown"]
    texts += [output.data.get("text/markdown", "") for cell in page.cells for output in cell.get("outputs", [])]
    targets = {target for text in texts for target in re.findall(r"\]\(<([^>]+)>\)", text)}
    assert len(targets) >= len(UNITS) + 4
    assert [target for target in targets if not (mine / target).is_file()] == []


def test_it_opens_with_the_widget_and_the_picture_and_both_have_a_text(page: nbformat.NotebookNode) -> None:
    shown = {cell.id: cell.outputs[0].data for cell in page.cells if cell.cell_type == "code"}
    assert list(shown) == ["widget", "picture", "map"]
    model = shown["widget"][WIDGET_VIEW]["model_id"]
    state = page.metadata.widgets[start_page.WIDGET_STATE]["state"]
    assert set(state) == {model, "layout"}, "the widget and its layout, which JupyterLab needs to show it"
    assert set(state[model]["state"]["recorded"]) == {"causal", "one_ahead", "none"}
    assert all("text/plain" in data and "text/html" in data for data in shown.values())
    assert 'alt="A transformer, from top to bottom.' in shown["picture"]["text/html"]


def test_what_was_drawn_for_it_is_up_to_date() -> None:
    drawn, kept = start_outputs.draw_outputs(), start_outputs.read_outputs()
    assert rounded(json.dumps(drawn, sort_keys=True)) == rounded(json.dumps(kept, sort_keys=True)), "make gallery"


def test_the_same_workspace_gives_the_same_page(mine: Path) -> None:
    assert start_page.start_notebook(mine) == start_page.start_notebook(mine)


def test_exercises_have_titles_and_the_map_knows_what_the_page_needs_to_follow(mine: Path) -> None:
    shown = overview.overview(mine)
    assert {unit.card.name for unit in shown.units} == UNITS
    html = shown._repr_html_()
    told = [json.loads(re.sub("&quot;", '"', found)) for found in re.findall(r"data-exercises='([^']*)'", html)]
    assert [[id for id, _ in row] for row in told] == [unit.exercises for unit in shown.units]
    titles = [title for unit in shown.units for title in unit.card.exercises.values()]
    assert not [title for title in titles if title.startswith("`") and title.endswith("`")], "an id in place of a title"
    for sign in ("lc-map", "lc-total", "lc-all", "lc-count", "lc-sign"):
        assert sign in html.partition("<script>")[0], sign
        assert sign in overview.FOLLOW, sign


# Minutes and tracks.


def test_minutes_follow_from_the_notebook(tmp_path: Path) -> None:
    def cell(kind: str, source: str, **mark: object) -> dict[str, object]:
        return {"cell_type": kind, "source": source, "metadata": {"nbgrader": mark} if mark else {}}

    cells = [
        cell("markdown", "# 99 · Long\n\n" + "word " * 1500),
        cell("markdown", "### Do it", grade_id="prompt_a"),
        cell("code", "", grade_id="a", solution=True),
        cell("code", "", grade_id="check_a", grade=True),
        cell("code", "", grade_id="check_quiz_b", grade=True),
    ]
    (tmp_path / "99-long.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    card = course_map.read_card(tmp_path / "99-long.ipynb")
    assert card is not None
    assert (card.title, card.exercises) == ("99 · Long", {"a": "Do it", "quiz_b": "`quiz_b`"})
    assert card.reading == pytest.approx(10, abs=0.2)
    assert (card.minutes(), card.minutes([]), card.minutes(["quiz_b"])) == (15, 10, 10)


def test_the_first_page_says_how_minutes_are_counted(page: nbformat.NotebookNode) -> None:
    (said,) = [cell.source for cell in page.cells if cell.id == "map-text"]
    rates = [float(number) for number in re.findall(r"(\d+) (?:words|seconds|minutes)", said)]
    words, *seconds, minutes = rates
    assert (words, minutes) == (course_map.WORDS_PER_MINUTE, course_map.MINUTES_PER_EXERCISE)
    assert seconds == pytest.approx([60 * course_map.MINUTES_PER_CELL, 60 * course_map.MINUTES_PER_QUIZ])


def test_tracks_name_units_and_exercises_that_are_there_and_the_spine_takes_its_90_minutes(mine: Path) -> None:
    cards = {unit.card.name: unit.card for unit in overview.overview(mine).units}
    tracks = course_map.read_tracks()
    assert len(tracks) == 3
    for track in tracks:
        for step in track.steps:
            assert step.unit in UNITS | COMING, step.unit
            assert set(step.exercises or ()) <= set(cards[step.unit].exercises if step.unit in cards else ())
        assert [step.unit for step in track.steps] == sorted(step.unit for step in track.steps)
    assert sum(cards[step.unit].minutes(step.exercises) for step in tracks[0].steps) == 90


# Where to begin.


def test_fifteen_questions_each_for_a_unit_with_one_right_answer() -> None:
    assert len(questions()) == 15
    assert {question.unit for question in questions()} <= UNITS
    assert all(len(question.quiz.key) == 1 for question in questions())
    assert len({"".join(question.quiz.key) for question in questions()}) > 1, "the right letter varies"


def test_who_knows_all_begins_with_the_audits_and_who_knows_nothing_with_unit_01() -> None:
    right = {question.number: min(question.quiz.key) for question in questions()}
    assert where_to_begin(right).unit is None
    assert where_to_begin({}).unit == questions()[0].unit
    assert "15 of 15" in repr(where_to_begin(right))


@pytest.mark.parametrize("missed", range(1, 16))
def test_one_begins_where_the_first_answer_is_wrong_and_hears_why(missed: int) -> None:
    question = questions()[missed - 1]
    wrong = next(option for option in question.quiz.options if not option.right)
    answers = {each.number: min(each.quiz.key) for each in questions()} | {missed: wrong.letter.lower()}
    advice = where_to_begin(answers)
    assert advice.unit == question.unit
    assert wrong.why in repr(advice)
    assert f"Begin in unit [{question.unit[:2]}](<{question.unit}/{question.unit}.ipynb>)" in advice._repr_markdown_()


def test_the_page_with_the_questions_does_not_tell_the_answers() -> None:
    notebook = nbformat.reads(diagnostic_notebook().decode(), as_version=4)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    for question in questions():
        assert question.text in text
        assert not [option.why for option in question.quiz.options if option.why in text]
    scope: dict[str, object] = {}
    code = notebook.cells[-1].source.replace("\nwhere_to_begin(", "\nshown = where_to_begin(")
    exec(code, scope)
    assert "0 of 15" in repr(scope["shown"])


# The page to keep.


def test_the_page_to_keep_tells_what_was_solved_and_when(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No exercise has been tried yet." in render_page(overview.overview(mine), NOW)
    solve(mine, monkeypatch, "left_context", "causal_mask")
    done = run(ROOT, "leftcontext", "progress", mine, "--page")
    assert (done.returncode, done.stderr) == (0, "")
    html = (mine / PAGE).read_text(encoding="utf-8")
    assert "<script" not in html and "http" not in html
    day = str(progress.load(mine)["causal_mask"]["solved"])[:10]
    assert html.count(f"<td>✓ {day}</td><td>1</td><td>1 of 1</td>") == 2
    titles = {id: title for unit in overview.overview(mine).units for id, title in unit.card.exercises.items()}
    for id in ("left_context", "causal_mask"):
        assert f"<tr><td>{titles[id]}</td>" in html
    assert "01 · The left context: 1 of " in run(ROOT, "leftcontext", "progress", mine).stdout


def test_a_folder_that_is_no_workspace_is_refused(tmp_path: Path) -> None:
    done = run(ROOT, "leftcontext", "progress", tmp_path, "--page")
    assert done.returncode == 2
    assert "is no workspace" in done.stderr
