"""Small courses made at random, graded by us and by nbgrader's rule in one kernel: every cell the same.

What differs on purpose (docs/differences.md: warnings, hangs, impossible partial credit) is not in them.
`make test-long` takes more of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support import small_course
from support.sizes import sized
from support.warm_kernel import WarmKernel

from autograder.notebook.cell import Cell
from autograder.notebook.rebuild import MergedNotebook
from autograder.notebook.released import ReleasedNotebook

COURSES = sized(1, 250)  # with eight submissions each
FIRST_SEED = int(os.environ.get("LEFTCONTEXT_FIRST_COURSE", "0"))


@dataclass(frozen=True)
class Block:
    """Cells that belong together; N in them is the block's number. The first answer is right, the others are not."""

    answers: tuple[str, ...]
    tests: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()  # lesson cells between the answer and its tests
    then: tuple[str, ...] = ()  # lesson cells behind the tests, which may use what these made
    last: tuple[str, ...] = ()  # tests behind those


BLOCKS = (
    Block(("def fN(x):\n    return x + 1", "def fN(x):\n    return x", "def fN(x)\n    return 1"), ("assert fN(1) == 2", "assert fN(shared[0]) == shared[0] + 1")),
    Block(("def fN(x):\n    x.append(4)", "def fN(x):\n    return [*x, 4]"), ("fN(shared)\nassert shared[-1] == 4", "assert len(shared) > 3")),
    Block(("def fN(x):\n    return sorted(x)", "def fN(x):\n    x.sort()\n    return x"), ("given = [2, 1]\nassert fN(given) == [1, 2]", "assert given == [2, 1]"), ("given = None",)),
    Block(("class CN:\n    size = 0\n    def add(self):\n        self.size += 1", "CN = int"), ("one = CN()\none.add()\nassert one.size == 1", "assert isinstance(one, CN)")),
    Block(("def fN():\n    print('hello')", "def fN():\n    return 'hello'"), ("import io, contextlib\nsaid = io.StringIO()\nwith contextlib.redirect_stdout(said):\n    fN()\nassert said.getvalue() == 'hello\\n'",)),
    Block(("with open('file_N.txt', 'w') as f:\n    f.write('42')", "pass"), ("assert open('file_N.txt').read() == '42'",)),
    Block(("def fN():\n    return open('given_N.txt').read()", "def fN():\n    return ''"), ("assert fN() == 'data'",), ("with open('given_N.txt', 'w') as f:\n    f.write('data')",)),
    Block(("def fN(x):\n    if x < 0:\n        raise ValueError('negative')\n    return x", "def fN(x):\n    return x", "def fN(x):\n    raise TypeError"), ("try:\n    fN(-1)\nexcept ValueError as error:\n    assert 'neg' in str(error)\nelse:\n    raise AssertionError('no error')", "assert fN(2) == 2")),
    Block(("def fN(x):\n    return list(x)", "def fN(x):\n    return x"), ("assert fN(shared) is not shared", "assert fN(shared) == shared")),
    Block(("def fN(items):\n    return max(items)", "def fN(items):\n    return items[0]", "def fN(items):\n    return object()"), ("points = 0\nfor items in ([1, 2], [3, 1], [-1, -2]):\n    points += fN(items) == max(items)\npoints",)),
    Block(("totalN = drawnN.sum()", "totalN = 0", "totalN = drawnN"), ("assert abs(totalN - drawnN.sum()) < 1e-9",), ("np.random.seed(N)\ndrawnN = np.random.random(3)",)),
    Block(("nextN = np.random.random()", "nextN = 0", "def nextN():\n    return 0"), ("np.random.seed(N)\nassert nextN == np.random.random(4)[3]", "np.random.seed(N)\nassert laterN == np.random.random(5)[4]"), ("np.random.seed(N)", "earlierN = np.random.random(3)"), ("laterN = np.random.random()",)),
    Block(("def fN():\n    return np.random.random()", "def fN():\n    return 0"), ("before = fN()\nnp.random.seed(N)\nassert before == np.random.random()",), after=("np.random.seed(N)\nx = 3\nx",)),
    Block(("def fN():\n    return rateN * 2", "def fN():\n    return 2"), ("rateN = 21\nassert fN() == 42",), ("rateN = 1",)),
    Block(("def fN(n):\n    yield from range(n)", "def fN(n):\n    return [*range(n)]"), ("import types\nassert isinstance(fN(3), types.GeneratorType)", "assert list(fN(3)) == [0, 1, 2]")),
    Block(("def fN(n):\n    return n * n", "def fN(n):\n    return 1"), ("for n, square in casesN:\n    assert fN(n) == square",), ("casesN = []", "casesN.append((3, 9))")),
    Block(("def fN(n):\n    return n * n", "def fN(n):\n    return n"), ("for check in checksN.values():\n    check(fN)",), ("checksN = {}\ndef caseN(f):\n    checksN[f.__name__] = f\n    return f", "@caseN\ndef threeN(g):\n    assert g(3) == 9")),
    Block(("def fN():\n    return int(input()) + 1", "def fN():\n    return 4"), ("import builtins\nreal, builtins.input = builtins.input, lambda *_: '3'\ntry:\n    assert fN() == 4\nfinally:\n    builtins.input = real", "builtins.input = lambda *_: '5'\nassert fN() == 6\nbuiltins.input = real")),
    Block(("def fN(x):\n    return x - x.mean()", "def fN(x):\n    return x"), ("assert abs(centredN.mean()) < 1e-9", "assert centredN.shape == (4,)"), ("xN = np.arange(4.0)",), ("centredN = fN(xN)", "xN = xN * 2\nxN")),
    Block(("def fN(x):\n    return np.log(x)", "def fN(x):\n    return x / 0"), ("assert helperN(fN(np.ones(2)), np.zeros(2))",), ("def helperN(a, b):\n    return np.allclose(a, b)",)),
    Block(("def fN(x, to=None):\n    to = [] if to is None else to\n    to.append(x)\n    return to", "def fN(x, to=[]):\n    to.append(x)\n    return to"), ("first = fN(1)\nassert fN(2) == [2]", "assert first == [1]")),
    Block(("fN = lambda f, g: lambda x: f(g(x))", "fN = lambda f, g: f", "def fN(f, g):\n    return g"), ("assert fN(str, abs)(-1) == '1'", "def idN(x):\n    return x\nassert fN(idN, idN)(idN) is idN")),
    Block(("from math import isclose\ndef fN(x):\n    return x ** 0.5", "def isclose(*_):\n    return False\ndef fN(x):\n    return x ** 0.5"), ("assert isclose(fN(2), 2 ** 0.5)",)),
    Block(("wordN = 'a'", "wordN = 'b'", "wordN = None", "del shared"), ("assert wordN == 'a'", "assert eval(\"wordN + 'x'\") == 'ax'")),
    Block(("def fN():\n    from collections import Counter\n    return Counter('aab')", "def fN():\n    return {'a': 2}"), ("assert fN().most_common(1) == [('a', 2)]", "assert fN()['b'] == 1")),
    Block(("def fN(t):\n    naps.append(t)", "def fN(t):\n    pass"), ("fN(3)\nassert naps[-1] == 3",), ("naps = globals().get('naps', [])",)),
    # As in public courses: a test makes what later cells and tests use, a lesson changes an object of its own.
    Block(("sidesN = [3, 4, 9]", "sidesN = [3, 4]"), ("import math as mathN\nassert mathN.fsum(sidesN) == 16",), then=("rootN = mathN.sqrt(sum(sidesN))",), last=("assert rootN == 4", "givenN = {'x': 2}\nassert sidesN[0] == 3", "assert sidesN[givenN['x']] == 9")),
    Block(("class PN:\n    def __init__(self, x):\n        self.x = x", "class PN:\n    def __init__(self, x):\n        self.x = -x", "def PN(x):\n    return x"), ("from math import isclose as closeN\nassert closeN(halfN(3), 1.5)", "assert closeN(PN(3).x, 3)\nassert isinstance(PN(1), PN)"), ("def halfN(x):\n    return x / 2",)),
    Block(("stackN.pop()", "stackN.append(5)", "stackN = stackN[:3]"), ("assert stackN == [1, 2, 3]",), ("stackN = [1, 2, 3]", "stackN.append(4)")),
    Block(("import matplotlib.pyplot as plt\ndef fN():\n    fig, ax = plt.subplots()\n    ax.plot([1, 2], [3, 4])\n    return fig", "def fN():\n    return None"), ("assert len(fN().axes[0].lines) == 1",)),
    Block(("def fN(name, text):\n    with open(name, 'w') as f:\n        f.write(text)", "def fN(name, text):\n    pass"), ("fN('kept_N.txt', 'hello')\nassert open('kept_N.txt').read() == 'hello'",), last=("import os\nassert os.path.exists('kept_N.txt')",)),
    Block(("numberN = 12", "numberN = 12.0", "numberN = '12'"), ("from hashlib import sha1\nassert sha1(str(numberN).encode()).hexdigest() == '7b52009b64fd0a2a49e6d8a939753077792b0554'", "assert sha1(str(type(numberN)).encode()).hexdigest()[:2] != ''\nassert type(numberN) is int", "assert 'numberN' in globals() and numberN + 1 == 13")),
    Block(("def fN(n):\n    return 1 if n < 2 else n * fN(n - 1)", "def fN(n):\n    out = 1\n    for k in range(2, n + 1):\n        out *= k\n    return out", "def fN(n):\n    return n"), ("import inspect\nassert inspect.getsource(fN).count('fN') > 1", "assert fN(5) == 120", "assert fN.__name__ == 'fN' and callable(fN)")),
)  # fmt: skip
FIRST = ("", "", "", "x = 1\nprint(x)", "%reset -f", "for name in list(globals()):\n    pass", "exec('a = 1')", "%time y = 2", "import numpy as np")


