"""Which cells run once for all, and when a submission has to be run from its first cell to its last."""

import pytest

from autograder.notebook.cell import Cell, Role
from autograder.notebook.rebuild import MergedCell, MergedNotebook
from autograder.notebook.released import ReleasedNotebook

CELLS = (
    Cell("0", "code", "import numpy as np\nfrom math import pi"),
    Cell("1", "code", "x = np.arange(4)\nfor i in range(2):\n    y = i"),
    Cell("2", "code", "# YOUR CODE HERE", Role.SOLUTION, "f", solved="def f(x):\n    return x + 1"),
    Cell("3", "code", "assert f(1) == 2", Role.TEST, "test_f", 1.0),
    Cell("4", "code", "shown = f(x)"),
    Cell("5", "code", "x = x * 2\nx"),
    Cell("6", "code", "%matplotlib inline"),
    Cell("7", "code", "np.random.seed(1)"),
    Cell("8", "code", "assert shown.sum() == pi or x is not None", Role.TEST, "test_shown", 1.0),
    Cell("9", "code", "long()", Role.LESSON, tags=("skip-execution",)),
)
NOTEBOOK = ReleasedNotebook("one", CELLS)


LATER = ReleasedNotebook("two", (*CELLS[:4], Cell("10", "code", "z = np.ones(2) * pi + x")))


def steps(answer: str, changed: dict[int, str] | None = None, notebook: ReleasedNotebook = NOTEBOOK) -> dict[str, object]:
    sources = {**{n: cell.source for n, cell in enumerate(notebook.cells)}, 2: answer, **(changed or {})}
    job = notebook.job(MergedNotebook(tuple(MergedCell(cell, "code", sources[n]) for n, cell in enumerate(notebook.cells))), {}, 5.0)
    return {"reuses": not job.fresh_namespace, "kinds": [str(step.kind) for step in job.steps]}


def test_what_depends_on_no_answer_runs_once() -> None:
    assert NOTEBOOK.shared_cells == {0, 1, 7}  # 5 changes what 4 is to see, and 4 waits for f


def test_names_that_only_the_solution_binds_are_the_students() -> None:
    assert NOTEBOOK.needs[3].student_names == {"f"}
    assert NOTEBOOK.needs[8].student_names == {"f"}  # `shown` is the instructor's, made with the student's f


def test_an_answer_that_uses_none_of_them_fits() -> None:
    assert steps("def f(x):\n    y = np.array(x)\n    return y + 1") == {
        "reuses": True,
        "kinds": ["student", "both", "student", "test", "both", "both", "both", "student", "test", "display"],
    }


@pytest.mark.parametrize(
    "answer",
    ["np = None", "def np(): pass", "pi = 3", "for np in (1, 2): pass", "def f(n):\n    global pi\n    pi = n", "x = 3", "x[0] = 1"],
)
def test_an_answer_that_a_later_cell_would_have_met_otherwise_is_run_from_the_start(answer: str) -> None:
    assert LATER.shared_cells == {0, 1, 4}
    assert not steps(answer, notebook=LATER)["reuses"]


@pytest.mark.parametrize("answer", ["import numpy as np\ndef f(x): return x", "print(y)", "i = 5", "f = lambda x, i: x", "x = 3", "def f(n):\n    np = n"])
def test_these_make_no_difference(answer: str) -> None:
    assert steps(answer)["reuses"]


def test_a_changed_lesson_cell_is_run_from_the_start() -> None:
    assert not steps("def f(x): return x", {1: "x = 7"})["reuses"]


def lesson(*sources: str) -> ReleasedNotebook:
    cells = (Cell(str(n), "code", source) for n, source in enumerate(sources))
    return ReleasedNotebook("shows", (*cells, Cell("f", "code", "", Role.SOLUTION, "f", solved="def f(x):\n    return np.sqrt(x + bias)")))


@pytest.mark.parametrize(
    ("sources", "beside"),
    [
        (["import numpy as np\nbias = 1", "x = np.ones(3)\nx"], {1}),
        (["import numpy as np\nbias = np.ones(2)", "bias"], set()),  # it could change what it mentions
        (["import numpy as np\nimport this\nbias = 1", "x = 3", "bias += x"], set()),
        (["import numpy as np\nbias = 1", "import numpy as np\nnp.ones(2)"], set()),  # binds what is wanted
        (["import numpy as np\nbias = 1", "def g(): return 1", "g()", "def g(): return 2", "g()"], set()),  # two meanings
        (["import numpy as np\ndef g(): return 1\nbias = g()", "def g(): return 2", "g()"], set()),
        (["import numpy as np\nbias = 1", "import math\ndef helper(): return 1", "helper()"], {2}),
        (["import numpy as np\nbias = 1", "x = 3\nx", "y = 4\ny", "%timeit x + 1"], {2}),
        (["import numpy as np\nbias = max(1, 2)", "max(3, 4)"], {1}),  # a builtin is nobody's
    ],
)
def test_what_only_shows_is_run_beside(sources: list[str], beside: set[int]) -> None:
    book = lesson(*sources)
    assert book.shared_cells == {n for n, source in enumerate(sources) if "%" not in source}
    assert book.display_only == beside


