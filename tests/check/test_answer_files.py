"""What `leftcontext check` finds in a file: an answer in whatever way it is written, or one clear reason why not."""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from autograder.answer_files import check_files, load_answer
from autograder.answer_source import UnusableFile
from autograder.bank import catalog
from autograder.exercise.quiz import Quiz
from autograder.variant_seed import variant_seed

DOUBLED = "def doubled(x):\n    return 2 * x\n"

WRITTEN = {
    "a def": DOUBLED,
    "a mark before the text": "\ufeff" + DOUBLED,
    "Windows lines": DOUBLED.replace("\n", "\r\n"),
    "inside an if": "if True:\n    def doubled(x):\n        return 2 * x\n",
    "whatever can be imported": "try:\n    import no_such_module as np\nexcept ImportError:\n    import numpy as np\n"
    "def doubled(x):\n    return np.add(x, x)\n",
    "a counter": "calls = 0\ndef doubled(x):\n    global calls\n    calls += 1\n    return 2 * x\n",
    "a table that a loop fills": "table = [0] * 9\nfor n in range(9):\n    table[n] = 2 * n\n"
    "def doubled(x):\n    return table[x]\n",
    "a list that grows": "rows = []\nrows.append(2)\ndef doubled(x):\n    return rows[0] * x\n",
    "an array filled in place": "import numpy as np\nm = np.zeros((2, 2))\nnp.fill_diagonal(m, 2)\n"
    "def doubled(x):\n    return m[0, 0] * x\n",
    "a walrus": "(doubled := lambda x: 2 * x)\n",
    "an attribute of its own": DOUBLED + "doubled.calls = 0\n",
    "its own failing test": DOUBLED + "assert doubled(1) == 3\n",
    "an import that fails and is not needed": "import no_such_module\n" + DOUBLED,
}
CELLS = {
    "a timed cell": "%%time\n" + DOUBLED,
    "a shell line": "files = !ls\n!ls\n%matplotlib inline\n" + DOUBLED,
    "a question": "len?\n?len\n" + DOUBLED,
    "a line that begins with %": "name = ('a %s'\n    % 'b')\nif True:\n" + "    " + DOUBLED.replace("\n", "\n    "),
    "a comment that asks": "!ls\ntwo = 2  # or 3?\ndef doubled(x):\n    return two * x\n",
}


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})


@pytest.mark.parametrize("way", WRITTEN)
def test_an_answer_is_found(way: str, tmp_path: Path) -> None:
    for file, text in (("a.py", WRITTEN[way]), ("a.ipynb", notebook("1 +", WRITTEN[way].lstrip("\ufeff"), "1 / 0"))):
        (tmp_path / file).write_text(text, encoding="utf-8", newline="")
        assert load_answer(tmp_path / file, "doubled")(4) == 8


