"""Ordinary ways to write a test: each gives a wrong answer nothing and a right one its points, isolated or not.

Most of them can't see a wrong answer through the border between two processes; the run in one kernel does.
"""

from collections.abc import Iterator

import pytest
from support import small_course
from support.small_course import Grader

# name: (right answer, wrong answer, test); the answer is a function or a value called `it`
IDIOMS = {
    "floating-point errors raise": ("def it(x):\n    return x * 2", "import numpy as np\ndef it(x):\n    np.log(np.zeros(1))\n    return x * 2", "import numpy as np\nwith np.errstate(all='raise'):\n    assert it(1) == 2"),
    "warnings are errors": ("def it(x):\n    return x * 2", "import warnings\ndef it(x):\n    warnings.warn('old')\n    return x * 2", "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('error')\n    assert it(1) == 2"),
    "a forbidden function is patched": ("def it(x):\n    s = 0\n    for y in x:\n        s += y\n    return s", "def it(x):\n    return sum(x)", "import builtins\nreal = builtins.sum\ndef no(*a):\n    raise AssertionError('no sum, please')\nbuiltins.sum = no\ntry:\n    assert it([1, 2]) == 3\nfinally:\n    builtins.sum = real"),
    "a recursion limit": ("def it(n):\n    return n", "def it(n):\n    return 0 if n == 0 else 1 + it(n - 1)", "import sys\nold = sys.getrecursionlimit()\nsys.setrecursionlimit(len(__import__('inspect').stack()) + 300)\ntry:\n    assert it(500) == 500\nfinally:\n    sys.setrecursionlimit(old)"),
    "a new list": ("def it(x):\n    return list(x)", "def it(x):\n    return x", "given = [1]\nassert it(given) is not given"),
    "a view": ("def it(x):\n    return x[:2]", "def it(x):\n    return x[:2].copy()", "import numpy as np\ngiven = np.arange(4)\nassert np.shares_memory(it(given), given)"),
    "a copy": ("def it(x):\n    return x[:2].copy()", "def it(x):\n    return x[:2]", "import numpy as np\ngiven = np.arange(4)\nassert not np.shares_memory(it(given), given)"),
    "the result is no alias": ("def it(x):\n    return [row[:] for row in x]", "def it(x):\n    return x[:]", "given = [[1]]\nit(given)[0][0] = 7\nassert given == [[1]]"),
    "inner lists are left as they are": ("def it(x):\n    return [sorted(r) for r in x]", "def it(x):\n    for r in x:\n        r.sort()\n    return x", "rows = ([2, 1], [4, 3])\nit(rows)\nassert rows == ([2, 1], [4, 3])"),
    "an object's list is left as it is": ("def it(o):\n    return len(o)", "def it(o):\n    o['a'].append(1)\n    return len(o)", "inner = [1]\nassert it({'a': inner}) == 1\nassert inner == [1]"),
    "little memory": ("def it(n):\n    return sum(range(n))", "def it(n):\n    return sum(list(range(n)))", "import tracemalloc\ntracemalloc.start()\nit(100_000)\npeak = tracemalloc.get_traced_memory()[1]\ntracemalloc.stop()\nassert peak < 500_000"),
    "no global is used": ("def it(x):\n    return 3 * x", "factor = 3\ndef it(x):\n    return factor * x", "globals().pop('factor', None)\nassert it(2) == 6"),
    "a global that the test sets": ("def it():\n    return rate * 2", "rate = 5\ndef it(rate=rate):\n    return rate * 2", "rate = 21\nassert it() == 42"),
    "no function where a value is asked for": ("it = 3", "def it():\n    return 3", "assert not callable(it)"),
    "a generator": ("def it(n):\n    yield from range(n)", "def it(n):\n    return iter(range(n))", "import types\nassert isinstance(it(2), types.GeneratorType)"),
    "a plain dict": ("def it():\n    return {'a': 1}", "from collections import defaultdict\ndef it():\n    return defaultdict(int, a=1)", "assert type(it()) is dict"),
    "exactly an int": ("def it():\n    return 3", "import enum\nclass N(int): pass\ndef it():\n    return N(3)", "assert type(it()) is int"),
    "exactly this error": ("def it():\n    raise KeyError('a')", "class KeyError(LookupError): pass\ndef it():\n    raise KeyError('a')", "import builtins\ntry:\n    it()\nexcept builtins.KeyError as error:\n    assert type(error) is builtins.KeyError\nelse:\n    raise AssertionError"),
    "no exit": ("def it(x):\n    return x", "def it(x):\n    raise SystemExit", "assert it(1) == 1"),
    "an error is expected": ("def it(x):\n    raise TypeError", "def it(x):\n    return object()", "try:\n    it(1)\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError('no TypeError')"),
    "an error of any kind is expected": ("def it(x):\n    raise ValueError", "def it(x):\n    return object()", "try:\n    it(1)\nexcept Exception:\n    pass\nelse:\n    raise AssertionError('no error')"),
    "time.sleep is patched": ("import time\ndef it():\n    time.sleep(3)", "def it():\n    pass", "import time\nnaps, real = [], time.sleep\ntime.sleep = naps.append\ntry:\n    it()\nfinally:\n    time.sleep = real\nassert naps == [3]"),
    "the test seeds": ("import random\ndef it():\n    return random.random()", "import random\ndef it():\n    random.seed(1)\n    return random.random()", "import random\nrandom.seed(4)\nwanted = random.random()\nrandom.seed(4)\nassert it() == wanted"),
    "print options are set": ("import numpy as np\ndef it(x):\n    return str(x)", "import numpy as np\ndef it(x):\n    return np.array2string(x, precision=8)", "import numpy as np\nwith np.printoptions(precision=2):\n    assert it(np.array([1 / 3])) == '[0.33]'"),
    "no default is shared": ("def it(x, to=None):\n    to = [] if to is None else to\n    to.append(x)\n    return to", "def it(x, to=[]):\n    to.append(x)\n    return to", "first = it(1)\nassert it(2) == [2] and first == [1]"),
    "an environment variable": ("import os\ndef it():\n    return os.environ['RATE']", "def it():\n    return '1'", "import os\nos.environ['RATE'] = '7'\nassert it() == '7'"),
    "standard input": ("def it():\n    return input()", "def it():\n    return 'x'", "import io, sys\nreal, sys.stdin = sys.stdin, io.StringIO('hello\\n')\nimport builtins\nreal_input, builtins.input = builtins.input, lambda *_: sys.stdin.readline().strip()\ntry:\n    assert it() == 'hello'\nfinally:\n    sys.stdin, builtins.input = real, real_input"),
    "what is printed": ("def it():\n    print('hello')", "def it():\n    return 'hello'", "import builtins\nsaid, real = [], builtins.print\nbuiltins.print = lambda *a: said.append(a)\ntry:\n    it()\nfinally:\n    builtins.print = real\nassert said == [('hello',)]"),
    "cases that a later cell appends": ("def it(n):\n    return n * n", "def it(n):\n    return 1", "for n, square in cases:\n    assert it(n) == square"),
}  # fmt: skip
CASES = ("cases = []", "cases.append((3, 9))", "from functools import partial")


