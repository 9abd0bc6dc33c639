"""An exercise whose points the instructor changes scales: score, maximum, text and comment agree."""

import json
from pathlib import Path

import nbformat
import pytest
from support import sample_course
from support.clone import ROOT, run
from support.sizes import share

HERE = {"PYTHONPATH": str(ROOT)}
HALF = sample_course.ANSWERS["causal_mask"][2]  # right for short sequences only: 1 of the bank's 2 points


@pytest.mark.long
@pytest.mark.parametrize("points", share([4.0, 1.0], 2))
def test_partial_credit_scales_with_the_points_of_the_cell(tmp_path: Path, points: float) -> None:
    (tmp_path / "nbgrader_config.py").write_text(sample_course.CONFIG.format(root=str(tmp_path)))
    source = tmp_path / "source" / "bank"
    source.mkdir(parents=True)
    node = sample_course.bank_notebook()
    for cell in node.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "check_causal_mask":
            cell.metadata.nbgrader.points = points
    nbformat.write(node, source / "bank.ipynb")
    done = run(tmp_path, "nbgrader", "generate_assignment", "bank", env=HERE)
    assert done.returncode == 0, done.stderr
    for student, answer in {"half": HALF, "whole": sample_course.ANSWERS["causal_mask"][0]}.items():
        node = nbformat.read(tmp_path / "release/bank/bank.ipynb", as_version=4)
        for cell in node.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "causal_mask":
                cell.source = answer
        (tmp_path / "submitted" / student / "bank").mkdir(parents=True)
        nbformat.write(node, tmp_path / "submitted" / student / "bank" / "bank.ipynb")
    done = run(tmp_path, "leftcontext", "grade", "bank", "--json", env=HERE)
    assert done.returncode == 0, done.stderr
    found = {line["student"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert found["whole"]["cells"]["check_causal_mask"] == points
    assert found["half"]["cells"]["check_causal_mask"] == points / 2
    assert found["half"]["notes"] == []
    node = nbformat.read(tmp_path / "autograded/half/bank/bank.ipynb", as_version=4)
    (checked,) = [cell for cell in node.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "check_causal_mask"]
    assert checked.source.endswith('\ncheck("causal_mask", causal_mask)')
    shown = json.dumps(checked.outputs)
    assert f"{points / 2:g} of {points:g} points" in shown
    assert "NoCredit" not in shown
