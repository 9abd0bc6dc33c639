"""What was typed is there for a test that looks at it, as in a kernel of Jupyter's; what a cell does to it costs no other cell."""

from collections.abc import Iterator

import pytest

from autograder.grading import ipython_shell
from autograder.grading.ipython_shell import Shell


@pytest.fixture
def shell() -> Iterator[Shell]:
    yield ipython_shell.make()
    Shell.clear_instance()


def shown(shell: Shell, source: str) -> str:
    return "".join(str(output.get("text") or output.get("evalue") or output["data"]["text/plain"]) for output in shell.run(source))


def test_a_test_finds_the_cells_before_it(shell: Shell) -> None:
    for source in ("total = 0\nfor i in range(4):\n    total += i", "", "  \n"):
        assert shell.run(source) == []
    assert shown(shell, "'for' in In[-2] and 'for' in In[1] and 'for' in _i and len(In) == 3") == "True"
    assert shown(shell, "print(In[0] == '')") == "True\n"


def test_the_last_cell_runs_again(shell: Shell) -> None:
    shell.run("print('hello')")
    shell.run("%%capture said\n%rerun")
    assert "hello\n" in shown(shell, "said.stdout").replace("\\n", "\n")


def test_nothing_is_typed_at_the_beginning_and_after_all_was_forgotten(shell: Shell) -> None:
    assert shown(shell, "len(In)") == "2"
    shell.forget()
    assert shown(shell, "len(In)") == "2"


@pytest.mark.parametrize("does", ["In.clear()", "%reset -f", "del In", "get_ipython().history_manager.input_hist_parsed = None"])
def test_what_a_cell_does_to_it_costs_the_others_nothing(shell: Shell, does: str) -> None:
    shell.run(does)
    assert shell.run("x = 3") == []
    assert shown(shell, "x + 1") == "4"