def named(number: int, source: str) -> str:
    import re

    return re.sub(r"\bit\b", f"it{number}", source)


NUMBERS = {name: number for number, name in enumerate(IDIOMS)}
BOOK = small_course.notebook(
    *map(small_course.lesson, CASES),
    *(
        cell
        for name, (right, _, check) in IDIOMS.items()
        for number in [NUMBERS[name]]
        for cell in (small_course.answer(f"a{number}", named(number, right)), small_course.check(f"t{number}", named(number, check)))
    ),
)


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with small_course.grader(BOOK) as made:
        yield made


@pytest.fixture(scope="module")
def points(grader: Grader) -> dict[str, dict[str, float]]:
    answers = {
        "right": small_course.solutions(BOOK),
        "wrong": {f"a{NUMBERS[name]}": named(NUMBERS[name], wrong) for name, (_, wrong, _) in IDIOMS.items()},
        "empty": {},
    }
    return {who: grader.grade(small_course.submission(BOOK, given))[0] for who, given in answers.items()}


@pytest.mark.parametrize("name", IDIOMS)
def test_a_right_answer_has_its_point_and_no_other_has(points: dict[str, dict[str, float]], name: str) -> None:
    test = f"t{NUMBERS[name]}"
    empty = float(name == "an error of any kind is expected")  # and what is not there raises one, for nbgrader too
    assert {who: found[test] for who, found in points.items()} == {"right": 1.0, "wrong": 0.0, "empty": empty}


@pytest.mark.long
def test_the_table_is_as_nbgrader_counts_it() -> None:
    answers = {f"a{NUMBERS[name]}": named(NUMBERS[name], wrong) for name, (_, wrong, _) in IDIOMS.items()}
    assert set(small_course.stock(small_course.submission(BOOK, small_course.solutions(BOOK))).values()) == {1.0}
    assert set(small_course.stock(small_course.submission(BOOK, answers)).values()) == {0.0}