@pytest.mark.parametrize(
    ("sources", "beside"),
    [
        (["state = []\ndef setup():\n    state.append(1)", "setup()"], False),  # what it changes, an answer may count on
        (["def setup():\n    global ready\n    ready = True", "setup()"], False),
        (["import helper", "helper.setup()"], False),  # another module's function: it may do anything
        (["from helper import setup", "print(setup())"], False),
        (["class Checks:\n    all = []", "Checks.all.append(1)"], False),
        (["def setup(): pass", "setup.ready = True"], False),
        (["import matplotlib.pyplot as plt\ndef show(x):\n    figure, axes = plt.subplots()\n    axes.plot(x)", "show([1])"], True),
        (["import numpy as np\ndef double(x): return 2 * x", "y = double(np.ones(3))\ny.sum()\nprint(f'{y}')"], True),
        (["import numpy as np", "np.random.rand(3)"], False),
        (["x = 1", "with open('table.txt', 'w') as file:\n    file.write('1')"], False),
    ],
)
def test_a_cell_that_may_do_more_than_show_is_not_run_beside(sources: list[str], beside: bool) -> None:
    book = lesson("import numpy as np\nbias = 1", *sources)
    assert (2 in book.display_only) == beside


SHOW = Cell("show", "code", "scale = [2]\nfor row in scale:\n    print(row)")
SHOWS = ReleasedNotebook("shows", (CELLS[0], SHOW, *CELLS[2:4]))


@pytest.mark.parametrize(
    ("answer", "looks"),
    [
        ("def f(x): return x * scale[0]", True),
        ("scale.append(1)", True),
        ("def f(x): return eval('scale')", True),
        ("%timeit f(1)", True),
        ("f?", True),
        ("scale = 3\nprint(scale)", False),
        ("for row in range(3): print(row)", False),
        ("for row in row: print(row)", True),
        ("def f(x):\n    scale = 2\n    return x * scale", False),
        ("def f(x) return x", False),  # nothing of it runs
        ("def f(x):\n    return x + 1", False),
    ],
)
def test_an_answer_that_looks_at_what_was_only_shown_is_run_from_the_start(answer: str, looks: bool) -> None:
    assert SHOWS.display_only == {1}
    assert steps(answer, notebook=SHOWS)["reuses"] is not looks


@pytest.mark.parametrize("first", ["import numpy as np", "print(scale)"])
def test_an_answer_nested_too_deep_to_be_looked_at_is_run_from_the_start(first: str) -> None:
    deep = "-" * 700 + "1"
    notebook = SHOWS if "scale" in first else LATER
    assert not steps(f"{first}\ndef f(x):\n    return {deep}", notebook=notebook)["reuses"]


ANSWER = Cell("2", "code", "# YOUR CODE HERE", Role.SOLUTION, "f", solved="def f(x):\n    return x + 1")
DRAWS = Cell("5", "code", "np.ones(2)")


def checked(test: str, *others: Cell, first: str = "import numpy as np\nfrom leftcontext import check") -> ReleasedNotebook:
    """A lesson with two tests, each of one answer."""
    second = Cell("3", "code", "# YOUR CODE HERE", Role.SOLUTION, "g", solved="def g(x):\n    return x - 1")
    tests = [Cell(f"test_{name}", "code", test.format(name), Role.TEST, f"test_{name}", 1.0) for name in "fg"]
    return ReleasedNotebook("checked", (Cell("0", "code", first), ANSWER, tests[0], DRAWS, second, tests[1], *others))


def test_an_import_that_a_test_repeats_changes_nothing_of_what_runs_once() -> None:
    plain, repeated = checked("check('{0}', {0})"), checked("from leftcontext import check\ncheck('{0}', {0})")
    assert plain.shared_cells == repeated.shared_cells == {0, 3}
    assert plain.judged_tests == repeated.judged_tests == {"test_f", "test_g"}
    assert plain.needs == repeated.needs
    assert plain.preloaded == repeated.preloaded == {0}
    merged = MergedNotebook(tuple(MergedCell(cell, "code", cell.solved or cell.source) for cell in repeated.cells))
    job = repeated.job(merged, {}, 5.0)
    assert not job.fresh_namespace and not job.fresh_kernel
    assert job.steps[2].source == "from leftcontext import check\ncheck('f', f, points=1)"


