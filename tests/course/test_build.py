"""The build: the same bytes twice, what nbgrader makes, no edit lost, drift named, lessons in style."""

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.clone import ROOT, run

from autograder.bank import catalog
from autograder.course import build, install_guard
from autograder.course.checksums import CHECKSUM_FILE, edited_by_hand, read_checksums
from autograder.course.course import Course, NoCourse
from autograder.course.execute import RunError
from autograder.course.exercise_cells import code_answer, quiz_answer
from autograder.course.lesson import LessonError, read_lesson
from autograder.course.style_check import MAX_CODE_LINES, check_style, count_words, find_spoilers
from autograder.exercise.exercise import Exercise
from autograder.exercise.quiz import Quiz

UNIT = "98-try"
LESSON = """# A try

One text.

```{code-cell}
import numpy as np
from autograder import check
```

Another text, then an exercise in the middle of it:

{exercise}`causal_attention`

and text after it.

```{code-cell}
:tags: [skip-execution]
raise SystemExit
```

```{code-cell}
np.eye(2)
```

{exercise}`quiz_left_context`
"""


@pytest.fixture
def course(tmp_path: Path) -> Course:
    (tmp_path / "source" / UNIT).mkdir(parents=True)
    (tmp_path / "source" / UNIT / "lesson.md").write_text(LESSON, encoding="utf-8")
    (tmp_path / "nbgrader_config.py").write_bytes((ROOT / "nbgrader_config.py").read_bytes())
    return Course(tmp_path)


def built(course: Course, run: bool = False, **options: Any) -> build.BuildResult:
    """Build, and `run` the worked notebook if it has changed."""
    unit = build.render_unit(course, UNIT)
    done = build.write_unit(course, unit, **options)
    if run and done.needs_execution:
        build.run_unit(course, unit)
    return done


def everything(course: Course) -> dict[str, bytes]:
    return {
        path.relative_to(course.root).as_posix(): path.read_bytes()
        for path in sorted(course.root.rglob("*"))
        if path.is_file() and "course/" not in path.as_posix().removeprefix(course.root.as_posix())
    }


def rewrite(course: Course, old: str, new: str) -> None:
    path = course.root / "source" / UNIT / "lesson.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def edit(path: Path, cell: int, source: str) -> bytes:
    """Change a cell as an editor does, and give the file as it is then."""
    notebook = json.loads(path.read_bytes())
    notebook["cells"][cell]["source"] = source
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path.read_bytes()


# What a lesson becomes.


def test_text_code_and_exercises_become_cells_in_order(course: Course) -> None:
    cells = read_lesson(course.root / "source" / UNIT).notebook.cells
    assert [cell.cell_type[0] for cell in cells] == list("mcmmccmccmcc")
    assert cells[2].source == "Another text, then an exercise in the middle of it:"
    assert cells[6].source == "and text after it."
    marks = [cell.metadata.get("nbgrader", {}) for cell in cells]
    assert [mark["grade_id"] for mark in marks if mark] == [
        "prompt_causal_attention", "causal_attention", "check_causal_attention",
        "prompt_quiz_left_context", "quiz_left_context", "check_quiz_left_context",
    ]  # fmt: skip
    assert cells[5].source == 'from leftcontext import check\ncheck("causal_attention", causal_attention)'
    assert marks[5]["points"] == catalog.find("causal_attention").load().points
    nbformat.validate(read_lesson(course.root / "source" / UNIT).notebook)


def test_a_cell_keeps_its_id_when_others_change(course: Course) -> None:
    before = [cell.id for cell in read_lesson(course.root / "source" / UNIT).notebook.cells]
    rewrite(course, "One text.", "Some other text.")
    after = [cell.id for cell in read_lesson(course.root / "source" / UNIT).notebook.cells]
    assert after[1:] == before[1:]
    assert after[0] != before[0]