def course(rng: random.Random) -> tuple[ReleasedNotebook, list[tuple[str, ...]]]:
    """A notebook, and each answer's variants."""
    cells: list[Cell] = [small_course.lesson("import numpy as np\nshared = [3, 1, 2]")]
    variants = []
    for number, block in enumerate(rng.sample(BLOCKS, 6)):
        right, *_ = answers = tuple(answer.replace("N", str(number)) for answer in block.answers)
        cells += [small_course.lesson(source.replace("N", str(number))) for source in block.before]
        cells.append(small_course.answer(f"a{number}", right, "" if rng.random() < 0.3 else small_course.STUB))
        cells += [small_course.lesson(source.replace("N", str(number))) for source in block.after]
        cells += [
            small_course.check(f"t{number}_{n}", source.replace("N", str(number)), 3.0 if source.endswith("points") else 1.0)
            for n, source in enumerate(block.tests)
        ]
        cells += [small_course.lesson(source.replace("N", str(number))) for source in block.then]
        cells += [
            small_course.check(f"t{number}_{n}", source.replace("N", str(number)))
            for n, source in enumerate(block.last, len(block.tests))
        ]
        variants.append(answers)
    return small_course.notebook(*cells), variants


def with_source(rng: random.Random, book: ReleasedNotebook) -> tuple[ReleasedNotebook, bytes | None]:
    """The notebook and the instructor's own: as a rule right, now and then missing, or with answers that do not run."""

    def solved(change: Callable[[str], str]) -> ReleasedNotebook:
        return replace(book, cells=tuple(replace(cell, solved=change(cell.solved)) if cell.is_answer else cell for cell in book.cells))

    kind = rng.random()
    if kind < 0.1:
        return solved(lambda _: ""), None
    if kind < 0.3:  # a stub behind the solution, which nbgrader clears away and never runs
        book = solved(lambda source: f"{source}\ndef stub():" if rng.random() < 0.5 else source)
    return book, small_course.solution_file(book)