@pytest.mark.parametrize(
    ("test", "first", "others"),
    [
        ("from leftcontext import check\ncheck('{0}', {0})", "import numpy as np", ()),  # no lesson imports it
        ("from other import check\ncheck('{0}', {0})", "import numpy as np\nfrom leftcontext import check", ()),
        ("import numpy as np\nassert {0}(np)", "import numpy as np", (Cell("6", "code", "np = 3"),)),
        ("import numpy as np; assert {0}(np)", "import numpy as np", ()),  # on a line with something else
        ("if 1:\n    import numpy as np\nassert {0}(np)", "import numpy as np", ()),
        ("import numpy.linalg, math\nassert {0}(numpy)", "import numpy as np\nimport numpy.linalg", ()),
    ],
)
def test_an_import_that_may_mean_something_else_is_the_tests_own(test: str, first: str, others: tuple[Cell, ...]) -> None:
    made = checked(test, *others, first=first)
    assert made.analysed == made.cells


def test_an_answer_that_gives_a_tests_name_another_meaning_keeps_the_import() -> None:
    made = checked("from leftcontext import check\ncheck('{0}', {0})", Cell("7", "code", "", Role.SOLUTION, "h", solved="check = 1"))
    assert made.analysed == made.cells


# --- Random numbers -----------------------------------------------------------------------------------------------------

ROLLS = "import random\nrandom.seed(0)\nrolls = [random.randint(1, 6) for _ in range(30)]"
SEED, DRAW = "import numpy as np\nnp.random.seed(0)", "drawn = np.random.rand(3)"
ROLL = "import random\ndef roll():\n    return random.randint(1, 6)"


def seeded(*lessons: str, answer_at: int = 99) -> ReleasedNotebook:
    """Lesson cells, an answer among them or behind them, and a test of it."""
    cells = [Cell(str(n), "code", source) for n, source in enumerate(lessons)]
    cells.insert(answer_at, Cell("a", "code", "# YOUR CODE HERE", Role.SOLUTION, "f", solved="def f(x):\n    return x"))
    return ReleasedNotebook("seeded", (*cells, Cell("t", "code", "assert f(1) == 1", Role.TEST, "t", 1.0)))


def test_a_lesson_that_seeds_and_draws_runs_once_in_each_fork_server() -> None:
    notebook = seeded(ROLLS)
    assert notebook.shared_cells == notebook.preloaded == notebook.leaving_a_state == {0}


def test_what_is_drawn_behind_a_seed_runs_with_it() -> None:
    notebook = seeded(SEED, DRAW, "total = drawn.sum()")
    assert notebook.shared_cells == {0, 1, 2}
    assert notebook.leaving_a_state == {0, 1}


@pytest.mark.parametrize("between", ["shown = f(3)", "%time y = 2", "for _ in range(3):\n    f(1)"])
def test_what_is_drawn_behind_an_answers_own_draws_does_not_run_ahead_of_them(between: str) -> None:
    assert 3 not in seeded(SEED, between, DRAW, answer_at=1).shared_cells


@pytest.mark.parametrize(
    ("behind", "reuses"),
    [
        (DRAW, False),
        ("drawn = roll()", False),
        ("import pandas as pd\nsample = pd.DataFrame(np.arange(9)).sample(3)", False),
        ("np.random.seed(1)\ndrawn = np.random.rand(3)", True),
        ("drawn = np.arange(3)", True),
        ("rng = np.random.default_rng(0)\ndrawn = rng.random()", True),
    ],
)
def test_an_answer_that_may_draw_between_a_seed_and_a_draw_is_run_from_the_start(behind: str, reuses: bool) -> None:
    notebook = seeded(SEED, ROLL, behind, answer_at=2)
    assert 3 in notebook.shared_cells
    assert reuses == _reuses(notebook, "def f(x):\n    return x\nf(2)")
    assert _reuses(notebook, "def f(x):\n    return np.random.rand()")  # it draws when it is called
    assert _reuses(notebook, "def f(x):\n    return x\nprint(np.arange(3))")


def test_without_a_seed_the_order_of_draws_is_no_matter() -> None:
    assert _reuses(seeded("import numpy as np", DRAW, answer_at=1), "x = np.random.rand()")


@pytest.mark.parametrize("seed", ["faker.seed(0)", "import faker\nfaker.Faker.seed(3)", "seed(0)"])
def test_a_seed_of_what_nobody_knows_runs_for_each_student(seed: str) -> None:
    assert 0 not in seeded(seed).shared_cells


def _reuses(notebook: ReleasedNotebook, answer: str) -> bool:
    cells = tuple(MergedCell(cell, "code", answer if cell.is_answer else cell.source) for cell in notebook.cells)
    return not notebook.job(MergedNotebook(cells), {}, 5.0).fresh_namespace
