"""Notebooks run as a kernel runs them, without the second that a kernel takes to start.

Each runs in an IPython shell of a process of its own, forked from one that has imported IPython and NumPy. None of the
grader's code is in it, so that the grader can be held to it; `small_course.stock` uses a kernel of Jupyter's.
"""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


class WarmKernel:
    """`run` a notebook's cells; use it in a `with`."""

    def __enter__(self) -> WarmKernel:
        self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def run(self, sources: list[str], folder: Path) -> list[list[dict[str, Any]]]:
        """Each cell's outputs, as nbformat has them; all are run, also after an error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as answer:
            print(json.dumps([sources, str(folder), answer.name]), file=self.process.stdin, flush=True)
            assert self.process.stdout.readline() == "0\n", "the process of the notebook crashed"
            return json.load(answer)


def _serve() -> None:
    import matplotlib
    import numpy
    from IPython.core.interactiveshell import InteractiveShell

    assert matplotlib and numpy
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    for line in sys.stdin:
        sources, folder, answer = json.loads(line)
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.chdir(folder)
            shell.user_ns["__name__"] = "__main__"
            builtins.input = _no_input
            Path(answer).write_text(json.dumps([_outputs(shell, source) for source in sources]), encoding="utf-8")
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)


def _outputs(shell: Any, source: str) -> list[dict[str, Any]]:
    from IPython.utils.capture import capture_output

    with capture_output(display=False) as captured:
        result = shell.run_cell(source, store_history=True)
    found: list[dict[str, Any]] = []
    if captured.stdout:
        found.append({"output_type": "stream", "name": "stdout", "text": captured.stdout})
    if captured.stderr:
        found.append({"output_type": "stream", "name": "stderr", "text": captured.stderr})
    if result.result is not None:
        found.append({"output_type": "execute_result", "data": {"text/plain": repr(result.result)}, "metadata": {}, "execution_count": 1})
    if error := result.error_before_exec or result.error_in_exec:
        found.append({"output_type": "error", "ename": type(error).__name__, "evalue": str(error), "traceback": []})
    return found


def _no_input(*_: object) -> str:
    raise EOFError("a notebook that is graded has nobody to ask")


if __name__ == "__main__":
    _serve()
