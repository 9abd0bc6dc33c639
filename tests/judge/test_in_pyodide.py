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
JUDGED = CODE if LONG else ["causal_mask"]
SECONDS = 7200 if LONG else 600  # to its end on a machine that has much else to do; a test of all takes some minutes


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 60)
def test_the_bank_judges_in_pyodide() -> None:
    node = shutil.which("node")
    if node is None:
        unavailable("There is no node on PATH; it runs Pyodide without a browser.")
    command = [node, HERE / "in_pyodide.mjs", distribution(), ROOT, HERE / "judged_in_pyodide.py", *JUDGED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert {result["id"] for result in results} == set(JUDGED)
    for result in results:
        assert result["passed"] == (result["kind"] == "solution"), result
    assert [result["finding"] for result in results if result["kind"] == "endless"] == ["hangs", "hangs"]
