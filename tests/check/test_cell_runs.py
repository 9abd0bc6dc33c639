"""`check` in a kernel where the newest definition is not the one that is on the screen."""

import os
from collections.abc import Callable, Iterator

import nbclient
import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from autograder import cell_runs, check_answer, paths
from autograder.bank import catalog
from autograder.course.exercise_cells import exercise_cells

Run = Callable[..., str]
RIGHT = "def left_context(tokens, i):\n    return tokens[: i + 1]"
FIRST = "import numpy as np\nfrom leftcontext import check"
NOT_YET = f"NameError: left_context is not defined yet: run the cell in which you write it.\n{cell_runs.RESTART}"
CHECK = 'check("left_context", left_context)'


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a cell of a fresh shell, with the id that JupyterLab would send, and returns all that it shows."""
    monkeypatch.delenv(cell_runs.NBGRADER_EXECUTION, raising=False)
    monkeypatch.setattr(check_answer, "failures", {})
    cell_runs._runs.clear()
    cell_runs._first_cells.clear()
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    shell.history_manager.enabled = False
    cell_runs.watch()

    def run_cell(source: str, cell: str | None = None) -> str:
        with capture_output() as shown:
            shell.run_cell(source, cell_id=cell)
        displayed = "".join(output.data.get("text/plain", "") for output in shown.outputs)
        return str(shown.stdout + shown.stderr + displayed)

    run_cell(FIRST)
    yield run_cell
    InteractiveShell.clear_instance()


def test_a_definition_that_ran_is_judged(run: Run) -> None:
    run(RIGHT, "left_context")
    assert "✓ left_context" in run(CHECK)


@pytest.mark.parametrize("cell", ["left_context", None])
def test_after_a_syntax_error_nothing_is_judged(run: Run, cell: str | None) -> None:
    run(RIGHT, cell)
    run("def left_context(tokens, i):\n    return tokens[: i + 1", cell)
    said = run(CHECK)
    assert "Not judged" in said and "SyntaxError in line 2" in said
    assert "✓" not in said and "✗" not in said
    assert check_answer.failures == {}
    run(RIGHT, cell)
    assert "✓ left_context" in run(CHECK)


@pytest.mark.parametrize("cell", ["left_context", None])
def test_a_mistyped_name_is_said(run: Run, cell: str | None) -> None:
    docstring = f'"""{catalog.find("left_context").load().reference.__doc__}"""'  # type: ignore[union-attr]
    stub = f"def left_context(tokens, i):\n    {docstring}"
    run(stub, cell)
    run(stub.replace("left_context", "left_contxt") + "\n    return tokens[: i + 1]", cell)
    said = run(CHECK)
    assert "defines `left_contxt`; the exercise asks for `left_context`" in said
    assert "Not written" not in said


def test_a_quiz_without_quotes_is_not_judged_by_its_old_letter(run: Run) -> None:
    run('quiz_one_mechanism = "C"', "quiz_one_mechanism")
    run("quiz_one_mechanism = B", "quiz_one_mechanism")
    said = run('check("quiz_one_mechanism", quiz_one_mechanism)')
    assert "ended with a NameError" in said and "✓" not in said
    run('quiz_one_mechanism = "C"', "quiz_one_mechanism")  # the very same object as before
    assert "✓" in run('check("quiz_one_mechanism", quiz_one_mechanism)')


BROKEN = "def left_context(tokens, i):\n    return tokens[: i + 1"
WAYS = {
    "a lambda": "left_context = lambda tokens, i: tokens[: i + 1]",
    "decorated": "import functools\n@functools.cache\ndef slice_to(i):\n    return slice(i + 1)\n"
    "def left_context(tokens, i):\n    return tokens[slice_to(i)]",
    "from a factory": "def made(extra):\n    return lambda tokens, i: tokens[: i + extra]\nleft_context = made(1)",
    "by exec": f"exec({RIGHT!r})",
    "by globals": "globals()['left_context'] = lambda tokens, i: tokens[: i + 1]",
    "in a branch": "if True:\n    def left_context(tokens, i):\n        return tokens[: i + 1]",
    "under a magic": f"%%time\n{RIGHT}",
    "before an error": f"{RIGHT}\n1 / 0",
}


@pytest.mark.parametrize("way", WAYS)
def test_any_way_to_define_an_answer_counts(run: Run, way: str) -> None:
    run(BROKEN, "left_context")
    run(WAYS[way], "another")
    run("x = left_context(np.arange(3), 1")  # a use that is not Python does not spoil it
    run("def helper(x):\n    return x\nhelper(1)", "left_context")
    run("def left_context_v2(tokens, i):\n    return None", "a third")
    assert "✓ left_context" in run(CHECK)


def test_what_is_not_the_kernels_own_name_is_judged(run: Run) -> None:
    run(RIGHT, "left_context")
    run(BROKEN, "left_context")
    assert "✓ left_context" in run('check("left_context", lambda tokens, i: tokens[: i + 1])')
    assert "✓ left_context" in run(f"{RIGHT}\n{CHECK}")


def test_an_answer_that_is_not_defined_names_the_cell_to_run(run: Run) -> None:
    said = run(CHECK)
    assert "NameError: left_context is not defined yet: run the cell in which you write it." in said
    assert "Run All Above" in said and "Traceback" not in said
    run(BROKEN, "left_context")
    assert "The cell with left_context ended with a SyntaxError" in run(CHECK)
    assert "Traceback" in run("print(another_name)")  # every other error as it was


def checking_cell() -> str:
    """The cell that checks an answer, as it is handed out."""
    return str(exercise_cells(catalog.find("left_context"))[2].source)


def errors_in_a_new_kernel(sources: list[str], startup: str = "") -> list[str]:
    """What is shown of the errors of cells, the first of a kernel that IPython's own program starts."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = nbclient.NotebookClient(notebook, kernel_name="python3", allow_errors=True, timeout=60)
    client.execute(env={**os.environ, "PYTHONSTARTUP": startup})
    errors = [output for cell in notebook.cells for output in cell.outputs if output.output_type == "error"]
    assert {error.ename for error in errors} == {"NameError"}
    return ["\n".join(error.traceback) for error in errors]


def test_a_kernel_of_the_lab_explains_what_a_restart_took_away() -> None:
    startup = paths.PACKAGE / "jupyter" / "kernel_startup.py"
    sources = ["AttentionMap()", CHECK, checking_cell(), "AttentionMap()", FIRST, "AttentionMap()"]
    said = errors_in_a_new_kernel(sources, str(startup))
    started = f"is not defined in this kernel, which has just been started.\n{cell_runs.RESTART}"
    assert said[0] == said[3] == f"NameError: AttentionMap {started}"
    assert said[1] == f"NameError: check {started}"
    assert said[2] == NOT_YET
    assert "Traceback" in said[4]


def test_a_check_says_in_any_new_kernel_which_cell_to_run() -> None:
    assert errors_in_a_new_kernel([checking_cell()]) == [NOT_YET]


def test_nothing_is_recorded_while_a_notebook_is_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cell_runs.NBGRADER_EXECUTION, "autograde")
    sources = ["from leftcontext import check", RIGHT, BROKEN, CHECK]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, kernel_name="python3", allow_errors=True, timeout=60).execute()
    assert "✓ left_context" in notebook.cells[-1].outputs[0].data["text/plain"]
