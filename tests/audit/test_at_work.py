"""At work: the command, the pytest plugin, and the examples of docs/audit.md, each run as it stands there."""

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.clone import ROOT, run

EXAMPLES = ROOT / "docs" / "examples"


def audit(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return run(ROOT, "leftcontext", "audit", *arguments, cwd=cwd)


def test_a_causal_model_exits_with_0() -> None:
    done = audit("docs/examples/audited_model.py:build", "--vocab", "32", "--length", "24")
    assert (done.returncode, done.stderr) == (0, "")
    assert "causal, as far as it was tried (up to 24 positions" in done.stdout


def test_a_leak_exits_with_1_and_is_told_to_programs() -> None:
    done = audit("audited_model:build_leaky", "--vocab", "32", "--length", "24", "--json", cwd=EXAMPLES)
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    assert told["causal"] is False
    assert told["first_leak"] == [0, 1]
    assert told["looks_like"].startswith("one ahead")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["audited_model:build"], "--vocab"),
        (["audited_model:build", "--vocab", "40"], "smaller than 40"),
        (["audited_model:no_such"], "It defines language_model, build, build_leaky"),
        (["audited_model:language_model"], "fails: TypeError"),
    ],
)
def test_what_can_not_be_audited_exits_with_2(arguments: list[str], said: str) -> None:
    done = audit(*arguments, cwd=EXAMPLES)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert said in line


def test_the_examples_for_ci_run_and_see_a_leak() -> None:
    """The line that both hold, as it stands there, and with the leaky factory."""
    texts = [(EXAMPLES / name).read_text(encoding="utf-8") for name in ("github-actions.yml", "pre-commit-config.yaml")]
    commands = [re.search(r"(?:entry|- run): leftcontext audit (.*)", text)[1] for text in texts]
    assert commands[0] == commands[1]
    assert audit(*commands[0].split()).returncode == 0
    assert audit(*commands[0].replace(":build", ":build_leaky").split()).returncode == 1
    assert (ROOT / re.search(r"files: \^(.*)\$", texts[1])[1].replace("\\", "")).is_file()


def test_the_plugin_is_registered() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (name,) = project["entry-points"]["pytest11"].values()
    assert hasattr(importlib.import_module(name), "assert_causal_fixture")


def test_the_plugin_gives_a_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_leaky.py").write_text(
        "from audited_model import VOCAB, build_leaky\n\n\n"
        "def test_leaky(assert_causal):\n    assert_causal(build_leaky(), vocab=VOCAB, T=16)\n"
    )
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(EXAMPLES)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "leftcontext.audit.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        tmp_path,
    ]
    files = [EXAMPLES / "test_causality.py", tmp_path / "test_leaky.py"]
    done = subprocess.run([*command, *files], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "NOT causal. Output 0 depends on input 1" in done.stdout


def test_the_plugin_costs_nothing_until_it_is_asked() -> None:
    code = "import sys, leftcontext.audit.pytest_plugin; print(sorted({'numpy', 'torch', 'jax'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_audit_needs_numpy_alone() -> None:
    code = (
        "import sys\nfrom leftcontext.audit import audit\nimport numpy as np\naudit(np.cumsum, np.ones(8))\n"
        "print(sorted({'torch', 'jax', 'transformers', 'matplotlib', 'nbgrader', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_document_names_every_probe_and_option() -> None:
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    module = importlib.import_module("leftcontext.audit.examine")
    for name in re.findall(
        r"^    (\w+): .* = .*,$", (ROOT / "leftcontext/audit/examine.py").read_text(encoding="utf-8"), re.MULTILINE
    ):
        assert name == "x" or f"`{name}`" in text, name
        assert re.search(rf"\b{name}\b", module.audit.__doc__), name