@pytest.mark.parametrize("way", CELLS)
def test_an_answer_is_found_beside_what_only_ipython_understands(way: str, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(notebook(CELLS[way]), encoding="utf-8")
    assert load_answer(tmp_path / "a.ipynb", "doubled")(4) == 8


def test_an_answer_that_is_not_python_is_told_as_such(tmp_path: Path) -> None:
    cells = ("import math", "# mine\ndef doubled(x):\n    return (2 * x\n", "y = 3")
    (tmp_path / "a.ipynb").write_text(notebook(*cells), encoding="utf-8")
    with pytest.raises(UnusableFile, match=r"not valid Python: .* in line 3: return \(2"):
        load_answer(tmp_path / "a.ipynb", "doubled")
    (tmp_path / "b.ipynb").write_text(notebook("1 +", "y = 3"), encoding="utf-8")
    with pytest.raises(UnusableFile, match="does not define doubled"):
        load_answer(tmp_path / "b.ipynb", "doubled")


def test_what_only_shows_something_does_not_run(tmp_path: Path) -> None:
    shown = "import numpy as np\nnp.save('seen', 1)\nfor n in range(3):\n    open('seen', 'w')\n"
    (tmp_path / "a.py").write_text(shown.replace("seen", str(tmp_path / "seen")) + "def doubled(x):\n    return np.add(x, x)\n")
    assert load_answer(tmp_path / "a.py", "doubled")(4) == 8
    assert not list(tmp_path.glob("seen*"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it does not define doubled"),
        ("def twice(x):\n    return 2 * x\n", "it does not define doubled"),
        ("def doubled(x:\n", "not valid Python in line 1"),
        ("def doubled(x):\n    return x\0\n", "not valid Python: source code string cannot contain null bytes"),
        ("doubled = 1 / 0\n", "ZeroDivisionError"),
    ],
)
def test_a_file_without_an_answer_says_why(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text)
    with pytest.raises(UnusableFile, match=reason) as said:
        load_answer(tmp_path / "a.py", "doubled")
    assert "\n" not in str(said.value)


def test_a_module_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import no_such_module\ndef softmax(x, axis=-1):\n    return no_such_module.softmax(x)\n")
    (result,) = check_files("softmax", [tmp_path / "a.py"])
    assert result.usable
    assert "No module named 'no_such_module'" in result.message


def test_a_pattern_that_is_made_row_by_row_is_read_whole(tmp_path: Path) -> None:
    loop = "rows = []\nfor i in range(4):\n    rows.append([1] * (i + 1) + [0] * (3 - i))\n"
    text = loop + "def weight_pattern():\n    return rows\n"
    (tmp_path / "a.py").write_text(text)
    assert np.array_equal(load_answer(tmp_path / "a.py", "weight_pattern")(), np.tri(4))


RIGHT_MASK = "import numpy as np\ndef causal_mask(T):\n    return np.triu(np.full((T, T), -np.inf), k=1)\n"
BY_HELPER = "\ndef causal_mask(T):\n    return HELPERS[0](T)\n"
RIGHT_IN_ODD_FILES = {
    "a dataclass": "from __future__ import annotations\nfrom dataclasses import dataclass\nimport numpy as np\n"
    "@dataclass\nclass Config:\n    k: int = 1\n"
    "def causal_mask(T):\n    return np.triu(np.full((T, T), -np.inf), k=Config().k)\n",
    "its own module": "import sys\nimport numpy as np\nK = 1\ndef causal_mask(T):\n"
    "    return np.triu(np.full((T, T), -np.inf), k=sys.modules[__name__].K)\n",
    "a registry": "import numpy as np\nHELPERS = []\ndef register(f):\n    HELPERS.append(f)\n    return f\n"
    "@register\ndef helper(T):\n    return np.triu(np.full((T, T), -np.inf), k=1)\n" + BY_HELPER,
    "a function that registers": "import numpy as np\nHELPERS = []\ndef add(f):\n    HELPERS.append(f)\n"
    "def helper(T):\n    return np.triu(np.full((T, T), -np.inf), k=1)\nadd(helper)\n" + BY_HELPER,
    "shell lines, as in an export of Colab": "!pip install torch\n%matplotlib inline\n" + RIGHT_MASK,
    "a fork in each call": RIGHT_MASK.replace("    return", "    import os\n    os.fork()\n    return"),
    "a child that goes on": RIGHT_MASK.replace(
        "    return", "    import os, time\n    if os.fork() == 0:\n        time.sleep(600)\n    return"
    ),
}
CRASHES = {
    "import ctypes\ndef causal_mask(T):\n    ctypes.string_at(0)\n": "crashed Python (signal 11, SIGSEGV)",
    "import os\ndef causal_mask(T):\n    os._exit(3)\n": "exit code 3",
    "def causal_mask(T):\n    raise KeyboardInterrupt\n": "It raised KeyboardInterrupt.",
    "async def causal_mask(T):\n    return 3\n": "Write `def`, not `async def`.",
    "def causal_mask(T):\n    yield 3\n": "Write `return`, not `yield`.",
    "causal_mask = 3\n": "This is an int, not a function.",
    "import numpy as np\nK = int('one')\ndef causal_mask(T):\n    return np.triu(np.full((T, T), -np.inf), k=K)\n":
        "Before that, line 2 failed: ValueError: invalid literal for int()",
}  # fmt: skip


def checked(path: Path, text: str | bytes, id: str = "causal_mask"):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (result,) = check_files(id, [path])
    return result


@pytest.mark.parametrize("way", RIGHT_IN_ODD_FILES)
def test_a_right_answer_is_right_however_its_file_is_written(way: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    result = checked(tmp_path / "a.py", RIGHT_IN_ODD_FILES[way])
    assert result.passed, result.message
    assert isinstance(result.score, float)
    assert time.monotonic() - begun < 100  # a child that sleeps for ten minutes was not waited for


@pytest.mark.parametrize(("text", "reason"), CRASHES.items())
def test_what_ended_an_answer_is_said(text: str, reason: str, tmp_path: Path) -> None:
    result = checked(tmp_path / "a.py", text)
    assert result.usable
    assert not result.passed
    assert reason in result.message


def test_a_file_in_another_declared_encoding_is_read(tmp_path: Path) -> None:
    assert checked(tmp_path / "a.py", ("# -*- coding: cp1252 -*-\n# é\n" + RIGHT_MASK).encode("cp1252")).passed


def test_what_is_nested_too_deep_or_goes_in_circles_is_unusable(tmp_path: Path) -> None:
    deep = checked(tmp_path / "a.py", f"x = {'1+' * 20000}1\n{RIGHT_MASK}")
    notebook = checked(tmp_path / "a.ipynb", "[" * 100_000)
    (tmp_path / "loop.py").symlink_to("loop.py")
    (loop,) = check_files("causal_mask", [tmp_path / "loop.py"])
    assert [one.usable for one in (deep, notebook, loop)] == [False] * 3
    assert "nested too deep" in deep.message
    assert "nested too deep" in notebook.message
    assert "symbolic links" in loop.message


def test_a_message_for_machines_names_a_counter_example(tmp_path: Path) -> None:
    text = RIGHT_MASK.replace("k=1)", "k=1) + np.eye(T) * (np.arange(T) % 3 == 2)")
    said = json.loads(checked(tmp_path / "a.py", text).to_json())
    assert said["misconception"]
    assert "marked cells" not in said["message"]


def test_the_clinics_diagnoses_are_not_given_away(tmp_path: Path) -> None:
    result = checked(tmp_path / "a.py", "def diagnose_clinic(patient):\n    return [ord(patient) % 7]\n", "diagnose_clinic")
    assert not result.passed
    assert "is not right" in result.details
    assert "wanted" not in result.details


def test_a_quiz_is_judged_by_the_order_that_the_file_was_written_for(tmp_path: Path) -> None:
    """Its check names the seed, or the assignment by which the student's id gives one."""
    quiz = catalog.find("quiz_heads").load()
    assert isinstance(quiz, Quiz)
    file = tmp_path / "ada.py"

    def passed(key: frozenset[str], rest: str) -> bool:
        file.write_text(f"from leftcontext import check, set_student\nquiz_heads = {set(key)!r}\n{rest}")
        (result,) = check_files("quiz_heads", [file])
        assert result.usable, result.message
        return result.passed

    other = next(seed for seed in range(1, 99) if quiz.variant(seed).key != quiz.key)
    assert passed(quiz.key, "") and not passed(quiz.variant(other).key, "")
    by_seed = f'check("quiz_heads", quiz_heads, seed={other})'
    assert passed(quiz.variant(other).key, by_seed) and not passed(quiz.key, by_seed)
    name = next(name for name in map("vary-{}".format, range(99)) if quiz.variant(variant_seed(name, "ada")).key != quiz.key)
    by_student = f'set_student("Ada")\ncheck("quiz_heads", quiz_heads, variant="{name}")'
    assert passed(quiz.variant(variant_seed(name, "ada")).key, by_student) and not passed(quiz.key, by_student)
    file.write_text(f'quiz_heads = "A"\nset_student("")\ncheck("quiz_heads", quiz_heads, variant="{name}")')
    (nobodys,) = check_files("quiz_heads", [file])
    assert not nobodys.usable and "does not say whose" in nobodys.message


FORGED = """
def forge(**said):
    import gc, json, os, time
    from multiprocessing.connection import Connection
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execlp("sleep", "sleep", "{seconds}")
        os._exit(0)
    time.sleep(0.2)
    said = dict(file="x", exercise="softmax", misconception=None, message="", usable=True, details="", notice="") | said
    for one in gc.get_objects():
        if isinstance(one, Connection) and one.writable:
            one.send_bytes(json.dumps(said).encode())
    time.sleep(60)
def softmax(x, axis=forge({said})): return 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="its processes are found in /proc")
@pytest.mark.parametrize(
    "said",
    [
        "passed=True, score=99.0, max_score=99.0", "passed=True, score=1.0, max_score=1.0", "passed=False, score=float('nan')",
        "passed=False, score=-1", "passed=[], score={}", "passed=True",
    ],
)  # fmt: skip
def test_no_verdict_is_above_the_points_and_no_process_stays(said: str, tmp_path: Path) -> None:
    seconds = f"60.{abs(hash(said)) % 10**6}"
    (tmp_path / "forge.py").write_text(FORGED.replace("{said}", said).replace("{seconds}", seconds))
    (found,) = check_files("softmax", [tmp_path / "forge.py"])
    assert (found.score, found.passed, found.file, found.exercise) == (0.0, False, str(tmp_path / "forge.py"), "softmax")
    assert "no verdict" in found.message
    assert found.max_score == 3.0
    assert not [line for line in map(bytes, _command_lines()) if seconds.encode() in line]


def _command_lines() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes()
