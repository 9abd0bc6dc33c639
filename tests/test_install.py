"""What a person installs follows what they do: the judge alone works with NumPy, and a command that needs more says what."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
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
    _make_venv(folder, _closure("left-context"))
    _install(folder, wheel)
    return folder / "bin"


def _make_venv(folder: Path, packages: set[str]) -> None:
    """A venv with these packages of this machine, left-context not among them, and without pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/*/site-packages")
    for top in {top for name in packages - {"left-context"} for top in _tops(name)}:
        (site / top.name).symlink_to(top)


def _install(folder: Path, wheel: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
    command = [*pip, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(command, check=True, env={**os.environ, "PIP_USER": "0"}, timeout=120)


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


EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository that holds the examples, as a project that audits its model."""
    (tmp_path / "docs").mkdir()
    shutil.copytree(EXAMPLES, tmp_path / "docs" / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.long
def test_the_audit_and_the_judge_work_with_numpy_alone(wheel: Path, tmp_path: Path) -> None:
    _make_venv(tmp_path / "venv", _closure("numpy"))
    _install(tmp_path / "venv", wheel)
    code = (
        "import numpy as np\nfrom leftcontext import check\nfrom leftcontext.audit import audit\n"
        "print(audit(np.cumsum, np.ones(8)).causal)\n"
        "check('causal_mask', lambda T: np.triu(np.full((T, T), -np.inf), k=1))"
    )
    done = run(tmp_path / "venv" / "bin", "python", "-c", code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("True\n")
    assert "causal_mask: 2 of 2 points" in done.stdout


@pytest.mark.long
def test_the_audit_works_alone(bare: Path, checkout: Path) -> None:
    for arguments, code, said in (
        ("--help", 0, "--vocab"),
        ("docs/examples/audited_model.py:build --vocab 32 --length 16", 0, "causal, as far as it was tried"),
        ("docs/examples/audited_model.py:build_leaky --vocab 32 --length 16", 1, "one ahead"),
        ("docs/examples/audited_model.py:build", 2, "--vocab"),  # it does not say its vocabulary
        ("docs/examples/audited_model.py:build --vocab 40", 2, "smaller than 40"),
        ("docs/examples/audited_model.py:language_model --vocab 32", 2, "fails: TypeError"),
    ):
        done = run(bare, "leftcontext", "audit", *arguments.split(), cwd=checkout)
        assert done.returncode == code, done.stderr
        assert said in done.stdout + done.stderr
        assert done.stderr.count("\n") == (code == 2)


@pytest.mark.long
def test_the_installed_plugin_gives_its_fixture(wheel: Path, checkout: Path) -> None:
    """pytest finds it by the package's entry point, as in anybody's project."""
    venv = checkout / "venv"
    _make_venv(venv, _closure("left-context") | _closure("pytest"))
    _install(venv, wheel)
    command = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "docs/examples/test_causality.py"]
    done = run(venv / "bin", *command, cwd=checkout)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def github_actions(checkout: Path) -> list[str]:
    """The `run:` lines of the example's one job, in their order."""
    workflow = yaml.safe_load((checkout / "docs" / "examples" / "github-actions.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


@pytest.mark.long
def test_the_github_actions_example_runs_step_by_step(wheel: Path, checkout: Path) -> None:
    """In a fresh venv with pip; what the package requires lies there, and the package itself in the folder of the wheel."""
    venv = checkout / "venv"
    _make_venv(venv, _closure("left-context") | {"pip"})
    python = venv / "bin" / "python"
    (venv / "bin" / "pip").write_text(f'#!/bin/sh\nexec {python} -m pip "$@"\n')
    (venv / "bin" / "pip").chmod(0o755)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    env |= {"PATH": f"{venv / 'bin'}:{env['PATH']}", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"}
    steps = github_actions(checkout)
    assert len(steps) >= 2
    for step in [*steps, steps[-1].replace(":build", ":build_leaky")]:
        done = subprocess.run(["bash", "-e", "-c", step], cwd=checkout, env=env, capture_output=True, text=True, timeout=200)
        assert done.returncode == ("build_leaky" in step), done.stdout + done.stderr
    assert "one ahead" in done.stdout


@pytest.mark.long
def test_the_pre_commit_example_stops_a_commit_that_leaks(bare: Path, checkout: Path) -> None:
    """With pre-commit itself: the hook lets the honest model pass, and stops the commit of the leaky one."""
    config, model = checkout / ".pre-commit-config.yaml", checkout / "docs" / "examples" / "audited_model.py"
    shutil.copy(EXAMPLES / "pre-commit-config.yaml", config)
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"PATH": f"{bare}:{env['PATH']}", "PRE_COMMIT_HOME": str(checkout / "hooks"), "GIT_CONFIG_GLOBAL": os.devnull}
    env |= dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "a") | {"NO_COLOR": "1"}
    env |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "a@example.org")

    def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=checkout, env=env, capture_output=True, text=True, timeout=200)

    assert command("git", "init", "--quiet").returncode == 0
    installed = command(sys.executable, "-m", "pre_commit", "install")
    assert installed.returncode == 0, installed.stderr
    command("git", "add", str(config), str(model))
    first = command("git", "commit", "--message", "the model")
    assert first.returncode == 0, first.stderr
    assert "the model is causal" in first.stderr + first.stdout
    model.write_text(model.read_text(encoding="utf-8").replace("ahead=0", "ahead=1"), encoding="utf-8")
    command("git", "add", str(model))
    second = command("git", "commit", "--message", "a leak")
    assert second.returncode == 1
    assert "one ahead" in second.stderr + second.stdout
