"""The bank judges in a browser's Python too: right answers pass, mistakes fail, and what never ends is ended."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.clone import ROOT
from support.exercise_ids import CODE
from support.pyodide import distribution, unavailable
from support.sizes import LONG

HERE = Path(__file__).parent
NEEDS_MORE = {"mini_gpt_logits", "train_mini_gpt"}  # they import IPython, which a kernel in a browser has
JUDGED = [id for id in CODE if id not in NEEDS_MORE] if LONG else ["causal_mask"]


@pytest.mark.long
def test_the_bank_judges_in_pyodide() -> None:
    node = shutil.which("node")
    if node is None:
        unavailable("There is no node on PATH; it runs Pyodide without a browser.")
    command = [node, HERE / "in_pyodide.mjs", distribution(), ROOT, HERE / "judged_in_pyodide.py", *JUDGED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=880, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert {result["id"] for result in results} == set(JUDGED)
    for result in results:
        assert result["passed"] == (result["kind"] == "solution"), result
    assert [result["finding"] for result in results if result["kind"] == "endless"] == ["hangs", "hangs"]
