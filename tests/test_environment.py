"""Whatever lies in the home folder, a notebook runs in the course's own Python."""

import json
import os
import sys
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course.execute import execute_notebook
from autograder.environment import prefer_own_kernel


@pytest.fixture(params=["JUPYTER_PATH", "HOME"])
def another(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel "python3" of another Python, which Jupyter would take."""
    data = tmp_path / ".local" / "share" / "jupyter"
    kernel = data / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    argv = ["/another/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": argv, "display_name": "another", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", "")
    if request.param == "JUPYTER_PATH":
        monkeypatch.setenv("JUPYTER_PATH", str(data))
    else:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")  # as where the learner does not own the venv
    assert KernelSpecManager().get_kernel_spec("python3").argv[0] == "/another/python"


@pytest.mark.usefixtures("another")
def test_the_kernel_is_of_this_python() -> None:
    prefer_own_kernel()
    once = os.environ["JUPYTER_PATH"]
    prefer_own_kernel()
    assert os.environ["JUPYTER_PATH"] == once
    found = KernelSpecManager().get_kernel_spec("python3")
    assert Path(found.resource_dir).is_relative_to(sys.prefix)
    assert found.argv[0] != "/another/python"


@pytest.mark.usefixtures("another")
def test_a_worked_notebook_runs_in_this_python(tmp_path: Path) -> None:
    notebook = new_notebook(cells=[new_code_cell("import sys\nsys.prefix")])
    execute_notebook(notebook, tmp_path)
    assert notebook.cells[0].outputs[0].data["text/plain"] == repr(sys.prefix)