def test_two_cells_that_say_the_same_differ_in_their_ids(course: Course) -> None:
    rewrite(course, "np.eye(2)", "import numpy as np\nfrom autograder import check")
    ids = [cell.id for cell in read_lesson(course.root / "source" / UNIT).notebook.cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{exercise}`causal_attention`", "{exercise}`casual_attention`", "line 12: .*Did you mean causal_attention"),
        ("{exercise}`causal_attention`", "See {exercise}`causal_attention` now.", "line 10: .*a line of its own"),
        ("and text after it.", "{exercise}`causal_attention`", "line 14: .*inserted twice"),
    ],
)
def test_a_wrong_call_names_its_place(course: Course, old: str, new: str, said: str) -> None:
    rewrite(course, old, new)
    with pytest.raises(LessonError, match=rf"source/{UNIT}/lesson\.md, {said}"):
        build.render_unit(course, UNIT)


def test_the_answer_cell_of_code_keeps_signature_and_docstring() -> None:
    exercise = Exercise("a topic")

    @exercise.solution
    def double(
        x,
        y=1,
    ):
        """x -> 2 x."""
        # a comment of the solution
        return 2 * x

    begin, end = "    ### BEGIN SOLUTION", "    ### END SOLUTION"
    head = "def double(\n    x,\n    y=1,\n):\n" + '    """x -> 2 x."""'
    assert code_answer(exercise) == f"{head}\n{begin}\n    # a comment of the solution\n    return 2 * x\n{end}"


def test_code_to_fix_stands_before_the_solution() -> None:
    exercise = Exercise("a topic")

    @exercise.starter
    def broken(x):
        """x -> 2 x."""
        return 3 * x

    @exercise.solution
    def double(x):
        """x -> 2 x."""
        return 2 * x

    answer = code_answer(exercise)
    handed_out, solution = answer.split("### BEGIN SOLUTION\n")
    assert handed_out.startswith('def double(x):\n    """x -> 2 x."""\n    return 3 * x\n')
    assert solution == 'def double(x):\n    """x -> 2 x."""\n    return 2 * x\n### END SOLUTION'


def test_a_solution_without_a_docstring_is_refused() -> None:
    exercise = Exercise("a topic")

    @exercise.solution
    def double(x):
        return 2 * x

    with pytest.raises(ValueError, match="docstring"):
        code_answer(exercise)


def test_a_quiz_shows_its_options_and_hides_its_key() -> None:
    quiz = Quiz("quiz_x", "a topic")
    quiz.right("the one", "because")
    quiz.wrong("```\n1 0\n1 1\n```", "no, since", "an_idea")
    assert quiz.options_markdown() == "- **A.** the one\n- **B.**\n\n  ```\n  1 0\n  1 1\n  ```\n"
    assert quiz_answer(quiz).split("\n")[0] == 'quiz_x = ""  # your answer: one letter, as in "A"'
    quiz.right("another", "because")
    names: dict[str, Any] = {}
    exec(quiz_answer(quiz), names)
    assert names["quiz_x"] == {"A", "C"}


# What is written.


def test_a_second_build_changes_no_byte(course: Course) -> None:
    built(course, run=True)
    first = everything(course)
    assert set(first) >= {f"{step}/{UNIT}/{UNIT}.ipynb" for step in ("source", "notebooks", "solutions")} | {CHECKSUM_FILE}
    again = built(course)
    assert not again.written
    assert not again.needs_execution
    assert everything(course) == first


def test_built_notebooks_hold_no_output_and_no_version(course: Course) -> None:
    built(course)
    for step in ("source", "notebooks"):
        notebook = json.loads((course.root / step / UNIT / f"{UNIT}.ipynb").read_bytes())
        assert notebook["metadata"] == {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook["cells"])


