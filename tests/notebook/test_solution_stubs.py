"""A stub behind the solution is what students are handed; the solution itself is what stands between the marks."""

import pytest

from autograder.notebook.names import uses_and_definitions
from autograder.notebook.solution_stubs import is_python, without_stubs

SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION\n"
FUNCTION = SOLUTION.format("def f(x):\n    return 2 * x")

STUBS = {
    "a line without a body": "def f(x):",
    "a body of comments": "def f(x):\n    # write here\n",
    "a body that does nothing": "def f(x):\n    pass\n",
    "an error": "def f(x):\n    raise NotImplementedError\n",
    "a value": "f = None\n",
    "a value that is left out": "f =",
    "an ellipsis, annotated": "f: object = ...\n",
    "a class": "class f:\n    pass\n",
    "after a comment": "# your answer:\nf =",
}
NO_STUBS = {
    "a call": FUNCTION + "print(f(2))\n",
    "what uses the solution": FUNCTION + "from functools import cache\nf = cache(f)\n",
    "the same function goes on": "def f(x):\n    ### BEGIN SOLUTION\n    y = 2 * x\n    ### END SOLUTION\n    return y\n",
    "another name": FUNCTION + "def g(x):\n    return f(x) + 1\n",
    "a magic": FUNCTION + "%matplotlib inline\n!ls\nf(3)\n",
    "no marks": "def f(x):\n    return 2 * x\ndef f(x):\n    pass\n",
    "no Python at all": "def f(x\n",
    "a cell magic": "%%bash\n### BEGIN SOLUTION\nls\n### END SOLUTION\nf =",
    "nothing": "",
}


@pytest.mark.parametrize("name", STUBS)
def test_a_stub_is_left_out(name: str) -> None:
    assert without_stubs(FUNCTION + STUBS[name]).replace("# your answer:\n", "") == FUNCTION


@pytest.mark.parametrize("name", NO_STUBS)
def test_what_is_no_stub_stays(name: str) -> None:
    assert without_stubs(NO_STUBS[name]) == NO_STUBS[name]


@pytest.mark.parametrize("first", STUBS.values())
@pytest.mark.parametrize("second", STUBS.values())
def test_each_solution_of_a_cell_is_kept(first: str, second: str) -> None:
    """Whatever the stubs are: the cell is Python, and binds the solutions' names to the solutions."""
    other = SOLUTION.format("f_2 = 5")
    source = f"{FUNCTION}{first}\n{other}{second.replace('f', 'f_2', 1) if second.startswith('f') else second}"
    kept = without_stubs(source)
    assert is_python(kept)
    names: dict[str, object] = {}
    exec(kept, names)
    assert names["f_2"] == 5
    assert callable(names["f"])
    assert names["f"](4) == 8
    assert uses_and_definitions(kept)[1] == {"f", "f_2"}


def test_a_course_may_spell_the_marks_in_its_own_way() -> None:
    assert without_stubs("# <<<\nx = 3\n# >>>\nx = None\n", "<<<", ">>>") == "# <<<\nx = 3\n# >>>\n"
