"""What each process would load anew is loaded before they are forked."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from autograder.grading import ipython_shell, checker_process, student_process
shell = ipython_shell.make()
assert shell.error_line == 0 and not hasattr(sys, "last_value")
before = set(sys.modules)
for source in ("def f(n):\\n    return 1 / n", "assert f(1) == 2, 'no'", "f(0)", "print(3)", "f(", "[f]"):
    shell.run(source)
print(*sorted(set(sys.modules) - before))
"""


def test_a_cell_that_passes_or_fails_imports_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