def test_the_worked_notebook_is_run_and_what_passes_is_left_out(course: Course) -> None:
    rewrite(course, "np.eye(2)", "class Thing: ...\n\nThing()")
    built(course, run=True)
    text = (course.root / f"solutions/{UNIT}/{UNIT}.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    results = [cell.outputs[0].data["text/plain"] for cell in notebook.cells if cell.id and cell.get("outputs")]
    assert "<__main__.Thing at 0x…>" in results
    assert "✓ causal_attention" in text
    assert "execution" not in {key for cell in notebook.cells for key in cell.metadata}
    assert notebook.metadata == json.loads((course.root / f"source/{UNIT}/{UNIT}.ipynb").read_bytes())["metadata"]
    skipped = next(cell for cell in notebook.cells if cell.source == "raise SystemExit")
    assert skipped.execution_count is None


@pytest.mark.long
def test_a_worked_notebook_that_warns_or_fails_is_not_written(course: Course) -> None:
    rewrite(course, "np.eye(2)", 'import warnings\nwarnings.warn("beware")')
    with pytest.raises(RunError, match=rf"source/{UNIT}/lesson\.md, line \d+: .*beware"):
        built(course, run=True)
    rewrite(course, 'import warnings\nwarnings.warn("beware")', "1 / 0")
    with pytest.raises(RunError, match=r"lesson\.md, line \d+: .*ZeroDivisionError"):
        built(course, run=True)
    rewrite(course, "1 / 0", 'def causal_attention(Q, K, V): return V\ncheck("causal_attention", causal_attention)')
    with pytest.raises(RunError, match="CheckFailed"):
        built(course, run=True)
    assert not (course.root / f"solutions/{UNIT}/{UNIT}.ipynb").exists()


def test_a_worked_notebook_whose_check_fails_is_not_written(course: Course) -> None:
    unit = build.render_unit(course, UNIT)
    right = re.search(r'quiz_left_context = \\"(\w)\\"', unit.files[unit.worked].decode())
    assert right is not None
    wrong = "A" if right[1] != "A" else "B"
    text = unit.files[unit.worked].decode().replace(right[0], right[0].replace(right[1] + "\\", wrong + "\\"))
    assert text != unit.files[unit.worked].decode()
    unit.files[unit.worked] = text.encode()
    with pytest.raises(RunError, match=r"quiz_left_context\.md: .*CheckFailed"):
        build.run_unit(course, unit)


def test_only_a_change_of_its_cells_runs_the_worked_notebook_again(course: Course) -> None:
    built(course, run=True)
    assert not built(course).needs_execution
    assert built(course, execute=True).needs_execution
    rewrite(course, "np.eye(2)", "np.eye(3)")
    assert built(course).needs_execution


def test_data_beside_a_lesson_travels_with_it(course: Course) -> None:
    (course.root / "source" / UNIT / "table.csv").write_bytes(b"1,2\r\n\xff")
    (course.root / "source" / UNIT / "ex_10_secret.py").write_text("")
    built(course, run=True)
    for step in ("notebooks", "solutions"):
        names = {path.name for path in (course.root / step / UNIT).iterdir()}
        assert names == {f"{UNIT}.ipynb", "table.csv"}
        assert (course.root / step / UNIT / "table.csv").read_bytes() == b"1,2\r\n\xff"


# What is never overwritten.


@pytest.mark.parametrize("step", ["source", "notebooks", "solutions"])
def test_an_edit_by_hand_is_kept_and_its_place_is_named(course: Course, step: str) -> None:
    built(course, run=step == "solutions")
    path = course.root / step / UNIT / f"{UNIT}.ipynb"
    mine = edit(path, 2, "My own words.")
    done = built(course)
    (refused,) = done.refused
    assert path.read_bytes() == mine
    assert f"changed: cell 3, which comes from source/{UNIT}/lesson.md, line 10" in str(refused)
    assert f"leftcontext build --force {UNIT}" in str(refused)
    assert done.needs_execution is (step != "solutions")
    done = built(course, run=step == "solutions", force=True)
    assert not done.refused
    assert path.read_bytes() != mine


def test_an_edit_of_an_exercise_leads_to_its_file(course: Course) -> None:
    built(course)
    edit(course.root / f"source/{UNIT}/{UNIT}.ipynb", 4, "def causal_attention(): ...")
    (refused,) = built(course).refused
    assert "which comes from source/07-causal-attention/ex_10_causal_attention.py" in str(refused)


def test_new_lost_and_moved_cells_are_named(course: Course) -> None:
    built(course)
    path = course.root / f"notebooks/{UNIT}/{UNIT}.ipynb"
    notebook = json.loads(path.read_bytes())
    cells = notebook["cells"]
    cells[0], cells[1] = cells[1], cells[0]
    del cells[8]
    cells.append({"cell_type": "markdown", "id": "mine", "metadata": {}, "source": "mine"})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    (refused,) = built(course).refused
    said = "\n".join(refused.edits)
    assert "new: cell 12, after source/01-left-context/quiz_left_context.md" in said
    assert f"gone: the cell that comes from source/{UNIT}/lesson.md" in said
    assert "moved:" in said


def test_running_and_saving_is_no_edit(course: Course) -> None:
    built(course)
    path = course.root / f"notebooks/{UNIT}/{UNIT}.ipynb"
    before = path.read_bytes()
    notebook = json.loads(before)
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.14.0"}
    notebook["cells"][1] |= {"execution_count": 3, "outputs": [nbformat.v4.new_output("stream", text="hello")]}
    notebook["cells"][1]["metadata"]["execution"] = {"iopub.status.busy": "2030"}
    path.write_text(json.dumps(notebook, indent=4), encoding="utf-8")
    assert not built(course).refused
    assert path.read_bytes() == before


def test_a_file_that_the_build_never_made_is_kept(course: Course) -> None:
    path = course.root / f"notebooks/{UNIT}/{UNIT}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("not a notebook", encoding="utf-8")
    assert [edit.path for edit in built(course).refused] == [f"notebooks/{UNIT}/{UNIT}.ipynb"]
    assert path.read_text() == "not a notebook"


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def test_a_merge_of_two_builds_raises_no_alarm(course: Course) -> None:
    (course.root / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    unit = build.render_unit(course, UNIT)
    build.write_unit(course, unit)
    git(course.root, "init", "-q", "-b", "main")
    for branch, old, new in (("ours", "One text.", "One long text."), ("theirs", "np.eye(2)", "np.eye(5)")):
        git(course.root, "add", "-A", ":!course")
        git(course.root, "commit", "-q", "-m", "base", "--allow-empty")
        git(course.root, "checkout", "-q", "-b", branch, "main" if branch == "theirs" else "HEAD")
        rewrite(course, old, new)
        build.write_unit(course, build.render_unit(course, UNIT))
        git(course.root, "add", "-A", ":!course")
        git(course.root, "commit", "-q", "-m", branch)
    git(course.root, "merge", "-q", "ours", "-m", "merge")
    assert len(read_checksums(course.root)[f"source/{UNIT}/{UNIT}.ipynb"]) == 2
    done = build.write_unit(course, build.render_unit(course, UNIT))
    assert not done.refused
    assert not done.written, "what git merged is what the build makes"
    assert len(read_checksums(course.root)[f"source/{UNIT}/{UNIT}.ipynb"]) == 1


def test_a_merge_that_stopped_half_way_is_built_over(course: Course) -> None:
    built(course)
    assert not edited_by_hand(course.root, "source/x.ipynb", b"{\n<<<<<<< HEAD\n 1\n=======\n 2\n>>>>>>> theirs\n}")


# What has drifted.


def test_drift_names_what_is_missing_stale_stray_and_not_run(course: Course) -> None:
    assert len(build.find_drift(course, build.render_unit(course, UNIT))) == 3
    built(course, run=True)
    assert build.find_drift(course, build.render_unit(course, UNIT)) == []
    rewrite(course, "One text.", "Another text.")
    (course.root / "notebooks" / UNIT / "stray.txt").write_text("")
    (course.root / "solutions" / "97-gone").mkdir()
    wrong = build.find_drift(course, build.render_unit(course, UNIT))
    assert [line.split()[0] for line in wrong] == [
        *(f"{step}/{UNIT}/{UNIT}.ipynb" for step in ("source", "notebooks", "solutions")),
        f"notebooks/{UNIT}/stray.txt",
    ]
    assert build.find_leftovers(course) == ["solutions/97-gone/ has no unit in source/. Delete it."]


def test_a_worked_notebook_without_outputs_is_drift(course: Course) -> None:
    built(course)
    path = course.root / f"solutions/{UNIT}/{UNIT}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(build.render_unit(course, UNIT).files[f"solutions/{UNIT}/{UNIT}.ipynb"])
    assert len(build.find_drift(course, build.render_unit(course, UNIT))) == 1


def test_a_course_and_its_units_are_found(course: Course, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert Course.around(course.root / "source" / UNIT) == course
    assert course.units(["98"]) == [UNIT]
    with pytest.raises(NoCourse, match=r"no unit called 'tri'\. Did you mean 98-try"):
        course.units(["tri"])
    with pytest.raises(NoCourse, match="clone of Left Context"):
        Course.around(tmp_path_factory.mktemp("nowhere"))


@pytest.mark.long
def test_the_command_builds_checks_and_refuses(course: Course) -> None:
    root = course.root
    done = run(ROOT, "leftcontext", "build", "--check", cwd=root)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"Run: leftcontext build {UNIT}"
    done = run(ROOT, "leftcontext", "build", "--no-execute", cwd=root)
    assert done.returncode == 0, done.stderr
    assert f"wrote notebooks/{UNIT}/{UNIT}.ipynb" in done.stdout
    edit(root / f"notebooks/{UNIT}/{UNIT}.ipynb", 0, "mine")
    done = run(ROOT, "leftcontext", "build", "--no-execute", cwd=root)
    assert done.returncode == 1
    assert "was edited by hand" in done.stderr


# The install guard.


def test_a_lesson_of_the_course_begins_its_code_with_the_install_guard_and_another_one_has_none(course: Course) -> None:
    assert install_guard.ID not in read_lesson(course.root / "source" / UNIT).origins
    rewrite(course, "from autograder import check", "from leftcontext import check")
    cells = read_lesson(course.root / "source" / UNIT).notebook.cells
    code = [cell.id for cell in cells if cell.cell_type == "code"]
    assert code.index(install_guard.ID) == 0
    assert code.count(install_guard.ID) == 1
    for folder in ("notebooks", "solutions"):
        files = build.render_unit(course, UNIT).files
        assert install_guard.GUARD in nbformat.reads(files[f"{folder}/{UNIT}/{UNIT}.ipynb"].decode(), 4).cells[1].source


@pytest.mark.parametrize("installed", [True, False])
def test_the_install_guard_says_in_two_lines_what_to_install_and_nothing_where_all_is_well(installed: bool) -> None:
    # The packages without the .pth files of site-packages, one of which names this clone.
    paths = [*sysconfig.get_paths().values(), *([str(ROOT)] if installed else [])]
    code = "from IPython.core.interactiveshell import InteractiveShell as S; S().run_cell(GUARD)"
    program = f"import sys; sys.path[:0] = {paths!r}; GUARD = {install_guard.GUARD!r}; {code}"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    lines = (done.stdout + done.stderr).splitlines()
    if installed:
        assert lines == []
    else:
        install, other = lines
        assert "make lab" in install
        assert "pip install -e '.[course]'" in other


# This course's own lessons.


@pytest.mark.parametrize("name", Course(ROOT).units())
def test_a_lesson_is_in_rhythm_and_holds_its_exercises(name: str) -> None:
    course = Course(ROOT)
    unit = build.render_unit(course, name)
    assert check_style(unit) == []
    assert build.find_drift(course, unit) == []
    own = {entry.id for entry in catalog.entries().values() if entry.unit == name}
    assert own <= set(unit.origins), "exercises of the unit that its lesson does not call in"


def test_an_alt_text_after_a_prediction_is_a_spoiler_and_a_computed_one_is_not() -> None:
    ask = {"cell_type": "markdown", "source": ["**Predict** the shape."]}
    tell = {"cell_type": "markdown", "source": ["Look at it."]}
    said = {"cell_type": "code", "source": ["show_matrix(x, ", 'alt="A staircase.")']}
    computed = {"cell_type": "code", "source": ["show_matrix(x, ", 'alt=f"{x}")']}
    other = {"cell_type": "code", "source": ["x = 1"]}
    assert list(find_spoilers([ask, other, said])) == [said]
    assert list(find_spoilers([ask, computed, tell, said])) == []


def test_words_are_those_that_are_read() -> None:
    assert count_words("The *mask* has $T \\times T$ cells; see [the paper](https://example.org/a/b).") == 8


@pytest.mark.parametrize("folder", ["notebooks", "source", "solutions"])
def test_no_code_of_a_built_notebook_is_long(folder: str) -> None:
    """The worked versions too, where a cell may hold a broken function and its repair."""
    cells = {
        f"{path.parent.name} {cell['id']}": "".join(cell["source"]).count("\n") + 1
        for path in (ROOT / folder).glob("*/*.ipynb")
        for cell in json.loads(path.read_bytes())["cells"]
        if cell["cell_type"] == "code"
    }
    assert cells
    assert {name: lines for name, lines in cells.items() if lines > MAX_CODE_LINES} == {}
