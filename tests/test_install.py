"""What a person installs follows what they do: the judge alone works with NumPy, and a command that needs more says what."""

import importlib.metadata
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from support.clone import ROOT

BASE = {"numpy", "rich", "threadpoolctl", "typer"}
RIGHT = "import numpy as np\n\ndef causal_mask(T):\n    return np.triu(np.full((T, T), -np.inf), k=1)\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    subprocess.run(command, check=True, timeout=120)
    (made,) = folder.glob("left_context-*.whl")
    return made


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a venv with the wheel, the packages that it requires without an extra, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/*/site-packages")
    for name in _closure("left-context"):
        for top in _tops(name) if name != "left-context" else ():
            (site / top.name).symlink_to(top)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
    command = [*pip, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(command, check=True, env={**os.environ, "PIP_USER": "0"}, timeout=120)
    return folder / "bin"


def _closure(name: str) -> set[str]:
    """A package and all that it requires on this machine, without extras."""
    found, left = set(), [name]
    while left:
        name = left.pop().lower().replace("_", "-")
        if name not in found:
            found.add(name)
            wanted = map(Requirement, importlib.metadata.requires(name) or ())
            left += [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def _tops(name: str) -> list[Path]:
    """What of a package lies directly in site-packages."""
    package = importlib.metadata.distribution(name)
    names = {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}
    return [Path(str(package.locate_file(name))) for name in names]


def run(bare: Path, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [bare / command[0], *command[1:]], cwd=cwd, env={**env, "NO_COLOR": "1"}, capture_output=True, text=True, timeout=200
    )


def test_the_judge_requires_few_packages() -> None:
    wanted = map(Requirement, importlib.metadata.requires("left-context") or ())
    assert {each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})} == BASE
    assert not {"ipython", "jupyterlab", "matplotlib", "nbformat", "nbgrader", "traitlets"} & _closure("left-context")


def test_the_wheel_holds_the_bank_the_notebooks_and_the_widgets(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("source", "notebooks"):
        files = (path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob("*/[!.]*") if path.is_file())
        assert {f"autograder/{file}" for file in files} <= names
    scripts = {path.relative_to(ROOT).as_posix() for path in (ROOT / "leftcontext").rglob("*.js")}
    assert scripts
    assert scripts <= names


@pytest.mark.long
def test_the_judge_works_alone(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "answer.py").write_text(RIGHT)
    for command, said in (
        (["--help"], "exercises"),
        (["exercises"], "causal_mask"),
        (["check", "causal_mask", "answer.py"], "✓ causal_mask: 2 of 2 points"),
        (["verify", "causal_mask"], "0 exercises have problems."),
    ):
        done = run(bare, "leftcontext", *command, cwd=tmp_path)
        assert (done.returncode, done.stderr.strip()) == (0, "")
        assert said in done.stdout
    unknown = run(bare, "leftcontext", "check", "causal_msk", "answer.py", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "Did you mean causal_mask" in unknown.stderr
    assert unknown.stderr.count("\n") == 1


MODULES = [f"model.{name}" for name in ("audit", "generation", "mini_gpt", "training")]
MODULES += ["audit.examine", "demo", "language", "progress_bar"]


@pytest.mark.long
@pytest.mark.parametrize("module", MODULES)
def test_the_library_works_without_a_notebook(bare: Path, tmp_path: Path, module: str) -> None:
    done = run(bare, "python", "-c", f"import leftcontext.{module}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "extra"),
    [
        ("lab", "course"),
        ("lab mine --no-browser", "course"),
        ("build", "grade"),
        ("compose week-1 causal_mask", "grade"),
        ("grade 05-causal-mask", "grade"),
        ("report 05-causal-mask", "grade"),
    ],
)
def test_a_command_that_needs_more_says_what(bare: Path, tmp_path: Path, command: str, extra: str) -> None:
    done = run(bare, "leftcontext", *command.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("leftcontext: This command needs ")
    assert line.endswith(f"Run: pip install 'left-context[{extra}]'")
    assert list(tmp_path.iterdir()) == []