def submissions(rng: random.Random, variants: list[tuple[str, ...]]) -> dict[str, tuple[dict[str, str], str]]:
    """Answers, and a first cell of the student's own: all right, some right, some missing, none."""
    right = {f"a{n}": answers[0] for n, answers in enumerate(variants)}
    mixed = {f"a{n}": rng.choice(answers) for n, answers in enumerate(variants)}
    wrong = {f"a{n}": rng.choice(answers[1:]) for n, answers in enumerate(variants)}
    some = {name: answer for name, answer in mixed.items() if rng.random() < 0.7}
    return {
        "right": (right, ""),
        "right, and a cell": (right, rng.choice(FIRST[3:])),
        "mixed": (mixed, rng.choice(FIRST)),
        "mixed again": ({name: rng.choice(variants[int(name[1:])]) for name in mixed}, rng.choice(FIRST)),
        "wrong": (wrong, ""),
        "some": (some, ""),
        "some, and a cell": ({name: right[name] for name in some}, rng.choice(FIRST[3:])),
        "untouched": ({}, ""),
    }


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmKernel]:
    with WarmKernel() as kernel:
        yield kernel


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + COURSES))
def test_a_random_course_is_graded_as_in_one_kernel(seed: int, warm: WarmKernel, tmp_path: Path) -> None:
    rng = random.Random(seed)
    book, variants = course(rng)
    differences = []
    book, solution = with_source(rng, book)
    with small_course.grader(book, solution=solution) as grader:
        for number, (who, (answers, first)) in enumerate(submissions(rng, variants).items()):
            merged = small_course.submission(book, answers, first)
            ours, result = grader.grade(merged)
            theirs = in_one_kernel(warm, merged, tmp_path / f"{number}")
            if number == seed:  # the first course's first, the second's second: a kernel of Jupyter's says the same
                assert theirs == small_course.stock(merged, new(tmp_path / "stock"))
            for name in ours:
                if ours[name] != theirs[name]:
                    place = next(n for n, cell in enumerate(merged.cells) if cell.released and cell.released.grade_id == name)
                    runs = result.isolated.get(str(place)), result.one_kernel.get(str(place))
                    answer = answers.get(f"a{name[1]}")
                    differences.append((who, first, name, merged.cells[place].source, answer, ours[name], theirs[name], runs, result.notes))
    assert not differences, "\n".join(map(str, differences)) + f"\n{grader.messages}"


def in_one_kernel(warm: WarmKernel, merged: MergedNotebook, folder: Path) -> dict[str, float]:
    return small_course.nbgraders_points(merged, warm.run([cell.source for cell in merged.cells], new(folder)))


def new(folder: Path) -> Path:
    folder.mkdir()
    return folder
